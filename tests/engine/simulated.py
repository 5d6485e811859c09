"""A runtime without threads: time stands still until it is moved, jobs run when they are told to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from oos.engine.engine import Engine
from oos.engine.runtime import Job
from tests.engine.world import World

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Clock:
    """Time that is moved by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class SimulatedRuntime:
    """The Runtime port on one thread."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.inbox: list[Callable[[], None]] = []
        self.jobs: list[Job] = []
        self.closed = False

    def post(self, message: Callable[[], None]) -> None:
        self.inbox.append(message)

    def receive(self) -> list[Callable[[], None]]:
        messages, self.inbox = self.inbox, []
        return messages

    def submit(self, job: Job) -> None:
        self.jobs.append(job)

    def launch(self, turn: Callable[[], bool], patience: Callable[[], float]) -> None:
        """Whoever owns the time turns the engine."""

    def seconds(self) -> float:
        return self.clock.now.timestamp()

    def processor_seconds(self) -> float:
        return 0.0

    def close(self, patience: float) -> None:
        self.closed = True


class SimulatedWorld(World):
    """A world whose engines run on simulated time."""

    def __init__(self, *actions: tuple[str, str], now: datetime = NOON, **given: Any) -> None:
        super().__init__(*actions, **given)
        self.clock = Clock(now)
        self.now = self.clock
        self.runtimes: dict[int, SimulatedRuntime] = {}

    def runtime(self) -> SimulatedRuntime:
        return SimulatedRuntime(self.clock)

    def engine(self, **changes: Any) -> Engine:
        runtime = self.runtime()
        made = super().engine(runtime=runtime, **changes)
        self.runtimes[id(made)] = runtime
        return made

    def settle(self, engine: Engine) -> None:
        """Turn until there is nothing to do at this instant."""
        runtime = self.runtimes[id(engine)]
        while True:
            # Signals are looked for in intervals; nothing here waits for them.
            engine._driver._signals_due = 0.0
            engine.go_on()
            if not (runtime.inbox or runtime.jobs or engine._driver._touched):
                timer = engine.next_timer()
                if timer is None or timer > self.clock.now:
                    return
            jobs, runtime.jobs = runtime.jobs, []
            for job in jobs:
                runtime.post(job())

    def until(self, engine: Engine, instant: datetime) -> None:
        """Let time pass until an instant, from timer to timer."""
        self.settle(engine)
        while (timer := engine.next_timer()) is not None and timer <= instant:
            self.clock.now = max(self.clock.now, timer)
            self.settle(engine)
        self.clock.now = max(self.clock.now, instant)
        self.settle(engine)

    def pass_time(self, engine: Engine, **amount: float) -> None:
        """Let so much time pass."""
        self.until(engine, self.clock.now + timedelta(**amount))
