"""Faults: each is found, all of a file at once, at its line and column, with its code; valid templates have none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from oos.diagnostics import Diagnostic, DiagnosticError, Severity
from oos.template import codes
from oos.template.check import check, examine, faults_at_start
from oos.template.parse import parse
from tests.template.catalog import CATALOG

HERE = Path(__file__).parent
FAULTS = yaml.safe_load((HERE / "faults.yml").read_text(encoding="utf-8"))
VALID = yaml.safe_load((HERE / "valid.yml").read_text(encoding="utf-8"))


def _place(diagnostic: Diagnostic) -> str:
    return f"{diagnostic.span} {diagnostic.code}"


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case["title"])
def test_every_fault_of_a_text_is_found_at_its_place(case: dict[str, Any]) -> None:
    found = examine(case["text"], "t.yml", CATALOG).diagnostics
    shown = [f"{_place(each)} {each}" for each in found]
    wanted = [line.split(" ", 2) for line in case["faults"]]
    places = [" ".join(words[:2]) for words in wanted]
    assert sorted(set(places)) == sorted(set(map(_place, found))), "\n".join(shown)
    for place, code, *word in wanted:
        about = [str(each) for each in found if _place(each) == f"{place} {code}"]
        assert not word or any(word[0] in each for each in about), "\n".join(shown)


@pytest.mark.parametrize("case", VALID, ids=lambda case: case["title"])
def test_a_valid_template_raises_no_alarm(case: dict[str, Any]) -> None:
    examination = examine(case["text"], "t.yml", CATALOG)
    alarms = [each for each in examination.diagnostics if each.severity is not Severity.HINT]
    assert not alarms, "\n".join(map(str, alarms))
    assert examination.checked is not None
    parse(case["text"], "t.yml")


def test_every_code_has_a_case() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("*.*"))
    missing = [code.code for code in codes.ALL if code.code not in text]
    assert not missing


def test_parse_tells_faults_of_structure_and_check_those_of_names() -> None:
    with pytest.raises(DiagnosticError) as caught:
        parse("FormatVersion: OOS-2019-06-01\nTasks: [{Name: a}, {Action: '{{ x }}'}]", "t.yml")
    assert [each.code for each in caught.value.diagnostics] == ["OOS101", "OOS103", "OOS101"]
    template = parse("FormatVersion: OOS-2019-06-01\nTasks: [{Name: a, Action: ACS::Nope}]", "t.yml")
    with pytest.raises(DiagnosticError) as caught:
        check(template, CATALOG)
    assert [each.code for each in caught.value.diagnostics] == ["OOS208"]


def test_a_service_that_is_not_offered_is_a_warning_that_becomes_a_fault_at_the_start() -> None:
    text = "FormatVersion: OOS-2019-06-01\nTasks: [{Name: a, Action: ACS::RDS::CreateBackup}]"
    checked = check(parse(text, "t.yml"), CATALOG)
    assert [each.severity for each in checked.diagnostics] == [Severity.WARNING]
    assert [each.severity for each in faults_at_start(checked)] == [Severity.ERROR]


def test_the_same_fault_is_told_once() -> None:
    text = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: a
    Action: ACS::Notify
    Properties: {WebHook: &w {URI: '{{ nope }}', Headers: {k: 1, k: 2}}, Mail: *w}
"""
    found = examine(text, "t.yml", CATALOG).diagnostics
    assert [each.code for each in found] == ["OOS201", "OOS005"]
