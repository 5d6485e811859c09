"""An execution as a document: complete, without secrets, and true as long as nobody changes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

from oos.cli.main import main
from oos.notebook.connection import Connection
from oos.notebook.document import Cell, Notebook, read_notebook, write_notebook
from oos.notebook.evidence import gather
from oos.notebook.importing import import_notebook
from oos.notebook.report import report_markdown, report_notebook, report_page
from oos.notebook.run import Run
from oos.notebook.verify import verify_report
from tests.notebook.fleets import fleet, settings

CANARY = "canary-7f3a9"
RUNBOOK = """\
# Stop what nobody uses
FormatVersion: OOS-2019-06-01
Parameters:
  role: {Type: String}
  password: {Type: String, NoEcho: true, Default: ''}
Tasks:
  # Look first.
  - Name: select
    Action: ACS::SelectTargets
    Properties:
      ResourceType: ALIYUN::ECS::Instance
      Filters: [{Type: Tags, Tags: [{Key: role, Value: '{{ role }}'}]}]
    Outputs:
      ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}
      echo: {Type: String, ValueSelector: '"{{ password }}"'}
  - Name: ask
    Action: ACS::Approve
    Properties: {Approvers: [ann]}
  - Name: stop
    Action: ACS::ECS::StopInstance
    Properties: {instanceId: '{{ ACS::TaskLoopItem }}'}
    Loop: {Items: '{{ select.ids }}'}
  - Name: never
    Action: ACS::ECS::StopInstance
    Properties: {instanceId: i-00000000000000000000}
Outputs:
  ids: {Type: List, Value: '{{ select.ids }}'}
"""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    made = fleet(tmp_path_factory.mktemp("fleet"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def failed(connection: Connection) -> Run:
    """An execution that a person approved, and that failed at its last task."""
    run = connection.run(RUNBOOK, {"role": "web", "password": CANARY}, check=False)
    return run.approve("seen, go on").wait()


def on_disk(notebook: Notebook) -> Notebook:
    text = write_notebook(notebook)
    nbformat.validate(json.loads(text))
    return read_notebook(text, "report.ipynb")


def changed(notebook: Notebook, id_: str, change: Any) -> Notebook:
    cells = tuple(change(cell) if cell.id == id_ else cell for cell in notebook.cells)
    assert cells != notebook.cells
    return replace(notebook, cells=cells)


def test_a_report_holds_the_runbook_and_below_each_task_what_came_of_it(connection: Connection, failed: Run) -> None:
    notebook = on_disk(report_notebook(gather(connection.app, failed.id)))
    assert import_notebook(notebook).text == RUNBOOK
    cells = {cell.id: cell for cell in notebook.cells}
    assert "| status | Failed" in cells["report"].source
    assert "ann: Approve (seen, go on)" in str(cells["ask"].outputs)
    assert "2 of 2 items" in str(cells["stop"].outputs)
    assert cells["never"].outputs[-1]["ename"] == "TaskFailed"
    assert cells["outputs"].outputs == ()


def test_a_report_that_nobody_changed_verifies(connection: Connection, failed: Run) -> None:
    assert verify_report(connection.app, on_disk(report_notebook(gather(connection.app, failed.id)))) == ()


def test_no_secret_stands_in_any_form_of_the_report(connection: Connection, failed: Run) -> None:
    evidence = gather(connection.app, failed.id)
    forms = (write_notebook(report_notebook(evidence)), report_page(evidence), report_markdown(evidence), repr(failed))
    for form in (*forms, failed._repr_html_(), failed.to_frame().to_csv()):
        assert CANARY not in form
        assert "***" in form or "Failed" in form


def _with_source(cell: Cell) -> Cell:
    return replace(cell, source=cell.source.replace("ACS::ECS::StopInstance", "ACS::ECS::StartInstance"))


def _with_other_facts(cell: Cell) -> Cell:
    return replace(cell, outputs=tuple(json.loads(json.dumps(cell.outputs).replace("Success", "Failed"))))


def _with_other_picture(cell: Cell) -> Cell:
    (output,) = cell.outputs
    return replace(cell, outputs=({**output, "data": {**output["data"], "text/html": "<b>all well</b>"}},))


def _without_links(cell: Cell) -> Cell:
    return replace(cell, metadata={"oos": {**cell.own, "entries": []}})


@pytest.mark.parametrize(
    ("id_", "change", "reason"),
    [
        ("stop", _with_source, "its text is not what was carried out"),
        ("select", _with_other_facts, "what it says of the outcome is not what is recorded"),
        ("select", _with_other_picture, "what it shows is not what this version of oos shows"),
        ("ask", _without_links, "its links into the record were changed"),
        ("report", lambda cell: replace(cell, source=cell.source.replace("Failed", "Success")), "its text was changed"),
    ],
)
def test_what_was_changed_in_a_report_is_found(
    connection: Connection, failed: Run, id_: str, change: Any, reason: str
) -> None:
    notebook = on_disk(changed(report_notebook(gather(connection.app, failed.id)), id_, change))
    (found,) = verify_report(connection.app, notebook)
    assert reason in str(found)
    assert f"({id_})" in found.place


def test_a_cell_that_was_taken_away_is_missed(connection: Connection, failed: Run) -> None:
    notebook = report_notebook(gather(connection.app, failed.id))
    without = replace(notebook, cells=tuple(cell for cell in notebook.cells if cell.id != "ask"))
    (found,) = verify_report(connection.app, on_disk(without))
    assert "the cell ask was taken away" in str(found)


def test_a_report_of_a_running_execution_stays_true_when_it_goes_on(connection: Connection) -> None:
    run = connection.run(RUNBOOK, {"role": "batch"}, check=False)
    notebook = on_disk(report_notebook(gather(connection.app, run.id)))
    assert "Waiting" in str(notebook.cells[0].source) + str(notebook.cells[1].source)
    run.reject("not now").wait()
    assert verify_report(connection.app, notebook) == ()


def test_a_report_from_another_journal_is_told(connection: Connection, failed: Run, tmp_path: Path) -> None:
    notebook = on_disk(report_notebook(gather(connection.app, failed.id)))
    other = fleet(tmp_path, {})
    (found,) = verify_report(other.app, notebook)
    other.close()
    assert "made from another journal" in str(found)


def test_the_command_line_exports_and_verifies(
    connection: Connection,
    failed: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in settings(connection.app.settings.state_dir.parent).items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "report.ipynb"
    assert main(["execution", "export", failed.id, str(file)]) == 0
    assert main(["audit", "verify", "--notebook", str(file)]) == 0
    assert f"says what the record says of {failed.id}" in capsys.readouterr().out
    file.write_text(file.read_text().replace("seen, go on", "not seen"))
    assert main(["audit", "verify", "--notebook", str(file)]) == 12
    assert "(ask)" in capsys.readouterr().err
    for form in ("html", "md", "json"):
        assert main(["execution", "export", failed.id, "--to", form]) == 0
        assert failed.id in capsys.readouterr().out
    assert main(["execution", "export", failed.id, str(tmp_path / "x.pdf")]) == 2
