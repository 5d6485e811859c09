"""Reading loops (spec 5), also of the old form with rate control fields under Loop itself."""

from __future__ import annotations

from typing import Final

from oos.template import codes
from oos.template.document import Node, span_of
from oos.template.expression import Expression, literal
from oos.template.functions.table import AGGREGATES
from oos.template.model import NO_RATE_CONTROL, Aggregate, Loop
from oos.template.structure import Entries, Structure

RATE_FIELDS: Final = ("Mode", "Concurrency", "MaxErrors", "Batch", "ConcurrencyInBatches", "BatchPauseOption")
"""Spec 5.2."""

_FIELDS: Final = frozenset({"Items", "RateControl", "Outputs", *RATE_FIELDS})
_AGGREGATE_FIELDS: Final = frozenset({"AggregateType", "AggregateField", "Type", "Description"})
_REQUIRED: Final = frozenset({"AggregateType", "AggregateField"})
_AGGREGATES: Final = {function.name.casefold(): function.name for function in AGGREGATES}


def read_loop(structure: Structure, node: Node, owner: str) -> Loop:
    """The loop of a task."""
    fields = structure.map(node, "Loop", owner, "write Loop: {Items: …}")
    if fields is None:
        return Loop(literal(None), NO_RATE_CONTROL, span=span_of(node))  # so that its item is known
    meant = structure.unknown_fields(fields, _FIELDS, f"the loop of {owner}", frozenset({"Items"}))
    if "Items" not in fields and not meant:
        structure.missing(node, f"the loop of {owner}", "Items")
    return Loop(
        structure.expression(fields["Items"][1]) if "Items" in fields else literal(None),  # so that its item is known
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
        fields = structure.map(value_node, what) or {}
        meant = structure.unknown_fields(fields, _AGGREGATE_FIELDS, what, _REQUIRED)
        for field in sorted(_REQUIRED - meant - fields.keys()):
            structure.missing(key_node, what, field)

        def text(name: str, fields: Entries = fields, what: str = what) -> str:
            return structure.text(fields[name][1], f"{name} of {what}") or "" if name in fields else ""

        kind, field = text("AggregateType"), text("AggregateField")
        canonical = _AGGREGATES.get(kind.casefold())
        if canonical is None and kind:
            hint = structure.suggestions.did_you_mean(kind, _AGGREGATES.values())
            structure.fault(codes.UNKNOWN_AGGREGATE, fields["AggregateType"][1], f"{kind} aggregates nothing", hint)
        span = span_of(fields["AggregateField"][1] if "AggregateField" in fields else key_node)
        # Whatever is wrong with it was told; its name is known all the same.
        aggregates.append(Aggregate(name, canonical or "Fn::ListJoin", field, span))
    return tuple(aggregates)
