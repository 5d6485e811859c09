"""Aggregates: the outputs of a loop put together (spec 5.4)."""

from __future__ import annotations

from oos.template.functions.function import FunctionError
from oos.template.functions.table import AGGREGATES, BY_NAME
from oos.values.json import Value
from oos.values.secret import Secret, holds_secret, reveal

__all__ = ["AGGREGATES", "aggregate"]


def aggregate(type: str, values: list[Value]) -> Value:
    """What a loop output of this type makes of the task outputs of all items, in item order.

    Items without a value are null: Fn::ListJoin keeps them, Fn::MergeList and Fn::Sum leave them out. Raises
    FunctionError (a ValueError) when the values do not fit.
    """
    function = BY_NAME.get(type)
    if function is None or function not in AGGREGATES:
        raise FunctionError(f"{type} aggregates nothing")
    if function.name in ("Fn::ListJoin", "Fn::MergeList"):
        return function.call(values, None)
    tainted = holds_secret(values)
    plain = reveal(values) if tainted else values
    if function.name not in ("Fn::First", "Fn::Last"):
        plain = [value for value in plain if value is not None]
    result = function.call(plain, None)
    return Secret(result) if tainted else result
