"""The operation that asks the change calendar of the site, so that its answer stands in the journal (decision 144)."""

from __future__ import annotations

from datetime import UTC, timedelta

from oos.diagnostics import DiagnosticError
from oos.service.context import Context
from oos.service.errors import InvalidParameter, Unavailable
from oos.service.shape import instant
from oos.values.time import format_duration, parse_instant
from oos_execution import requests, responses


def describe_ops_window(context: Context, request: requests.DescribeOpsWindow) -> responses.OpsWindow:
    """Tell when changes may start, from now on or from another instant, by the calendars of the guards."""
    now = context.now()
    try:
        at = parse_instant(request.after).astimezone(UTC) if request.after else now
    except ValueError as error:
        raise InvalidParameter("After", f"{error}.") from error
    try:
        closed = context.closed(at)
    except DiagnosticError as error:
        raise Unavailable(f"The change calendar cannot be read: {error}.") from error
    reason, opens = ("", at) if closed is None else closed
    wait = timedelta() if opens is None else max(timedelta(), opens - now)
    return {
        "At": instant(at),
        "Open": closed is None,
        "Reason": reason,
        "OpensAt": instant(opens) if opens is not None else "",
        "Wait": format_duration(timedelta(seconds=-(-wait // timedelta(seconds=1)))) if opens is not None else "",
    }
