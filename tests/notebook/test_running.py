"""A notebook is an execution: one task a cell, recorded, stopped at a fault, and taken up again after a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
import papermill
import pytest

from oos.notebook.connection import Connection
from oos.notebook.document import Cell, CellKind, Notebook, read_notebook, write_notebook
from oos.notebook.export import export_template
from tests.notebook.fleets import fleet, settings

START = Cell(CellKind.CODE, "import oos\n%load_ext oos", "setup")
STOP = """FormatVersion: OOS-2019-06-01
Description: Stop instances
Parameters:
  role: {Type: String, AllowedValues: [web, db]}
  password: {Type: String, NoEcho: true, Default: ''}
Tasks:
  - Name: select
    Action: ACS::SelectTargets
    Properties:
      ResourceType: ALIYUN::ECS::Instance
      Filters: [{Type: Tags, Tags: [{Key: role, Value: '{{ role }}'}]}]
    Outputs:
      ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}
      echo: {Type: String, ValueSelector: '"{{ password }}"'}
  - Name: stop
    Action: ACS::ECS::StopInstance
    Properties: {instanceId: '{{ ACS::TaskLoopItem }}'}
    Loop: {Items: '{{ select.ids }}'}
Outputs:
  ids: {Type: List, Value: '{{ select.ids }}'}
"""
CANARY = "canary-91c2f"

Oos = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fleet(tmp_path).close()
    return tmp_path


@pytest.fixture
def oos(folder: Path) -> Oos:
    """The command line, in a process of its own."""

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command(*arguments), env=environment(folder), capture_output=True, text=True, timeout=120)

    return call


def command(*arguments: str | Path) -> Sequence[str]:
    return [sys.executable, "-m", "oos.cli", *map(str, arguments)]


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, **settings(folder), "NO_COLOR": "1"}


def written(folder: Path, *cells: Cell | str) -> Path:
    """A notebook of these cells."""
    made = [
        START,
        *(Cell(CellKind.CODE, each, f"c{n}") if isinstance(each, str) else each for n, each in enumerate(cells)),
    ]
    path = folder / "work.ipynb"
    path.write_text(write_notebook(Notebook(tuple(made), {"kernelspec": {"name": "python3", "display_name": "x"}})))
    return path


def executed(folder: Path) -> Notebook:
    text = (folder / "work.executed.ipynb").read_text()
    nbformat.validate(json.loads(text))
    return read_notebook(text, "work.executed.ipynb")


def looking(folder: Path) -> Connection:
    return fleet(folder, {})


def test_an_exported_runbook_runs_with_typed_parameters_as_an_execution(folder: Path, oos: Oos) -> None:
    path = folder / "work.ipynb"
    path.write_text(write_notebook(export_template(STOP, "stop.yml")))
    done = oos("notebook", "run", path, "-p", "role=web", "-p", f"password={CANARY}")
    assert done.returncode == 0, done.stderr
    cells = {cell.id: cell for cell in executed(folder).cells}
    assert "2 of 2 items" in str(cells["stop"].outputs)
    assert cells["injected-parameters"].source.endswith("role = 'web'\npassword = '***'")
    assert CANARY not in (folder / "work.executed.ipynb").read_text() + done.stdout + done.stderr
    connection = looking(folder)
    assert {row["InstanceName"] for row in connection.instances(status="Stopped")} == {"web-1", "web-2"}
    whole = next(row for row in connection.executions() if row["TemplateName"] == "work.ipynb")
    tasks = connection.execution(str(whole["ExecutionId"])).tasks
    assert list(tasks) == ["setup", "formatversion", "parameters", "arguments", "select", "stop", "outputs"]
    (of_cell,) = tasks["stop"]["executions"]
    assert connection.execution(of_cell).status == "Success"
    connection.close()


def test_arguments_that_do_not_fit_start_nothing(folder: Path, oos: Oos) -> None:
    path = folder / "work.ipynb"
    path.write_text(write_notebook(export_template(STOP, "stop.yml")))
    done = oos("notebook", "run", path, "-p", "role=mail", "-p", "roll=web")
    assert done.returncode == 2
    assert "role" in done.stderr
    assert "did you mean role?" in done.stderr
    assert not (folder / "work.executed.ipynb").exists()


def test_papermill_runs_an_exported_notebook(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings(folder).items():
        monkeypatch.setenv(name, value)
    path = folder / "work.ipynb"
    path.write_text(write_notebook(export_template(STOP, "stop.yml")))
    papermill.execute_notebook(path, folder / "out.ipynb", {"role": "db"}, kernel_name="python3", progress_bar=False)
    connection = looking(folder)
    assert [row["InstanceName"] for row in connection.instances(status="Stopped")] == ["db-1"]
    connection.close()


def test_a_run_stops_at_the_cell_that_failed_and_keeps_what_was_shown(folder: Path, oos: Oos) -> None:
    path = written(folder, "keep = 1", "print('shown'); 1 / 0", "print('never')")
    done = oos("notebook", "run", path)
    assert done.returncode == 1
    assert "work.ipynb cell 3 (c1): ZeroDivisionError: division by zero" in done.stderr
    cells = {cell.id: cell for cell in executed(folder).cells}
    assert "shown" in str(cells["c1"].outputs)
    assert cells["c2"].outputs == ()


def test_parameters_of_a_papermill_notebook_have_the_types_of_their_defaults(folder: Path, oos: Oos) -> None:
    tagged = Cell(CellKind.CODE, "keep = 3\nname: str = 'x'\nitems = [1]", "p", {"tags": ["parameters"]})
    path = written(folder, tagged, "print(repr(keep), repr(name), items)")
    done = oos("notebook", "run", path, "-p", "keep=5", "-p", "name=7")
    assert done.returncode == 0, done.stderr
    assert "5 '7' [1]" in str(executed(folder).cells[-1].outputs)
    assert oos("notebook", "run", path, "-p", "keep=many").returncode == 2


def test_a_kernel_that_dies_is_replaced_and_the_cell_runs_again(folder: Path, oos: Oos) -> None:
    flag = folder / "flag"
    dying = (
        f"import os, pathlib\nflag = pathlib.Path({str(flag)!r})\nif not flag.exists():\n    flag.touch(); os._exit(9)"
    )
    dying += "\nprint('kept', kept)"
    done = oos("notebook", "run", written(folder, "kept = 41 + 1", dying))
    assert done.returncode == 0, done.stderr
    assert "kept 42" in str(executed(folder).cells[-1].outputs)


def test_a_kernel_that_is_killed_in_the_middle_of_a_task_leaves_the_task_to_the_next_one(
    folder: Path, oos: Oos
) -> None:
    killer = f"""import os, pathlib, subprocess
