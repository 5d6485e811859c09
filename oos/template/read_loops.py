"""Reading loops (spec 5), also of the old form with rate control fields under Loop itself."""

from __future__ import annotations

from typing import Final

from oos.template import codes
from oos.template.document import Node, span_of
from oos.template.expression import Expression
from oos.template.functions.table import AGGREGATES
from oos.template.model import NO_RATE_CONTROL, Aggregate, Loop
from oos.template.structure import Entries, Structure

RATE_FIELDS: Final = ("Mode", "Concurrency", "MaxErrors", "Batch", "ConcurrencyInBatches", "BatchPauseOption")
"""Spec 5.2."""

_FIELDS: Final = frozenset({"Items", "RateControl", "Outputs", *RATE_FIELDS})
_AGGREGATE_FIELDS: Final = frozenset({"AggregateType", "AggregateField", "Type", "Description"})
_AGGREGATES: Final = {function.name.casefold(): function.name for function in AGGREGATES}


def read_loop(structure: Structure, node: Node, owner: str) -> Loop | None:
    """The loop of a task."""
    fields = structure.map(node, "Loop", owner)
    if fields is None:
        return None
    structure.unknown_fields(fields, _FIELDS, f"the loop of {owner}")
    if "Items" not in fields:
        structure.missing(node, f"the loop of {owner}", "Items")
        return None
    return Loop(
        structure.expression(fields["Items"][1]),
        _rate_control(structure, fields),
        _aggregates(structure, fields["Outputs"][1], owner) if "Outputs" in fields else (),
        span_of(node),
    )


def _rate_control(structure: Structure, fields: Entries) -> Expression:
    if "RateControl" in fields:
        return structure.expression(fields["RateControl"][1])
    old = [fields[field] for field in RATE_FIELDS if field in fields]
    return structure.map_expression(old) if old else NO_RATE_CONTROL


def _aggregates(structure: Structure, node: Node, owner: str) -> tuple[Aggregate, ...]:
    aggregates = []
    for name, (key_node, value_node) in (structure.map(node, "Outputs", f"the loop of {owner}") or {}).items():
        what = f"the loop output {name}"
        fields = structure.map(value_node, what)
        if fields is None:
            continue
        structure.unknown_fields(fields, _AGGREGATE_FIELDS, what)
        for field in ("AggregateType", "AggregateField"):
            if field not in fields:
                structure.missing(key_node, what, field)
        if "AggregateType" not in fields or "AggregateField" not in fields:
            continue
        kind = structure.text(fields["AggregateType"][1], f"AggregateType of {what}") or ""
        field = structure.text(fields["AggregateField"][1], f"AggregateField of {what}") or ""
        canonical = _AGGREGATES.get(kind.casefold())
        if canonical is None:
            hint = structure.suggestions.did_you_mean(kind, _AGGREGATES.values())
            structure.fault(codes.UNKNOWN_AGGREGATE, fields["AggregateType"][1], f"{kind} aggregates nothing", hint)
            continue
        aggregates.append(Aggregate(name, canonical, field, span_of(fields["AggregateField"][1])))
    return tuple(aggregates)
