"""The runbook that cells make: what is replaced, what is put together, in which order it stands."""

from __future__ import annotations

from oos.execution.events import Recalled
from oos.notebook.importing import Origin, read_piece
from oos.notebook.workbook import Entry, Workbook
from oos.template.parse import parse

A = "- {Name: a, Action: 'ACS::Pause'}"
B = "- {Name: b, Action: 'ACS::Pause'}"


def entry(text: str, place: str = "cell") -> Entry:
    piece = read_piece(text, place)
    assert piece is not None
    return Entry(piece, Origin(place, 1))


def given(name: str, **outputs: int) -> dict[str, Recalled]:
    return {name: Recalled(execution_id="exec-1", outputs=outputs)}


def test_a_cell_that_is_run_again_replaces_what_it_said() -> None:
    book = Workbook().carried(entry(A), given("a", x=1)).carried(entry(B), given("b"))
    again = entry(A.replace("Pause", "Sleep"))
    assert [each.piece.names for each in book.before(again).tasks] == [("b",)]
    assert (
        book.before(again)
        .text([again])
        .text.endswith("Tasks:\n  - {Name: b, Action: 'ACS::Pause'}\n\n  - {Name: a, Action: 'ACS::Sleep'}\n")
    )


def test_what_earlier_tasks_gave_is_recalled_and_what_did_not_run_gave_nothing() -> None:
    book = Workbook().carried(entry(f"{A}\n{B}"), given("a", x=1))
    assert book.recalled()["a"].outputs == {"x": 1}
    assert book.recalled()["b"].outputs == {}


def test_parameters_may_be_declared_in_several_cells() -> None:
    book = Workbook().declared(entry("Parameters:\n  x: {Type: String}"))
    book = book.declared(entry("Parameters:\n    y:\n        Type: Number\n", "second"))
    text = book.text([entry(A)]).text
    assert list(parse(text, "t").parameters) == ["x", "y"]


def test_parameters_declared_anew_replace_the_old_ones() -> None:
    book = Workbook().declared(entry("Parameters:\n  x: {Type: String}"))
    book = book.declared(entry("Parameters:\n  x: {Type: Number}"))
    assert parse(book.text([entry(A)]).text, "t").parameters["x"].type == "Number"


def test_a_fault_in_a_second_declaration_is_told_at_its_own_line() -> None:
    book = Workbook().declared(entry("Parameters:\n  x: {Type: String}"))
    book = book.declared(entry("Parameters:\n  # about y\n  y: {Type: Nmber}", "second"))
    assembled = book.text([entry(A)])
    from oos.template.parse import read_template

    (fault,) = read_template(assembled.text, "t")[1]
    assert str(assembled.relocated(fault)).startswith("second:4:")


def test_outputs_stand_below_the_tasks_and_only_where_they_are_asked_for() -> None:
    book = Workbook().declared(entry("Outputs:\n  x: {Type: String, Value: y}")).carried(entry(A), {})
    assert "Outputs" not in book.text().text
    assert book.text(outputs=True).text.index("Tasks:") < book.text(outputs=True).text.index("Outputs:")