flag = pathlib.Path({str(folder / "flag")!r})
if not flag.exists():
    flag.touch()
    subprocess.Popen(["sh", "-c", f"sleep 3; kill -9 {{os.getpid()}}"])"""
    wait = "%%oos\n- Name: wait\n  Action: ACS::Sleep\n  Properties: {Duration: PT8S}"
    done = oos("notebook", "run", written(folder, killer, wait))
    assert done.returncode == 0, done.stderr
    connection = looking(folder)
    (row,) = connection.executions(template="#c1")
    assert row["Status"] == "Success"
    assert "took it over" in repr(connection.execution(str(row["ExecutionId"]))._repr_html_())
    connection.close()


def test_a_kernel_that_dies_again_fails_the_cell(folder: Path, oos: Oos) -> None:
    done = oos("notebook", "run", written(folder, "import os; os._exit(9)"))
    assert done.returncode == 1
    assert "Notebook.KernelDied" in done.stderr
    assert "cell 2 (c0)" in done.stderr


def test_large_output_goes_to_a_file_beside_the_notebook(folder: Path, oos: Oos) -> None:
    done = oos("notebook", "run", written(folder, "for _ in range(100):\n    print('x' * 999_999)"))
    assert done.returncode == 0, done.stderr
    assert (folder / "work.executed.ipynb").stat().st_size < 3_000_000
    aside = folder / "work.executed.c0.output.txt"
    assert "more bytes of output are in work.executed.c0.output.txt" in str(executed(folder).cells[-1].outputs)
    kept = sum(len(each["text"]) for each in executed(folder).cells[-1].outputs if each.get("name") == "stdout")
    assert kept + aside.stat().st_size == 100 * 1_000_000


def test_a_magic_that_nobody_knows_is_told_before_anything_runs(folder: Path, oos: Oos) -> None:
    done = oos("notebook", "run", written(folder, "%%os\n- Name: x"))
    assert done.returncode == 2
    assert "cell 2 (c0)" in done.stderr
    assert "did you mean %%oos?" in done.stderr


def test_a_notebook_that_was_killed_in_the_middle_of_a_task_goes_on(folder: Path, oos: Oos) -> None:
    path = written(
        folder,
        "kept = 42",
        "%%oos\n- Name: select\n  Action: ACS::SelectTargets\n"
        "  Properties: {ResourceType: ALIYUN::ECS::Instance, Filters: [{Type: All}]}\n"
        "  Outputs: {ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}}",
        "%%oos\n- Name: wait\n  Action: ACS::Sleep\n  Properties: {Duration: PT6S}",
        "%%oos\n- Name: stop\n  Action: ACS::ECS::StopInstance\n  Properties: {instanceId: '{{ ACS::TaskLoopItem }}'}\n"
        "  Loop: {Items: '{{ select.ids }}'}",
        "print('kept', kept, len(select.ids))",
    )
    process = subprocess.Popen(
        command("notebook", "run", path),
        env=environment(folder),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    id_ = ""
    for line in process.stderr:
        if line.startswith("execution "):
            id_ = line.split()[1]
        if "c2 started" in line:
            break
    time.sleep(1.0)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    done = oos("execution", "resume", id_)
    assert done.returncode == 0, done.stderr
    assert "kept 42 4" in str(executed(folder).cells[-1].outputs)
    connection = looking(folder)
    assert {row["Status"] for row in connection.instances()} == {"Stopped"}
    # Each cell's execution was started once; the resumed notebook found those that were there.
    names = sorted(str(row["TemplateName"]) for row in connection.executions())
    assert names == ["work.ipynb", "work.ipynb#c1", "work.ipynb#c2", "work.ipynb#c3"]
    connection.close()


def test_a_template_calls_a_notebook_and_a_notebook_a_template(folder: Path, oos: Oos) -> None:
    tagged = Cell(CellKind.CODE, "role = 'db'", "p", {"tags": ["parameters"]})
    called = written(folder, tagged, f"oos.run({str(folder / 'stop.yml')!r}, role=role)", "'{{ not.a.reference }}'")
    called.rename(folder / "called.ipynb")
    (folder / "stop.yml").write_text(STOP)
    (folder / "caller.yml").write_text(
        "FormatVersion: OOS-2019-06-01\nTasks:\n- Name: call\n  Action: ACS::Template\n"
        "  Properties: {TemplateName: called, Parameters: {role: web}}\n"
    )
    done = subprocess.run(
        command("run", folder / "caller.yml"),
        env={**environment(folder), "OOS_RUNBOOKS": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    connection = looking(folder)
    assert {row["InstanceName"] for row in connection.instances(status="Stopped")} == {"web-1", "web-2"}
    assert [row["Status"] for row in connection.executions(template="stop")] == ["Success"]
    connection.close()
