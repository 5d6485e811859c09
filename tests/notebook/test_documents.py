"""What is no notebook is refused with the place of the fault."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oos.diagnostics import DiagnosticError
from oos.notebook.document import read_notebook, write_notebook


def faults(document: Any) -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(DiagnosticError) as raised:
        read_notebook(text, "n.ipynb")
    return str(raised.value)


def notebook(*cells: Any, **fields: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **fields}


def markdown(id_: str, source: Any = "x", **fields: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": id_, "metadata": {}, "source": source, **fields}


def test_broken_json_is_told_with_line_and_column() -> None:
    text = json.dumps(notebook(markdown("a")), indent=1)
    assert faults(text[:70]).startswith("n.ipynb:6:")
    assert "not JSON" in faults(text[:70])


def test_nbformat_3_is_refused_with_the_way_to_convert_it() -> None:
    assert "nbformat 3" in faults({"nbformat": 3, "worksheets": []})
    assert "jupyter nbconvert" in faults({"nbformat": 3, "worksheets": []})


def test_each_of_several_duplicate_ids_is_told_with_its_cell() -> None:
    told = faults(notebook(markdown("a"), markdown("b"), markdown("a"), markdown("b")))
    assert "n.ipynb cell 3 (a):1:1: error[OOS703]: cell 1 has the same id" in told
    assert "n.ipynb cell 4 (b)" in told


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("text", "a cell is a JSON object"),
        (markdown("a", 7), "neither text nor a list of lines"),
        ({"cell_type": "heading", "source": ""}, "not 'heading'"),
        (markdown("a", metadata=[]), "its metadata"),
        ({"cell_type": "code", "source": "", "metadata": {}, "outputs": "x"}, "its outputs"),
    ],
)
def test_a_malformed_cell_is_named(cell: Any, words: str) -> None:
    told = faults(notebook(markdown("first"), cell))
    assert "n.ipynb cell 2" in told
    assert words in told


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(DiagnosticError, match="not UTF-8"):
        read_notebook(b"\xff{}", "n.ipynb")


def test_a_notebook_that_was_read_is_written_as_it_was() -> None:
    document = notebook(
        markdown("a", ["one\n", "two"]),
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {"tags": ["x"]},
            "source": [],
            "outputs": [],
            "execution_count": 3,
        },
    )
    written = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert write_notebook(read_notebook(written, "n.ipynb")) == written
