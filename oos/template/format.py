"""Formatting: template text in canonical order, its comments kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from oos.diagnostics import DiagnosticError
from oos.template.document import Node, Reader, compose, decode, is_list, is_map
from oos.template.parse import parse

TEMPLATE_FIELDS: Final = (
    "FormatVersion",
    "TemplateType",
    "Description",
    "Parameters",
    "RamRole",
    "Conditions",
    "Tasks",
    "Outputs",
    "Metadata",
    "Protect",
)
PARAMETER_FIELDS: Final = (
    "Type",
    "Label",
    "Description",
    "AssociationProperty",
    "AssociationPropertyMetadata",
    "Default",
    "AllowedValues",
    "AllowedPattern",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
    "ConstraintDescription",
    "NoEcho",
)
TASK_FIELDS: Final = (
    "Name",
    "Action",
    "Description",
    "When",
    "OnError",
    "OnSuccess",
    "Protect",
    "Retries",
    "DelayType",
    "Delay",
    "BackOff",
    "MaxRetryInterval",
    "Properties",
    "Loop",
    "Outputs",
)


def format_template(text: str, name: str) -> str:
    """The text with the fields of the template, its parameters and tasks in canonical order.

    Comments move with the field they stand above. Blanks at the ends of lines and repeated empty lines go. Text that
    is JSON is written with an indent of two. The result reads as the same template, and formatting it again changes
    nothing. Raises DiagnosticError when the text is no template.
    """
    template = parse(text, name)
    if text.lstrip()[:1] == "{":
        try:
            json.loads(text)
        except ValueError:
            pass  # YAML in flow style
        else:
            return _format_json(text, name)
    formatted = _clean(_reordered(_lines(text), name), name)
    try:
        same = parse(formatted, name) == template
    except DiagnosticError:
        same = False
    return formatted if same else text


def _format_json(text: str, name: str) -> str:
    source = decode(text, name)
    data = _ordered_data(Reader(source).value(compose(source)))
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _ordered_data(data: dict[str, Any]) -> dict[str, Any]:
    data = _ordered(data, TEMPLATE_FIELDS)
    if isinstance(data.get("Parameters"), dict):
        data["Parameters"] = {
            name: _ordered(each, PARAMETER_FIELDS) if isinstance(each, dict) else each
            for name, each in data["Parameters"].items()
        }
    if isinstance(data.get("Tasks"), list):
        data["Tasks"] = [_ordered(each, TASK_FIELDS) if isinstance(each, dict) else each for each in data["Tasks"]]
    return data


def _ordered(data: dict[str, Any], order: Sequence[str]) -> dict[str, Any]:
    return {key: data[key] for key in sorted(data, key=lambda key: _rank(key, order))}


def _rank(key: str, order: Sequence[str]) -> int:
    """The place of a field; fields that are not known come last, as they stand."""
    return order.index(key) if key in order else len(order)


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


@dataclass(slots=True)
class _Block:
    """The lines of one field, from the comments above it to the line before the next."""

    key: str
    start: int
    end: int


def _reordered(lines: list[str], name: str) -> str:
    """The text with its fields in order. Inner maps are done first: their lines move with those of outer ones."""
    current = "\n".join(lines)
    for path_order in (PARAMETER_FIELDS, TASK_FIELDS, TEMPLATE_FIELDS):
        root = compose(decode(current, name))
        lines = current.split("\n")
        for node, end in reversed(list(_maps(root, path_order, len(lines)))):
            _reorder(lines, node, end, path_order)
        current = "\n".join(lines)
    return current


def _maps(root: Node, order: Sequence[str], count: int) -> Iterator[tuple[Node, int]]:
    """The maps in block style that have this order of fields, each with the line after its last."""
    if order is TEMPLATE_FIELDS:
        yield root, count
        return
    for number, (key, value) in enumerate(root.value):
        end = root.value[number + 1][0].start_mark.line if number + 1 < len(root.value) else count
        if order is PARAMETER_FIELDS and key.value == "Parameters" and is_map(value) and not value.flow_style:
            yield from _inner([pair[1] for pair in value.value], [pair[0] for pair in value.value], end)
        elif order is TASK_FIELDS and key.value == "Tasks" and is_list(value) and not value.flow_style:
            yield from _inner(value.value, value.value, end)


def _inner(nodes: list[Node], starts: list[Node], end: int) -> Iterator[tuple[Node, int]]:
    for number, node in enumerate(nodes):
        following = starts[number + 1].start_mark.line if number + 1 < len(nodes) else end
        if is_map(node):
            yield node, following


def _reorder(lines: list[str], node: Node, end: int, order: Sequence[str]) -> None:
    if node.flow_style or len(node.value) < 2:
        return
    keys = [key.value for key, _ in node.value]
    wanted = sorted(keys, key=lambda key: _rank(key, order))
    if keys == wanted:
        return
    column = node.start_mark.column
    end = _without_trailing(lines, node.value[-1][0].start_mark.line + 1, end, column)
    blocks = _blocks(lines, node, end)
    before = [lines[key.start_mark.line][: key.start_mark.column].strip() for key, _ in node.value]
    if before[0].strip("- ") or any(before[1:]):
        return  # several fields on one line
    first = blocks[0].start
    prefix = lines[first][:column]
    lines[first] = " " * column + lines[first][column:]
    by_key = {block.key: lines[block.start : block.end] for block in blocks}
    gaps = [_gap(by_key[key]) for key in keys]
    moved: list[str] = []
    for key, gap in zip(wanted, gaps, strict=True):  # empty lines stay where they are, fields move
        block = by_key[key]
        moved += [*block[: len(block) - _gap(block)], *[""] * gap]
    if prefix.strip():
        # The first field stands behind a dash; comments above it go above the dash.
        head = next(number for number, line in enumerate(moved) if not line.lstrip().startswith("#"))
        indent = " " * (len(prefix) - len(prefix.lstrip()))
        moved = [*(indent + line.lstrip() for line in moved[:head]), prefix + moved[head][column:], *moved[head + 1 :]]
    lines[first:end] = moved


def _gap(block: list[str]) -> int:
    """The number of empty lines at the end of a block."""
    return next((number for number, line in enumerate(reversed(block)) if line.strip()), len(block))


def _blocks(lines: list[str], node: Node, end: int) -> list[_Block]:
    blocks: list[_Block] = []
    for number, (key, _) in enumerate(node.value):
        start = key.start_mark.line
        if number:
            start = _with_comments(lines, start, node.value[number - 1][0].start_mark.line + 1, key.start_mark.column)
            blocks[-1].end = start
        blocks.append(_Block(key.value, start, end))
    return blocks


def _with_comments(lines: list[str], start: int, least: int, column: int) -> int:
    """The first of the comment lines that stand directly above a line, at the same indent."""
    while start > least:
        line = lines[start - 1]
        stripped = line.lstrip(" ")
        if not stripped.startswith("#") or len(line) - len(stripped) != column:
            break
        start -= 1
    return start


def _without_trailing(lines: list[str], least: int, end: int, column: int) -> int:
    """The end without empty lines, and without comments below the last field, which stay where they are."""
    while end > least:
        line = lines[end - 1]
        stripped = line.lstrip(" ")
        if stripped and not (stripped.startswith("#") and len(line) - len(stripped) <= column):
            break
        end -= 1
    return end


def _clean(text: str, name: str) -> str:
    """Without blanks at the ends of lines and without repeated empty lines, except inside texts of several lines."""
    lines = text.split("\n")
    kept = _inside_texts(compose(decode(text, name)))
    cleaned: list[str] = []
    for number, line in enumerate(lines):
        if number in kept:
            cleaned.append(line)
            continue
        line = line.rstrip()
        if line or (cleaned and cleaned[-1]):
            cleaned.append(line)
    while cleaned and not cleaned[-1]:
        cleaned.pop()
    return "\n".join(cleaned) + "\n"


def _inside_texts(root: Node) -> set[int]:
    """The lines that belong to texts of several lines, where each blank counts."""
    found: set[int] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, yaml.ScalarNode):
            start, end = node.start_mark.line, node.end_mark.line
            if end > start:
                found.update(range(start + (node.style in ("|", ">")), end + (node.style not in ("|", ">"))))
        elif is_list(node):
            pending.extend(node.value)
        else:
            pending.extend(each for pair in node.value for each in pair)
    return found
