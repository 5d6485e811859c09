"""What people tell executions in Debug and FailurePause mode: other tasks, items, parameters, the end."""

import time
from datetime import UTC, datetime

import pytest

from oos.diagnostics import DiagnosticError
from oos.execution.events import CancelRequested, ExecutionUpdated, Notified
from oos.execution.notify import NotAllowed, task_execution_path
from oos.execution.status import Mode, NotifyType, Status, WaitReason
from tests.engine.templates import LOOP, PARENT, PRODUCT, SEQUENCE, call, tasks
from tests.engine.test_people import told, until_waiting
from tests.engine.world import World, finished

THREE = tasks(call("one"), call("two"), call("three"))
FAILING = LOOP.replace("API: Make, Parameters: {Name:", "API: Fail, Parameters: {Times: 1, Name:")
ALL_MAY_FAIL = {"Mode": "Concurrency", "Concurrency": 1, "MaxErrors": 2}


def until_debug(engine, id_, task):
    while True:
        execution = until_waiting(engine, id_, WaitReason.DEBUG)
        if execution.current.task.name == task:
            return execution
        time.sleep(0.01)


def test_cancel_task_ends_the_task_that_waits_and_the_next_one_follows(world):
    engine = world.engine()
    id_ = engine.start(world.request(THREE, mode=Mode.DEBUG))
    until_debug(engine, id_, "one")
    engine.tell(id_, told(NotifyType.CANCEL_TASK))
    until_debug(engine, id_, "two")
    for name in ("two", "three"):
        until_debug(engine, id_, name)
        engine.tell(id_, told(NotifyType.EXECUTE_TASK))
    execution = finished(engine, id_)
    assert execution.status is Status.SUCCESS
    assert execution.tasks["one"].status is Status.CANCELLED
    assert list(world.service.done.values()) == ["two", "three"]


def test_cancel_task_lets_what_is_in_flight_come_to_its_end(world):
    world.service.hold.clear()
    engine = world.engine()
    id_ = engine.start(world.request(LOOP, mode=Mode.DEBUG))
    until_debug(engine, id_, "make")
    engine.tell(id_, told(NotifyType.EXECUTE_TASK))
    while world.service.in_flight < 1:
        time.sleep(0.01)
    engine.tell(id_, told(NotifyType.CANCEL_TASK))
    while not engine.look(id_).current.ending_by:
        time.sleep(0.01)
    world.service.hold.set()
    execution = finished(engine, id_)
    assert execution.tasks["make"].status is Status.CANCELLED
    assert execution.tasks["make"].loop.succeeded == 1
    assert execution.status is Status.SUCCESS


def test_a_task_is_not_cancelled_in_automatic_mode(world):
    engine = world.engine()
    id_ = engine.start(world.request(tasks("{Name: nap, Action: 'ACS::Sleep', Properties: {Duration: 1H}}")))
    while not engine.look(id_).current:
        time.sleep(0.01)
    with pytest.raises(NotAllowed, match="Debug"):
        engine.tell(id_, told(NotifyType.CANCEL_TASK))


def test_execute_task_may_name_a_later_task(world):
    engine = world.engine()
    id_ = engine.start(world.request(THREE, mode=Mode.DEBUG))
    until_debug(engine, id_, "one")
    engine.tell(id_, told(NotifyType.EXECUTE_TASK, task="three"))
    execution = finished(engine, id_)
    assert list(world.service.done.values()) == ["three"]
    assert execution.tasks["one"].status is Status.SKIPPED
    assert "two" not in execution.tasks


def test_execute_task_goes_forward_only(world):
    engine = world.engine()
    id_ = engine.start(world.request(THREE, mode=Mode.DEBUG))
    until_debug(engine, id_, "one")
    engine.tell(id_, told(NotifyType.EXECUTE_TASK))
    until_debug(engine, id_, "two")
    with pytest.raises(NotAllowed, match="forward only"):
        engine.tell(id_, told(NotifyType.EXECUTE_TASK, task="one"))
    with pytest.raises(NotAllowed, match="no task four"):
        engine.tell(id_, told(NotifyType.EXECUTE_TASK, task="four"))


def test_execute_task_with_a_loop_item_runs_the_loop_for_that_item_alone(world):
    engine = world.engine()
    id_ = engine.start(world.request(LOOP, mode=Mode.DEBUG))
    until_debug(engine, id_, "make")
    engine.tell(id_, told(NotifyType.EXECUTE_TASK, loop_item="b"))
    assert finished(engine, id_).outputs == {"names": ["b"]}


