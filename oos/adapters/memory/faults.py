"""Faults: what goes wrong in the simulation, by plan or by chance."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """How a call goes wrong."""

    FAIL_BEFORE = "fail before the effect"
    FAIL_AFTER = "fail after the effect"
    """The worst of all: it says it failed, and yet it is done."""
    LOST_REPLY = "reply lost"
    """Done, but the connection breaks before the answer comes."""
    HANG = "hang"
    """No answer until the deadline, no effect."""
    DISK_FULL = "disk full"
    CRASH = "crash inside"
    """The process dies in the middle of the effect: SimulatedCrash, which nothing should catch."""


class SimulatedCrash(BaseException):
    """The process died here. Not an Exception: like `kill -9`, nothing gets to answer it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to go wrong: on some calls of a method of the port, or on each call with some probability."""

    method: str
    kind: FaultKind
    target: str = ""
    """Id, or token of what is made; empty for any."""
    skip: int = 0
    """How many matching calls go well first."""
    times: int = 1
    """How many calls go wrong after that."""
    probability: float = 1.0


class FaultPlan:
    """Faults to inject, and how often each has had its chance."""

    def __init__(self, faults: Iterable[Fault] = (), chance: random.Random | None = None) -> None:
        self._faults = list(faults)
        self._chance = chance or random.Random(0)  # noqa: S311 (repeatable on purpose)
        self._seen: Counter[int] = Counter()
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """From now on, this too goes wrong."""
        with self._lock:
            self._faults.append(fault)

    def next(self, method: str, *targets: str) -> FaultKind | None:
        """What goes wrong with this call, by any of the names of its target; None if it goes well."""
        with self._lock:
            for number, fault in enumerate(self._faults):
                if fault.method not in (method, "*") or fault.target not in ("", *targets):
                    continue
                if fault.probability < 1.0 and self._chance.random() >= fault.probability:
                    continue
                seen = self._seen[number]
                self._seen[number] += 1
                if fault.skip <= seen < fault.skip + fault.times:
                    return fault.kind
        return None
