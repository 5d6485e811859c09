"""Trees: the values of a YAML or JSON text, each with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from oos.diagnostics import DiagnosticError
from oos.source import NOWHERE, Span
from oos.template.document import Node, Reader, Unreadable, compose, decode, is_list, is_map, span_of
from oos.values.json import Value

Content: TypeAlias = "dict[str, Tree] | list[Tree] | str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Tree:
    """A value and where it stands; what is inside it are trees again."""

    content: Content
    span: Span = NOWHERE
    key: Span = NOWHERE
    """Where its name stands, when it is an entry of a map."""

    @property
    def plain(self) -> Value:
        """The value without places."""
        if isinstance(self.content, dict):
            return {name: each.plain for name, each in self.content.items()}
        if isinstance(self.content, list):
            return [each.plain for each in self.content]
        return self.content


def read_tree(text: str | bytes, name: str) -> Tree:
    """The tree of a text. Raises DiagnosticError."""
    try:
        source = decode(text, name)
        root = compose(source)
    except Unreadable as error:
        raise DiagnosticError([error.diagnostic]) from None
    reader = Reader(source)
    tree = Tree(None) if root is None else _tree(reader, root, NOWHERE, 0)
    if reader.faults:
        raise DiagnosticError(reader.faults)
    return tree


def tree_of(value: Value, span: Span = NOWHERE) -> Tree:
    """The tree of a value, all of it at one place."""
    if isinstance(value, dict):
        return Tree({str(name): tree_of(each, span) for name, each in value.items()}, span)
    if isinstance(value, list):
        return Tree([tree_of(each, span) for each in value], span)
    return Tree(value, span)


def _tree(reader: Reader, node: Node, key: Span, depth: int) -> Tree:
    # The reader notes too deep nesting itself, when it is asked for the value.
    if is_map(node) and depth <= DEEPEST:
        entries = reader.entries(node)
        inner = {name: _tree(reader, pair[1], span_of(pair[0]), depth + 1) for name, pair in entries.items()}
        return Tree(inner, span_of(node), key)
    if is_list(node) and depth <= DEEPEST:
        return Tree([_tree(reader, each, NOWHERE, depth + 1) for each in node.value], span_of(node), key)
    return Tree(reader.value(node, depth), span_of(node), key)


DEEPEST = 90
"""Deeper than this, parts have no places of their own."""
