"""The ground of the simulation: state behind one lock, faults around every call, effects counted, events sent."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from oos.adapters.memory.clock import Clock, SystemClock
from oos.adapters.memory.faults import FaultKind, FaultPlan, SimulatedCrash
from oos.adapters.memory.guest import GuestProgram, tiny_shell
from oos.adapters.memory.state import Guest, HostState
from oos.fleet.errors import DeadlineExceeded, HostUnreachable, HypervisorFailed, InstanceAbsent, PoolFull
from oos.fleet.hypervisor import Subscription
from oos.fleet.instance import Instance, InstanceEvent, Power
from oos.fleet.statistics import InstanceStatistics
from oos.inventory.model import Host


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take in the simulation, in seconds of its clock."""

    boot: float = 0.0
    """From power on until the agent answers."""
    shutdown: float = 0.0
    snapshot: float = 0.0
    deadline: float = 30.0
    """After which a call that hangs is given up."""


class SimulatedHost:
    """State, clock, chance and faults; what the halves of the simulated hypervisor have in common."""

    def __init__(
        self,
        host: Host,
        state: HostState | None = None,
        *,
        clock: Clock | None = None,
        faults: FaultPlan | None = None,
        pace: Pace | None = None,
        guest_program: GuestProgram = tiny_shell,
        keep: Callable[[HostState], None] | None = None,
    ) -> None:
        """`keep` is called, under the lock, with the state after every change: a file can then outlive the process."""
        self._host = host
        self.state = state if state is not None else HostState()
        self.faults = faults or FaultPlan()
        self._clock = clock or SystemClock()
        self._pace = pace or Pace()
        self._program = guest_program
        self._keep = keep
        self._lock = threading.RLock()
        self._busy: dict[str, threading.Lock] = {}
        self._made: set[str] = set()
        """Snapshots that are being made now; one in progress that is not among them was left by a crash."""
        self._listeners: dict[int, queue.SimpleQueue[InstanceEvent | None]] = {}
        for instance in self.state.instances.values():
            if instance.power is not Power.STOPPED:
                self.state.guests.setdefault(instance.id, Guest(ready_at=self._clock.now()))

    @property
    def host(self) -> Host:
        return self._host

    @property
    def effects(self) -> Counter[str]:
        """How often each effect took place, as `method token-or-id`."""
        with self._lock:
            return Counter(self.state.effects)

    def close(self) -> None:
        with self._lock:
            listeners, self._listeners = list(self._listeners.values()), {}
        for each in listeners:
            each.put(None)

    # around every call

    @contextmanager
    def _call(self, method: str, target: str, *names: str) -> Iterator[FaultKind | None]:
        """A call: what the fault plan has for it happens before, after, or (given to the body) inside."""
        if self.state.unreachable:
            raise HostUnreachable(self._host.name, "the connection was refused")
        fault = self.faults.next(method, target, *names)
        match fault:
            case FaultKind.HANG:
                self._clock.sleep(self._pace.deadline)
                raise DeadlineExceeded(target or self._host.name, method, self._pace.deadline)
            case FaultKind.FAIL_BEFORE:
                raise HypervisorFailed(target or self._host.name, f"{method} failed, as the fault plan has it")
        yield fault
        match fault:
            case FaultKind.FAIL_AFTER:
                raise HypervisorFailed(target or self._host.name, f"{method} failed, as the fault plan has it")
            case FaultKind.LOST_REPLY:
                raise HostUnreachable(self._host.name, "the connection broke before the answer came")
            case FaultKind.CRASH:
                raise SimulatedCrash(f"the process died in {method}")

    @contextmanager
    def _change(self) -> Iterator[None]:
        """A change of the state, kept as a whole."""
        with self._lock:
            yield
            if self._keep is not None:
                self._keep(self.state)

    def _count(self, method: str, name: str) -> None:
        key = f"{method} {name}"
        self.state.effects[key] = self.state.effects.get(key, 0) + 1

    @contextmanager
    def _alone_with(self, id: str) -> Iterator[None]:
        """One at a time for each instance or lone disk, as a hypervisor runs one job for a domain."""
        with self._lock:
            lock = self._busy.setdefault(id, threading.Lock())
        with lock:
            yield

    def _require_space(self, pool: str, fault: FaultKind | None) -> None:
        if self.state.full or fault is FaultKind.DISK_FULL:
            raise PoolFull(f"pool {pool} of host {self._host.name}", "no space left on device")

    # instances as they are now

    def _instance(self, instance_id: str) -> Instance:
        """The instance as it is at this moment of the clock."""
        with self._lock:
            found = self.state.instances.get(instance_id)
            if found is None:
                raise InstanceAbsent(instance_id)
            guest = self.state.guests.get(instance_id)
            if guest is not None and guest.off_at is not None and guest.off_at <= self._clock.now():
                self._power_off(found, "shutdown")
                found = self.state.instances[instance_id]
            has_agent = self._has_agent(found)
            return found if found.has_agent is has_agent else replace(found, has_agent=has_agent)

    def _has_agent(self, instance: Instance) -> bool:
        guest = self.state.guests.get(instance.id)
        return (
            instance.power is Power.RUNNING
            and guest is not None
            and guest.ready_at <= self._clock.now()
            and instance.id not in self.state.without_agent
        )

    def _power_off(self, instance: Instance, detail: str) -> None:
        with self._change():
            self.state.guests.pop(instance.id, None)
            self.state.instances[instance.id] = replace(instance, power=Power.STOPPED, started=None, has_agent=False)
        self._tell(instance, "Stopped", detail)

    # statistics

    def statistics(self) -> Mapping[str, InstanceStatistics]:
        with self._call("statistics", ""), self._lock:
            now = self._clock.now()
            found = {}
            for id_ in list(self.state.guests):
                instance = self._instance(id_)
                known = self.state.statistics.get(id_, InstanceStatistics(now, memory_kib=instance.memory_mib * 1024))
                found[id_] = replace(known, at=now, cpus=instance.cpu)
            return {id_: each for id_, each in found.items() if id_ in self.state.guests}

    # events

    def watch(self, listener: Callable[[InstanceEvent], None]) -> Subscription:
        events: queue.SimpleQueue[InstanceEvent | None] = queue.SimpleQueue()

        def deliver() -> None:
            while (event := events.get()) is not None:
                listener(event)

        with self._lock:
            number = max(self._listeners, default=0) + 1
            self._listeners[number] = events
        threading.Thread(target=deliver, name=f"events of {self._host.name}", daemon=True).start()
        return _Watch(self, number)

    def unwatch(self, number: int) -> None:
        """End a watch. Harmless twice."""
        with self._lock:
            events = self._listeners.pop(number, None)
        if events is not None:
            events.put(None)

    def _tell(self, instance: Instance, kind: str, detail: str = "") -> None:
        event = InstanceEvent(instance.id, instance.domain, kind, detail)
        with self._lock:
            for events in self._listeners.values():
                events.put(event)


@dataclass(frozen=True, slots=True)
class _Watch:
    """A watch of the simulation."""

    host: SimulatedHost
    number: int

    def close(self) -> None:
        self.host.unwatch(self.number)
