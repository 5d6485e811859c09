"""Scopes for tests: references and conditions from a map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from oos.source import Source
from oos.template.build import Builder
from oos.template.document import compose
from oos.template.expression import Expression, Reference
from oos.template.printer import yaml_text
from oos.values.json import Value


@dataclass(frozen=True)
class MapScope:
    """Values by the text of their reference."""

    values: Mapping[str, Value] = field(default_factory=dict)

    def lookup(self, reference: Reference) -> Value:
        return self.values.get(str(reference))

    def condition(self, name: str) -> Value:
        return self.values["Conditions"][name]


def built(value: Value, *, condition: bool = False) -> tuple[Expression, Builder]:
    """The expression that a value is when it stands in a template, and the builder that knows its faults."""
    source = Source("case", yaml_text({"x": value}))
    builder = Builder(source)
    node = compose(source).value[0][1]
    return (builder.condition(node) if condition else builder.expression(node)), builder


def evaluated(value: Value, given: Mapping[str, Value] | None = None) -> Value:
    """The value of an expression."""
    expression, builder = built(value)
    assert not builder.faults, builder.faults
    return expression.evaluate(MapScope(given or {}))
