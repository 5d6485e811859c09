"""Valid templates of many styles: none raises an alarm, and each does on the simulated fleet what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from oos.app.templates import TemplateFinder
from oos.rehearsal.read import read_cases
from oos.rehearsal.rehearse import rehearse
from oos.service import call
from oos.service.registry import MemoryRegistry
from oos.template import property_rules
from oos.template.check import examine
from oos.template.harmless import harmless_parameters
from oos.template.parse import parse
from tests.rehearsal.trying import CATALOG, MODULES

TEMPLATES = Path(__file__).parents[1] / "template"
VALID = sorted(TEMPLATES.glob("valid/*.*"))
ELSEWHERE = sorted(TEMPLATES.glob("valid_elsewhere/*.*"))
TABLE = yaml.safe_load(Path(__file__).with_name("valid.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_a_valid_template_raises_no_alarm(path: Path) -> None:
    examination = examine(path.read_bytes(), path.name, CATALOG)
    assert [str(each) for each in examination.diagnostics] == []


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda path: path.name)
def test_a_template_for_services_that_are_not_here_is_valid(path: Path) -> None:
    examination = examine(path.read_bytes(), path.name, CATALOG)
    assert examination.checked is not None
    assert {each.code for each in examination.diagnostics} == {"OOS210"}


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_a_valid_template_runs(path: Path) -> None:
    case: dict[str, Any] = {"name": path.name, "expect": {"status": "Success"}, **TABLE["cases"].get(path.name, {})}
    case["expect"] = {"status": "Success", **case["expect"]}
    document = json.dumps({"template": str(path), "given": TABLE["given"], "cases": [case]})
    file = read_cases(document, str(path.with_suffix(".rehearsal.yml")))
    find = TemplateFinder(CATALOG, MemoryRegistry, ()).find
    text = path.read_bytes().decode()
    told = [str(each) for one in rehearse(file, path.name, text, MODULES, find) for each in one.differences]
    assert not told, "\n".join(told)


def test_every_case_is_about_a_template() -> None:
    assert set(TABLE["cases"]) <= {path.name for path in VALID}


@pytest.mark.parametrize(
    ("constraint", "harmless"),
    [
        ("AllowedValues: [a, b-c]", True),
        ("AllowedValues: ['a\"']", False),
        ("AllowedValues: [a, [b]]", False),
        (r"AllowedPattern: 'i-[a-z0-9]+'", True),
        (r"AllowedPattern: '(^\d+$)'", True),
        (r"AllowedPattern: '[\w-]{1,9}'", True),
        (r"AllowedPattern: '.*'", False),
        (r"AllowedPattern: '[^ ]+'", False),
        (r"AllowedPattern: '[A-z]+'", False),
        (r"AllowedPattern: '[!-~]+'", False),
        (r"AllowedPattern: '\W'", False),
        (r"AllowedPattern: '[\S]'", False),
        ("AllowedPattern: 'a|\"'", False),
        ("AllowedPattern: 'a', Default: '\"'", False),
        ("MaxLength: 3", False),
    ],
)
def test_what_cannot_hold_a_quote_is_known_by_its_constraints(constraint: str, harmless: bool) -> None:
    parameters = f"Parameters: {{p: {{Type: String, {constraint}}}}}"
    text = f"FormatVersion: OOS-2019-06-01\n{parameters}\nTasks: [{{Name: a, Action: 'ACS::Pause'}}]"
    assert harmless_parameters(parse(text, "t.yml")) == (frozenset({"p"}) if harmless else frozenset())


def test_what_every_operation_understands_is_no_unknown_parameter() -> None:
    assert {each.casefold() for each in (*call.COMMON, *call.UNDERSTOOD)} == property_rules.COMMON
