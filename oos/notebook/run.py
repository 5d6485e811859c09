"""Runs: executions as Python holds them in a notebook. They show as a timeline, and answer what happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from oos.execution.events import NO_ITEM, CancelRequested, Notified
from oos.execution.status import NotifyType, Status
from oos.notebook.chronicle import Chronicle, ExecutionRecord, Step
from oos.notebook.picture import picture
from oos.notebook.prose import markdown, plain
from oos.values.identifiers import root_execution_id
from oos.values.json import Value
from oos.values.words import item_label, masked

if TYPE_CHECKING:
    from pandas import DataFrame

    from oos.app.app import App
    from oos.notebook.watch import Watch

LOOK_SECONDS: Final = 0.2
"""How often a display is drawn anew while something happens."""

Show = Callable[[str, str, str], None]
"""Draws a display: HTML, Markdown, plain text."""


class RunFailed(Exception):
    """An execution did not succeed; it carries the run."""

    def __init__(self, run: Run, message: str) -> None:
        super().__init__(message)
        self.run = run

    def _render_traceback_(self) -> list[str]:
        """How a notebook shows it: the words alone, a traceback would tell nothing about the fleet."""
        return [f"\x1b[31m{type(self).__name__}\x1b[0m: {self}"]


class RunWaits(RunFailed):
    """An execution waits for a person, and nobody here was to wait with it."""


class Run:
    """One execution. What it shows is what the journal tells."""

    def __init__(self, app: App, watch: Watch, execution_id: str) -> None:
        self.id = execution_id
        self._app = app
        self._watch = watch
        self._settled: Chronicle | None = None
        self.shown_in: int | None = None
        """The number of the notebook's cell in which a live display has shown it."""

    @property
    def status(self) -> Status:
        """As it is now; Waiting when a person is needed."""
        with self._chronicle() as chronicle:
            return self._record(chronicle).shown_status

    @property
    def outputs(self) -> dict[str, Value]:
        """Its outputs; secrets stay secrets and print as `***`."""
        with self._chronicle() as chronicle:
            return dict(self._record(chronicle).outputs)

    @property
    def tasks(self) -> dict[str, dict[str, Value]]:
        """The outputs of each task that has begun."""
        with self._chronicle() as chronicle:
            return {task.name: dict(task.step.outputs) for task in self._record(chronicle).begun}

    @property
    def message(self) -> str:
        """Why it ended as it did, or what it waits for."""
        with self._chronicle() as chronicle:
            record = self._record(chronicle)
            waiting = record.waiting
            if record.note or waiting is None:
                return record.note
            step, wait = waiting
            return f"task {step.task} waits for a person: {wait.reason}" + (f" ({wait.note})" if wait.note else "")

    def wait(self, seconds: float | None = None, *, for_people: bool = True, show: Show | None = None) -> Run:
        """Follow it to its end, or until the time is over; `for_people`: also while it waits for somebody.

        Raises EngineStopped.
        """
        until = None if seconds is None else time.monotonic() + seconds
        seen = -1
        while True:
            ended = self._app.engine.wait(self.id, LOOK_SECONDS)
            version = self._watch.version(root_execution_id(self.id))
            if show is not None and version != seen:
                seen = version
                self.show(show)
            if ended is not None and ended.status.final:
                break
            if not for_people and self.status is Status.WAITING:
                break
            if until is not None and time.monotonic() >= until:
                break
        return self

    def show(self, show: Show) -> None:
        """Draw it as it is now."""
        show(self._repr_html_(), self._repr_markdown_(), repr(self))

    def check(self) -> Run:
        """Itself, when it succeeded. Raises RunFailed, RunWaits."""
        status = self.status
        if status is Status.SUCCESS:
            return self
        if status is Status.WAITING:
            raise RunWaits(self, f"{self.id}: {self.message}")
        raise RunFailed(self, f"{self.id} is {status}: {self.message}" if self.message else f"{self.id} is {status}")

    def approve(self, note: str = "") -> Run:
        """Let it go on, and follow it."""
        return self._tell(NotifyType.APPROVE, note)

    def reject(self, note: str = "") -> Run:
        """Refuse what it waits for; that ends it."""
        return self._tell(NotifyType.REJECT, note)

    def retry(self, note: str = "") -> Run:
        """Have the failed or interrupted task tried again."""
        return self._tell(NotifyType.RETRY_TASK, note)

    def skip(self, note: str = "") -> Run:
        """Leave out the task that it waits at."""
        return self._tell(NotifyType.SKIP_TASK, note)

    def cancel(self, reason: str = "") -> Run:
        """End it: nothing new starts, what is in flight keeps its outcome."""
        self._app.engine.tell(self.id, CancelRequested(at=self._now(), by=self._app.settings.user, reason=reason))
        return self

    def resume(self) -> Run:
        """Take it over after its driver has died, and go on. Raises OwnedElsewhere."""
        self._settled = None
        self._app.engine.resume(self.id, self._app.settings.user)
        return self

    def to_frame(self) -> DataFrame:
        """Its tasks and loop items, a row each: when they were under way, how long, how they ended."""
        import pandas

        with self._chronicle() as chronicle:
            return pandas.DataFrame(list(_rows(chronicle)), columns=_FRAME_COLUMNS)

    def plot(self) -> Any:
        """How long each task took, as a matplotlib figure."""
        from oos.notebook.plots import plot_durations

        with self._chronicle() as chronicle:
            return plot_durations(self._record(chronicle), self._now())

    def to_markdown(self) -> str:
        """A report of it."""
        return self._repr_markdown_()

    def __repr__(self) -> str:
        with self._chronicle() as chronicle:
            return plain(chronicle, self._now())

    def _ipython_display_(self) -> None:
        """Show it, unless the cell has shown it already: `oos.run(…)` alone in a cell must not stand there twice."""
        from oos.notebook.display import cell_number, show_once

        if self.shown_in is None or self.shown_in != cell_number():
            self.show(show_once)

    def _repr_html_(self) -> str:
        with self._chronicle() as chronicle:
            return picture(chronicle, self._now())

    def _repr_markdown_(self) -> str:
        with self._chronicle() as chronicle:
            return markdown(chronicle, self._now())

    def _tell(self, type_: NotifyType, note: str) -> Run:
        with self._chronicle() as chronicle:
            waiting = self._record(chronicle).waiting
            told_id, step = (self.id, waiting[0]) if waiting else _waiting_child(chronicle, self.id)
        told = Notified(
            at=self._now(),
            type=type_,
            by=self._app.settings.user,
            note=note,
            task=step.task if step else "",
            item=step.item if step else NO_ITEM,
        )
        before = self._watch.version(root_execution_id(self.id))
        self._app.engine.tell(told_id, told)
        patience = time.monotonic() + 5
        while self._watch.version(root_execution_id(self.id)) == before and time.monotonic() < patience:
            time.sleep(0.02)
        return self

    @contextmanager
    def _chronicle(self) -> Iterator[Chronicle]:
        """The chronicle: the live one while this process drives it, else what the journal tells."""
        with self._watch.reading(root_execution_id(self.id)) as live:
            if live is not None and live.root is not None:
                yield live
                return
        if self._settled is None or not self._record(self._settled).status.final:
            self._settled = chronicle_of(self._app, self.id)
        yield self._settled

    def _record(self, chronicle: Chronicle) -> ExecutionRecord:
        from oos.engine.errors import ExecutionAbsent

        record = chronicle.executions.get(self.id)
        if record is None:
            raise ExecutionAbsent(self.id)
        return record

    def _now(self) -> Any:
        from oos.app.app import now

        return now()


