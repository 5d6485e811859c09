"""The guards of this installation, made from its settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from oos.app.guard_settings import GuardSettings
from oos.engine.guards import CalendarGate, FleetShare, Guards
from oos.execution.effects import effect_of
from oos.schedule.calendar import closed_at
from oos.service.operation import Effect

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.template.check import CheckedTemplate


def guards_of(app: App) -> Guards:
    """The guards that the settings ask for."""
    settings = app.settings.guards
    return Guards(
        gate=_gate(app, settings) if settings.forbid_calendar or settings.allow_calendar else None,
        forbid_self_approval=settings.forbid_self_approval,
        approve_destroy=settings.approve_destroy,
        share=FleetShare(settings.max_share) if settings.max_share else None,
    )


def calendar_of(settings: GuardSettings) -> Callable[[datetime], tuple[str, datetime | None] | None]:
    """The change calendar of this installation: why changes may not start at an instant, and when they may."""

    def closed(at: datetime) -> tuple[str, datetime | None] | None:
        if not settings.forbid_calendar and not settings.allow_calendar:
            return None
        # Read anew each time: whoever changes the calendar need not restart anything.
        from oos.adapters.ical import read_windows

        forbidden = read_windows(settings.forbid_calendar, at) if settings.forbid_calendar else []
        allowed = read_windows(settings.allow_calendar, at) if settings.allow_calendar else None
        found = closed_at(at, forbidden, allowed)
        return None if found is None else (found.reason, found.opens)

    return closed


def _gate(app: App, settings: GuardSettings) -> CalendarGate:
    def find(name: str) -> CheckedTemplate | None:
        found = app.templates.find(name, "")
        return None if found is None else app.template_cache.checked(found[1], found[0])

    def effect(template: CheckedTemplate) -> Effect:
        return effect_of(template, app.catalog, find)

    return CalendarGate(calendar_of(settings), effect)
