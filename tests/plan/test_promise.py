"""The plan is what happens: what is foretold on a twin is held against what the engine does to the fleet itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oos.diagnostics import DiagnosticError
from oos.fleet.instance import Power
from oos.rehearsal.case import Case, Given, GivenDisk, GivenHost, GivenInstance
from oos.rehearsal.read import ENDING, read_cases
from oos.rehearsal.rehearse import template_of
from oos.rehearsal.tree import Tree
from tests.plan.promised import FIND, ROOT, compared

FILES = sorted(path for folder in ("runbooks", "modules") for path in (ROOT / folder).rglob(f"*{ENDING}"))


def _can_be_planned(case: Case) -> bool:
    """A plan knows nothing of faults to come, of what people answer but approval, and of events."""
    given = case.given
    return not (case.faults or case.events or case.people or case.lasts or given.before or given.templates)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.removesuffix(ENDING))
def test_what_a_shipped_template_would_do_is_what_it_does(path: Path) -> None:
    file = read_cases(path.read_text(encoding="utf-8"), str(path))
    title, text = template_of(file, FIND)
    for case in filter(_can_be_planned, file.cases):
        try:
            found = compared(case, title, text)
        except DiagnosticError:
            assert case.expect is not None, case.name
            assert case.expect.plain.get("status") == "Refused", case.name
            continue
        if not found.plan.assumptions:
            assert (str(found.plan.status), found.plan.differences) == (found.status, found.differences), case.name


HOSTS = ("h-1", "h-2")


@st.composite
def fleets(draw: st.DrawFn) -> Given:
    """Up to six instances on two hosts, each in its own state."""
    instances = []
    for number in range(draw(st.integers(0, 6))):
        name = f"web-{number}"
        disks = tuple(GivenDisk(f"d-{name}-{each}", f"vd{each}") for each in "ab"[: draw(st.integers(1, 2))])
        instances.append(
            GivenInstance(
                f"i-{name}",
                name,
                draw(st.sampled_from(HOSTS)),
                draw(st.sampled_from([Power.RUNNING, Power.STOPPED])),
                tags=draw(st.dictionaries(st.sampled_from(["role", "schedule"]), st.sampled_from(["web", "office"]))),
                protected=draw(st.booleans()),
                agent=draw(st.booleans()),
                disks=disks,
            )
        )
    return Given(hosts=tuple(GivenHost(each, "lab-a") for each in HOSTS), instances=tuple(instances))


ALL = {"Type": "All"}
RUNBOOKS = {
    "power": [{"targets": ALL, "action": "Stop"}, {"targets": ALL, "action": "Start"}],
    "office-hours-stop": [{}],
    "office-hours-start": [{}],
    "snapshot-rotation": [{"keep": 1}, {"keep": 3}],
    "tag-hygiene": [{}],
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fleet=fleets(), chosen=st.sampled_from([(name, each) for name, all in RUNBOOKS.items() for each in all]))
def test_what_a_runbook_would_do_to_any_fleet_is_what_it_does(
    fleet: Given, chosen: tuple[str, dict[str, object]]
) -> None:
    name, parameters = chosen
    path = ROOT / "runbooks" / f"{name}.yml"
    case = Case("any", Tree({}), fleet, parameters)
    found = compared(case, str(path), path.read_text(encoding="utf-8"))
    assert (str(found.plan.status), found.plan.differences) == (found.status, found.differences)
    if name != "snapshot-rotation" and found.status == "Success":
        assert not found.again.acts, "what was carried out has nothing left to do"
