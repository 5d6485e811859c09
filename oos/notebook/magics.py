"""The magics: `%%oos` carries out a cell of tasks, `%oos` speaks to the execution behind it."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

from IPython.core.error import UsageError

from oos.diagnostics import did_you_mean
from oos.execution.status import Mode
from oos.notebook.connection import current
from oos.notebook.display import live_display
from oos.notebook.run import Run
from oos.notebook.session import CellSource, Choices, Session
from oos.notebook.surroundings import CELL_VARIABLE


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"%%oos: {message}")


_OPTIONS: Final = _Parser(prog="%%oos", add_help=False)
_OPTIONS.add_argument("--mode", type=Mode, default=Mode.AUTOMATIC, metavar="MODE")
_OPTIONS.add_argument("--yes", action="store_true")


class OosMagics:
    """`%%oos` and `%oos` of one shell."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The session of this notebook, on the connection in use."""
        connection = current()
        if self._session is None or self._session.connection is not connection:
            self._session = Session(connection)
        return self._session

    def carry_out(self, line: str, cell: str) -> Run | None:
        """Carry out the tasks in the cell; what they give lands in Python names and in later cells."""
        options = _OPTIONS.parse_args(shlex.split(line))
        source = CellSource(cell, *self._called(), first_line=f"%%oos {line}".rstrip())
        session = self.session
        run = session.carry_out(source, self.shell.user_ns, Choices(options.mode, options.yes))
        self.shell.push(session.new_names() if run is not None else {})
        return _shown(run)

    def speak(self, line: str) -> Any:
        """`%oos approve|reject|retry|skip|cancel [NOTE]`, `status`, `resume ID`, `runbook [FILE]`, `restart`."""
        verb, _, rest = line.strip().partition(" ")
        known: dict[str, Callable[[str], Any]] = {
            "approve": lambda note: self._answer("approve", note),
            "reject": lambda note: self._answer("reject", note),
            "retry": lambda note: self._answer("retry", note),
            "skip": lambda note: self._answer("skip", note),
            "cancel": lambda note: self._answer("cancel", note),
            "resume": self._resume,
            "status": lambda _: self.session.run,
            "runbook": self._runbook,
            "restart": lambda _: self.session.restart(),
        }
        if verb not in known:
            hint = did_you_mean(verb, known) or f"there are {', '.join(known)}"
            raise UsageError(f"%oos {verb}: there is no such word; {hint}")
        return known[verb](rest.strip())

    def _answer(self, verb: str, note: str) -> Run | None:
        session = self.session
        run = session.pending.run if session.pending is not None else session.run
        if run is None or run.status.final:
            raise UsageError("%oos: no cell waits for a person")
        getattr(run, verb)(note)
        return self._go_on() if session.pending is not None else run.wait(for_people=False)

    def _resume(self, execution_id: str) -> Run | None:
        session = self.session
        if execution_id:
            run = session.connection.execution(execution_id).resume()
            return _shown(run.wait(for_people=False, show=live_display(run.id)))
        if session.pending is None:
            raise UsageError("%oos resume: which execution? See oos.current().executions()")
        session.pending.run.resume()
        return self._go_on()

    def _go_on(self) -> Run | None:
        run = self.session.go_on()
        self.shell.push(self.session.new_names())
        return _shown(run)

    def _runbook(self, file: str) -> Any:
        """The runbook that the cells have made so far."""
        text = self.session.workbook.text(outputs=True).text
        if file:
            from oos.notebook.files import write_whole

            write_whole(Path(file), text)
            return None
        print(text, end="")
        return None

    def _called(self) -> tuple[str, str]:
        """How people call the cell that runs, and by what it is known when it runs again."""
        number = getattr(self.shell, "execution_count", 0)
        parent = self.shell.get_parent() if hasattr(self.shell, "get_parent") else {}
        id_ = os.environ.get(CELL_VARIABLE) or parent.get("metadata", {}).get("cellId", "")
        return f"cell [{number}]", str(id_ or f"In[{number}]")


def _shown(run: Run | None) -> Run | None:
    """What the cell gives out: nothing where the live display has shown it already."""
    return run if live_display() is None else None


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext oos`."""
    magics = OosMagics(shell)
    shell.register_magic_function(magics.carry_out, magic_kind="cell", magic_name="oos")
    shell.register_magic_function(magics.speak, magic_kind="line", magic_name="oos")