def test_execute_task_may_bring_other_parameters(world):
    engine = world.engine()
    id_ = engine.start(world.request(SEQUENCE, mode=Mode.DEBUG))
    until_debug(engine, id_, "first")
    engine.tell(id_, told(NotifyType.EXECUTE_TASK, parameters=engine.bind(id_, {"NAME": "other"})))
    until_debug(engine, id_, "second")
    engine.tell(id_, told(NotifyType.EXECUTE_TASK))
    assert finished(engine, id_).outputs == {"names": ["other", "other-2"]}


@pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.CANCELLED])
def test_complete_execution_ends_it_with_the_status_that_the_person_sets(world, status):
    engine = world.engine()
    id_ = engine.start(world.request(THREE, mode=Mode.DEBUG))
    until_debug(engine, id_, "one")
    engine.tell(id_, told(NotifyType.COMPLETE_EXECUTION, execution_status=status, note="enough"))
    assert finished(engine, id_).status is status
    assert not world.service.done


def test_complete_execution_ends_the_children_too():
    world = World(("ACS::TEST::MakeThing", PRODUCT))
    engine = world.engine()
    id_ = engine.start(world.request(PARENT, mode=Mode.DEBUG))
    until_debug(engine, id_, "each")
    engine.tell(id_, told(NotifyType.EXECUTE_TASK))
    while len(world.journal.family(id_)) < 2:
        time.sleep(0.01)
    until_debug(engine, f"{id_}.t0001.0000", "make")
    engine.tell(id_, told(NotifyType.COMPLETE_EXECUTION, execution_status=Status.FAILED))
    assert finished(engine, id_).status is Status.FAILED
    assert engine.look(f"{id_}.t0001.0000").status is Status.CANCELLED
    world.close()


def test_complete_execution_needs_a_final_status_and_an_execution_that_waits(world):
    world.service.hold.clear()
    engine = world.engine()
    id_ = engine.start(world.request(THREE))
    with pytest.raises(NotAllowed, match="ExecutionStatus"):
        engine.tell(id_, told(NotifyType.COMPLETE_EXECUTION))
    with pytest.raises(NotAllowed, match="cancel it instead"):
        engine.tell(id_, told(NotifyType.COMPLETE_EXECUTION, execution_status=Status.SUCCESS))


def failed_loop(world):
    """A loop of three items that all failed once, waiting in FailurePause."""
    engine = world.engine()
    rate_control = {"Mode": "Concurrency", "Concurrency": 3, "MaxErrors": 0}
    id_ = engine.start(world.request(FAILING, mode=Mode.FAILURE_PAUSE, parameters={"rateControl": rate_control}))
    execution = until_waiting(engine, id_, WaitReason.FAILURE)
    assert execution.tasks["make"].loop.failed == 3
    return engine, id_


def test_single_failed_items_are_tried_again(world):
    engine, id_ = failed_loop(world)
    engine.tell(id_, told(NotifyType.RETRY_TASK, items=[0, 2]))
    while world.service.calls["Fail c"] < 2:
        time.sleep(0.01)
    execution = until_waiting(engine, id_, WaitReason.FAILURE)
    loop = execution.tasks["make"].loop
    assert (loop.succeeded, sorted(loop.faults)) == (2, [1])
    assert world.service.calls["Fail b"] == 1
    engine.tell(id_, told(NotifyType.RETRY_TASK, item=1))
    assert finished(engine, id_).outputs == {"names": ["a", "b", "c"]}


def test_single_failed_items_are_left_out(world):
    engine, id_ = failed_loop(world)
    engine.tell(id_, told(NotifyType.RETRY_TASK, items=[0, 1]))
    while world.service.calls["Fail b"] < 2:
        time.sleep(0.01)
    until_waiting(engine, id_, WaitReason.FAILURE)
    engine.tell(id_, told(NotifyType.SKIP_TASK, items=[2]))
    execution = finished(engine, id_)
    assert execution.status is Status.SUCCESS
    assert execution.outputs == {"names": ["a", "b", None]}
    assert execution.tasks["make"].loop.skipped == 1


def test_only_items_that_failed_can_be_named(world):
    engine, id_ = failed_loop(world)
    with pytest.raises(NotAllowed, match="item 10 did not fail"):
        engine.tell(id_, told(NotifyType.RETRY_TASK, items=[9]))


