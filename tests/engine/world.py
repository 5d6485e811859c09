"""A world to drive executions in: a test service that counts its effects, a journal in memory, and an engine."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypedDict

from oos.adapters.memory_journal import MemoryJournal
from oos.adapters.messenger import NetworkMessenger
from oos.audit.anchors import Head
from oos.engine.engine import Engine, Surroundings
from oos.engine.errors import OwnedElsewhere
from oos.engine.ports import StartRequest
from oos.engine.runtime import Runtime
from oos.engine.templates import TemplateCache
from oos.execution.events import AnyEvent
from oos.execution.model import Execution
from oos.fleet.fleet import Fleet
from oos.inventory.load import local_inventory
from oos.journal.codec import Codec
from oos.service.catalog import Catalog
from oos.service.context import Context
from oos.service.errors import ApiError, Unavailable
from oos.service.operation import ActionSource, Effect, Interrupted, Module, Operation, Risk
from oos.service.registry import MemoryRegistry
from oos.service.target_step import TargetStep

PATIENCE = 60.0
"""Seconds after which a test gives up on an execution."""


@dataclass(frozen=True)
class EchoRequest:
    value: Any = None


@dataclass(frozen=True)
class NameRequest:
    name: str = ""
    times: int = 0


class ValueResponse(TypedDict):
    Value: Any


class SimpleService:
    """Operations that remember what they did, by token: doing it again finds it done."""

    def __init__(self) -> None:
        self.effects: Counter[str] = Counter()
        """How often each token took effect: never more than once."""
        self.calls: Counter[str] = Counter()
        """How often each operation was called."""
        self.done: dict[str, Any] = {}
        self.in_flight = 0
        self.most_in_flight = 0
        self.hold = threading.Event()
        self.hold.set()
        self._lock = threading.Lock()

    def echo(self, context: Context, request: EchoRequest) -> Mapping[str, Any]:
        """Give back what was given."""
        self.calls["Echo"] += 1
        return {"Value": request.value}

    def make(self, context: Context, request: NameRequest) -> Mapping[str, Any]:
        """Make a thing, once for each token."""
        with self._lock:
            self.calls["Make"] += 1
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.hold.wait(PATIENCE)
        with self._lock:
            self.in_flight -= 1
            if context.token not in self.done:
                self.done[context.token] = request.name
                self.effects[context.token] += 1
        return {"Value": request.name}

    def tell(self, context: Context, request: NameRequest) -> Mapping[str, Any]:
        """Tell how two steps ended in a target, then wait."""
        for step in ("look", "change"):
            context.report("begins " + step)
            context.report(TargetStep(request.name, step, "Ok", changed=step == "change", message=f"of {request.name}"))
        self.calls["Tell"] += 1
        self.hold.wait(PATIENCE)
        return {"Value": request.name}

    def once(self, context: Context, request: NameRequest) -> Mapping[str, Any]:
        """Do what cannot be looked up afterwards."""
        self.calls["Once"] += 1
        self.effects[context.token] += 1
        self.hold.wait(PATIENCE)
        return {"Value": request.name}

    def fail(self, context: Context, request: NameRequest) -> Mapping[str, Any]:
        """Fail, the first `times` times."""
        self.calls[f"Fail {request.name}"] += 1
        if request.times and self.calls[f"Fail {request.name}"] > request.times:
            return {"Value": request.name}
        raise ApiError("Test.Failed", f"{request.name} failed")

    def count(self, context: Context, request: NameRequest) -> Mapping[str, Any]:
        """How often this was asked."""
        self.calls[f"Count {request.name}"] += 1
        if request.times and self.calls[f"Count {request.name}"] == 1:
            raise Unavailable("host a is unreachable")
        return {"Value": self.calls[f"Count {request.name}"]}

    def module(self, *actions: tuple[str, str]) -> Module:
        """The module that offers this service, and some product actions."""
        return Module(
            "simple",
            (
                Operation("TEST", "Echo", EchoRequest, ValueResponse, self.echo),
                Operation("TEST", "Make", NameRequest, ValueResponse, self.make, Effect.CHANGES),
                Operation("TEST", "Delete", NameRequest, ValueResponse, self.make, Effect.DESTROYS, Risk.HIGH),
                Operation(
                    "TEST", "Once", NameRequest, ValueResponse, self.once, Effect.CHANGES, interrupted=Interrupted.ASK
                ),
                Operation("TEST", "Tell", NameRequest, ValueResponse, self.tell, Effect.CHANGES),
                Operation("TEST", "Fail", NameRequest, ValueResponse, self.fail),
                Operation("TEST", "Count", NameRequest, ValueResponse, self.count),
            ),
            tuple(ActionSource(name, text, f"{name}.yml") for name, text in actions),
        )


class MemoryLocks:
    """Locks of processes that share this object."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.taken: set[str] = set()
        """What another process took over meanwhile."""

    def acquire(self, root_id: str) -> HeldLock:
        if root_id in self.held:
            raise OwnedElsewhere(root_id)
        self.held.add(root_id)
        return HeldLock(self, root_id)

    def free(self, root_ids: Sequence[str]) -> list[str]:
        return [root_id for root_id in root_ids if root_id not in self.held]


