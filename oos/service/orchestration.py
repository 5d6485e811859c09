"""Orchestration: the port through which operations start, list and steer executions without knowing the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from oos.service.catalog import Catalog
from oos.values.json import Value


@dataclass(frozen=True, slots=True)
class TemplateText:
    """A template as it is stored somewhere."""

    name: str
    text: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class StartWanted:
    """What an execution should be (spec 7.4 StartExecution)."""

    template: TemplateText
    parameters: Mapping[str, Value]
    by: str
    region: str
    token: str
    """The same token never starts a second execution."""
    mode: str = "Automatic"
    loop_mode: str = "Automatic"
    safety_check: str = "ConfirmEveryHighRiskAction"
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Firings:
    """What became of a trigger so far, and what comes."""

    next: datetime | None = None
    last: datetime | None = None
    last_status: str = ""
    last_message: str = ""
    last_outputs: Mapping[str, Value] = field(default_factory=dict)
    last_success: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExecutionSummary:
    """What is known of an execution without reading all its events."""

    id: str
    parent_id: str
    template_name: str
    status: str
    by: str
    region: str
    category: str
    """`TimerTrigger`, `EventTrigger`, `AlarmTrigger` or `Other`."""
    started: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class CurrentTask:
    """A task that is under way."""

    id: str
    name: str
    action: str


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """An execution as its events tell it; secrets in parameters and outputs are still Secrets."""

    id: str
    parent_id: str
    template: TemplateText
    template_id: str
    status: str
    message: str
    waiting: str
    """What it waits for; empty when it does not."""
    mode: str
    loop_mode: str
    safety_check: str
    by: str
    account: str
    region: str
    description: str
    tags: Mapping[str, str]
    parameters: Mapping[str, Value]
    outputs: Mapping[str, Value]
    category: str
    started: datetime
    updated: datetime
    ended: datetime | None
    counters: Mapping[str, int]
    current_tasks: tuple[CurrentTask, ...]
    is_parent: bool
    """Whether any of its tasks is carried out by child executions."""
    firings: Firings | None = None


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A task of an execution that has begun, or an item of its loop; secrets are still Secrets."""

    id: str
    execution_id: str
    parent_id: str
    """Of an item: the looped task."""
    child_execution_id: str
    name: str
    action: str
    status: str
    message: str
    started: datetime | None
    """None for an item: what is kept of it is small."""
    ended: datetime | None
    properties: Mapping[str, Value]
    outputs: Mapping[str, Value]
    loop: Mapping[str, Value] = field(default_factory=dict)
    """Items and limits of a looped task."""
    item: Value = None
    batch: int | None = None


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something that happened in an execution, in words."""

    at: datetime
    task_execution_id: str
    message: str


@dataclass(frozen=True, slots=True)
class Notification:
    """What a person tells an execution (spec 6.3)."""

    execution_id: str
    type: str
    by: str
    note: str = ""
    task_execution_ids: tuple[str, ...] = ()
    task_name: str = ""
    execution_status: str = ""
    parameters: Mapping[str, Value] = field(default_factory=dict)
    loop_item: Value = None


class Orchestrator(Protocol):
    """Whoever carries out executions. Methods may be called from any thread.

    An execution that is not there: NotFound `EntityNotExists.Execution`. What it does not allow as it stands: Refused.
    A template or parameters that do not fit: ApiError with every fault. A record that cannot be read: Unavailable.
    """

    @property
    def catalog(self) -> Catalog:
        """What templates can call here."""

    def find_template(self, name: str, version: str) -> TemplateText | None:
        """A registered template, a runbook of the folders, or a product action; None when there is none."""

    def template_at(self, url: str) -> TemplateText:
        """The template that stands at a web address. Raises InvalidParameter."""

    def runbooks(self) -> Iterator[TemplateText]:
        """The templates in the folders."""

    def start(self, wanted: StartWanted) -> str:
        """Begin an execution; its id is on record when this returns."""

    def summaries(
        self,
        *,
        template_name: str = "",
        parent_id: str | None = "",
        statuses: tuple[str, ...] = (),
        before: str = "",
    ) -> Iterator[ExecutionSummary]:
        """Executions, newest first; those before one of them. Without a parent: that no task started; None: all.

        The name is part of the template's, without regard to case.
        """

    def execution(self, execution_id: str) -> ExecutionRecord:
        """One execution in full."""

    def tasks(self, execution_id: str) -> tuple[TaskRecord, ...]:
        """Its tasks that have begun, each followed by the items of its loop."""

    def logs(self, execution_id: str) -> tuple[LogLine, ...]:
        """What happened in it, oldest first."""

    def notify(self, told: Notification) -> None:
        """Tell it something; it is refused at once when the execution does not wait for that."""

    def cancel(self, execution_id: str, by: str, reason: str = "") -> None:
        """Have it end; what is in flight keeps its outcome."""

    def update(
        self,
        execution_id: str,
        by: str,
        parameters: Mapping[str, Value],
        description: str | None,
        tags: Mapping[str, str] | None,
    ) -> None:
        """Change what is given of one that has not ended; tasks that start later see it."""

    def trigger(self, execution_id: str, by: str, type: str, content: Value) -> None:
        """Have its armed trigger fire."""
