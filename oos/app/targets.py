"""Targets: `all`, ids, `tag:role=web`, `name:web-*`, `status:Running`, as the Targets maps of a template (spec 1.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from oos.diagnostics import Diagnostic, DiagnosticError

CODE: Final = "OOS945"
HINT: Final = (
    "write all, managed, i-…, mi-…, web-1, name:web-*, tag:key=value or status:Running, with commas between them"
)

_ID: Final = re.compile(r"m?i-[0-9A-Za-z]+")


@dataclass(slots=True)
class _Meant:
    """What one text means: any of these instances, as far as they meet every condition."""

    ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    status: str = ""
    managed: bool = False
    """Managed instances, machines that are commanded over SSH, instead of instances."""


INSTANCES: Final = "ALIYUN::ECS::Instance"
MANAGED: Final = "ALIYUN::ECS::ManagedInstance"


def kind_of_targets(texts: Iterable[str]) -> str:
    """The resource type that the texts mean. Raises DiagnosticError for both kinds at once, or for nonsense."""
    faults: list[Diagnostic] = []
    kinds = {_read(text, faults).managed for text in texts}
    if not faults and len(kinds) > 1:
        hint = "command them one after the other"
        faults.append(Diagnostic(CODE, "instances and managed instances are meant at once", "targets", hint=hint))
    if faults:
        raise DiagnosticError(faults)
    return MANAGED if True in kinds else INSTANCES


def read_targets(texts: Iterable[str], region: str) -> list[dict[str, Any]]:
    """The Targets maps that the texts mean; together they are every instance that any of them means.

    Raises DiagnosticError with every fault.
    """
    faults: list[Diagnostic] = []
    found = [targets for text in texts for targets in _targets(_read(text, faults), region)]
    if faults:
        raise DiagnosticError(faults)
    return found


def _read(text: str, faults: list[Diagnostic]) -> _Meant:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    meant = _Meant()
    for part in parts:
        kind, colon, rest = part.partition(":")
        if _ID.fullmatch(part):
            meant.ids.append(part)
            meant.managed = meant.managed or part.startswith("mi-")
        elif part == "managed":
            meant.managed = True
        elif kind == "tag" and rest:
            key, sign, value = rest.partition("=")
            meant.tags.append({"Key": key, "Value": value} if sign else {"Key": key})
        elif kind == "name" and rest:
            meant.names.append(rest)
        elif kind == "status" and rest:
            meant.status = rest
        elif not colon and part != "all":
            # A bare word is what one calls an instance.
            meant.names.append(part)
        elif part != "all":
            faults.append(Diagnostic(CODE, f"{part!r} means no target", "targets", hint=HINT))
    if not parts:
        faults.append(Diagnostic(CODE, "no target is named", "targets", hint=HINT))
    return meant


def _targets(meant: _Meant, region: str) -> Iterator[dict[str, Any]]:
    """One map for the ids, one for each name, or one for all; the conditions are in each of them."""
    conditions = {"Status": meant.status} if meant.status else {}
    if meant.ids:
        extra = {**conditions, **({"Tags": meant.tags} if meant.tags else {})}
        yield _map("ResourceIds", region, {"ResourceIds": meant.ids}, extra)
    for name in meant.names:
        yield _tagged(meant, region, {**conditions, "InstanceName": name})
    if not (meant.ids or meant.names):
        yield _tagged(meant, region, conditions)


def _tagged(meant: _Meant, region: str, extra: dict[str, Any]) -> dict[str, Any]:
    return _map("Tags", region, {"Tags": meant.tags}, extra) if meant.tags else _map("All", region, {}, extra)


def _map(kind: str, region: str, fields: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    targets = {"Type": kind, **fields, "RegionId": region}
    return {**targets, "Parameters": extra} if extra else targets
