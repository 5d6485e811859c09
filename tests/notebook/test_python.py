"""`import oos`: the fleet and its executions as objects that show themselves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

import oos
from oos.diagnostics import DiagnosticError
from oos.notebook.connection import Connection
from oos.notebook.errors import NotebookError, UnknownOperation
from oos.notebook.grids import reachability, snapshot_calendar
from oos.notebook.listing import Listing
from oos.notebook.run import RunFailed, RunWaits
from tests.notebook.fleets import fleet

WAIT = "FormatVersion: OOS-2019-06-01\nTasks:\n- {Name: ask, Action: 'ACS::Approve', Properties: {Approvers: [ann]}}\n"
FAIL = """FormatVersion: OOS-2019-06-01
Tasks:
- Name: stop
  Action: ACS::ECS::StopInstance
  Properties: {instanceId: '{{ ACS::TaskLoopItem }}'}
  Loop: {Items: [i-00000000000000000000, i-00000000000000000001], RateControl: {Mode: Concurrency, MaxErrors: 1}}
"""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    made = fleet(tmp_path_factory.mktemp("fleet"))
    yield made
    made.close()


def test_importing_oos_imports_nothing_heavy() -> None:
    heavy = "('libvirt', 'sqlalchemy', 'IPython', 'yaml', 'pandas')"
    code = f"import oos, sys; print([each for each in {heavy} if each in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_what_oos_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'fleeet'"):
        _ = oos.fleeet  # type: ignore[attr-defined] # that it is not there is the point


def test_instances_are_found_by_tag_name_and_status(connection: Connection) -> None:
    assert {row["InstanceName"] for row in connection.instances(tag="role=web")} == {"web-1", "web-2"}
    assert {row["InstanceName"] for row in connection.instances(tag=["role=web", "owner"])} == {"web-1", "web-2"}
    assert {row["InstanceName"] for row in connection.instances(name="db-*")} == {"db-1"}
    assert len(connection.instances(status="Stopped")) == 0


def test_a_listing_shows_itself_in_every_form(connection: Connection) -> None:
    listing = connection.instances(tag="role=db")
    assert "owner=ben, role=db" in repr(listing)
    assert "| db-1 |" in listing._repr_markdown_()
    assert "● </span> Running".replace(" <", "<") in listing._repr_html_()
    frame = listing.to_frame()
    assert list(frame["InstanceName"]) == ["db-1"]
    assert "VpcAttributes.VpcId" in frame.columns
    assert len(listing[:1]) == 1


def test_a_long_listing_is_folded_and_says_so() -> None:
    listing = Listing([{"Id": str(number), "Text": "<b>"} for number in range(150)], "things")
    assert "… and 50 more" in listing._repr_html_()
    assert "<b>" not in listing._repr_html_().replace("<b>Id", "")
    assert len(listing.to_frame()) == 150


def test_an_operation_that_nobody_offers_is_answered_with_a_hint(connection: Connection) -> None:
    with pytest.raises(UnknownOperation, match="did you mean StartInstance"):
        connection.api("ECS", "StartInstanse")


def test_a_command_says_what_each_instance_said(connection: Connection) -> None:
    run = connection.exec("tag:role=web", "echo hello")
    assert run.said == {"web-1": "hello\n", "web-2": "hello\n"}
    assert "<pre" in run._repr_html_()
    assert "web-1: hello" in repr(run)
    assert set(run.to_frame()["said"]) == {"hello\n"}


def test_a_command_that_fails_on_some_tells_on_which(connection: Connection) -> None:
    run = connection.exec("all", "cat /nothing")
    assert set(run.failed) == {"web-1", "web-2", "db-1", "batch-1"}
    assert "4 of 4 failed" in run._repr_html_()
    assert "No such file" in run._repr_markdown_()


def test_a_command_on_nothing_is_refused(connection: Connection) -> None:
    with pytest.raises(NotebookError, match="no target is named"):
        connection.exec([], "echo")


def test_a_run_that_fails_raises_and_carries_the_run(connection: Connection) -> None:
    with pytest.raises(RunFailed) as raised:
        connection.run(FAIL)
    run = raised.value.run
    assert run.status == "Failed"
    frame = run.to_frame()
    assert list(frame[frame["item"].notna() & (frame["task"] == "stop")]["status"]) == ["Failed", "Failed"]
    html = run._repr_html_()
    assert "2 items: 2 Failed" in html
    assert html.count("<details open>") == 2, "the children that failed stand open"
    assert "0 of 2 items" not in run._repr_markdown_()
    assert "stop" in repr(run.plot())
    assert run.plot()._repr_png_().startswith(b"\x89PNG")


def test_a_run_that_waits_for_a_person_raises_and_can_be_answered(connection: Connection) -> None:
    with pytest.raises(RunWaits, match="ask waits for a person: Approval"):
        connection.run(WAIT)
    run = connection.run(WAIT, check=False)
    assert run.status == "Waiting"
    assert run.approve("go").wait().status == "Success"
    assert "ann: Approve (go)" in run._repr_html_()
    refused = connection.run(WAIT, check=False).reject("no").wait()
    assert refused.status == "Cancelled"
    cancelled = connection.run(WAIT, check=False).cancel("enough").wait()
    assert "enough" in cancelled.message


def test_a_template_that_is_wrong_starts_nothing(connection: Connection) -> None:
    before = len(connection.executions())
    with pytest.raises(DiagnosticError, match="OOS208"):
        connection.run(WAIT.replace("ACS::Approve", "ACS::Aprove"))
    assert len(connection.executions()) == before


def test_an_execution_is_looked_up_from_the_journal(connection: Connection) -> None:
    run = connection.run(WAIT, check=False)
    other = fleet(connection.app.settings.state_dir.parent, {})
    assert other.execution(run.id).status == "Waiting"
    other.close()
    run.reject().wait()


def test_a_calendar_counts_snapshots_by_disk_and_day() -> None:
    snapshots: list[dict[str, Any]] = [
        {"SnapshotId": "s-1", "SourceDiskId": "d-1", "CreationTime": "2026-02-28T23:59:00Z"},
        {"SnapshotId": "s-2", "SourceDiskId": "d-1", "CreationTime": "2026-02-28T01:00:00Z"},
        {"SnapshotId": "s-3", "SourceDiskId": "d-9", "CreationTime": "2026-03-01T01:00:00Z"},
    ]
    grid = snapshot_calendar(snapshots, [{"DiskId": "d-1", "Name": "web"}, {"DiskId": "d-2"}], date(2026, 3, 1), 3)
    assert grid.columns == ("27", "28", "01.03.")
    assert {name: [square.text for square in row] for name, row in grid.rows.items()} == {
        "d-2": ["", "", ""],
        "d-9 (gone)": ["", "", "1"],
        "web": ["", "2", ""],
    }
    assert "2026-02-28: s-1, s-2" in grid._repr_html_()
    assert "| web |  | 2 |  |" in grid._repr_markdown_()
    assert list(grid.to_frame().loc["web"]) == ["", "2", ""]


def test_what_is_not_known_of_reachability_is_left_blank() -> None:
    grid = reachability({"a": {"b:22": True, "c:22": False}, "b": {"c:22": None}}, "Ports")
    assert [[square.text for square in row] for row in grid.rows.values()] == [["yes", "no"], ["", ""]]
    assert "a → c:22: not reached" in grid._repr_html_()


STOP = """FormatVersion: OOS-2019-06-01
Tasks:
- Name: find
  Action: ACS::ExecuteAPI
  Properties: {Service: ECS, API: DescribeInstances, Parameters: {InstanceName: db-1}}
  Outputs: {id: {Type: String, ValueSelector: 'Instances.Instance[0].InstanceId'}}
- {Name: stop, Action: 'ACS::ECS::StopInstance', Properties: {instanceId: '{{ find.id }}'}}
"""


def test_a_plan_shows_itself_in_every_form_and_does_nothing(connection: Connection) -> None:
    planned = connection.plan(STOP)
    assert planned.acts
    assert [(row["Change"], row["Name"]) for row in planned.differences] == [("Update", "db-1")]
    assert [row["Call"] for row in planned.calls] == ["ECS.StopInstance"]
    for shown in (repr(planned), planned._repr_markdown_(), planned._repr_html_()):
        assert "power Running → Stopped" in shown
    assert [row["Status"] for row in connection.instances(name="db-1")] == ["Running"]
    with pytest.raises(DiagnosticError):
        connection.plan(STOP, {"nothing": 1})
