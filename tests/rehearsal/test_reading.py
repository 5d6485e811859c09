"""Reading files of rehearsals: every fault at its place, all at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oos.diagnostics import DiagnosticError
from oos.rehearsal import codes
from oos.rehearsal.case import Mishap, Subject, Verb
from oos.rehearsal.read import EXPECTED, read_cases

PAGE = Path(__file__).parents[2] / "oos" / "docs" / "rehearsals.md"


def faults(text: str) -> list[str]:
    with pytest.raises(DiagnosticError) as refused:
        read_cases(text, "x.rehearsal.yml")
    return [str(each).split("\n", 1)[0].removeprefix("x.rehearsal.yml:") for each in refused.value.diagnostics]


def test_all_faults_of_a_file_are_told_at_once() -> None:
    text = """\
given:
  instances: {web-1: {powr: Stopped}, web-2: {power: Asleep}}
  snapshots: {old: {disk: d-none}}
  responses: {Nonsense: {}}
cases:
  - {name: one, parametres: {}, mode: Automatically}
  - name: one
    faults: [{fault: gone, call: ECS.StopInstance}, {fault: broken, host: h-1}, {fault: error}]
    people: [{approve: a, reject: b}]
    expect: {staus: Success, status: Done, tasks: {a: Success}}
    lasts: soon
  - {}
"""
    told = faults(text)
    for place, what in (
        ("2:23", "instance web-1 has no field powr"),
        ("2:54", "power is one of Running, Stopped, Starting, Stopping, Paused, not 'Asleep'"),
        ("3:20", "there is no disk d-none"),
        ("4:15", "'Nonsense' is nothing that answers"),
        ("6:17", "a case has no field parametres"),
        ("6:39", "mode is one of Automatic, FailurePause, Debug, not 'Automatically'"),
        ("8:14", "gone does not happen to a call"),
        ("8:61", "fault is one of"),
        ("8:81", "a fault is about one of call, method, host, instance"),
        ("9:14", "an answer is one of"),
        ("10:14", "expect has no field staus"),
        ("10:38", "status is one of"),
        ("10:51", "tasks is a list, not json"),
        ("11:12", "lasts is a span of time"),
        ("12:5", "a case needs name"),
        ("7:5", "two cases are called 'one'"),
    ):
        assert any(each.startswith(f"{place}: error") and what in each for each in told), (place, what, told)


@pytest.mark.parametrize("text", ["", "[]", "just text", "FormatVersion: OOS-2019-06-01", "a: {"])
def test_what_is_no_file_of_rehearsals_is_one_fault(text: str) -> None:
    assert len(faults(text)) == 1


def test_what_all_cases_are_given_is_joined_with_what_one_has_of_its_own() -> None:
    text = """
given: {region: home, instances: {web-1: {tags: {a: b}}, web-2: {}}}
cases:
  - {name: as it is}
  - {name: another, given: {instances: {web-1: {power: Stopped}, web-2: null, db: {count: 2}}}}
"""
    first, second = read_cases(text, "x").cases
    assert [each.name for each in first.given.instances] == ["web-1", "web-2"]
    assert [(each.id, each.power, dict(each.tags)) for each in second.given.instances] == [
        ("i-web-1", "Stopped", {}),
        ("i-db-1", "Running", {}),
        ("i-db-2", "Running", {}),
    ]
    assert second.given.region == "home"


def test_the_page_of_rehearsals_tells_every_word_and_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    words = [*Mishap, *Subject, *Verb, *EXPECTED]
    assert [each for each in words if f"`{each}`" not in page and f"{each}:" not in page] == []
    assert [each.code for each in codes.ALL if each.code not in page] == []


def test_the_samples_of_the_page_are_rehearsals() -> None:
    page = PAGE.read_text(encoding="utf-8")
    samples = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    assert len(samples) >= 2
    for sample in samples:
        assert read_cases(sample, "sample").cases
