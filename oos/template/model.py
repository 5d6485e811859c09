"""The model: a template as typed values, each of which knows its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from oos.diagnostics import Diagnostic
from oos.source import NOWHERE, Source, Span
from oos.template.expression import Expression, literal
from oos.values.json import Value

END: Final = "ACS::END"
"""Flow constant: the execution ends (spec 3)."""
NEXT: Final = "ACS::NEXT"
"""Flow constant: the run goes on with the following task (spec 3)."""

Number: TypeAlias = int | float


class TemplateKind(StrEnum):
    """What a template is for."""

    AUTOMATION = "Automation"
    STATE = "State"
    PACKAGE = "Package"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a template (spec 1.2)."""

    name: str
    type: str = "String"
    label: Value = None
    description: Value = None
    default: Expression | None = None
    """None: the parameter is required."""
    allowed_values: tuple[Value, ...] | None = None
    allowed_pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_value: Number | None = None
    max_value: Number | None = None
    constraint_description: Value = None
    no_echo: bool = False
    association_property: str | None = None
    association_property_metadata: Value = None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class TaskOutput:
    """An output of a task (spec 1.7)."""

    name: str
    type: str
    selector: Expression
    """Gives the text of a jq program. In an ACS::Loop it gives the value for one item itself."""
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An output of a loop: a task output over all items, put together (spec 5.4)."""

    name: str
    type: str
    """The name of a function, such as Fn::ListJoin."""
    field: str
    """The task output."""
    span: Span = dataclasses.field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Loop:
    """How a task is repeated (spec 5)."""

    items: Expression
    rate_control: Expression
    """A map (spec 5.2); fields that stand under Loop itself, the old form, are in it."""
    aggregates: tuple[Aggregate, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Retry:
    """How ACS::WaitFor waits (spec 4.2). Fields that hold references are expressions."""

    retries: int | Expression | None = None
    """None: not written. ACS::WaitFor then retries 10 times, ACS::CheckFor not at all (spec 10, 30)."""
    delay_type: str | Expression = "Exponential"
    delay: Number | Expression = 2
    back_off: Number | Expression = 2
    max_retry_interval: Number | Expression = 1800


@dataclass(frozen=True, slots=True)
class Choice:
    """One branch of an ACS::Choice."""

    when: Expression
    next_task: str
    """A task, or ACS::END."""
    span: Span = field(default=NOWHERE, compare=False)
    """Where the target stands."""


@dataclass(frozen=True, slots=True)
class Protect:
    """That a task runs between a snapshot of its targets and its deletion: an extension of ours (protect.py)."""

    targets: Expression | None = None
    """Which instances; None: those that its properties name."""
    is_none: bool = False
    """Whether it says that it is not protected, though the template is."""
    run: Expression | None = None
    """The snapshots that stand around the whole run (protect_run.py); None: it has a pair of its own."""
    action: str = ""
    """In a checked template: the action that stands in the protection. The task itself is an ACS::Template then."""
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Task:
    """One task (spec 1.5)."""

    name: str
    action: str
    """In canonical spelling."""
    description: Value = None
    when: Expression | None = None
    properties: Mapping[str, Expression] = field(default_factory=dict)
    outputs: tuple[TaskOutput, ...] = ()
    loop: Loop | None = None
    on_error: str = END
    on_success: str = NEXT
    retry: Retry = Retry()
    choices: tuple[Choice, ...] = ()
    default_task: str = NEXT
    loop_tasks: tuple[Task, ...] = ()
    """The inner tasks of an ACS::Loop."""
    protect: Protect | None = None
    span: Span = field(default=NOWHERE, compare=False)
    """Where its name stands."""
    places: Mapping[str, Span] = field(default_factory=dict, compare=False)
    """Where its fields stand: Action, OnError, DefaultTask, …"""
    property_places: Mapping[str, Span] = field(default_factory=dict, compare=False)
    """Where the keys of its properties stand."""

    @property
    def written_action(self) -> str:
        """The action that a person wrote, protected or not."""
        return self.protect.action if self.protect is not None and self.protect.action else self.action

    def output(self, name: str) -> TaskOutput | None:
        """The output of this name, exact spelling first."""
        folded = name.casefold()
        exact = next((output for output in self.outputs if output.name == name), None)
        return exact or next((output for output in self.outputs if output.name.casefold() == folded), None)


@dataclass(frozen=True, slots=True)
class TemplateOutput:
    """An output of a template (spec 1.10)."""

    name: str
    type: str
    value: Expression
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Template:
    """A template as it was read. Its names are not yet known to exist; see check."""

    source: Source = field(compare=False)
    format_version: str
    description: Value = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    ram_role: Expression | None = None
    conditions: Mapping[str, Expression] = field(default_factory=dict)
    tasks: tuple[Task, ...] = ()
    outputs: Mapping[str, TemplateOutput] = field(default_factory=dict)
    metadata: Value = None
    protect: Protect | None = None
    """That the tasks that change instances are protected, all by one pair."""
    kind: TemplateKind = TemplateKind.AUTOMATION
    data: Value = None
    """The whole document of a state or package template."""
    span: Span = field(default=NOWHERE, compare=False)
    diagnostics: tuple[Diagnostic, ...] = field(default=(), compare=False)
    """Warnings of the reading, such as fields that are not known."""
    unread: frozenset[str] = field(default=frozenset(), compare=False)
    """Sections that could not be read, so that what refers to them is not told to be wrong, too."""


NO_RATE_CONTROL: Final = literal({})
