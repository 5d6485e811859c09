"""The port of orchestration, carried out by the engine of this process and the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

from oos.app.log_lines import log_line
from oos.app.reading import ExecutionReader
from oos.app.records import record_of, summary_of, task_records
from oos.diagnostics import DiagnosticError
from oos.engine.errors import EngineStopped, ExecutionAbsent, TokenTaken
from oos.engine.guards import Refused as RefusedByGuard
from oos.engine.ports import StartRequest
from oos.engine.replay import read_events
from oos.engine.templates import TemplateCache
from oos.execution.events import CancelRequested, ExecutionUpdated, Notified, TriggerRequested
from oos.execution.model import Execution
from oos.execution.notify import NotAllowed, task_execution_path
from oos.execution.status import LoopMode, Mode, NotifyType, SafetyCheck, Status
from oos.journal.port import ExecutionFilter, JournalFailed
from oos.schedule.errors import ScheduleInvalid
from oos.service.catalog import Catalog
from oos.service.errors import InvalidParameter, NotFound, Refused, TokenMismatch, Unavailable
from oos.service.orchestration import (
    ExecutionRecord,
    ExecutionSummary,
    LogLine,
    Notification,
    StartWanted,
    TaskRecord,
    TemplateText,
)
from oos.service.template_faults import template_error
from oos.template.check import faults_at_start
from oos.values.identifiers import root_execution_id
from oos.values.json import Value

if TYPE_CHECKING:
    from oos.app.templates import TemplateFinder
    from oos.engine.engine import Engine

T = TypeVar("T")

PAGE: Final = 200
"""How many executions are read from the journal at once."""


class EngineOrchestrator:
    """The port Orchestrator (oos/service/orchestration.py)."""

    def __init__(
        self,
        engine: Callable[[], Engine],
        reader: ExecutionReader,
        cache: TemplateCache,
        templates: TemplateFinder,
        catalog: Catalog,
        now: Callable[[], datetime],
        hand_over: Callable[[str], None] | None = None,
    ) -> None:
        """`hand_over` has another process drive what is started; without it this one does."""
        self._engine = engine
        self._reader = reader
        self._cache = cache
        self._templates = templates
        self._catalog = catalog
        self._now = now
        self._hand_over = hand_over

    @property
    def catalog(self) -> Catalog:
        return self._catalog

    def find_template(self, name: str, version: str) -> TemplateText | None:
        with _told(name):
            found = self._templates.locate(name, version)
        return None if found is None else TemplateText(name, found.text, found.version)

    def template_at(self, url: str) -> TemplateText:
        from oos.adapters.messenger import NetworkMessenger
        from oos.app.remote_templates import fetched

        return fetched(url, NetworkMessenger())

    def runbooks(self) -> Iterator[TemplateText]:
        for name in dict.fromkeys(self._templates.names()):
            if name.endswith(".rehearsal"):
                continue
            found = self.find_template(name, "")
            if found is not None and not found.version:
                yield found

    def start(self, wanted: StartWanted) -> str:
        template = wanted.template
        with _told(template.name):
            checked = self._cache.checked(template.text, template.name)
            faults = faults_at_start(checked)
            if faults:
                raise DiagnosticError(faults)
            request = StartRequest(
                template=checked,
                parameters=dict(wanted.parameters),
                by=wanted.by,
                region=wanted.region,
                template_name=template.name,
                template_version=template.version,
                mode=Mode(wanted.mode),
                loop_mode=LoopMode(wanted.loop_mode),
                safety_check=SafetyCheck(wanted.safety_check),
                client_token=wanted.token,
                description=wanted.description,
                tags=dict(wanted.tags),
            )
            if self._hand_over is None:
                return self._engine().start(request)
            execution_id = self._engine().leave(request)
            self._hand_over(execution_id)
            return execution_id

    def summaries(
        self,
        *,
        template_name: str = "",
        parent_id: str | None = "",
        statuses: tuple[str, ...] = (),
        before: str = "",
    ) -> Iterator[ExecutionSummary]:
        journal = self._reader.journal
        wanted = tuple(map(Status, statuses))
        while True:
            with _told("the list of executions"):
                page = journal.summaries(ExecutionFilter(wanted, template_name, parent_id, PAGE, before))
            yield from map(summary_of, page)
            if len(page) < PAGE:
                return
            before = page[-1].execution_id

    def execution(self, execution_id: str) -> ExecutionRecord:
        return self._read(execution_id, record_of)

    def tasks(self, execution_id: str) -> tuple[TaskRecord, ...]:
        return self._read(execution_id, lambda execution: tuple(task_records(execution)))

    def logs(self, execution_id: str) -> tuple[LogLine, ...]:
        reader = self._reader

        def lines(execution: Execution) -> tuple[LogLine, ...]:
            events = read_events(reader.journal, reader.codec, execution_id)
            return tuple(log_line(execution, event) for _, event in events)

        return self._read(execution_id, lines)

    def notify(self, told: Notification) -> None:
        with _told(told.execution_id):
            try:
                self._notify(told.execution_id, told)
            except NotAllowed as refused:
                # A person sees the execution that he started wait; it may be one of its children that does.
                below = [] if told.task_execution_ids or told.task_name else self._waiting_below(told.execution_id)
                if len(below) > 1:
                    raise NotAllowed(f"{refused}; several below it wait: {', '.join(below)}") from refused
                if not below:
                    raise
                self._notify(below[0], told)

    def _notify(self, execution_id: str, told: Notification) -> None:
        engine = self._engine()
        task, items = self._reader.read(execution_id, lambda execution: _place(execution, told))
        engine.tell(
            execution_id,
            Notified(
                at=self._now(),
                type=NotifyType(told.type),
                by=told.by,
                note=told.note,
                task=task,
                items=items,
                execution_status=Status(told.execution_status) if told.execution_status else None,
                parameters=engine.bind(execution_id, told.parameters) if told.parameters else {},
                loop_item=told.loop_item,
            ),
        )

    def _waiting_below(self, execution_id: str) -> list[str]:
        """Descendants that wait for a person."""
        unfinished = self._reader.journal.unfinished(root_execution_id(execution_id))
        below = sorted(each for each in unfinished if each.startswith(f"{execution_id}."))
        return [each for each in below if self._reader.read(each, lambda execution: execution.waiting is not None)]

    def cancel(self, execution_id: str, by: str, reason: str = "") -> None:
        if self._read(execution_id, lambda execution: execution.status.final):
            raise Refused("OperationDenied.ExecutionStatus", f"The execution {execution_id} has ended.")
        with _told(execution_id):
            self._engine().tell(execution_id, CancelRequested(at=self._now(), by=by, reason=reason))

    def update(
        self,
        execution_id: str,
        by: str,
        parameters: Mapping[str, Value],
        description: str | None,
        tags: Mapping[str, str] | None,
    ) -> None:
        with _told(execution_id):
            engine = self._engine()
            bound = engine.bind(execution_id, parameters) if parameters else {}
            told = ExecutionUpdated(
                at=self._now(),
                by=by,
                parameters=bound,
                description=description,
                tags=None if tags is None else dict(tags),
            )
            engine.update(execution_id, told)

    def trigger(self, execution_id: str, by: str, type: str, content: Value) -> None:
        with _told(execution_id):
            self._engine().tell(execution_id, TriggerRequested(at=self._now(), by=by, type=type, content=content))

    def _read(self, execution_id: str, fold: Callable[[Execution], T]) -> T:
        with _told(execution_id):
            return self._reader.read(execution_id, fold)


def _place(execution: Execution, told: Notification) -> tuple[str, list[int]]:
    """The task and the loop items that are meant. Raises NotAllowed."""
    paths = [task_execution_path(execution, each) for each in told.task_execution_ids]
    tasks = dict.fromkeys([*filter(None, [told.task_name]), *(task for task, _ in paths)])
    if len(tasks) > 1:
        raise NotAllowed(f"{execution.id}: one task at a time, not {', '.join(tasks)}")
    return next(iter(tasks), ""), [item for _, item in paths if item >= 0]


@contextmanager
def _told(subject: str) -> Iterator[None]:
    """Failures of the engine and the journal in the words of the service."""
    try:
        yield
    except ExecutionAbsent as absent:
        message = f"The specified execution {absent.execution_id} does not exist."
        raise NotFound("EntityNotExists.Execution", message) from absent
    except NotAllowed as refused:
        raise Refused("OperationDenied.ExecutionStatus", str(refused)) from refused
    except RefusedByGuard as refused:
        raise Refused(refused.code, str(refused)) from refused
    except TokenTaken as taken:
        raise TokenMismatch(f"{taken}.") from taken
    except DiagnosticError as error:
        raise template_error(error) from error
    except ScheduleInvalid as error:
        raise InvalidParameter("Parameters", f"{subject}: {error}") from error
    except (JournalFailed, EngineStopped) as failed:
        raise Unavailable(str(failed)) from failed
