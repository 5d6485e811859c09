"""The session of a notebook: carries out its `%%oos` cells, an execution each, going on where the last one ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from oos.diagnostics import Diagnostic, DiagnosticError, Severity, errors_of
from oos.execution.events import Recalled
from oos.execution.status import END, Mode, SafetyCheck, Status
from oos.notebook import codes
from oos.notebook.arguments import python_names
from oos.notebook.connection import Connection
from oos.notebook.errors import CellFaults, CellPending
from oos.notebook.importing import Assembled, Origin, read_piece
from oos.notebook.pieces import Piece, PieceKind
from oos.notebook.run import Run
from oos.notebook.surroundings import next_token, notebook_name, session_id
from oos.notebook.workbook import Entry, Workbook
from oos.source import NOWHERE, Source, Span
from oos.template.check import CheckedTemplate, examine, faults_at_start
from oos.template.parse import read_template
from oos.values.json import Value

if TYPE_CHECKING:
    from oos.execution.model import Execution


@dataclass(frozen=True, slots=True)
class CellSource:
    """A `%%oos` cell that is to run."""

    text: str
    """Below the magic's line."""
    place: str
    """How people call the cell."""
    key: str
    """By which the cell is known when it runs again."""
    first_line: str = "%%oos"

    @property
    def source(self) -> Source:
        """The whole cell, for quoting it."""
        return Source(self.place, f"{self.first_line}\n{self.text}")


@dataclass(frozen=True, slots=True)
class Choices:
    """How a cell is carried out."""

    mode: Mode = Mode.AUTOMATIC
    yes: bool = False
    """Whether high-risk operations need no confirmation."""


