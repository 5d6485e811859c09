"""Coverage: whether what must have snapshots has them, recent and usable ones. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oos.retention.model import Point, State


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of the snapshots of something."""

    most_age: timedelta
    """The newest usable one is no older."""
    least: int = 1
    """So many usable ones there are."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How something stands against a demand; no faults: it is covered."""

    group: str
    newest: Point | None
    usable: int
    faults: tuple[str, ...]


def coverage_of(group: str, points: Iterable[Point], demand: Demand, now: datetime) -> Coverage:
    """How one group stands. A snapshot that failed, is unfinished, unverified or lies ahead covers nothing."""
    every = sorted((each for each in points if each.group == group), key=lambda each: (each.taken, each.id))
    usable = [each for each in every if each.state is State.USABLE and each.taken <= now]
    newest = usable[-1] if usable else None
    return Coverage(group, newest, len(usable), tuple(_faults(every, usable, demand, now)))


def _faults(every: Sequence[Point], usable: Sequence[Point], demand: Demand, now: datetime) -> Iterable[str]:
    if not usable:
        yield "it has no usable snapshot"
    elif now - usable[-1].taken > demand.most_age:
        yield f"its newest usable snapshot is {_age(now - usable[-1].taken)} old, more than {_age(demand.most_age)}"
    if 0 < len(usable) < demand.least:
        yield f"it has {len(usable)} usable snapshots, fewer than {demand.least}"
    since = usable[-1].taken if usable else None
    failed = sum(each.state is State.FAILED and (since is None or each.taken > since) for each in every)
    if failed:
        yield f"the last {failed} failed" if failed > 1 else "the last one failed"


def _age(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    if hours < 1:
        return f"{int(span.total_seconds() // 60)} min"
    return f"{hours} h" if hours < 72 else f"{hours // 24} d"
