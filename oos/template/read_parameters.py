"""Reading the declarations of parameters (spec 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from oos.template.document import Node, span_of
from oos.template.model import Parameter
from oos.template.structure import Entries, Structure

_FIELDS: Final = frozenset(
    {
        "Type",
        "Label",
        "Description",
        "Default",
        "AllowedValues",
        "AllowedPattern",
        "MinLength",
        "MaxLength",
        "MinValue",
        "MaxValue",
        "ConstraintDescription",
        "NoEcho",
        "AssociationProperty",
        "AssociationPropertyMetadata",
        "Required",
    }
)


def read_parameters(structure: Structure, node: Node) -> Mapping[str, Parameter] | None:
    """The parameters of a template, by name; None when they cannot be read."""
    parameters = {}
    entries = structure.map(node, "Parameters", hint="write the names as keys: {name: {Type: String}}")
    if entries is None:
        return None
    for name, (key_node, value_node) in entries.items():
        structure.name(name, key_node, "a parameter")
        fields = structure.map(value_node, f"the parameter {name}", hint=f"write {name}: {{Type: String}}")
        parameters[name] = _read(structure, name, key_node, fields or {})
    return parameters


def _read(structure: Structure, name: str, key_node: Node, fields: Entries) -> Parameter:
    owner = f"the parameter {name}"
    structure.unknown_fields(fields, _FIELDS, owner)
    given = {field: pair[1] for field, pair in fields.items()}

    def value(field: str) -> Any:
        return structure.value(given[field]) if field in given else None

    def text(field: str) -> str | None:
        return structure.text(given[field], f"{field} of {owner}") if value(field) is not None else None

    def whole(field: str) -> int | None:
        number = structure.number(given[field], f"{field} of {owner}", whole=True) if field in given else None
        assert number is None or isinstance(number, int)
        return number

    def number(field: str) -> int | float | None:
        return structure.number(given[field], f"{field} of {owner}") if field in given else None

    allowed = None
    if value("AllowedValues") is not None:
        nodes = structure.list(given["AllowedValues"], "AllowedValues", owner)
        allowed = None if nodes is None else tuple(map(structure.value, nodes))
    return Parameter(
        name,
        structure.type(given["Type"], owner) if value("Type") is not None else "String",
        value("Label"),
        value("Description"),
        structure.expression(given["Default"]) if "Default" in given else None,
        allowed,
        text("AllowedPattern"),
        whole("MinLength"),
        whole("MaxLength"),
        number("MinValue"),
        number("MaxValue"),
        value("ConstraintDescription"),
        "NoEcho" in given and structure.flag(given["NoEcho"], f"NoEcho of {owner}"),
        text("AssociationProperty"),
        value("AssociationPropertyMetadata"),
        span_of(key_node),
    )
