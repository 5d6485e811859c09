"""Functions that compare and choose: Equals, Not, And, Or, If."""

from __future__ import annotations

from typing import Final

from oos.template.functions.function import CONDITION, Argument, Function, as_condition, as_list
from oos.values import json
from oos.values.json import Value


def equals(left: Value, right: Value) -> bool:
    """Deep and typed equality: "1" is not 1 (spec 10, 11)."""
    return json.equals(left, right)


def negation(value: Value) -> bool:
    """False for true; a list of one condition is tolerated."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return not as_condition(value)


def conjunction(conditions: Value) -> bool:
    """Whether all conditions are true."""
    truths = [as_condition(each) for each in _listed(conditions)]  # each must be a condition
    return all(truths)


def disjunction(conditions: Value) -> bool:
    """Whether any condition is true."""
    truths = [as_condition(each) for each in _listed(conditions)]
    return any(truths)


def choose(condition: Value, then: Value, otherwise: Value = None) -> Value:
    """One of two values; without a third argument the other is null."""
    return then if as_condition(condition) else otherwise


def _listed(conditions: Value) -> list[Value]:
    return [conditions] if isinstance(conditions, bool) else as_list(conditions, "the argument")


_CONDITIONS: Final = (Argument("conditions", ("List", "Boolean")),)

FUNCTIONS: Final = (
    Function(
        "Fn::Equals",
        "whether two values are equal, deeply and by type",
        (Argument("left"), Argument("right")),
        "Boolean",
        equals,
        ([[], []], True),
    ),
    Function(
        "Fn::Not",
        "the opposite of a condition",
        (Argument("condition", (CONDITION,)),),
        "Boolean",
        negation,
        (True, False),
        whole=True,
    ),
    Function("Fn::And", "whether all hold", _CONDITIONS, "Boolean", conjunction, ([True, False], False), whole=True),
    Function("Fn::Or", "whether any holds", _CONDITIONS, "Boolean", disjunction, ([True, False], True), whole=True),
    Function(
        "Fn::If",
        "one of two values",
        (Argument("condition", (CONDITION,)), Argument("then"), Argument("else")),
        "Any",
        choose,
        ([True, "a", "b"], "a"),
        optional=1,
    ),
)
