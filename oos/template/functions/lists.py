"""Functions on lists: pick, slice, flatten, combine as sets, batch."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from oos.template import limits
from oos.template.functions.function import (
    Argument,
    Function,
    FunctionError,
    as_list,
    as_number,
    as_whole,
    described,
    from_json,
)
from oos.values.json import Value, canonical_bytes

_SLICE: Final = re.compile(r"\s*(-?\d{1,9})?\s*:\s*(-?\d{1,9})?\s*(?::\s*(-?\d{1,9})?\s*)?", re.ASCII)
_INDEX: Final = re.compile(r"\s*-?\d{1,9}\s*", re.ASCII)


def select(index: Value, container: Value) -> Value:
    """The element of a list or map; a slice of a list; empty text for what is not there (spec 10, 10)."""
    if isinstance(container, str):
        read = from_json(container, "[") if container.lstrip().startswith("[") else from_json(container, "{")
        container = read if read is not None else container.split(",")
    if container is None:
        return ""
    if isinstance(container, dict):
        if isinstance(index, list | dict) or index is None:
            raise FunctionError(f"the key must be text, not {described(index)}")
        if isinstance(index, bool):
            return _of_boolean(index, container)
        return container.get(index if isinstance(index, str) else str(index), "")
    if not isinstance(container, list):
        raise FunctionError(f"it selects from a List or a map, not from {described(container)}")
    if isinstance(index, str):
        if _INDEX.fullmatch(index):
            index = int(index)
        else:
            return _slice(index, container)
    if isinstance(index, float) and index.is_integer():
        index = int(index)
    if not isinstance(index, int) or isinstance(index, bool):
        raise FunctionError(f"the index must be a whole number or a slice, not {described(index)}")
    return container[index] if -len(container) <= index < len(container) else ""


def _of_boolean(index: bool, container: dict[str, Value]) -> Value:
    """The entry of a switch over true and false, whose keys are written `true`, `True` or `TRUE`."""
    text = str(index).lower()
    return next((container[form] for form in (text, text.title(), text.upper()) if form in container), "")


def _slice(text: str, items: list[Value]) -> list[Value]:
    found = _SLICE.fullmatch(text)
    if found is None:
        raise FunctionError(f"{text!r} is no index of a List; write a number or start:stop:step")
    start, stop, step = (None if part is None else int(part) for part in found.groups())
    if step == 0:
        raise FunctionError("the step of a slice cannot be 0")
    return items[start:stop:step]


def range_select(start: Value, stop: Value, items: Value) -> list[Value]:
    """The items from start up to, not including, stop; negative numbers count from the end."""
    return as_list(items, "the list")[as_whole(start, "the start") : as_whole(stop, "the stop")]


def first(items: Value) -> Value:
    """The first item; null of an empty list."""
    found = as_list(items, "the argument")
    return found[0] if found else None


def last(items: Value) -> Value:
    """The last item; null of an empty list."""
    found = as_list(items, "the argument")
    return found[-1] if found else None


def smallest(items: Value) -> Value:
    """The smallest item: of numbers and numeric texts by size, else of texts by alphabet; null of an empty list."""
    found = as_list(items, "the argument")
    return min(found, key=_order(found)) if found else None


def largest(items: Value) -> Value:
    """The largest item; see smallest."""
    found = as_list(items, "the argument")
    return max(found, key=_order(found)) if found else None


def _order(items: list[Value]) -> Callable[[Value], Any]:
    """What items are compared by."""
    try:
        for item in items:
            as_number(item, "an item")
    except FunctionError:
        if all(isinstance(item, str) for item in items):
            return str
        raise
    return lambda item: as_number(item, "an item")


def total(items: Value) -> Value:
    """The sum of numbers; null items count nothing."""
    found = [as_number(item, "an item") for item in as_list(items, "the argument") if item is not None]
    try:
        return sum(found)
    except OverflowError:
        raise FunctionError("the sum is too large") from None


def list_join(items: Value) -> list[Value]:
    """The values as a list, not flattened."""
    return items if isinstance(items, list) else [items]


def merge_list(items: Value) -> list[Value]:
    """The items with lists among them flattened by one level; nulls disappear."""
    merged: list[Value] = []
    for item in as_list(items, "the argument"):
        if isinstance(item, list):
            merged.extend(each for each in item if each is not None)
        elif item is not None:
            merged.append(item)
        if len(merged) > limits.RESULT_ITEMS:
            raise FunctionError(f"the result has more than {limits.RESULT_ITEMS:,} items")
    return merged


def union(lists: Value) -> list[Value]:
    """Every item that stands in any of the lists, once, in order of first appearance."""
    return list(_counted(lists)[0].values())


def intersection(lists: Value) -> list[Value]:
    """The items that stand in all of the lists."""
    items, counts, number = _counted(lists)
    return [item for key, item in items.items() if counts[key] == number]


def difference(lists: Value) -> list[Value]:
    """The items that stand in some, but not in all of the lists."""
    items, counts, number = _counted(lists)
    return [item for key, item in items.items() if counts[key] < number]


def _counted(lists: Value) -> tuple[dict[bytes, Value], dict[bytes, int], int]:
    """The different items of all lists, in how many lists each stands, and the number of lists."""
    items: dict[bytes, Value] = {}
    counts: dict[bytes, int] = {}
    members = as_list(lists, "the argument")
    for each in members:
        seen = {_identity(item): item for item in as_list(each, "each argument")}
        for key, item in seen.items():
            items.setdefault(key, item)
            counts[key] = counts.get(key, 0) + 1
    return items, counts, len(members)


def _identity(item: Value) -> bytes:
    """Bytes that are equal for items that Fn::Equals calls equal."""
    try:
        return canonical_bytes(_whole_floats(item))
    except UnicodeEncodeError:
        raise FunctionError("an item holds half a character (a lone surrogate)") from None


def _whole_floats(item: Value) -> Value:
    if isinstance(item, float) and item.is_integer():
        return int(item)
    if isinstance(item, list):
        return [_whole_floats(each) for each in item]
    if isinstance(item, dict):
        return {key: _whole_floats(each) for key, each in item.items()}
    return item


def calculate_batch(number: Value, items: Value) -> list[Value]:
    """The sizes of that many batches, as even as can be, larger ones first (our reading, spec 10, 29)."""
    batches = as_whole(number, "the number of batches")
    if not 1 <= batches <= 100:
        raise FunctionError(f"the number of batches must be 1 to 100, not {batches}")
    count = len(as_list(items, "the list"))
    batches = min(batches, count)
    if not batches:
        return []
    size, more = divmod(count, batches)
    return [size + 1] * more + [size] * (batches - more)


_LIST: Final = ("List",)
_LISTS: Final = (Argument("lists", _LIST),)
_ITEMS: Final = (Argument("list", _LIST),)
_WHOLE: Final = ("Number",)

FUNCTIONS: Final = (
    Function(
        "Fn::Select",
        "an element of a list or map, or a slice start:stop:step of a list",
        (Argument("index", ("Number", "Boolean")), Argument("container", ("List", "Json", "String"))),
        "Any",
        select,
        (["1", ["a", "b"]], "b"),
    ),
    Function(
        "Fn::RangeSelect",
        "the items of a list from start up to stop",
        (Argument("start", _WHOLE), Argument("stop", _WHOLE), Argument("list", _LIST)),
        "List",
        range_select,
        ([0, -1, ["a", "b", "c"]], ["a", "b"]),
    ),
    Function("Fn::First", "the first item", _ITEMS, "Any", first, ([1, 2, 3], 1), whole=True),
    Function("Fn::Last", "the last item", _ITEMS, "Any", last, ([1, 2, 3], 3), whole=True),
    Function("Fn::Min", "the smallest item", _ITEMS, "Any", smallest, ([1.1, 2, 3], 1.1), whole=True, unwraps=True),
    Function("Fn::Max", "the largest item", _ITEMS, "Any", largest, ([1.1, 2, 3], 3), whole=True, unwraps=True),
    Function("Fn::Sum", "the sum of numbers", _ITEMS, "Number", total, ([1, 2, 3], 6), whole=True, unwraps=True),
    Function(
        "Fn::ListJoin",
        "values as one list, not flattened",
        (Argument("values"),),
        "List",
        list_join,
        (["x", ["y"]], ["x", ["y"]]),
        whole=True,
    ),
    Function(
        "Fn::MergeList",
        "lists in a list flattened by one level, nulls removed",
        _LISTS,
        "List",
        merge_list,
        ([["a"], ["b", None], "c"], ["a", "b", "c"]),
        whole=True,
        unwraps=True,
        unwraps_lists=True,
    ),
    Function(
        "Fn::Intersection",
        "the items that stand in all lists",
        _LISTS,
        "List",
        intersection,
        ([[1, 2], [2, 3]], [2]),
        whole=True,
        unwraps=True,
    ),
    Function(
        "Fn::Union",
        "the items that stand in any list, once",
        _LISTS,
        "List",
        union,
        ([[1, 2], [2, 3]], [1, 2, 3]),
        whole=True,
        unwraps=True,
    ),
    Function(
        "Fn::Difference",
        "the items that stand in some but not in all lists",
        _LISTS,
        "List",
        difference,
        ([[1, 2], [2, 3]], [1, 3]),
        whole=True,
        unwraps=True,
    ),
    Function(
        "Fn::CalculateBatch",
        "the sizes of a number of batches, for the Concurrency of a loop",
        (Argument("batches", _WHOLE), Argument("list", _LIST)),
        "List",
        calculate_batch,
        ([2, ["a", "b", "c", "d", "e"]], [3, 2]),
    ),
)
