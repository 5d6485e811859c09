"""Formatting, outlines and schemas: what people and editors see of a template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from oos.diagnostics import DiagnosticError
from oos.template.format import format_template
from oos.template.outline import in_language, parameter_rows, task_lines
from oos.template.parse import parse
from oos.template.printer import as_json, as_yaml, yaml_text
from oos.template.schema import language_schema, parameters_schema
from tests.template.catalog import CATALOG
from tests.template.templates import templates

HERE = Path(__file__).parent
FULL = (HERE / "full.yml").read_text(encoding="utf-8")
VALID = yaml.safe_load((HERE / "valid.yml").read_text(encoding="utf-8"))
VALID += [{"text": path.read_bytes().decode()} for path in sorted(HERE.glob("valid*/*.*"))]
FORMATS = yaml.safe_load((HERE / "formats.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", FORMATS, ids=lambda case: case["title"])
def test_formatting_puts_fields_in_order_and_keeps_comments(case: dict[str, Any]) -> None:
    assert format_template(case["before"], "t") == case["after"]
    assert format_template(case["after"], "t") == case["after"]


@pytest.mark.parametrize("text", [FULL, *(case["text"] for case in VALID)])
def test_formatting_keeps_the_template_and_every_comment(text: str) -> None:
    formatted = format_template(text, "t")
    assert parse(formatted, "t") == parse(text, "t")
    assert format_template(formatted, "t") == formatted
    assert formatted.count("#") == text.count("#")


@settings(max_examples=60, deadline=None)
@given(templates(), st.randoms(use_true_random=False))
def test_formatting_any_template_keeps_it_and_is_done_once(data: dict[str, Any], chance: Any) -> None:
    keys = list(data)
    chance.shuffle(keys)
    shuffled = {key: data[key] for key in keys}
    for task in shuffled["Tasks"]:
        fields = list(task.items())
        chance.shuffle(fields)
        task.clear()
        task.update(fields)
    text = yaml_text(shuffled)
    formatted = format_template(text, "t")
    assert parse(formatted, "t") == parse(text, "t")
    assert format_template(formatted, "t") == formatted
    lines = formatted.splitlines()
    assert lines[0].startswith("FormatVersion")


def test_formatting_json_gives_json() -> None:
    template = parse(FULL, "t")
    text = json.dumps(json.loads(as_json(template)), separators=(",", ":"))
    formatted = format_template(text, "t")
    assert json.loads(formatted) == json.loads(text)
    assert formatted.startswith('{\n  "FormatVersion"')
    assert format_template(formatted, "t") == formatted


def test_what_is_no_template_is_not_formatted() -> None:
    with pytest.raises(DiagnosticError):
        format_template("a: [", "t")


def test_the_graph_of_tasks_reads_like_a_story() -> None:
    assert list(task_lines(parse(FULL, "t"))) == [
        "● which  ACS::Choice",
        "│   when isSmall → wait",
        '│   when {"Fn::Or":[false,{"Fn::Equals":["{{ name }}","x"]}]} → end',
        "│   else → loop",
        "● wait   wait for ecs.DescribeInstances",
        "│   when ISBIG, else skipped",
        '│   TotalCount until one of ["{{ count }}"]',
        "│   then → end",
        "│   on error → next",
        "● loop   call ECS.DescribeInstances",
        '│   for each of ["{{ name }}"], {"Concurrency":"{{ count }}","MaxErrors":"100%"}',
        "● plain  call ECS.DescribeInstances",
        "● start  ACS::ECS::startinstance",
        "● group  ACS::Loop",
        '│   for each of [1,2], {"Mode":"Concurrency","Concurrency":2}',
        "│   ● inner  sleep {{ ACS::TaskLoopItem }}S",
        "● end    sleep {{ oos:ops/nap }}{{ oos-secret:ops/token }}",
        "○ end",
    ]


def test_parameters_become_rows_with_required_ones_first() -> None:
    rows = {row.name: row for row in parameter_rows(parse(FULL, "t"))}
    assert next(iter(rows)) == "name"
    assert rows["name"].required
    assert rows["name"].allowed == "matches [a-z]+; 2 to 30 characters"
    assert rows["name"].description == "Name"
    assert rows["count"].default == "2"
    assert rows["count"].allowed == "one of 1, 2.5, 3; 1 to 10"
    assert rows["secret"].secret


def test_a_secret_default_is_not_shown() -> None:
    parameter = "Parameters: {p: {NoEcho: true, Default: canary}}"
    template = parse(f"FormatVersion: OOS-2019-06-01\n{parameter}\nTasks: [{{Name: a, Action: ACS::Pause}}]", "t")
    assert parameter_rows(template)[0].default == "***"
    assert "canary" not in json.dumps(parameters_schema(template))


def test_texts_are_shown_in_a_language_or_the_next_best() -> None:
    text = {"en": "start", "zh-cn": "启动", "categories": ["x"]}
    assert in_language(text) == "start"
    assert in_language(text, "zh-cn") == "启动"
    assert in_language(text, "de") == "start"
    assert in_language({"zh-cn": "启动"}) == "启动"
    assert in_language({"name-en": "Title"}) == "Title"
    assert in_language(None) == ""
    assert in_language("plain") == "plain"


def test_the_schema_of_parameters_says_what_binding_checks() -> None:
    schema = parameters_schema(parse(FULL, "t"))
    assert schema["title"] == "everything"
    assert schema["required"] == ["name"]
    assert schema["properties"]["count"] == {
        "type": "number",
        "default": 2,
        "enum": [1, 2.5, 3],
        "minimum": 1,
        "maximum": 10,
    }
    name = schema["properties"]["name"]
    assert (name["type"], name["pattern"], name["minLength"], name["maxLength"]) == ("string", "^(?:[a-z]+)$", 2, 30)
    assert schema["properties"]["secret"]["writeOnly"]
    assert "type" not in schema["properties"]["data"]


LOOSE = {
    "Number, Default: '30', AllowedValues: ['30', 40, 40.0]": {"type": "number", "default": 30, "enum": [30, 40]},
    "Boolean, Default: 'True', AllowedValues: ['true', 'false', True]": {
        "type": "boolean",
        "default": True,
        "enum": [True, False],
    },
    "String, Default: 3, AllowedValues: [3, x]": {"type": "string", "default": "3", "enum": ["3", "x"]},
    "List, Default: 'x, y', AllowedValues: [x, y]": {
        "type": "array",
        "default": ["x", "y"],
        "items": {"enum": ["x", "y"]},
    },
    "Json, Default: '{\"a\": 1}'": {"default": {"a": 1}},
    "Number, Default: ''": {"type": "number", "default": ""},
    "Boolean, Default: '{{ ACS::RegionId }}'": {"type": "boolean", "default": "{{ ACS::RegionId }}"},
}


@pytest.mark.parametrize(("declared", "schema"), LOOSE.items())
def test_the_schema_of_a_parameter_that_is_declared_loosely_has_values_as_they_are_kept(
    declared: str, schema: dict[str, Any]
) -> None:
    parameters = f"Parameters: {{p: {{Type: {declared}}}}}"
    text = f"FormatVersion: OOS-2019-06-01\n{parameters}\nTasks: [{{Name: a, Action: ACS::Pause}}]"
    assert parameters_schema(parse(text, "t"))["properties"]["p"] == schema


def test_the_schema_of_the_language_holds_for_valid_templates() -> None:
    schema = language_schema(CATALOG)
    text = json.dumps(schema)
    assert '"ACS::ECS::StartInstance"' in text
    for reference in set(_references(schema)):
        assert reference.removeprefix("#/$defs/") in schema["$defs"]
    for name in ("FormatVersion", "Tasks", "Parameters", "Conditions", "Outputs", "Metadata", "RamRole", "Description"):
        assert name in schema["properties"]
    document = yaml.safe_load(as_yaml(parse(FULL, "t")))
    for case in (document, *(yaml.safe_load(as_yaml(parse(case["text"], "t"))) for case in VALID)):
        assert not list(_problems(case, schema, schema)), case


def _references(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["$ref"]] if isinstance(schema.get("$ref"), str) else []
        return own + [each for value in schema.values() for each in _references(value)]
    if isinstance(schema, list):
        return [each for value in schema for each in _references(value)]
    return []


_JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "integer": int,
    "null": type(None),
}


def _problems(value: Any, schema: Any, root: Any) -> list[str]:
    """What a small part of JSON Schema, as much as ours uses, has against a value."""
    import re

    if schema is True:
        return []
    if schema is False:
        return [f"nothing may be here: {value!r}"]
    if "$ref" in schema:
        return _problems(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    found: list[str] = []
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(isinstance(value, _JSON_TYPES[each]) for each in types):
        return [f"{value!r} is not {types}"]
    if "const" in schema and value != schema["const"]:
        found.append(f"{value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{value!r} is not among {schema['enum']}")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{value!r} does not match")
    if "anyOf" in schema and all(_problems(value, each, root) for each in schema["anyOf"]):
        found.append(f"{value!r} fits none")
    for each in schema.get("allOf", []):
        if "if" not in each or not _problems(value, each["if"], root):
            found += _problems(value, each.get("then", each), root)
    if isinstance(value, list):
        found += [each for item in value for each in _problems(item, schema.get("items", True), root)]
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**6):
            found.append(f"{len(value)} items")
    if isinstance(value, dict):
        found += [f"no {name}" for name in schema.get("required", []) if name not in value]
        if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", 10**6):
            found.append(f"{len(value)} keys")
        for key, item in value.items():
            if key in schema.get("properties", {}):
                found += _problems(item, schema["properties"][key], root)
            elif not any(re.search(each, key) for each in schema.get("patternProperties", {})):
                found += _problems(item, schema.get("additionalProperties", True), root)
    return found
