"""What a policy will have kept: rotations played forward, each with a new point and its judgement. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final

from oos.retention.model import Point, Policy, State
from oos.retention.policy import to_delete, verdicts

SHORTEST: Final = timedelta(minutes=1)
MOST_STEPS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Step:
    """One rotation: what was taken, what went, and what there is afterwards."""

    at: datetime
    taken: Point
    gone: tuple[Point, ...]
    points: tuple[Point, ...]


def rotations(
    policy: Policy, points: Iterable[Point], instants: Iterable[datetime], *, name: str = "+"
) -> Iterator[Step]:
    """Each rotation of one group: a new point is taken at the instant, then what the policy lets go of goes."""
    there: dict[str, Point] = {each.id: each for each in points}
    like = max(there.values(), key=lambda each: each.taken, default=None)
    for number, at in enumerate(instants, 1):
        taken = Point(f"{name}{number}", at, stored_bytes=_usual_bytes(like, there.values()))
        if like is not None:
            taken = replace(taken, group=like.group, pool=like.pool)
        there[taken.id] = taken
        gone = to_delete(verdicts(policy, at, there.values()))
        for each in gone:
            del there[each.id]
        yield Step(at, taken, gone, tuple(there.values()))


def _usual_bytes(like: Point | None, points: Iterable[Point]) -> int:
    sizes = [each.stored_bytes for each in points if each.state is State.USABLE]
    return 0 if like is None or not sizes else int(median(sizes))


def usual_spacing(points: Sequence[Point]) -> timedelta | None:
    """How far apart points were taken, as a rule; None when fewer than three can tell."""
    taken = sorted(each.taken for each in points if each.state is State.USABLE)
    if len(taken) < 3:
        return None
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(taken)]
    return max(SHORTEST, timedelta(seconds=median(gaps)))


def instants(now: datetime, every: timedelta, days: int) -> Iterator[datetime]:
    """The instants of rotations from now on. At most MOST_STEPS of them."""
    number = min(MOST_STEPS, int(timedelta(days=days) / every))
    return (now + each * every for each in range(1, number + 1))
