"""A runbook becomes a notebook and comes back byte for byte; what people change in the notebook comes with it."""

from __future__ import annotations

import json
from dataclasses import replace

import nbformat
import pytest
from hypothesis import HealthCheck, assume, given, settings

from oos.diagnostics import DiagnosticError, Severity
from oos.notebook.document import Cell, CellKind, Notebook, read_notebook, write_notebook
from oos.notebook.export import export_template
from oos.notebook.importing import import_notebook
from oos.template.parse import parse
from tests.notebook.corpus import templates
from tests.notebook.strategies import runbooks

RUNBOOK = """\
# Stop what nobody uses
#
# Read this first.
FormatVersion: OOS-2019-06-01
Description:
  en: Stop instances
Parameters:
  instanceId: {Type: String, Description: which one}
  count: {Type: Number, Default: 3}

Tasks:
  # Ask the owner.
  - Name: ask
    Action: ACS::Approve
    Properties: {Approvers: [ops]}  # anybody

  - Name: stop
    Action: ACS::ECS::StopInstance
    Properties:
      instanceId: '{{ instanceId }}'
Outputs:
  done: {Type: String, Value: yes}
"""


def back(notebook: Notebook) -> str:
    """The runbook in a notebook that went to disk and came back."""
    return import_notebook(read_notebook(write_notebook(notebook), "test.ipynb")).text


def validated(notebook: Notebook) -> Notebook:
    nbformat.validate(json.loads(write_notebook(notebook)))
    return notebook


def sources(notebook: Notebook, kind: CellKind) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.kind is kind]


@pytest.mark.parametrize(("place", "text"), [pytest.param(*each, id=each[0]) for each in templates()])
def test_every_template_of_the_repository_comes_back_byte_for_byte(place: str, text: str) -> None:
    try:
        notebook = export_template(text, place)
    except DiagnosticError:
        with pytest.raises(DiagnosticError):
            parse(text, place)
        return
    assert back(validated(notebook)) == text


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(runbooks())
def test_any_runbook_comes_back_byte_for_byte(text: str) -> None:
    try:
        notebook = export_template(text, "any.yml")
    except DiagnosticError:
        assume(False)
    assert back(validated(notebook)) == text


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(runbooks())
def test_importing_and_exporting_again_changes_no_cell(text: str) -> None:
    try:
        notebook = export_template(text, "any.yml")
    except DiagnosticError:
        assume(False)
    assert export_template(back(notebook), "any.yml") == notebook


def test_each_task_has_a_cell_of_its_name_in_order() -> None:
    notebook = export_template(RUNBOOK, "stop.yml")
    assert [cell.id for cell in notebook.cells] == [
        "note-1",
        "setup",
        "formatversion",
        "parameters",
        "arguments",
        "note-2",
        "ask",
        "stop",
        "outputs",
    ]
    assert sources(notebook, CellKind.MARKDOWN) == ["Stop what nobody uses\n\nRead this first.", "Ask the owner."]
    assert "%%oos\n- Name: ask\n  Action: ACS::Approve" in sources(notebook, CellKind.CODE)[4]


def test_tasks_that_jump_to_one_another_share_a_cell() -> None:
    jumping = RUNBOOK.replace("Action: ACS::Approve", "Action: ACS::Approve\n    OnError: stop")
    notebook = export_template(jumping, "stop.yml")
    assert "stop" not in {cell.id for cell in notebook.cells}
    assert back(notebook) == jumping


def test_a_runbook_without_a_word_of_introduction_gets_a_title() -> None:
    text = RUNBOOK.split("first.\n")[1]
    notebook = export_template(text, "stop.yml")
    assert notebook.cells[0].source == "# stop\n\nStop instances"
    assert back(notebook) == text


def test_the_arguments_cell_follows_papermill() -> None:
    notebook = export_template(RUNBOOK, "stop.yml")
    (cell,) = [cell for cell in notebook.cells if "parameters" in cell.tags]
    assert "instanceId = None  # required String; which one\ncount = 3" in cell.source


def test_changed_markdown_becomes_comments_and_comes_back_as_markdown() -> None:
    notebook = export_template(RUNBOOK, "stop.yml")
    words = "## Why\n\nBecause *nobody* uses it:\n\n- # one\n- two 😀"
    cells = [replace(cell, source=words) if cell.id == "note-2" else cell for cell in notebook.cells]
    cells.insert(7, Cell(CellKind.MARKDOWN, "And now stop it.\n\nReally.", "x1"))
    cells.append(Cell(CellKind.MARKDOWN, "The end.", "x2"))
    text = back(replace(notebook, cells=tuple(cells)))
    parse(text, "stop.yml")
    assert "  # Because *nobody* uses it:\n" in text
    again = export_template(text, "stop.yml")
    assert sources(again, CellKind.MARKDOWN)[1:] == [words, "And now stop it.\n\nReally.", "The end."]
    assert back(again) == text


