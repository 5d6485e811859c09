"""Parsing: what a template becomes, and that printing and reading it again gives the same, in YAML and JSON."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from oos.diagnostics import DiagnosticError, Severity, excerpt
from oos.source import Span
from oos.template.check import check, examine
from oos.template.expression import Expression, ReferenceKind
from oos.template.model import Retry, TemplateKind
from oos.template.parse import parse
from oos.template.printer import as_data, as_json, as_yaml
from tests.template.catalog import CATALOG
from tests.template.templates import templates, values

HERE = Path(__file__).parent
VALID = yaml.safe_load((HERE / "valid.yml").read_text(encoding="utf-8"))
VALID += [{"text": path.read_bytes().decode()} for path in sorted(HERE.glob("valid*/*.*"))]
FULL = (HERE / "full.yml").read_text(encoding="utf-8")


def test_a_template_becomes_typed_values() -> None:
    template = parse(FULL, "full.yml")
    assert template.format_version == "OOS-2019-06-01"
    assert template.description == {"en": "everything", "zh-cn": "全部"}
    count = template.parameters["count"]
    assert (count.type, count.min_value, count.max_value, count.allowed_values) == ("Number", 1, 10, (1, 2.5, 3))
    assert count.default is not None
    assert count.default.raw == 2
    name = template.parameters["name"]
    assert name.default is None
    assert (name.min_length, name.max_length, name.allowed_pattern) == (2, 30, "[a-z]+")
    assert name.label == {"en": "Name"}
    assert template.parameters["secret"].no_echo
    assert template.parameters["data"].type == "Json"
    assert template.parameters["data"].association_property_metadata == {
        "Visible": {"Condition": {"Fn::Equals": ["${a}", 1]}}
    }
    assert template.ram_role is not None
    assert [reference.name for reference in template.ram_role.references] == ["role"]
    assert list(template.conditions) == ["isBig", "isSmall"]
    assert template.metadata == {"ALIYUN::OOS::Interface": {"ParameterGroups": []}}
    assert template.outputs["ids"].type == "List"


def test_tasks_become_typed_values() -> None:
    tasks = {task.name: task for task in parse(FULL, "full.yml").tasks}
    which = tasks["which"]
    assert which.action == "ACS::Choice"
    assert [choice.next_task for choice in which.choices] == ["wait", "ACS::END"]
    assert which.default_task == "loop"
    assert which.properties == {}
    wait = tasks["wait"]
    assert wait.retry == Retry(20, "Linear", 5, wait.retry.back_off, 1800)
    assert isinstance(wait.retry.back_off, Expression)
    assert (wait.on_error, wait.on_success) == ("ACS::NEXT", "end")
    loop = tasks["loop"].loop
    assert loop is not None
    assert loop.rate_control.raw == {"Concurrency": "{{ count }}", "MaxErrors": "100%"}
    assert [(each.name, each.type, each.field) for each in loop.aggregates] == [("all", "Fn::ListJoin", "one")]
    group = tasks["group"]
    assert [task.name for task in group.loop_tasks] == ["inner"]
    assert group.loop is not None
    assert group.loop.items.raw == [1, 2]
    assert tasks["plain"].retry == Retry(None, "Exponential", 2, 2, 1800)
    assert tasks["plain"].output("ONE") is tasks["plain"].outputs[0]


def test_everything_remembers_its_place() -> None:
    template = parse(FULL, "full.yml")
    task = next(task for task in template.tasks if task.name == "plain")
    lines = FULL.splitlines()

    def at(span: Span) -> str:
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]

    assert at(task.span) == "plain"
    assert at(task.outputs[0].span) == "one"
    assert at(task.places["Action"]) == "ACS::ExecuteAPI"
    assert at(task.property_places["Parameters"]) == "Parameters"
    references = [at(reference.span) for reference in task.properties["Parameters"].references]
    assert references == ["{{name}}", "{{ ACS::RegionId }}", "{{ count }}", "{{ data }}"]
    assert at(template.parameters["count"].span) == "count"


def test_a_caret_line_shows_the_place_below_emoji_tabs_and_in_blocks() -> None:
    task = "- Name: a\n  Action: ACS::Notify\n  Properties: {WebHook: {a: '😀 é {{ no }}'}}\n"
    text = f"FormatVersion: OOS-2019-06-01\nTasks:\n{task}"
    (fault,) = examine(text, "t", CATALOG).diagnostics
    template = parse(text, "t")
    shown = excerpt(fault, template.source).splitlines()
    assert shown[1].index("^") == shown[0].index("{{ no")
    assert shown[1].count("^") == len("{{ no }}")


def test_checking_resolves_every_reference_to_canonical_spelling() -> None:
    checked = check(parse(FULL, "full.yml"), CATALOG)
    tasks = {task.name: task for task in checked.template.tasks}
    kinds = [(each.kind, each.name) for each in tasks["plain"].properties["Parameters"].references]
    assert kinds == [
        (ReferenceKind.PARAMETER, "name"),
        (ReferenceKind.PSEUDO, "ACS::RegionId"),
        (ReferenceKind.PARAMETER, "count"),
        (ReferenceKind.PARAMETER, "data"),
    ]
    response = checked.template.outputs["total"].value.references[0]
    assert (response.kind, response.name, response.field) == (ReferenceKind.RESPONSE, "plain", "TotalCount")
    assert response.selector is not None
    assert response.selector.first({"TotalCount": 3}) == 3
    output = checked.template.outputs["ids"].value.references[0]
    assert (output.kind, output.name, output.field) == (ReferenceKind.OUTPUT, "loop", "all")
    assert checked.needs_response == {"plain"}
    assert checked.task_index("wait") == 1
    assert tasks["start"].action == "ACS::ECS::StartInstance"
    assert tasks["wait"].when is not None
    assert tasks["wait"].when.condition_names == ("isBig",)
    stored = tasks["end"].properties["Duration"].references
    assert [(each.kind, each.name) for each in stored] == [
        (ReferenceKind.STORE, "ops/nap"),
        (ReferenceKind.SECRET, "ops/token"),
    ]


@pytest.mark.parametrize(
    ("version", "more", "kind"),
    [
        ("OOS-2019-06-01-State", "States: [{ResourceType: 'ACS:File'}]", TemplateKind.STATE),
        ("OOS-2019-06-01-Package", "Packages: {}", TemplateKind.PACKAGE),
        ("OOS-2020-01-01", "Packages: {linux: {InstallScript: x}}", TemplateKind.PACKAGE),
    ],
)
def test_state_and_package_templates_are_kept_as_data(version: str, more: str, kind: TemplateKind) -> None:
    template = parse(f"FormatVersion: {version}\n{more}", "t")
    assert template.kind is kind
    assert template.data["FormatVersion"] == version
    assert parse(as_yaml(template), "t") == template
    examination = examine(f"FormatVersion: {version}\n{more}", "t", CATALOG)
    assert examination.checked is None
    assert [(each.code, each.severity) for each in examination.diagnostics] == [("OOS110", Severity.WARNING)]
    assert [each.severity for each in examination.refusal] == [Severity.ERROR]
    with pytest.raises(DiagnosticError, match=r"error\[OOS110\]"):
        check(template, CATALOG)


@pytest.mark.parametrize("text", [FULL, *(case["text"] for case in VALID)])
def test_printing_and_reading_gives_the_same_template(text: str) -> None:
    template = parse(text, "t")
    assert parse(as_yaml(template), "t") == template
    assert parse(as_json(template), "t") == template


@settings(max_examples=100, deadline=None)
@given(templates())
def test_any_template_is_the_same_after_printing_in_yaml_and_in_json(data: dict[str, Any]) -> None:
    import json

    from oos.template.printer import yaml_text

    in_yaml, in_json = parse(yaml_text(data), "t"), parse(json.dumps(data), "t")
    assert in_yaml == in_json
    assert parse(as_yaml(in_yaml), "t") == in_yaml
    assert parse(as_json(in_yaml), "t") == in_yaml
    assert as_data(parse(as_yaml(in_yaml), "t")) == as_data(in_yaml)


@settings(max_examples=200, deadline=None)
@given(values())
def test_any_value_is_the_same_after_printing(value: Any) -> None:
    from oos.template.printer import yaml_text

    text = yaml_text({"FormatVersion": "OOS-2019-06-01-State", "States": value})
    assert parse(text, "t").data["States"] == value


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_make_the_parser_raise_anything_but_diagnostics(data: bytes) -> None:
    examine(data, "t", CATALOG)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_template_gives_diagnostics_and_nothing_else(data: st.DataObject) -> None:
    lines = FULL.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.integers(0, len(lines) - 1))
        line = lines[number]
        at = data.draw(st.integers(0, len(line)))
        piece = data.draw(
            st.sampled_from(["", "{{", "}}", "'", ": ", "- ", "[", "}", "Fn::If", "\t", "&a ", "*a", "null", "5", "é"])
        )
        cut = data.draw(st.integers(0, 5))
        lines[number] = line[:at] + piece + line[at + cut :]
    text = "\n".join(lines)
    for each in examine(text, "t", CATALOG).diagnostics:
        assert each.code.startswith("OOS")
        assert str(each)


@settings(max_examples=150, deadline=None)
@given(templates())
def test_any_template_can_be_checked(data: dict[str, Any]) -> None:
    from oos.template.printer import yaml_text

    with suppress(DiagnosticError):
        check(parse(yaml_text(data), "t"), CATALOG)
