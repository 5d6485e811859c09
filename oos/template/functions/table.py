"""The table of all functions (spec 2), documented and undocumented, found without regard to case."""

from __future__ import annotations

from typing import Final

from oos.template.functions import lists, logic, maps, moments, numbers, text
from oos.template.functions.function import Function

FUNCTIONS: Final[tuple[Function, ...]] = (
    *text.FUNCTIONS,
    *lists.FUNCTIONS,
    *maps.FUNCTIONS,
    *logic.FUNCTIONS,
    *moments.FUNCTIONS,
    *numbers.FUNCTIONS,
)

BY_NAME: Final = {function.name: function for function in FUNCTIONS}
_BY_FOLDED_NAME: Final = {function.name.casefold(): function for function in FUNCTIONS}

AGGREGATES: Final = tuple(
    BY_NAME[name]
    for name in (
        "Fn::ListJoin",
        "Fn::MergeList",
        "Fn::Sum",
        "Fn::Min",
        "Fn::Max",
        "Fn::First",
        "Fn::Last",
        "Fn::Union",
        "Fn::Intersection",
        "Fn::Difference",
        "Fn::MergeMap",
    )
)
"""Functions of a list of values, which can aggregate the outputs of a loop (spec 5.4)."""


def find_function(name: str) -> Function | None:
    """The function of this name, exact spelling first."""
    return BY_NAME.get(name) or _BY_FOLDED_NAME.get(name.casefold())
