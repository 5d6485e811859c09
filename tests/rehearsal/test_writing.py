"""Writing what was observed: into cases that expect nothing, and beside those that differ."""

from __future__ import annotations

import pytest

from oos.rehearsal.read import read_cases
from oos.rehearsal.rehearse import rehearse
from oos.rehearsal.write import NotWritable, new_file, updated
from tests.rehearsal.trying import HEAD, MODULES, nowhere

TEMPLATE = (
    HEAD
    + """\
Parameters: {id: {Type: String, Default: i-web-1}, name: {Type: String, Default: n}}
Tasks:
  - Name: stop
    Action: ACS::ECS::StopInstance
    Properties: {instanceId: '{{ id }}'}
  - Name: snapshot
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: CreateSnapshot, Parameters: {DiskId: d-web-1-vda, SnapshotName: '{{ name }}'}}
    Outputs: {id: {Type: String, ValueSelector: SnapshotId}}
Outputs: {id: {Type: String, Value: '{{ snapshot.id }}'}}
"""
)


def written(text: str, template: str = TEMPLATE) -> str:
    file = read_cases(text, "x.rehearsal.yml")
    done = list(rehearse(file, "x.yml", template, MODULES, nowhere))
    changed = [each for each in done if each.case.expect is None or not each.is_as_expected]
    return updated(text, changed, {each.case.name: each.before for each in done})


def as_expected(text: str, template: str = TEMPLATE) -> list[bool]:
    file = read_cases(text, "x.rehearsal.yml")
    return [each.is_as_expected for each in rehearse(file, "x.yml", template, MODULES, nowhere)]


def test_a_new_file_becomes_a_rehearsal_that_holds() -> None:
    text = written(new_file("x.yml"))
    assert "    expect:\n      status: Success\n      tasks:\n        - stop: Success\n" in text
    assert "web-1: {power: Stopped, agent: false}" in text
    assert "web-2" not in text.partition("expect:")[2]
    assert "/s-[0-9a-f]{20}/" in text
    assert as_expected(text) == [True]
    assert written(text) == text


COMMENTED = """\
# All of them.
given: {instances: {web-1: {}}}   # one
cases:
  # The first.
  - name: first
    parameters: {name: a}   # a name

  # The second.
  - name: second
    parameters: {id: i-none}

# The end.
"""


def test_comments_and_the_places_of_other_cases_stay() -> None:
    text = written(COMMENTED)
    assert as_expected(text) == [True, True]
    kept = [line for line in text.splitlines() if line in COMMENTED.splitlines()]
    assert kept[:9] == [*COMMENTED.splitlines()[:6], "", *COMMENTED.splitlines()[7:9]]
    assert text.index("# The second.") > text.index("status: Success")
    assert text.rstrip().endswith("# The end.")
    assert "message: " in text.partition("second")[2]


def test_beside_a_case_that_differs_stands_a_new_one() -> None:
    before = written(COMMENTED)
    changed = TEMPLATE.replace("Default: n", "Default: m").replace("SnapshotName: '{{ name }}'", "SnapshotName: other")
    text = written(before, changed)
    assert text.startswith(before.rstrip("\n").rsplit("\n", 1)[0])
    names = [case.name for case in read_cases(text, "x").cases]
    assert names == ["first", "second", "first, as observed"]
    assert as_expected(text, changed) == [False, True, True]
    assert len(read_cases(written(text, changed), "x").cases) == 4


def test_a_case_in_braces_is_left_to_its_writer() -> None:
    with pytest.raises(NotWritable, match="'it' stands in braces"):
        written("given: {instances: {web-1: {}}}\ncases: [{name: it}]\n")
