"""`oos notebook`: runbooks as notebooks and back, and notebooks that run."""

from __future__ import annotations

from oos.cli.lazy import LazyGroup

notebook = LazyGroup(
    "notebook",
    {
        "run": ("oos.cli.notebook_run:run", "Run a notebook as an execution, one task a cell."),
        "export": ("oos.cli.notebook_convert:export", "Write a runbook as a notebook."),
        "import": ("oos.cli.notebook_convert:import_", "Write the runbook that a notebook holds."),
    },
    help="Runbooks as notebooks, and notebooks that run.",
)
