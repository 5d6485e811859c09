"""Moving an instance to another host: what is to be done next, from what is on the two. Pure.

A move is complete when the instance is on its target alone, and says nothing of a move. Until then the copy on the
target is marked as coming from the other host, and is not started; so there is never more than one that can run.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from oos.fleet.errors import InstanceAbsent, WrongState
from oos.fleet.instance import Instance, Power


@dataclass(frozen=True, slots=True)
class HostCapacity:
    """What a host has for instances."""

    cpus: int
    memory_mib: int
    """All of its memory."""


@dataclass(frozen=True, slots=True)
class Copy:
    """An instance as one of two hosts has it."""

    power: Power
    moving_from: str = ""
    is_leaving: bool = False
    """Whether a job sends it to another host now."""
    was_leaving: bool = False
    """Whether it stands still because such a job came to its end, or died, in the moment of the handover."""


class NextStep(StrEnum):
    """What brings a move on."""

    JOIN = "wait for the job that moves it"
    SEND = "send it to the target, running"
    COPY = "copy it to the target, stopped"
    CLEAR_TARGET = "take from the target what is half there"
    CLEAR_SOURCE = "take from the source what the target has whole"
    GO_ON_HERE = "let it go on on the source"
    COMPLETE = "take away what the source still has of it, and then the mark on the target"
    NOTHING = "it is complete"


def next_step(instance_id: str, source: str, here: Copy | None, there: Copy | None, *, is_same: bool) -> NextStep:
    """What brings the move on, from what is on the source and on the target.

    `is_same` says whether the disks of a stopped instance are still as the target got them.
    Raises InstanceAbsent, and WrongState where a person has to decide.
    """
    if there is None:
        return _first_step(instance_id, here)
    if here is None:
        if there.moving_from not in ("", source):
            raise WrongState(instance_id, f"not whole: it came from {there.moving_from}", "complete that move first")
        return NextStep.COMPLETE if there.moving_from else NextStep.NOTHING
    if here.is_leaving:
        return NextStep.JOIN
    if there.moving_from != source:
        raise WrongState(instance_id, "on both hosts", "remove the one of the two that is of no use")
    # What is starting up there waits for the memory of a guest that never came.
    if there.power is Power.RUNNING:
        if here.power in (Power.RUNNING, Power.STARTING):
            raise WrongState(instance_id, "running on both hosts", "cut the power of one at once, and remove it")
        return NextStep.CLEAR_SOURCE
    if here.power is Power.STOPPED and there.power is Power.STOPPED and is_same:
        return NextStep.CLEAR_SOURCE
    return NextStep.CLEAR_TARGET


def _first_step(instance_id: str, here: Copy | None) -> NextStep:
    if here is None:
        raise InstanceAbsent(instance_id)
    if here.is_leaving:
        return NextStep.JOIN
    if here.moving_from:
        raise WrongState(instance_id, f"not whole: it came from {here.moving_from}", "complete that move first")
    if here.was_leaving:
        return NextStep.GO_ON_HERE
    match here.power:
        case Power.RUNNING:
            return NextStep.SEND
        case Power.STOPPED:
            return NextStep.COPY
        case power:
            raise WrongState(instance_id, power, "it must run or be stopped to be moved")


def preferred(copies: list[Instance]) -> Instance:
    """Of an instance that several hosts have, the one that counts: it runs, else it is the one that was there first."""
    return min(copies, key=lambda each: (each.power is not Power.RUNNING, bool(each.moving_from)))


def unfinished_move(instance_id: str, source: str) -> WrongState:
    """Why an instance is not started: the other host may still have it."""
    return WrongState(instance_id, f"not whole here: its move from {source} was interrupted", "move it here once more")


def interrupted_handover(instance_id: str) -> WrongState:
    """Why an instance is not started that stands still since its move died: it may run on the other host."""
    return WrongState(instance_id, "in the middle of a move", "move it once more, to complete that")
