"""Printing: a template as plain data and as YAML or JSON text, from which the same template is read again."""

from __future__ import annotations

import json
from typing import Any, Final

import yaml

from oos.template.document import NUMBER_START, WORDS
from oos.template.expression import Expression
from oos.template.model import (
    END,
    NEXT,
    NO_RATE_CONTROL,
    Loop,
    Parameter,
    Protect,
    Retry,
    Task,
    Template,
    TemplateKind,
)
from oos.values.json import Value

_LINE_WIDTH: Final = 120


def as_data(template: Template) -> dict[str, Value]:
    """The template as plain data, fields in canonical order; what is left at its default is left out."""
    if template.kind is not TemplateKind.AUTOMATION:
        assert isinstance(template.data, dict)
        return dict(template.data)
    return _present(
        FormatVersion=template.format_version,
        Description=template.description,
        Parameters={name: _parameter(each) for name, each in template.parameters.items()} or None,
        RamRole=_raw(template.ram_role),
        Conditions={name: each.raw for name, each in template.conditions.items()} or None,
        Tasks=[_task(each) for each in template.tasks],
        Outputs={name: {"Type": each.type, "Value": each.value.raw} for name, each in template.outputs.items()} or None,
        Metadata=template.metadata,
        Protect=_protect(template.protect),
    )


def as_json(template: Template) -> str:
    """The template as JSON text."""
    return json.dumps(as_data(template), ensure_ascii=False, indent=2) + "\n"


def as_yaml(template: Template) -> str:
    """The template as YAML text."""
    return yaml_text(as_data(template))


def yaml_text(value: Value) -> str:
    """YAML text of a value, which our own reader reads as the same value."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, sort_keys=False, width=_LINE_WIDTH
    )
    return text


class _Dumper(yaml.CSafeDumper):
    """Writes text in quotes where our reader would take it for something else, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - nothing is written as an alias
        return True


def _text_node(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None
    if text in WORDS or text[0] in NUMBER_START:
        style = "'"
    elif "\n" in text and not text[0].isspace() and text.isprintable() is False:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text_node)


def _present(**fields: Value) -> dict[str, Value]:
    """The fields that are there."""
    return {name: value for name, value in fields.items() if value is not None}


def _raw(value: Expression | int | float | str | None) -> Value:
    return value.raw if isinstance(value, Expression) else value


def _parameter(parameter: Parameter) -> dict[str, Value]:
    fields: dict[str, Value] = {"Type": parameter.type}
    fields |= _present(
        Label=parameter.label,
        Description=parameter.description,
    )
    if parameter.default is not None:
        fields["Default"] = parameter.default.raw
    if parameter.allowed_values is not None:
        fields["AllowedValues"] = list(parameter.allowed_values)
    fields |= _present(
        AllowedPattern=parameter.allowed_pattern,
        MinLength=parameter.min_length,
        MaxLength=parameter.max_length,
        MinValue=parameter.min_value,
        MaxValue=parameter.max_value,
        ConstraintDescription=parameter.constraint_description,
        NoEcho=parameter.no_echo or None,
        AssociationProperty=parameter.association_property,
    )
    if parameter.association_property_metadata is not None:
        fields["AssociationPropertyMetadata"] = parameter.association_property_metadata
    return fields


def _task(task: Task) -> dict[str, Value]:
    properties = {name: each.raw for name, each in task.properties.items()}
    if task.action == "ACS::Choice":
        properties["DefaultTask"] = task.default_task
        properties["Choices"] = [{"When": each.when.raw, "NextTask": each.next_task} for each in task.choices]
    if task.loop_tasks:
        properties["LoopTasks"] = [_task(each) for each in task.loop_tasks]
    return _present(
        Name=task.name,
        Action=task.action,
        Description=task.description,
        When=_raw(task.when),
        Properties=properties or None,
        OnError=None if task.on_error == END else task.on_error,
        OnSuccess=None if task.on_success == NEXT else task.on_success,
        Protect=_protect(task.protect),
        **_retry(task.retry),
        Loop=None if task.loop is None or task.action == "ACS::Loop" else _loop(task.loop),
        Outputs={each.name: {"Type": each.type, "ValueSelector": each.selector.raw} for each in task.outputs} or None,
    )


def _protect(protect: Protect | None) -> Value:
    if protect is None:
        return None
    if protect.targets is not None:
        return {"Snapshot": protect.targets.raw}
    return "None" if protect.is_none else "Snapshot"


def _retry(retry: Retry) -> dict[str, Value]:
    default = Retry()
    fields = {
        "Retries": (retry.retries, default.retries),
        "DelayType": (retry.delay_type, default.delay_type),
        "Delay": (retry.delay, default.delay),
        "BackOff": (retry.back_off, default.back_off),
        "MaxRetryInterval": (retry.max_retry_interval, default.max_retry_interval),
    }
    return {name: _raw(value) for name, (value, usual) in fields.items() if value != usual}


def _loop(loop: Loop) -> dict[str, Value]:
    fields = {"Items": loop.items.raw}
    if loop.rate_control != NO_RATE_CONTROL:
        fields["RateControl"] = loop.rate_control.raw
    if loop.aggregates:
        fields["Outputs"] = {
            each.name: {"AggregateType": each.type, "AggregateField": each.field} for each in loop.aggregates
        }
    return fields
