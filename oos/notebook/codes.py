"""Diagnostic codes of notebooks, by number, with meaning and remedy; room 7 of the diagnostics."""

from __future__ import annotations

from typing import Final

from oos.diagnostics import Severity
from oos.template.codes import Code

UNREADABLE: Final = Code(
    "OOS701",
    "not a notebook",
    "The file is not the JSON of a Jupyter notebook, or a cell of it lacks what every cell has.",
    "Mend the JSON at the place shown, or take the file from its history.",
)
OLD_FORMAT: Final = Code(
    "OOS702",
    "format of a notebook that is not read",
    "Notebooks of nbformat 4 are read. Older ones keep their cells in worksheets, newer ones are not known.",
    "Convert it: jupyter nbconvert --to notebook --nbformat 4 FILE",
)
DUPLICATE_ID: Final = Code(
    "OOS703",
    "two cells with one id",
    "A cell's id names its task and its place in the record; two cells of one id could not be told apart.",
    "Delete the id of one of them, or copy the cell in Jupyter, which gives the copy an id of its own.",
)
UNKNOWN_MAGIC: Final = Code(
    "OOS704",
    "unknown magic",
    "The cell begins with a magic that looks like %%oos and is none.",
    "Write %%oos.",
)
PYTHON_LEFT_OUT: Final = Code(
    "OOS705",
    "Python is left out",
    "A runbook holds tasks and comments. What a notebook does in Python is not part of it.",
    "Express it as a task, or keep the notebook beside the runbook.",
    Severity.WARNING,
)
ARGUMENTS_LEFT_OUT: Final = Code(
    "OOS706",
    "values of parameters are left out",
    "The cell tagged parameters holds the arguments of one run; they are not part of the runbook.",
    "Change the Default in the cell that declares the parameters.",
    Severity.WARNING,
)
NOT_TASKS: Final = Code(
    "OOS707",
    "no tasks in a %%oos cell",
    "A %%oos cell holds a list of tasks, one task, or sections of a template such as Parameters.",
    "Begin each task with `- Name:`.",
)

NO_VALUE: Final = Code(
    "OOS708",
    "parameter without a value",
    "A %%oos cell has a parameter that needs a value, and no Python name of the notebook holds one.",
    "Give the Python name a value, or the parameter a Default.",
)
NO_JSON_VALUE: Final = Code(
    "OOS709",
    "value that is no JSON value",
    "A parameter takes the value of the Python name that is called like it; this one holds an object of Python.",
    "Give the name text, a number, a list or a map, or call it otherwise.",
)
TAKEN_NAME: Final = Code(
    "OOS710",
    "name that a run needs itself",
    "The parameters notebook and executedNotebook of a run hold the notebook and the place of the executed one.",
    "Call the parameter otherwise.",
)
