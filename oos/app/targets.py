"""Targets: `all`, ids, `tag:role=web`, `name:web-*`, `status:Running`, as the Targets maps of a template (spec 1.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from oos.diagnostics import Diagnostic, DiagnosticError

CODE: Final = "OOS945"
HINT: Final = "write all, i-…,i-…, tag:key=value, name:pattern or status:Running; a comma means and, between ids or"

_ID: Final = re.compile(r"i-[0-9A-Za-z]+")


def read_targets(texts: Iterable[str], region: str) -> list[dict[str, Any]]:
    """One Targets map for each text; together they mean every instance that any of them means.

    Raises DiagnosticError with every fault.
    """
    faults: list[Diagnostic] = []
    found = [_read(text, region, faults) for text in texts]
    if faults:
        raise DiagnosticError(faults)
    return found


def _read(text: str, region: str, faults: list[Diagnostic]) -> dict[str, Any]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    ids = [part for part in parts if _ID.fullmatch(part)]
    tags: list[dict[str, str]] = []
    extra: dict[str, str] = {}
    for part in parts:
        kind, colon, rest = part.partition(":")
        if part in ids or part == "all":
            continue
        if kind == "tag" and rest:
            key, sign, value = rest.partition("=")
            tags.append({"Key": key, "Value": value} if sign else {"Key": key})
        elif kind == "name" and rest:
            extra["InstanceName"] = rest
        elif kind == "status" and rest:
            extra["Status"] = rest
        elif not colon:
            # A bare word is a name: what one calls an instance.
            extra["InstanceName"] = part
        else:
            faults.append(Diagnostic(CODE, f"{part!r} means no target", "targets", hint=HINT))
    if not parts:
        faults.append(Diagnostic(CODE, "no target is named", "targets", hint=HINT))
    targets: dict[str, Any] = {"Type": "All", "RegionId": region}
    if ids:
        targets = {"Type": "ResourceIds", "ResourceIds": ids, "RegionId": region}
    elif tags:
        targets = {"Type": "Tags", "Tags": tags, "RegionId": region}
    if ids and tags:
        extra_tags = {"Tags": tags}
        return {**targets, "Parameters": {**extra, **extra_tags}}
    return {**targets, "Parameters": extra} if extra else targets