class TaskOutputs(Mapping[str, Value]):
    """What a task gave, under the Python name of the task: `select.ids`."""

    def __init__(self, outputs: Mapping[str, Value]) -> None:
        self._outputs = dict(outputs)

    def __getitem__(self, name: str) -> Value:
        return self._outputs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._outputs)

    def __len__(self) -> int:
        return len(self._outputs)

    def __getattr__(self, name: str) -> Value:
        try:
            return self._outputs[name]
        except KeyError:
            raise AttributeError(f"the task gave no {name}; it gave {', '.join(self._outputs) or 'nothing'}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._outputs]

    def __repr__(self) -> str:
        return repr(self._outputs)


@dataclass(slots=True)
class _Pending:
    """A cell whose execution waits for a person."""

    entry: Entry
    run: Run
    outputs: bool


@dataclass(slots=True)
class Session:
    """One notebook with its kernel. What it knows, the journal knows; only the text of the cells is its own."""

    connection: Connection
    workbook: Workbook = field(default_factory=Workbook)
    pending: _Pending | None = None
    ended: str = ""
    """The task that ended the runbook before its last, by a jump to ACS::END."""
    run: Run | None = None
    """The last execution of a cell."""
    sources: dict[str, Source] = field(default_factory=dict)

    def carry_out(self, cell: CellSource, names: Mapping[str, Any], choices: Choices) -> Run | None:
        """Carry out a cell: its tasks, or what its sections declare. None when nothing was to be done.

        Raises CellFaults, CellPending, RunFailed, RunWaits.
        """
        self.sources[cell.place] = cell.source
        piece = self._piece(cell)
        if piece is None:
            return None
        entry = Entry(piece, Origin(cell.place, 1))
        sections = {name.casefold() for name in piece.names} if piece.kind is PieceKind.SECTION else set()
        if piece.kind is PieceKind.TASKS or "tasks" in sections:
            self._refuse_when_pending()
            if self.ended:
                raise CellPending(f"not carried out: task {self.ended} has ended the runbook", "%oos restart")
            return self._carry_out_tasks(cell, entry, names, choices, alone="tasks" in sections)
        self._declare(cell, entry)
        if "outputs" in sections and self.workbook.tasks:
            self._refuse_when_pending()
            return self._start(cell, None, names, choices, self.workbook.text(outputs=True))
        return None

    def go_on(self) -> Run:
        """Follow the cell that waits for a person, and take what it gives. Raises CellPending, RunFailed, RunWaits."""
        pending = self.pending
        if pending is None:
            raise CellPending("no cell waits for a person")
        return self._follow(pending)

    def restart(self) -> None:
        """Forget all cells; their executions stay in the journal."""
        self.workbook, self.pending, self.ended = Workbook(), None, ""

    def _piece(self, cell: CellSource) -> Piece | None:
        try:
            return read_piece(cell.text, cell.place)
        except DiagnosticError as error:
            raise self._faults(replace(each, span=_below(each.span)) for each in error.diagnostics) from None

    def _declare(self, cell: CellSource, entry: Entry) -> None:
        workbook = self.workbook.declared(entry)
        assembled = workbook.text(outputs=True)
        _, faults = read_template(assembled.text, cell.place)
        told = [each for each in map(assembled.relocated, faults) if each.source == cell.place and each.span != NOWHERE]
        # That there are no tasks yet is no fault of a cell that declares parameters.
        own = [each for each in told if "Tasks" not in each.message]
        if errors_of(own):
            raise self._faults(own)
        self.workbook = workbook

    def _carry_out_tasks(
        self, cell: CellSource, entry: Entry, names: Mapping[str, Any], choices: Choices, *, alone: bool
    ) -> Run:
        if alone:
            return self._start(cell, None, names, choices, Assembled(cell.text, ()), whole=True)
        return self._start(cell, entry, names, choices, self.workbook.before(entry).text([entry]))

    def _start(
        self,
        cell: CellSource,
        entry: Entry | None,
        names: Mapping[str, Any],
        choices: Choices,
        assembled: Assembled,
        *,
        whole: bool = False,
    ) -> Run:
        from oos.engine.ports import StartRequest

        app = self.connection.app
        checked = self._checked(assembled, cell, whole=whole)
        before = self.workbook.before(entry) if entry is not None else self.workbook
        notebook, session = notebook_name(), session_id()
        request = StartRequest(
            template=replace(checked, needs_response=frozenset(task.name for task in checked.template.tasks)),
            parameters=self._arguments(checked, names, cell),
            by=app.settings.user,
            region=app.region,
            template_name=f"{notebook}#{cell.key}",
            mode=choices.mode,
            safety_check=SafetyCheck.SKIP if choices.yes else SafetyCheck.CONFIRM,
            # In a run of the whole notebook a cell that is run once more finds the execution that it had started.
            client_token=next_token(cell.key),
            tags={"oos:notebook": notebook, "oos:cell": cell.key} | ({"oos:session": session} if session else {}),
            recalled={} if whole else before.recalled(),
        )
        run = self.connection.start(request, wait=False, check=False)
        self.run = run
        empty = Entry(Piece(PieceKind.TASKS, ""), Origin(cell.place))
        self.pending = _Pending(entry or empty, run, outputs=entry is None)
        return self._follow(self.pending)

    def _follow(self, pending: _Pending) -> Run:
        from oos.notebook.display import live_display

        run = pending.run
        try:
            run.wait(for_people=bool(session_id()), show=live_display(run.id))
        except KeyboardInterrupt:
            run.cancel("interrupted in the notebook").wait(30)
            self.pending = None
            raise
        if run.status is Status.WAITING:
            # The cell is done for now; the next ones wait for `%oos approve`.
            return run
        self.pending = None
        run.check()
        self._take(pending)
        return run

    def _take(self, pending: _Pending) -> None:
        """Know what the tasks of a cell gave."""
        execution: Execution = self.connection.app.engine.look(pending.run.id)
        given = {
            name: Recalled(execution_id=execution.id, outputs=dict(task.outputs), response=task.response)
            for name, task in execution.tasks.items()
            if name in pending.entry.piece.names
        }
        if pending.entry.piece.names:
            self.workbook = self.workbook.carried(pending.entry, given)
        last = execution.last
        tasks = execution.template.template.tasks
        if last is not None and (last.number < len(tasks) - 1 or END in (last.next_task, last.task.on_success)):
            self.ended = last.task.name

    def new_names(self) -> dict[str, Any]:
        """The Python names that the last cell brought: one for each of its tasks, `outputs` for the runbook's."""
        if self.run is None or self.run.status is not Status.SUCCESS:
            return {}
        made: dict[str, Any] = {}
        tasks = self.run.tasks
        for name, python in python_names(tasks).items():
            if name not in self.workbook.recalled() or self.workbook.given[name].execution_id == self.run.id:
                made[python] = TaskOutputs(tasks[name])
        if self.run.outputs:
            made["outputs"] = TaskOutputs(self.run.outputs)
        return made

    def _checked(self, assembled: Assembled, cell: CellSource, *, whole: bool) -> CheckedTemplate:
        name = cell.place
        examination = examine(assembled.text, name, self.connection.app.catalog)
        told: list[Diagnostic] = list(examination.diagnostics)
        if examination.checked is not None:
            told += faults_at_start(examination.checked)
        if whole:
            told = [replace(each, span=_below(each.span)) for each in told]
        if examination.checked is None or errors_of(told):
            raise self._faults(map(assembled.relocated, told))
        return examination.checked

    def _faults(self, diagnostics: Any) -> CellFaults:
        found = sorted(diagnostics, key=lambda each: each.severity is not Severity.ERROR)
        return CellFaults([each for each in found if each.severity is not Severity.HINT], self.sources.values())

    def _arguments(self, checked: CheckedTemplate, names: Mapping[str, Any], cell: CellSource) -> dict[str, Value]:
        """Values of parameters: those of the Python names; None counts as not given."""
        parameters = checked.template.parameters
        given: dict[str, Value] = {}
        for name, python in python_names(parameters).items():
            value = names.get(python)
            if value is not None:
                given[name] = _plain(value, python, cell)
        missing = [
            (name, python)
            for name, python in python_names(parameters).items()
            if parameters[name].default is None and name not in given
        ]
        if missing:
            raise CellFaults(
                codes.NO_VALUE.nowhere(cell.place, f"the parameter {name} has no value", f"give one: {python} = …")
                for name, python in missing
            )
        return given

    def _refuse_when_pending(self) -> None:
        if self.pending is not None:
            run = self.pending.run
            if run.status is Status.WAITING:
                raise CellPending(f"{run.id} is not over: {run.message}", "%oos approve, or %oos reject")
            self._follow(self.pending)


def _plain(value: Any, name: str, cell: CellSource) -> Value:
    """A Python value as a JSON value; arrays and frames' numbers are understood."""
    from oos.values.secret import Secret

    if isinstance(value, str | bool | int | float | Secret):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each, name, cell) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each, name, cell) for each in value]
    if value is None:
        return None
    for method in ("tolist", "item"):
        if hasattr(value, method) and not hasattr(value, "columns"):
            return _plain(getattr(value, method)(), name, cell)
    message = f"{name} holds a {type(value).__name__}, which is no JSON value"
    raise CellFaults([codes.NO_JSON_VALUE.nowhere(cell.place, message, f"give {name} another value, or another name")])


def _below(span: Span) -> Span:
    return span if span == NOWHERE else Span(span.line + 1, span.column, span.end_line + 1, span.end_column)