def chronicle_of(app: App, execution_id: str) -> Chronicle:
    """What the journal tells of an execution and its descendants. Raises JournalFailed."""
    from oos.audit.reading import happenings

    chronicle = Chronicle(execution_id, template_reader(app))
    family = happenings(app.journal, app.codec, execution_id)
    return chronicle.apply_all((each.execution_id, each.event) for each in family)


def template_reader(app: App) -> Any:
    """Finds the template that an execution pins, in the journal's content store."""
    from oos.diagnostics import DiagnosticError
    from oos.template.parse import parse

    def read(start: Any) -> Any:
        content = app.journal.content(start.template_hash)
        if content is None:
            return None
        try:
            return parse(content, start.template_name)
        except DiagnosticError:
            return None

    return read


def _waiting_child(chronicle: Chronicle, id_: str) -> tuple[str, Step | None]:
    """The execution of the family that waits for a person, and where."""
    for record in chronicle.executions.values():
        waiting = record.waiting
        if waiting is not None and not record.status.final:
            return record.id, waiting[0]
    return id_, None


_FRAME_COLUMNS: Final = (
    "execution",
    "task",
    "item",
    "label",
    "action",
    "status",
    "started",
    "ended",
    "seconds",
    "outputs",
    "note",
)


def _rows(chronicle: Chronicle) -> Iterator[Mapping[str, Any]]:
    for record in chronicle.executions.values():
        for task in record.begun:
            for step in (task.step, *(task.items or ())):
                took = step.took()
                yield {
                    "execution": record.id,
                    "task": task.name,
                    "item": None if step.item == NO_ITEM else step.item,
                    "label": "" if step.item == NO_ITEM else item_label(step.value, step.item),
                    "action": task.action,
                    "status": str(step.status),
                    "started": step.started,
                    "ended": step.ended,
                    "seconds": None if took is None else took.total_seconds(),
                    "outputs": masked(dict(step.outputs)),
                    "note": step.note,
                }