def test_task_execution_ids_name_tasks_and_items(world):
    execution = world.run(LOOP)
    assert task_execution_path(execution, f"{execution.id}.t0001.0002") == ("make", 2)
    assert task_execution_path(execution, f"{execution.id}.t0001") == ("make", -1)
    for wrong in ("exec-1.t0001", f"{execution.id}.t0002", f"{execution.id}.x", execution.id):
        with pytest.raises(NotAllowed):
            task_execution_path(execution, wrong)


def test_a_failed_task_is_retried_with_other_parameters(world):
    text = SEQUENCE.replace("API: Make, Parameters: {Name: '{{ name }}'", "API: '{{ name }}', Parameters: {Name: x")
    engine = world.engine()
    id_ = engine.start(world.request(text, mode=Mode.FAILURE_PAUSE, parameters={"name": "Fail"}))
    until_waiting(engine, id_, WaitReason.FAILURE)
    engine.tell(id_, told(NotifyType.RETRY_TASK, parameters=engine.bind(id_, {"name": "Make"})))
    assert finished(engine, id_).outputs == {"names": ["x", "x-2"]}


def updated(**fields):
    return ExecutionUpdated(at=datetime.now(UTC), by="ann", **fields)


def test_updated_parameters_are_seen_by_tasks_that_start_later(world):
    text = SEQUENCE.replace("'{{ first.name }}-2'", "'{{ name }}-2'")
    text = text.replace("  - Name: second", "  - {Name: ask, Action: 'ACS::Pause'}\n  - Name: second")
    engine = world.engine()
    id_ = engine.start(world.request(text))
    until_waiting(engine, id_, WaitReason.PAUSE)
    engine.update(id_, updated(parameters=engine.bind(id_, {"name": "new"}), description="changed", tags={"a": "b"}))
    engine.tell(id_, told(NotifyType.APPROVE))
    execution = finished(engine, id_)
    assert execution.outputs == {"names": ["thing", "new-2"]}
    assert (execution.description, execution.tags) == ("changed", {"a": "b"})
    assert execution.start.parameters == {"name": "thing"}


def test_a_call_that_is_made_again_sees_the_parameters_of_its_start(world):
    world.service.hold.clear()
    first = world.engine()
    id_ = first.start(world.request(SEQUENCE))
    while not world.service.in_flight:
        time.sleep(0.01)
    first.update(id_, updated(parameters=first.bind(id_, {"name": "new"})))
    while not first.look(id_).before:
        time.sleep(0.01)
    first.close(0.5)
    world.locks.held.clear()
    world.service.hold.set()
    second = world.engine()
    second.resume(id_, by="tester")
    assert finished(second, id_).outputs == {"names": ["thing", "thing-2"]}


def test_parameters_that_do_not_fit_change_nothing(world):
    engine = world.engine()
    id_ = engine.start(world.request(tasks("{Name: stop, Action: 'ACS::Pause'}")))
    with pytest.raises(DiagnosticError, match="nmae"):
        engine.bind(id_, {"nmae": "x"})


def test_an_ended_execution_takes_no_update(world):
    execution = world.run(SEQUENCE)
    engine = world.engine()
    with pytest.raises(NotAllowed, match="has ended"):
        engine.update(execution.id, updated(description="late"))


def test_who_and_why_is_recorded_with_every_answer(world):
    engine = world.engine()
    id_ = engine.start(world.request(tasks("{Name: stop, Action: 'ACS::Pause'}")))
    until_waiting(engine, id_, WaitReason.PAUSE)
    engine.tell(id_, told(NotifyType.APPROVE, note="all is well"))
    finished(engine, id_)
    answers = [event for _, event in world.story.events if isinstance(event, Notified)]
    assert [(each.by, each.note, each.task) for each in answers] == [("ann", "all is well", "stop")]


def test_a_rejection_says_so(world):
    engine = world.engine()
    id_ = engine.start(world.request(tasks("{Name: stop, Action: 'ACS::Pause'}")))
    until_waiting(engine, id_, WaitReason.PAUSE)
    engine.tell(id_, told(NotifyType.REJECT, note="no"))
    assert finished(engine, id_).rejected_by == "ann"
    other = engine.start(world.request(tasks("{Name: stop, Action: 'ACS::Pause'}")))
    engine.tell(other, CancelRequested(at=datetime.now(UTC), by="ann"))
    assert finished(engine, other).rejected_by == ""
