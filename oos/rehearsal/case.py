"""Cases: what a rehearsal is given, who says what meanwhile, and what is expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from oos.adapters.memory.host import Pace
from oos.execution.status import LoopMode, Mode, SafetyCheck, Status
from oos.fleet.instance import Power
from oos.fleet.storage import SnapshotStatus
from oos.rehearsal.tree import Tree
from oos.schedule.pattern import Happening
from oos.source import NOWHERE, Span
from oos.values.json import Value

NEW_YEAR: Final = datetime(2026, 1, 1, tzinfo=UTC)
ANY: Final = "*"
"""In place of the name of a task: any task."""

Files = Mapping[str, str]
"""Content of files by their absolute path."""


@dataclass(frozen=True, slots=True)
class GivenDisk:
    """A disk of an instance, or one that is attached to nothing."""

    id: str
    device: str
    """Empty: attached to nothing."""
    size_gib: int = 1
    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    files: Files = field(default_factory=dict)
    host: str = ""
    """Of one that is attached to nothing."""


@dataclass(frozen=True, slots=True)
class GivenInstance:
    """An instance that is there when the rehearsal begins."""

    id: str
    name: str
    host: str
    power: Power = Power.RUNNING
    type: str = "ecs.t1.tiny"
    image: str = "m-tiny"
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    protected: bool = False
    agent: bool = True
    disks: tuple[GivenDisk, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenSnapshot:
    """A snapshot that is there when the rehearsal begins."""

    id: str
    name: str
    disk: str
    age: timedelta
    """How long before the beginning it was made."""
    status: SnapshotStatus = SnapshotStatus.ACCOMPLISHED
    tags: Mapping[str, str] = field(default_factory=dict)
    files: Files = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GivenHost:
    """A simulated host."""

    name: str
    zone: str
    pace: Pace = field(default_factory=Pace)
    memory_mib: int = 1 << 20


@dataclass(frozen=True, slots=True)
class GivenCommand:
    """What a script does in every guest, when this text stands in it."""

    text: str
    exit_code: int = 0
    out: str = ""
    err: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Failing:
    """An answer that is an error."""

    code: str
    message: str
    status: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service, product action or web address answers that is not simulated."""

    gives: Value = None
    fails: Failing | None = None
    when: Tree | None = None
    """What the parameters must hold."""
    times: int | None = None
    """How often it answers so; None: from now on."""


@dataclass(frozen=True, slots=True)
class Given:
    """The world in which a rehearsal begins."""

    now: datetime = NEW_YEAR
    region: str = "lab"
    hosts: tuple[GivenHost, ...] = ()
    networks: tuple[str, ...] = ("default",)
    images: tuple[str, ...] = ("tiny",)
    instances: tuple[GivenInstance, ...] = ()
    disks: tuple[GivenDisk, ...] = ()
    """Those that are attached to nothing."""
    snapshots: tuple[GivenSnapshot, ...] = ()
    commands: tuple[GivenCommand, ...] = ()
    before: tuple[tuple[str, Mapping[str, Value]], ...] = ()
    """Calls that were made before the rehearsal begins, `ECS.CreateCommand`, with their parameters."""
    store: Mapping[str, Value] = field(default_factory=dict)
    """The parameter store: `oos:name` and `oos-secret:name`."""
    templates: Mapping[str, str] = field(default_factory=dict)
    """Files of templates by the name that ACS::Template uses."""
    responses: Mapping[str, tuple[Reply, ...]] = field(default_factory=dict)
    """By `SERVICE.Operation`, `ACS::Product::Action` or `METHOD URL`."""


class Mishap(StrEnum):
    """How something goes wrong."""

    ERROR = "error"
    """It refuses or fails, and has done nothing."""
    ERROR_AFTER = "error after effect"
    """It says that it failed, and yet it is done."""
    LOST_REPLY = "lost reply"
    """Done, but nobody hears of it."""
    HANG = "hang"
    """No answer until the deadline."""
    DISK_FULL = "disk full"
    SLOW = "slow"
    CRASH = "crash"
    """The process that drives the execution dies before the effect; another takes over."""
    CRASH_AFTER = "crash after effect"
    GONE = "gone"
    """The host does not answer."""
    NO_AGENT = "no agent"
    """The guest agent does not answer."""
    DEAF = "deaf"
    """The guest does not listen when it is asked to stop."""
    CANNOT_FREEZE = "cannot freeze"


class Subject(StrEnum):
    """What a fault is about."""

    CALL = "call"
    """An API operation, `ECS.StopInstance`; or a web address."""
    METHOD = "method"
    """A method of the port to the hypervisor, `create_snapshot`."""
    HOST = "host"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong in a rehearsal."""

    mishap: Mishap
    subject: Subject
    name: str
    of: str = ""
    """Only for calls about this: an id that occurs in the request."""
    code: str = ""
    message: str = ""
    status: int | None = None
    seconds: float = 0.0
    after: int = 0
    """How many go well first."""
    times: int | None = None
    """How many go wrong then; None: all."""
    from_task: str = ""
    """The task with whose start it begins; empty: from the beginning."""
    until_task: str = ""
    """The task with whose start it ends."""


class Verb(StrEnum):
    """What people do while an execution goes on."""

    APPROVE = "approve"
    REJECT = "reject"
    RETRY = "retry"
    SKIP = "skip"
    EXECUTE = "execute"
    """Debug mode: let a task begin."""
    COMPLETE = "complete"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody says when a task waits."""

    verb: Verb
    task: str
    by: str = "operator"
    note: str = ""
    times: int | None = 1
    status: Status | None = None
    """For `complete`: how the execution ends."""
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Case:
    """One rehearsal: given, done, expected."""

    name: str
    tree: Tree
    given: Given = Given()
    parameters: Mapping[str, Value] = field(default_factory=dict)
    mode: Mode = Mode.AUTOMATIC
    loop_mode: LoopMode = LoopMode.AUTOMATIC
    safety_check: SafetyCheck = SafetyCheck.CONFIRM
    by: str = "starter"
    faults: tuple[Fault, ...] = ()
    people: tuple[Answer, ...] = ()
    events: tuple[Happening | Value, ...] = ()
    """What fires triggers: happenings that must match, or messages that are handed over as they are."""
    lasts: timedelta | None = None
    """After which time it is looked at, ended or not; None: when it has ended, or nothing moves it on."""
    expect: Tree | None = None


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file of rehearsals."""

    name: str
    template: str
    """As it is named in the file; empty: the template beside it."""
    cases: tuple[Case, ...]
    text: str = ""
