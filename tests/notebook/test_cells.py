"""`%%oos` cells in a real kernel, on a simulated fleet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oos.notebook.connection import Connection
from tests.notebook.fleets import fleet, settings
from tests.notebook.kernels import run_cells, text_of

SELECT = """%%oos
- Name: select
  Action: ACS::SelectTargets
  Properties:
    ResourceType: ALIYUN::ECS::Instance
    Filters: [{Type: Tags, Tags: [{Key: role, Value: '{{ role }}'}]}]
  Outputs:
    ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}
    names: {Type: List, ValueSelector: 'Instances.Instance[].InstanceName'}"""
STOP = """%%oos
- Name: ask
  Action: ACS::Approve
  Properties: {Approvers: [ann]}
- Name: stop
  Action: ACS::ECS::StopInstance
  Properties: {instanceId: '{{ ACS::TaskLoopItem }}'}
  Loop: {Items: '{{ select.ids }}'}"""
ROLE = "%%oos\nParameters:\n  role: {Type: String}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the fleet is; a simulated host reads its state once a process, so nobody holds it open."""
    fleet(tmp_path).close()
    return tmp_path


def run(folder: Path, *cells: str) -> list[str]:
    return [text_of(outputs) for outputs in run_cells(settings(folder), cells)]


@contextmanager
def looking(folder: Path) -> Iterator[Connection]:
    """The fleet and its executions as they are afterwards."""
    connection = fleet(folder, {})
    yield connection
    connection.close()


def statuses(folder: Path) -> dict[str, str]:
    with looking(folder) as connection:
        return {row["InstanceName"]: row["Status"] for row in connection.instances()}


def executions(folder: Path) -> list[str]:
    with looking(folder) as connection:
        return [row["Status"] for row in connection.executions()]


def test_tasks_of_a_cell_give_python_names_and_later_cells_their_outputs(folder: Path) -> None:
    told = run(
        folder,
        ROLE,
        "role = 'web'",
        SELECT,
        "print(sorted(select.names))",
        STOP,
        "%oos approve looks good",
        "%%oos\nOutputs:\n  stopped: {Type: List, Value: '{{ select.names }}'}",
        "print(sorted(outputs.stopped))",
    )
    assert told[2].startswith("Success")
    assert told[3] == "['web-1', 'web-2']\n"
    assert "waits: Approval" in told[4]
    assert "2 of 2 items" in told[5]
    assert told[7] == "['web-1', 'web-2']\n"
    assert statuses(folder) == {
        "web-1": "Stopped",
        "web-2": "Stopped",
        "db-1": "Running",
        "batch-1": "Running",
    }
    assert executions(folder) == ["Success"] * 3


def test_a_cell_that_is_run_again_is_an_execution_of_its_own(folder: Path) -> None:
    told = run(folder, ROLE, "role = 'web'", SELECT, "role = 'db'", SELECT, "print(select.names)")
    assert told[5] == "['db-1']\n"
    assert len(executions(folder)) == 2


def test_later_cells_wait_while_a_person_is_asked(folder: Path) -> None:
    told = run(
        folder, ROLE, "role = 'web'", SELECT, STOP, "%%oos\n- {Name: rest, Action: 'ACS::Sleep'}", "%oos reject no"
    )
    assert told[4].startswith("CellPending")
    assert "is not over" in told[4]
    assert "RunFailed" in told[5]
    assert set(statuses(folder).values()) == {"Running"}


def test_faults_are_shown_at_the_line_of_the_cell_and_nothing_starts(folder: Path) -> None:
    (told,) = run(folder, "%%oos\n- Name: wait\n  Action: ACS::Sleeep\n  Properties: {Duration: '{{ nope }}'}")
    assert "line 3: error[OOS208]: no action is named ACS::Sleeep" in told
    assert "line 4: error[OOS201]" in told
    assert "did you mean ACS::Sleep?" in told
    assert executions(folder) == []


def test_a_yaml_fault_is_shown_at_the_line_of_the_cell(folder: Path) -> None:
    (told,) = run(folder, "%%oos\n- Name: a\n  Action: {{ x }")
    assert "CellFaults: cell [3], line 4: error[OOS002]: this is neither YAML nor JSON" in told


def test_a_parameter_without_a_value_says_which_python_name_to_set(folder: Path) -> None:
    told = run(folder, ROLE, SELECT)
    assert "give one: role = …" in told[1]


def test_a_value_that_is_no_json_value_is_named(folder: Path) -> None:
    told = run(folder, ROLE, "role = print", SELECT)
    assert "role holds a builtin_function_or_method" in told[2]


def test_numbers_of_frames_are_understood(folder: Path) -> None:
    told = run(
        folder,
        "%%oos\nParameters:\n  cpu: {Type: Number}",
        "cpu = fleet.instances().to_frame()['Cpu'].max()",
        "%%oos\n- Name: wait\n  Action: ACS::Sleep\n  Properties: {Duration: PT1S}\n"
        "  When: {'Fn::Equals': ['{{ cpu }}', 1]}",
        "print(type(cpu).__name__)",
    )
    assert told[2].startswith("Success"), told
    assert told[3] == "int64\n"


def test_a_task_that_ends_the_runbook_keeps_later_cells_from_running(folder: Path) -> None:
    told = run(
        folder,
        "%%oos\n- Name: enough\n  Action: ACS::Sleep\n  Properties: {Duration: PT1S}\n  OnSuccess: ACS::END",
        "%%oos\n- {Name: more, Action: 'ACS::Pause'}",
    )
    assert "enough has ended the runbook" in told[1]


def test_a_failed_task_stops_the_cell_with_its_message(folder: Path) -> None:
    told = run(
        folder,
        "%%oos\n- Name: stop\n  Action: ACS::ECS::StopInstance\n  Properties: {instanceId: i-00000000000000000000}",
        "%oos status",
    )
    assert "RunFailed" in told[0]
    assert "i-00000000000000000000" in told[0]
    assert told[1].startswith("Failed")


def test_the_cells_so_far_can_be_written_as_a_runbook(folder: Path) -> None:
    told = run(folder, ROLE, "role = 'web'", SELECT, "%oos runbook")
    assert told[3].startswith(
        "FormatVersion: OOS-2019-06-01\n\nParameters:\n  role: {Type: String}\n\nTasks:\n  - Name: select\n"
    )


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%oos aprove", "did you mean approve?"),
        ("%%oos --mdoe x\n- {Name: a}", "--mdoe"),
        ("%oos approve", "no cell waits"),
    ],
)
def test_magics_that_nobody_knows_are_answered_with_a_hint(folder: Path, cell: str, words: str) -> None:
    (told,) = run(folder, cell)
    assert words in told


def test_a_run_that_stands_alone_in_a_cell_is_shown_once(folder: Path) -> None:
    wait = "'FormatVersion: OOS-2019-06-01\\nTasks:\\n- {Name: w, Action: ACS::Sleep, Properties: {Duration: PT1S}}'"
    outputs = run_cells(
        settings(folder), [f"oos.run({wait})", "oos.exec('web-1', 'echo hello')", f"run = oos.run({wait})", "run"]
    )
    assert [len(each) for each in outputs] == [1, 1, 1, 1]
    assert "hello" in text_of(outputs[1])


def test_a_template_that_is_wrong_is_told_without_a_traceback(folder: Path) -> None:
    (outputs,) = run_cells(settings(folder), ["oos.run('nothing-of-this-name')"])
    assert "there is no template nothing-of-this-name" in "".join(outputs[0]["traceback"])
    assert "File" not in "".join(outputs[0]["traceback"])
