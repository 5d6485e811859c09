"""JSON Schemas: of the template language, for editors, and of the parameters of one template, for forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from oos.template.actions import BUILTIN_ACTIONS, BuiltinAction
from oos.template.functions.function import Function, FunctionError
from oos.template.functions.table import AGGREGATES, FUNCTIONS
from oos.template.model import Parameter, Template
from oos.template.offers import ActionCatalog
from oos.template.outline import in_language
from oos.template.parameters import coerce
from oos.template.parse import FORMAT_VERSION
from oos.template.read_loops import RATE_FIELDS
from oos.values.json import TYPE_NAMES, Value, equals

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NAME: Final = "^[A-Za-z0-9_-]{1,200}$"
_TYPES: Final[Mapping[str, str]] = {
    "String": "string",
    "Number": "number",
    "Boolean": "boolean",
    "List": "array",
}
"""JSON Schema types; Json may be anything."""


def language_schema(catalog: ActionCatalog | None = None) -> dict[str, Any]:
    """The schema of templates. With a catalog, its product actions are offered by name."""
    products = sorted(action.name for action in catalog.actions()) if catalog is not None else []
    return {
        "$schema": DIALECT,
        "title": "OOS template",
        "type": "object",
        "required": ["FormatVersion", "Tasks"],
        "properties": {
            "FormatVersion": {"const": FORMAT_VERSION},
            "Description": {"$ref": "#/$defs/text"},
            "Parameters": _named({"$ref": "#/$defs/parameter"}, "The inputs of the template."),
            "RamRole": {"type": "string"},
            "Conditions": _named({"$ref": "#/$defs/condition"}, "Conditions, to be used by name."),
            "Tasks": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/task"}},
            "Outputs": _named({"$ref": "#/$defs/output"}, "What the execution gives."),
            "Metadata": {"type": "object"},
            "Protect": {"$ref": "#/$defs/protect"},
            "TemplateType": {"type": "string"},
        },
        "additionalProperties": False,
        "$defs": {
            "text": {"anyOf": [{"type": "string"}, {"type": "object", "description": "One text for each language."}]},
            "type": {"enum": [*TYPE_NAMES, "Object"]},
            "parameter": _parameter_definition(),
            "expression": _expression_definition(),
            "condition": {
                "anyOf": [
                    {"type": "boolean"},
                    {"type": "string", "description": "The name of a condition, or a reference."},
                    {"$ref": "#/$defs/call"},
                ]
            },
            "call": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "properties": {function.name: _function_definition(function) for function in FUNCTIONS},
                "patternProperties": {"^Fn::": True},
                "additionalProperties": False,
            },
            "protect": {
                "description": "Snapshots of the targets before, gone back to when it fails, else deleted.",
                "anyOf": [
                    {"enum": ["Snapshot", "None"]},
                    {
                        "type": "object",
                        "required": ["Snapshot"],
                        "additionalProperties": False,
                        "properties": {"Snapshot": {"$ref": "#/$defs/expression"}},
                    },
                ],
            },
            "target": {"type": "string", "description": "A task, ACS::END or ACS::NEXT."},
            "loop": _loop_definition(),
            "rateControl": _rate_control_definition(),
            "taskOutput": {
                "type": "object",
                "required": ["Type", "ValueSelector"],
                "properties": {"Type": {"$ref": "#/$defs/type"}, "ValueSelector": {"$ref": "#/$defs/expression"}},
            },
            "output": {
                "type": "object",
                "required": ["Value"],
                "properties": {"Type": {"$ref": "#/$defs/type"}, "Value": {"$ref": "#/$defs/expression"}},
            },
            "task": _task_definition(products),
        },
    }


def parameters_schema(template: Template, language: str = "en") -> dict[str, Any]:
    """The schema of the arguments of one template: an object with its parameters."""
    return {
        "$schema": DIALECT,
        "title": in_language(template.description, language) or "Parameters",
        "type": "object",
        "properties": {name: _argument(each, language) for name, each in template.parameters.items()},
        "required": [name for name, each in template.parameters.items() if each.default is None],
        "additionalProperties": False,
    }


def _argument(parameter: Parameter, language: str) -> dict[str, Any]:
    kind = _TYPES.get(parameter.type)
    schema: dict[str, Any] = {} if kind is None else {"type": kind}
    title, text = in_language(parameter.label, language), in_language(parameter.description, language)
    if title:
        schema["title"] = title
    if text:
        schema["description"] = text
    if parameter.default is not None and not parameter.no_echo:
        default = parameter.default.raw
        schema["default"] = default if parameter.default.references else _as_kept(parameter.type, default)
    if parameter.allowed_values is not None:
        of_items = "Json" if parameter.type == "List" else parameter.type
        allowed = {"enum": _different(_as_kept(of_items, each) for each in parameter.allowed_values)}
        if parameter.type == "List":
            schema["items"] = allowed
        else:
            schema |= allowed
    if parameter.allowed_pattern is not None:
        schema["pattern"] = f"^(?:{parameter.allowed_pattern})$"
    bounds: dict[str, Value] = {
        "minLength": parameter.min_length,
        "maxLength": parameter.max_length,
        "minimum": parameter.min_value,
        "maximum": parameter.max_value,
    }
    schema |= {name: bound for name, bound in bounds.items() if bound is not None}
    if parameter.no_echo:
        schema["writeOnly"] = True
    if parameter.association_property is not None:
        schema["x-oos-association-property"] = parameter.association_property
    if parameter.association_property_metadata is not None:
        schema["x-oos-association-property-metadata"] = parameter.association_property_metadata
    return schema


def _as_kept(type_name: str, value: Value) -> Value:
    """A value as a parameter of this type keeps it: `'30'` is 30. What cannot be read stays as it is written."""
    if value == "":
        return value
    try:
        return coerce(type_name, value)
    except FunctionError:
        return value


def _different(values: Iterable[Value]) -> list[Value]:
    """Each value once, in order."""
    found: list[Value] = []
    for value in values:
        if not any(equals(value, each) for each in found):
            found.append(value)
    return found


def _named(of: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "additionalProperties": of,
    }


def _parameter_definition() -> dict[str, Any]:
    text = {"$ref": "#/$defs/text"}
    return {
        "type": "object",
        "properties": {
            "Type": {"$ref": "#/$defs/type"},
            "Label": text,
            "Description": text,
            "Default": True,
            "AllowedValues": {"type": "array"},
            "AllowedPattern": {"type": "string", "format": "regex", "description": "The whole value must match."},
            "MinLength": {"type": "integer"},
            "MaxLength": {"type": "integer"},
            "MinValue": {"type": "number"},
            "MaxValue": {"type": "number"},
            "ConstraintDescription": text,
            "NoEcho": {"type": "boolean", "description": "The value is a secret."},
            "AssociationProperty": {"type": "string"},
            "AssociationPropertyMetadata": {"type": "object"},
        },
    }


def _expression_definition() -> dict[str, Any]:
    return {
        "description": "A value, in which {{ references }} and functions are evaluated.",
        "anyOf": [
            {"type": ["string", "number", "boolean", "null"]},
            {"type": "array", "items": {"$ref": "#/$defs/expression"}},
            {"$ref": "#/$defs/call"},
            {"type": "object", "additionalProperties": {"$ref": "#/$defs/expression"}},
        ],
    }


def _function_definition(function: Function) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": f"{function.summary[:1].upper()}{function.summary[1:]}: {function.usage}."}
    if not function.whole:
        count = len(function.arguments)
        of_list = {"type": "array", "minItems": count - function.optional, "maxItems": count}
        schema["anyOf"] = [of_list, {"type": ["string", "object"]}]
    return schema


def _rate_control_definition() -> dict[str, Any]:
    amount = {"type": ["integer", "string", "object", "array"]}
    return {
        "anyOf": [
            {"type": "string", "description": "A reference."},
            {
                "type": "object",
                "properties": {
                    "Mode": _one_of("Concurrency", "Batch"),
                    "Concurrency": amount,
                    "MaxErrors": amount,
                    "Batch": {"type": ["array", "string"]},
                    "ConcurrencyInBatches": {"type": ["array", "string"]},
                    "BatchPauseOption": _one_of("Automatic", "FirstBatchPause", "EveryBatchPause"),
                },
            },
        ]
    }


def _one_of(*words: str) -> dict[str, Any]:
    """One of these words, or an expression that gives one."""
    return {"anyOf": [{"enum": list(words)}, {"type": "string", "pattern": r"\{\{"}, {"type": "object"}]}


def _loop_definition() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["Items"],
        "properties": {
            "Items": {"$ref": "#/$defs/expression"},
            "RateControl": {"$ref": "#/$defs/rateControl"},
            "Outputs": _named(
                {
                    "type": "object",
                    "required": ["AggregateType", "AggregateField"],
                    "properties": {
                        "AggregateType": {"enum": [function.name for function in AGGREGATES]},
                        "AggregateField": {"type": "string"},
                    },
                },
                "Task outputs over all items.",
            ),
            **dict.fromkeys(RATE_FIELDS, True),
        },
    }


def _task_definition(products: list[str]) -> dict[str, Any]:
    names = [action.name for action in BUILTIN_ACTIONS]
    wait = {"type": ["integer", "string"]}
    return {
        "type": "object",
        "required": ["Name", "Action"],
        "properties": {
            "Name": {"type": "string", "pattern": _NAME},
            "Action": {"anyOf": [{"enum": [*names, *products]}, {"type": "string", "pattern": "^[Aa][Cc][Ss]::"}]},
            "Description": {"$ref": "#/$defs/text"},
            "When": {"$ref": "#/$defs/condition"},
            "Properties": {"type": "object"},
            "Outputs": _named({"$ref": "#/$defs/taskOutput"}, "What later tasks can read."),
            "Loop": {"$ref": "#/$defs/loop"},
            "OnError": {"$ref": "#/$defs/target"},
            "OnSuccess": {"$ref": "#/$defs/target"},
            "Protect": {"$ref": "#/$defs/protect"},
            "Retries": wait,
            "Delay": wait,
            "DelayType": {"type": "string"},
            "BackOff": wait,
            "MaxRetryInterval": wait,
        },
        "additionalProperties": False,
        "allOf": [_action_rule(action) for action in BUILTIN_ACTIONS if action.properties],
    }


def _action_rule(action: BuiltinAction) -> dict[str, Any]:
    """What the properties of a built-in action are."""
    properties: dict[str, Any] = {}
    for each in action.properties:
        properties[each.name] = {"description": each.purpose} if each.purpose else True
    if action.name == "ACS::Loop":
        properties["LoopTasks"] = {"type": "array", "items": {"$ref": "#/$defs/task"}}
    if action.name == "ACS::Choice":
        properties["Choices"] = {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["When", "NextTask"],
                "properties": {"When": {"$ref": "#/$defs/condition"}, "NextTask": {"$ref": "#/$defs/target"}},
            },
        }
    required = [each.name for each in action.properties if each.required]
    then: dict[str, Any] = {"properties": {"Properties": {"properties": properties, "required": required}}}
    if required:
        then["required"] = ["Properties"]
    return {"if": {"properties": {"Action": {"const": action.name}}}, "then": then}
