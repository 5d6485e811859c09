"""Mishaps: the faults of a case brought upon calls, hosts and instances, at their time."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from oos.adapters.memory import faults as memory
from oos.adapters.memory.clock import SimulatedClock
from oos.adapters.memory.faults import SimulatedCrash
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.adapters.memory.state import HostState
from oos.rehearsal.case import ANY, Failing, Fault, Mishap, Subject
from oos.rehearsal.stubs import error_of
from oos.service.context import Context
from oos.service.errors import ApiError, Refused, Unavailable
from oos.service.operation import Operation
from oos.values.json import Value

_EVER: Final = 1 << 62
_KINDS: Final[Mapping[Mishap, memory.FaultKind]] = {
    Mishap.ERROR: memory.FaultKind.FAIL_BEFORE,
    Mishap.ERROR_AFTER: memory.FaultKind.FAIL_AFTER,
    Mishap.LOST_REPLY: memory.FaultKind.LOST_REPLY,
    Mishap.HANG: memory.FaultKind.HANG,
    Mishap.DISK_FULL: memory.FaultKind.DISK_FULL,
    Mishap.CRASH: memory.FaultKind.CRASH,
}
_HANG_SECONDS: Final = 30.0


class Mishaps:
    """Which faults are in force, and what they do."""

    def __init__(
        self,
        faults: Iterable[Fault],
        hosts: Mapping[str, MemoryHypervisor],
        clock: SimulatedClock,
        said: Callable[[], Mapping[str, Value]],
    ) -> None:
        """`said` are the parameters of the call that is being made."""
        self._faults = tuple(faults)
        self._said = said
        self._hosts = hosts
        self._clock = clock
        self._on: list[bool] = [False] * len(self._faults)
        self._seen: Counter[int] = Counter()
        for number, fault in enumerate(self._faults):
            if not fault.from_task:
                self._switch(number, on=True)

    def task_started(self, path: str) -> None:
        """A task begins, and with it some faults, while others end."""
        for number, fault in enumerate(self._faults):
            if fault.from_task and not self._on[number] and is_task(path, fault.from_task):
                self._switch(number, on=True)
            elif fault.until_task and self._on[number] and is_task(path, fault.until_task):
                self._switch(number, on=False)

    def around(self, operation: Operation) -> Operation:
        """The operation, with what goes wrong with it."""
        name = f"{operation.service}.{operation.name}".casefold()
        mine = [
            (number, fault)
            for number, fault in enumerate(self._faults)
            if fault.subject is Subject.CALL and fault.name.casefold() == name
        ]
        if not mine:
            return operation
        handle = operation.handle

        def call(context: Context, request: Any) -> Mapping[str, Any]:
            fault = self._next(mine)
            self._before(fault)
            response = handle(context, request)
            self._after(fault)
            return response

        call.__doc__ = handle.__doc__
        return dataclasses.replace(operation, handle=call)

    def _next(self, mine: list[tuple[int, Fault]]) -> Fault | None:
        found = None
        for number, fault in mine:
            if not self._on[number] or (fault.of and not _holds(self._said(), fault.of)):
                continue
            seen = self._seen[number]
            self._seen[number] += 1
            last = _EVER if fault.times is None else fault.after + fault.times
            if found is None and fault.after <= seen < last:
                found = fault
        return found

    def _before(self, fault: Fault | None) -> None:
        match fault.mishap if fault else None:
            case Mishap.ERROR:
                raise _error(fault)
            case Mishap.DISK_FULL:
                raise Refused("OperationDenied.NoStock", _message(fault, "no space is left on the device"))
            case Mishap.HANG:
                assert fault is not None
                seconds = fault.seconds or _HANG_SECONDS
                self._clock.sleep(seconds)
                raise Unavailable(_message(fault, f"{fault.name} gave no answer within {seconds:g} s"))
            case Mishap.SLOW:
                assert fault is not None
                self._clock.sleep(fault.seconds)
            case Mishap.CRASH:
                assert fault is not None
                raise SimulatedCrash(f"the process died before {fault.name}")

    def _after(self, fault: Fault | None) -> None:
        match fault.mishap if fault else None:
            case Mishap.ERROR_AFTER:
                raise _error(fault)
            case Mishap.LOST_REPLY:
                raise Unavailable(_message(fault, "the connection broke before the answer came"))
            case Mishap.CRASH_AFTER:
                assert fault is not None
                raise SimulatedCrash(f"the process died after {fault.name}")

    def _switch(self, number: int, *, on: bool) -> None:
        fault = self._faults[number]
        self._on[number] = on
        match fault.subject:
            case Subject.HOST if fault.name in self._hosts:
                state = self._hosts[fault.name].state
                if fault.mishap is Mishap.GONE:
                    state.unreachable = on
                else:
                    state.full = on
            case Subject.INSTANCE:
                for host in self._hosts.values():
                    self._mark(host.state, fault, on=on)
            case Subject.METHOD if on:
                self._plan(fault)

    def _mark(self, state: HostState, fault: Fault, *, on: bool) -> None:
        marks = {
            Mishap.NO_AGENT: state.without_agent,
            Mishap.DEAF: state.deaf,
            Mishap.CANNOT_FREEZE: state.unfreezable,
        }[fault.mishap]
        for each in state.instances.values():
            if fault.name in (each.id, each.labels.name):
                if on and each.id not in marks:
                    marks.append(each.id)
                elif not on and each.id in marks:
                    marks.remove(each.id)

    def _plan(self, fault: Fault) -> None:
        """A fault of the hypervisor, on the host that the target is on."""
        times = _EVER if fault.times is None else fault.times
        planned = memory.Fault(fault.name, _KINDS[fault.mishap], fault.of, fault.after, times)
        homes = [host for host in self._hosts.values() if _is_on(host.state, fault.of)]
        for host in homes or self._hosts.values():
            host.faults.add(planned)


def is_task(path: str, wanted: str) -> bool:
    """Whether a task is the one that is meant: by its path from the root, or by its name alone."""
    plain = "/".join(part.partition("[")[0] for part in path.split("/"))
    return wanted in (ANY, path, plain, plain.rpartition("/")[2], path.rpartition("/")[2])


def _is_on(state: HostState, id: str) -> bool:
    return bool(id) and (id in state.instances or id in state.disks or id in state.snapshots)


def _error(fault: Fault | None) -> ApiError:
    assert fault is not None
    code = fault.code or "InternalError"
    status = fault.status or (500 if code in ("InternalError", "ServiceUnavailable") else 400)
    return error_of(Failing(code, _message(fault, f"{fault.name} failed, as the rehearsal has it"), status))


def _message(fault: Fault | None, default: str) -> str:
    assert fault is not None
    return fault.message or default


def _holds(value: Value, wanted: str) -> bool:
    """Whether a text occurs among parameters."""
    if isinstance(value, Mapping):
        return any(_holds(each, wanted) for each in value.values())
    if isinstance(value, list | tuple):
        return any(_holds(each, wanted) for each in value)
    return bool(value == wanted) or (isinstance(value, str) and value.startswith("[") and f'"{wanted}"' in value)
