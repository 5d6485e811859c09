"""Dead letters: an execution that kills whoever drives it is not driven for ever."""

from datetime import UTC, datetime

import pytest

from oos.execution.events import CancelRequested, ExecutionHeld
from oos.execution.notify import NotAllowed
from oos.execution.status import NotifyType, Status, WaitReason
from tests.engine.templates import SEQUENCE
from tests.engine.test_people import told, until_waiting
from tests.engine.world import PATIENCE, finished


def die_driving(world, engine, id_):
    """The process dies while the call is out; the kernel frees its locks."""
    while not world.service.in_flight:
        pass
    engine.close(1)
    world.service.in_flight = 0
    world.locks.held.clear()


def killer(world):
    """An execution whose first task has killed three processes, taken over by a fourth."""
    world.service.hold.clear()
    engine = world.engine()
    id_ = engine.start(world.request(SEQUENCE))
    die_driving(world, engine, id_)
    for _ in range(2):
        engine = world.engine()
        engine.resume(id_, by="tester")
        die_driving(world, engine, id_)
    engine = world.engine()
    engine.resume(id_, by="tester")
    until_waiting(engine, id_, WaitReason.DEAD_LETTER)
    return engine, id_


def test_after_three_takeovers_without_progress_a_person_is_asked(world):
    engine, id_ = killer(world)
    calls = world.service.calls["Make"]
    execution = engine.look(id_)
    assert execution.shown_status is Status.WAITING
    assert "3 times in a row" in execution.waiting.note
    assert engine.wait(id_, 0.3) is None
    assert world.service.calls["Make"] == calls


def test_a_person_has_it_tried_once_more(world):
    engine, id_ = killer(world)
    world.service.hold.set()
    engine.tell(id_, told(NotifyType.RETRY_TASK))
    assert finished(engine, id_).outputs == {"names": ["thing", "thing-2"]}
    assert set(world.service.effects.values()) == {1}


@pytest.mark.parametrize("by", ["cancel", "complete", "reject"])
def test_a_person_ends_it_without_another_try(world, by):
    engine, id_ = killer(world)
    calls = world.service.calls["Make"]
    match by:
        case "cancel":
            engine.tell(id_, CancelRequested(at=datetime.now(UTC), by="ann"))
        case "complete":
            engine.tell(id_, told(NotifyType.COMPLETE_EXECUTION, execution_status=Status.FAILED))
        case "reject":
            engine.tell(id_, told(NotifyType.REJECT))
    execution = engine.wait(id_, PATIENCE)
    assert execution.status is (Status.FAILED if by == "complete" else Status.CANCELLED)
    assert world.service.calls["Make"] == calls


def test_it_takes_nothing_else(world):
    engine, id_ = killer(world)
    with pytest.raises(NotAllowed, match="RetryTask"):
        engine.tell(id_, told(NotifyType.SKIP_TASK))


def test_progress_in_between_begins_the_count_anew(world):
    world.service.hold.clear()
    engine = world.engine()
    id_ = engine.start(world.request(SEQUENCE))
    for _ in range(2):
        die_driving(world, engine, id_)
        engine = world.engine()
        engine.resume(id_, by="tester")
    world.service.hold.set()
    assert finished(engine, id_).status is Status.SUCCESS
    assert not [event for _, event in world.story.events if isinstance(event, ExecutionHeld)]


def test_waiting_for_a_person_through_many_takeovers_is_no_fault(world):
    text = "FormatVersion: OOS-2019-06-01\nTasks: [{Name: ask, Action: 'ACS::Approve'}]\n"
    engine = world.engine()
    id_ = engine.start(world.request(text))
    for _ in range(5):
        until_waiting(engine, id_, WaitReason.APPROVAL)
        engine.close(1)
        world.locks.held.clear()
        engine = world.engine()
        engine.resume(id_, by="tester")
    engine.tell(id_, told(NotifyType.APPROVE))
    assert finished(engine, id_).status is Status.SUCCESS
