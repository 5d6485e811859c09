"""Functions on maps: merge, pair, list, match packages, and jq on any value."""

from __future__ import annotations

import contextlib
import json
from typing import Final

from oos.template import limits
from oos.template.functions.function import (
    Argument,
    Function,
    FunctionError,
    as_list,
    as_map,
    as_text,
    described,
    printed,
)
from oos.template.selector import SelectorError, compile_selector
from oos.values.json import Value

_PLATFORM_KEYS: Final = (
    *("Platform", "PlatformName", "OS", "OSType", "OSName"),
    *("Distribution", "Architecture", "Version"),
)


def merge_map(maps: Value) -> dict[str, Value]:
    """One map of all; later keys win, null maps are skipped."""
    if isinstance(maps, dict):
        return maps
    merged: dict[str, Value] = {}
    for each in as_list(maps, "the argument"):
        for item in each if isinstance(each, list) else [each]:
            merged.update(as_map(item, "each argument"))
    return merged


def merge_map_to_list(maps: Value) -> list[Value]:
    """A list of maps: the i-th takes the i-th item of each list; shorter lists repeat their last item."""
    columns: dict[str, list[Value]] = {}
    for each in as_list(maps, "the argument"):
        for item in each if isinstance(each, list) else [each]:
            for key, values in as_map(item, "each argument").items():
                columns[key] = values if isinstance(values, list) else [values]
    length = max((len(values) for values in columns.values()), default=0)
    if length * len(columns) > limits.RESULT_ITEMS:
        raise FunctionError(f"the result has more than {limits.RESULT_ITEMS:,} items")
    return [
        {key: values[min(number, len(values) - 1)] for key, values in columns.items() if values}
        for number in range(length)
    ]


def map_join(keys: Value, values: Value) -> dict[str, Value]:
    """A map of the keys and values that stand at the same place."""
    names, items = as_list(keys, "the keys"), as_list(values, "the values")
    if len(names) != len(items):
        raise FunctionError(f"there are {len(names)} keys for {len(items)} values")
    return dict(zip((printed(name, "a key") for name in names), items, strict=True))


def convert_map_to_list(value: Value) -> list[Value]:
    """The entries of a map as maps of Key and Value."""
    return [{"Key": key, "Value": item} for key, item in as_map(value, "the argument").items()]


def query(mode: Value, program: Value, value: Value) -> Value:
    """What a jq program gives on a value or JSON text: the first result, or a list of all."""
    only_first = as_text(mode, "the mode").casefold()
    if only_first not in ("first", "all"):
        raise FunctionError(f"the mode must be First or All, not {described(mode)}")
    if isinstance(value, str):
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(value)  # text that is no JSON is handed to jq as text
    try:
        selector = compile_selector(as_text(program, "the program"))
        return selector.first(value) if only_first == "first" else selector.all(value)
    except SelectorError as error:
        raise FunctionError(str(error)) from None


def find_matched_package(template: Value, system: Value) -> Value:
    """The first package of a package template whose platform fits an operating system (our reading, spec 2).

    A package fits when each of its platform fields occurs in what is known of the system; one without such
    fields, or with `*`, fits any. Null when none fits.
    """
    known = printed(system, "the system").casefold()
    packages = as_map(_read(template), "the package template").get("Packages")
    if isinstance(packages, dict):
        packages = [
            {"Platform": name, **item} if isinstance(item, dict) else {"Platform": name, "Package": item}
            for name, item in packages.items()
        ]
    for package in as_list(packages, "Packages"):
        if isinstance(package, dict) and all(_fits(package.get(key), known) for key in _PLATFORM_KEYS):
            return package
    return None


def _read(template: Value) -> Value:
    """A package template, read where it is text: JSON or YAML, as GetTemplate gives it."""
    if not isinstance(template, str):
        return template
    from oos.template.document import Reader, Unreadable, compose, decode  # here, because few templates need it

    try:
        source = decode(template, "the package template")
        root = compose(source)
        if root is None:
            return None
        reader = Reader(source)
        value: Value = reader.value(root)
    except Unreadable as unreadable:
        raise FunctionError(str(unreadable)) from None
    if reader.faults:
        raise FunctionError(str(reader.faults[0]))
    return value


def _fits(wanted: Value, known: str) -> bool:
    if wanted is None:
        return True
    if isinstance(wanted, list):
        return any(_fits(each, known) for each in wanted)
    text = printed(wanted, "a platform").casefold().strip("*")
    return text in known


_MAPS: Final = (Argument("maps", ("List",)),)

FUNCTIONS: Final = (
    Function(
        "Fn::MergeMap",
        "one map of several; later keys win",
        _MAPS,
        "Json",
        merge_map,
        ([{"a": 1}, {"b": 2}], {"a": 1, "b": 2}),
        whole=True,
    ),
    Function(
        "Fn::MergeMapToList",
        "maps of lists turned into a list of maps; shorter lists repeat their last item",
        _MAPS,
        "List",
        merge_map_to_list,
        ([{"a": [1, 2]}, {"b": [3]}], [{"a": 1, "b": 3}, {"a": 2, "b": 3}]),
        whole=True,
    ),
    Function(
        "Fn::MapJoin",
        "a map from a list of keys and a list of values",
        (Argument("keys", ("List",)), Argument("values", ("List",))),
        "Json",
        map_join,
        ([["a", "b"], [1, 2]], {"a": 1, "b": 2}),
    ),
    Function(
        "Fn::ConvertMapToList",
        "the entries of a map as a list of Key and Value",
        (Argument("map", ("Json",)),),
        "List",
        convert_map_to_list,
        ([{"k": "v"}], [{"Key": "k", "Value": "v"}]),
        whole=True,
        unwraps=True,
    ),
    Function(
        "Fn::Jq",
        "what a jq program gives on a value: the First result with its type, or All results as a list",
        (Argument("mode", ("String",)), Argument("program", ("String",)), Argument("value")),
        "Any",
        query,
        (["First", ".a", {"a": 1}], 1),
    ),
    Function(
        "Fn::FindMatchedPackage",
        "the package of a package template that fits an operating system",
        (Argument("template", ("Json", "String")), Argument("system")),
        "Json",
        find_matched_package,
        (
            [{"Packages": [{"Platform": "windows", "Url": "w"}, {"Platform": "linux", "Url": "l"}]}, "Debian Linux 12"],
            {"Platform": "linux", "Url": "l"},
        ),
    ),
)