@dataclass
class HeldLock:
    locks: MemoryLocks
    root_id: str

    def release(self) -> None:
        self.locks.held.discard(self.root_id)

    def is_ours(self) -> bool:
        return self.root_id not in self.locks.taken


@dataclass
class ListAnchor:
    heads: list[tuple[str, int, bytes]] = field(default_factory=list)

    def append_all(self, heads: Iterable[Head]) -> None:
        self.heads += [(head.execution_id, head.sequence, head.hash) for head in heads]


class NoSealer:
    """Seals nothing: no test of the engine needs encryption."""

    def seal(self, plain: bytes) -> str:
        return plain.hex()

    def open(self, sealed: str) -> bytes | None:
        return bytes.fromhex(sealed)


class Story:
    """Remembers what happened, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, AnyEvent]] = []

    def happened(self, execution: Execution, event: AnyEvent) -> None:
        self.events.append((execution.id, event))

    def progressed(self, execution: Execution, task: str, item: int, message: str) -> None:
        pass


class World:
    """Everything an engine needs; several engines in a row may drive the same world, as processes that die do."""

    def __init__(self, *actions: tuple[str, str], journal: MemoryJournal | None = None) -> None:
        self.service = SimpleService()
        self.catalog = Catalog([self.service.module(*actions)])
        self.journal = journal or MemoryJournal()
        self.codec = Codec(NoSealer)
        self.locks = MemoryLocks()
        self.anchor = ListAnchor()
        self.registry = MemoryRegistry()
        self.templates: dict[str, str] = {}
        self.cache = TemplateCache(self.catalog)
        self.story = Story()
        self.fleet = Fleet(local_inventory("test:///default"), _no_host)
        self.engines: list[Engine] = []
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def engine(self, runtime: Runtime | None = None, **changes: Any) -> Engine:
        """A new engine, as a new process would have."""
        made = Engine(self.surroundings(**changes), self.cache, self.story, runtime)
        self.engines.append(made)
        return made

    def surroundings(self, **changes: Any) -> Surroundings:
        """What an engine acts through."""
        surroundings = Surroundings(
            catalog=self.catalog,
            journal=self.journal,
            codec=self.codec,
            locks=self.locks,
            anchor=self.anchor,
            templates=self,
            context=lambda start, token, cancelled, report: Context(
                fleet=self.fleet,
                registry=self.registry,
                region=start.region,
                token=token,
                cancelled=cancelled,
                report=report,
            ),
            store=lambda names: {name: f"value of {name}" for name in names},
            now=self.now,
            chance=_chance,
            messenger=NetworkMessenger(),
        )
        return dataclasses.replace(surroundings, **changes)

    def find(self, name: str, version: str) -> tuple[str, str] | None:
        action = self.catalog.action(name)
        if action is not None:
            return action.path, action.text
        return (name, self.templates[name]) if name in self.templates else None

    def request(self, text: str, **changes: Any) -> StartRequest:
        """A request to start a template."""
        template = self.cache.checked(text, "test.yml")
        return StartRequest(template=template, **{"parameters": {}, "by": "tester", "region": "local", **changes})

    def run(self, text: str, **changes: Any) -> Execution:
        """Start a template and wait for its end."""
        engine = self.engine()
        id_ = engine.start(self.request(text, **changes))
        return finished(engine, id_)

    def close(self) -> None:
        self.service.hold.set()
        for engine in self.engines:
            engine.close()


def finished(engine: Engine, id_: str) -> Execution:
    """The execution once it has ended."""
    execution = engine.wait(id_, PATIENCE)
    assert execution is not None, f"{id_} did not end: {engine.look(id_)}"
    return execution


_numbers = iter(range(1, 1 << 62))


def _chance(count: int) -> bytes:
    return next(_numbers).to_bytes(count, "big")


def _no_host(host: Any) -> Any:
    raise AssertionError(f"no test of the engine asks {host}")
