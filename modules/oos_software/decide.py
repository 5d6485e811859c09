"""Decisions about what is in guests: which entries are meant, and how patches are counted. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from oos.service.errors import InvalidParameter
from oos.values.json import Value
from oos_software import responses
from oos_software.requests import PATCH_STATUSES, Filter
from oos_software.schema import ATTRIBUTES

Entry = Mapping[str, Any]


def type_named(name: str) -> str:
    """A type of entries in its own spelling. Raises InvalidParameter."""
    for known in ATTRIBUTES:
        if known.casefold() == name.casefold():
            return known
    raise InvalidParameter("TypeName", f"There is no type {name}; known are {', '.join(ATTRIBUTES)}.")


def read_entries(given: Value) -> dict[str, list[dict[str, str]]]:
    """Entries by type, as text. Raises InvalidParameter for what is none."""
    if isinstance(given, str):
        try:
            given = msgspec.json.decode(given)
        except msgspec.DecodeError as error:
            raise InvalidParameter("Entries", f"The parameter Entries is not valid JSON: {error}.") from error
    if not isinstance(given, dict):
        raise InvalidParameter("Entries", "The parameter Entries must be a map of lists by type.")
    found: dict[str, list[dict[str, str]]] = {}
    for name, rows in given.items():
        kind = type_named(name)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise InvalidParameter("Entries", f"The entries of {kind} must be a list of maps.")
        found[kind] = [{key: str(value) for key, value in row.items()} for row in rows]
    return found


def fits(entry: Entry, filters: Sequence[Filter], kind: str) -> bool:
    """Whether an entry meets all conditions that are about its type."""
    return all(_fits(entry, each, kind) for each in filters)


def _fits(entry: Entry, condition: Filter, kind: str) -> bool:
    attribute = _attribute(condition.name, kind)
    if attribute not in ATTRIBUTES[kind]:
        known = ", ".join(ATTRIBUTES[kind])
        raise InvalidParameter("Filter", f"{kind} has no attribute {attribute}; known are {known}.")
    value = str(entry.get(attribute, ""))
    match condition.operator:
        case "Equal":
            return value in condition.value
        case "NotEqual":
            return value not in condition.value
        case "BeginWith":
            return any(value.startswith(each) for each in condition.value)
        case "LessThan":
            return any(_rank(value) < _rank(each) for each in condition.value)
        case _:
            return any(_rank(value) > _rank(each) for each in condition.value)


def _attribute(name: str, kind: str) -> str:
    return name[len(kind) + 1 :] if name.casefold().startswith(f"{kind.casefold()}.") else name


def kind_of(condition: Filter) -> str:
    """The type that a condition of a search is about. Raises InvalidParameter."""
    for kind in ATTRIBUTES:
        if condition.name.casefold().startswith(f"{kind.casefold()}."):
            return kind
    raise InvalidParameter("Filter", f"The condition {condition.name} must be named TYPE.Attribute.")


def _rank(text: str) -> list[tuple[int, int, str]]:
    """A key by which versions are ordered as people would: 1.9 before 1.10."""
    parts = "".join(each if each.isalnum() else " " for each in text).split()
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def patch_state(document: Mapping[str, Any]) -> responses.PatchStateShape:
    """How many patches of an instance stand how."""
    counts = Counter(patch["Status"] for patch in document["Patches"])
    assert set(counts) <= set(PATCH_STATUSES)
    return {
        "InstanceId": document["InstanceId"],
        "BaselineId": "",
        "PatchGroup": document["PatchGroup"],
        "OwnerInformation": "",
        "OperationType": document["OperationType"],
        "OperationStartTime": document["StartTime"],
        "OperationEndTime": document["EndTime"],
        "InstalledCount": str(counts["Installed"]),
        "InstalledOtherCount": str(counts["InstalledOther"]),
        "InstalledPendingRebootCount": str(counts["InstalledPendingReboot"]),
        "InstalledRejectedCount": str(counts["InstalledRejected"]),
        "MissingCount": str(counts["Missing"]),
        "FailedCount": str(counts["Failed"]),
    }


def numbered(rows: Iterable[Any]) -> list[tuple[str, Any]]:
    """Rows with the key that keeps them in their order."""
    return [(f"{number:09d}", row) for number, row in enumerate(rows)]