def test_two_notes_in_a_row_stay_two() -> None:
    notebook = export_template(RUNBOOK, "stop.yml")
    cells = list(notebook.cells)
    cells[6:6] = [Cell(CellKind.MARKDOWN, "one", "x1"), Cell(CellKind.MARKDOWN, "two", "x2")]
    again = export_template(back(replace(notebook, cells=tuple(cells))), "stop.yml")
    assert sources(again, CellKind.MARKDOWN)[1:] == ["Ask the owner.", "one", "two"]


def test_words_that_would_end_a_comment_stay_in_it() -> None:
    notebook = Notebook(
        (
            Cell(CellKind.MARKDOWN, "one\u2028two\rthree\x00\r\nfour", "a"),
            Cell(CellKind.CODE, "%%oos\n- {Name: b, Action: ACS::Pause}", "b"),
        )
    )
    assert back(notebook) == (
        "# one\n# two\n# three\ufffd\n# four\nFormatVersion: OOS-2019-06-01\n\n"
        "Tasks:\n  - {Name: b, Action: ACS::Pause}\n"
    ).replace(
        "# one\n# two\n# three\ufffd\n# four\nFormatVersion: OOS-2019-06-01\n\n",
        "FormatVersion: OOS-2019-06-01\n\n# one\n# two\n# three\ufffd\n# four\n",
    )


def test_a_notebook_that_somebody_wrote_becomes_a_runbook() -> None:
    notebook = Notebook(
        (
            Cell(CellKind.MARKDOWN, "# Incident 12", "a"),
            Cell(CellKind.CODE, "import oos\n%load_ext oos", "b"),
            Cell(CellKind.CODE, "%%oos\nName: wait\nAction: ACS::Sleep\nProperties: {Duration: PT1M}", "c"),
            Cell(CellKind.CODE, "%%oos\nOutputs:\n  x: {Type: String, Value: y}", "d"),
            Cell(CellKind.MARKDOWN, "And last:", "e"),
            Cell(CellKind.CODE, "%%oos\n- Name: stop\n  Action: ACS::Pause", "f"),
            Cell(CellKind.CODE, "print(1)", "g"),
        ),
        name="incident.ipynb",
    )
    imported = import_notebook(notebook)
    assert imported.text == (
        "FormatVersion: OOS-2019-06-01\n\n# # Incident 12\nTasks:\n"
        "  - Name: wait\n    Action: ACS::Sleep\n    Properties: {Duration: PT1M}\n\n"
        "  # And last:\n  - Name: stop\n    Action: ACS::Pause\n\n"
        "Outputs:\n  x: {Type: String, Value: y}\n"
    )
    parse(imported.text, "incident.yml")
    (left_out,) = [each for each in imported.diagnostics if "cell 7 (g)" in each.source]
    assert left_out.severity is Severity.WARNING


def test_a_fault_in_the_runbook_is_told_at_the_line_of_its_cell() -> None:
    notebook = replace(export_template(RUNBOOK.replace("Action: ACS::Approve", "Acton: x"), "stop.yml"), name="s.ipynb")
    imported = import_notebook(notebook)
    with pytest.raises(DiagnosticError) as raised:
        parse(imported.text, "s.ipynb")
    found = {str(imported.assembled.relocated(each)).split(": ")[0] for each in raised.value.diagnostics}
    assert found == {"s.ipynb cell 7 (ask):3:3", "s.ipynb cell 7 (ask):2:3"} or found == {"s.ipynb cell 7 (ask):3:3"}


@pytest.mark.parametrize(
    ("source", "place", "words"),
    [
        ("%%os\n- Name: a", "n.ipynb cell 1 (c):1:1", "did you mean %%oos?"),
        ("%%oos\n- Name: ]", "n.ipynb cell 1 (c):2", "neither YAML nor JSON"),
        ("%%oos\njust words", "n.ipynb cell 1 (c):1", "neither a task nor a section"),
    ],
)
def test_a_cell_that_nobody_can_read_is_named(source: str, place: str, words: str) -> None:
    with pytest.raises(DiagnosticError) as raised:
        import_notebook(Notebook((Cell(CellKind.CODE, source, "c"),), name="n.ipynb"))
    assert str(raised.value).startswith(place)
    assert words in str(raised.value)
