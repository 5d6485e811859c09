"""The real world that a plan begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from oos.engine.guards import Guards
from oos.fleet.fleet import Fleet
from oos.rehearsal.stage import Find
from oos.service.catalog import Catalog
from oos.service.registry import Registry

if TYPE_CHECKING:
    from oos.app.app import App


@dataclass(frozen=True, slots=True)
class Live:
    """The real world that a plan begins with; only ever read."""

    fleet: Fleet
    registry: Registry
    catalog: Catalog
    find: Find
    """Templates by name and version."""
    stored: Callable[[Iterable[str]], dict[str, Any]]
    """Values of the parameter store."""
    account: str
    guards: Guards = field(default_factory=Guards)


def live_of(app: App) -> Live:
    """The world of an installation. Raises DiagnosticError, JournalFailed."""
    from oos.app.guards import guards_of

    return Live(
        app.fleet,
        app.registry,
        app.catalog,
        app.templates.find,
        app.stored_parameters,
        app.settings.account,
        guards_of(app),
    )
