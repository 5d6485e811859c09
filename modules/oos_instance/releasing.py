"""Releasing: instances that are deleted by themselves at a time that was said before."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from oos.service.context import Context
from oos.service.errors import InvalidParameter
from oos.service.release_times import Release, forget_release, keep_release
from oos.values.time import parse_instant
from oos_instance import requests, responses

SOONEST: Final = timedelta(minutes=30)
LATEST: Final = timedelta(days=3 * 365 + 1)


def modify_instance_auto_release_time(
    context: Context, request: requests.ModifyInstanceAutoReleaseTime
) -> responses.Nothing:
    """Say when an instance is deleted by itself, or that it is not; `oos serve` carries it out."""
    instance = context.fleet.of_instance(request.instance_id, context.region)[1]
    at = release_time(request.auto_release_time, context.now())
    if at is None:
        forget_release(context.registry, instance.id)
    else:
        keep_release(context.registry, Release(instance.id, instance.region, at))
    return {}


def release_time(text: str, now: datetime) -> datetime | None:
    """The minute that is meant; None of nothing. Raises InvalidParameter."""
    if not text:
        return None
    try:
        at = parse_instant(text)
    except ValueError as wrong:
        raise InvalidParameter("AutoReleaseTime", f"The parameter AutoReleaseTime is no time: {wrong}.") from None
    if not now + SOONEST <= at <= now + LATEST:
        message = f"The time {text} must be between 30 minutes and three years from now."
        raise InvalidParameter("AutoReleaseTime", message)
    return at.replace(second=0, microsecond=0)
