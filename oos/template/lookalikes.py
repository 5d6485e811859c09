"""Lookalikes: values that other languages would read as a reference to a parameter, and that are plain text here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from oos.template import codes, limits
from oos.template.build import FOREIGN
from oos.template.document import Node, is_list, is_map, is_null, span_of
from oos.template.findings import Finding
from oos.template.folding import fold
from oos.template.model import Task, Template

_LIKELY: Final = re.compile(r"\$?\{\s*[\w-]+\s*\}|\bRef\b")
_TEXT: Final = re.compile(r"\$?\{\s*([\w-]+)\s*\}")
_OTHER: Final = frozenset({"TemplateContent", *FOREIGN})
"""Below these, and in the arguments of functions, braces may mean something else."""


def lookalikes(template: Template) -> Iterator[Finding]:
    """Values of properties such as `${id}`, `{id}` and `{Ref: id}`, where id is a parameter."""
    if not template.parameters or not _LIKELY.search(template.source.text):
        return
    yield from _of_tasks(template.tasks, fold(template.parameters))


def _of_tasks(tasks: tuple[Task, ...], parameters: Mapping[str, str]) -> Iterator[Finding]:
    for task in tasks:
        for name, expression in task.properties.items():
            if name not in _OTHER and expression.node is not None:
                yield from _below(expression.node, parameters, limits.DEPTH)
        yield from _of_tasks(task.loop_tasks, parameters)


def _below(node: Node, parameters: Mapping[str, str], depth: int) -> Iterator[Finding]:
    if depth < 0:
        return
    if is_list(node):
        for each in node.value:
            yield from _below(each, parameters, depth - 1)
        return
    name = _meant(node)
    if name.casefold() in parameters:
        message = f"this is plain text, not the value of the parameter {parameters[name.casefold()]}"
        hint = f"a reference is written '{{{{ {parameters[name.casefold()]} }}}}'"
        yield Finding(codes.LOOKALIKE, span_of(node), message, hint)
    elif is_map(node):
        for key, value in node.value:
            if not isinstance(key.value, str) or not (key.value in _OTHER or key.value.startswith("Fn::")):
                yield from _below(value, parameters, depth - 1)


def _meant(node: Node) -> str:
    """The name that a value could be meant to refer to."""
    if not is_map(node):
        found = _TEXT.fullmatch(node.value.strip())
        return found[1] if found else ""
    if len(node.value) != 1:
        return ""
    key, value = node.value[0]
    if key.value == "Ref" and not is_map(value) and not is_list(value):
        return str(value.value)
    return key.value if isinstance(key.value, str) and is_null(value) else ""
