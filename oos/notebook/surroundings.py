"""What a kernel is told by the run that started it, through its environment."""

from __future__ import annotations

import os
from collections import Counter
from typing import Final

from oos.values.identifiers import client_token

SESSION_VARIABLE: Final = "OOS_NOTEBOOK_SESSION"
"""The execution that the whole notebook is. Nobody set it where a person works interactively."""
NAME_VARIABLE: Final = "OOS_NOTEBOOK_NAME"
CELL_VARIABLE: Final = "OOS_NOTEBOOK_CELL"
"""The id of the cell that runs, set before each: the kernel's protocol does not tell it."""

_counts: Final[Counter[str]] = Counter()
"""How many executions each cell has started in this kernel."""


def session_id() -> str:
    """The execution that the whole notebook is, or nothing."""
    return os.environ.get(SESSION_VARIABLE, "")


def notebook_name() -> str:
    """What the notebook is called."""
    return os.environ.get(NAME_VARIABLE, "notebook")


def next_token(cell: str = "") -> str:
    """The client token of the next execution that a cell starts; nothing outside of a run of a whole notebook.

    A new kernel that runs a cell again gives the same tokens in the same order, and so finds what was started.
    """
    session = session_id()
    if not session:
        return ""
    cell = cell or os.environ.get(CELL_VARIABLE, "")
    _counts[cell] += 1
    return client_token("notebook", session, cell, _counts[cell])
