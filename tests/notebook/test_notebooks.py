"""The notebooks of the repository run, from the first cell to the last, against real guests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from oos.lab.config import LabConfig
from oos.lab.lab import down, up
from oos.notebook.document import CellKind
from oos.notebook.files import open_notebook
from tests.lab_fixture import VARIABLE, lab_in

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def tidy_lab(able_host: None) -> Iterator[LabConfig]:
    """A lab for these tests alone: notebooks look at the whole fleet, and others leave things in the shared one."""
    config = lab_in(Path(os.environ[VARIABLE]) / f"notebooks-{os.getpid()}")
    try:
        up(config, lambda message: None)
        yield config
    finally:
        down(config, lambda message: None)


def test_there_are_at_least_six() -> None:
    assert len(NOTEBOOKS) >= 6


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_reads_as_a_document_that_was_run(path: Path) -> None:
    nbformat.validate(json.loads(path.read_text()))
    notebook = open_notebook(path)
    assert notebook.cells[0].source.startswith("# ")
    run = [cell for cell in notebook.cells if cell.kind is CellKind.CODE and cell.execution_count]
    assert len(run) > 5
    assert not [output for cell in notebook.cells for output in cell.outputs if output["output_type"] == "error"]
    assert str(ROOT) not in path.read_text()


@pytest.mark.real
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_against_real_guests(path: Path, tidy_lab: LabConfig, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "OOS_STATE_DIR": str(tmp_path / "state"),
        "OOS_LAB_DIR": str(tidy_lab.directory),
        "OOS_INVENTORY": str(ROOT / "inventory/lab.yml"),
        "OOS_RUNBOOKS": str(ROOT / "runbooks"),
        "OOS_USER": "ann",
    }
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "oos.cli", "notebook", "run", str(copy), "--to", str(tmp_path / "out.ipynb")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    nbformat.validate(json.loads((tmp_path / "out.ipynb").read_text()))
