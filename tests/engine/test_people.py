"""What people tell an execution: approve, reject, retry, skip, cancel."""

import time
from datetime import UTC, datetime

from oos.execution.events import CancelRequested, Notified
from oos.execution.status import Mode, NotifyType, SafetyCheck, Status, WaitReason
from tests.engine.templates import LOOP, PARENT, PRODUCT, call, tasks
from tests.engine.world import PATIENCE, World, finished


def told(type_, **fields):
    return Notified(at=datetime.now(UTC), type=type_, by="ann", **fields)


def until_waiting(engine, id_, reason):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        execution = engine.look(id_)
        if execution.waiting is not None and execution.waiting.reason is reason:
            return execution
        assert not execution.status.final, f"{execution.status}: {execution.fault}"
        time.sleep(0.02)
    raise AssertionError(f"{id_} does not wait for {reason}: {execution}")


def test_an_approval_waits_and_goes_on_when_given(world):
    engine = world.engine()
    id_ = engine.start(world.request(tasks("{Name: ask, Action: 'ACS::Approve'}", call("after"))))
    assert until_waiting(engine, id_, WaitReason.APPROVAL).shown_status is Status.WAITING
    engine.tell(id_, told(NotifyType.APPROVE, note="go"))
    assert finished(engine, id_).status is Status.SUCCESS
    assert list(world.service.done.values()) == ["after"]


def test_a_rejection_cancels(world):
    engine = world.engine()
    id_ = engine.start(world.request(tasks("{Name: ask, Action: 'ACS::Approve'}", call("after"))))
    until_waiting(engine, id_, WaitReason.APPROVAL)
    engine.tell(id_, told(NotifyType.REJECT, note="not today"))
    execution = finished(engine, id_)
    assert execution.status is Status.CANCELLED
    assert not world.service.done


def test_a_high_risk_operation_is_confirmed_first(world):
    engine = world.engine()
    id_ = engine.start(world.request(tasks(call("disk", "Delete"))))
    execution = until_waiting(engine, id_, WaitReason.HIGH_RISK)
    assert "TEST.Delete is a high-risk operation" in execution.waiting.note
    assert not world.service.done
    engine.tell(id_, told(NotifyType.APPROVE))
    assert finished(engine, id_).status is Status.SUCCESS
    assert list(world.service.done.values()) == ["disk"]


def test_a_confirmed_loop_is_confirmed_once(world):
    engine = world.engine()
    id_ = engine.start(world.request(LOOP.replace("API: Make", "API: Delete")))
    until_waiting(engine, id_, WaitReason.HIGH_RISK)
    engine.tell(id_, told(NotifyType.APPROVE))
    assert finished(engine, id_).outputs == {"names": ["a", "b", "c"]}


def test_nobody_is_asked_when_the_safety_check_is_skipped_or_the_risk_is_normal(world):
    assert world.run(tasks(call("a", "Delete")), safety_check=SafetyCheck.SKIP).status is Status.SUCCESS
    normal = tasks(call("b", "Delete").replace("API: Delete,", "API: Delete, Risk: Normal,"))
    assert world.run(normal).status is Status.SUCCESS


def test_a_failed_task_is_retried_in_failure_pause(world):
    engine = world.engine()
    text = tasks(
        "{Name: twice, Action: 'ACS::ExecuteAPI', "
        "Properties: {Service: TEST, API: Fail, Parameters: {Name: twice, Times: 1}}}",
        call("after"),
    )
    id_ = engine.start(world.request(text, mode=Mode.FAILURE_PAUSE))
    execution = until_waiting(engine, id_, WaitReason.FAILURE)
    assert "twice failed" in execution.waiting.note
    engine.tell(id_, told(NotifyType.RETRY_TASK))
    execution = finished(engine, id_)
    assert execution.status is Status.SUCCESS
    assert execution.tasks["twice"].attempt == 1
    assert list(world.service.done.values()) == ["after"]


def test_a_failed_task_is_skipped_in_failure_pause(world):
    engine = world.engine()
    id_ = engine.start(world.request(tasks(call("bad", "Fail"), call("after")), mode=Mode.FAILURE_PAUSE))
    until_waiting(engine, id_, WaitReason.FAILURE)
    engine.tell(id_, told(NotifyType.SKIP_TASK))
    execution = finished(engine, id_)
    assert (execution.status, execution.tasks["bad"].status) == (Status.SUCCESS, Status.SKIPPED)


def test_a_retried_loop_repeats_only_the_items_that_failed(world):
    text = LOOP.replace("API: Make, Parameters: {Name:", "API: Fail, Parameters: {Times: 1, Name:")
    engine = world.engine()
    rate_control = {"Mode": "Concurrency", "Concurrency": 1, "MaxErrors": 1}
    world.service.calls["Fail a"] = 1  # the first item succeeds at once
    id_ = engine.start(world.request(text, mode=Mode.FAILURE_PAUSE, parameters={"rateControl": rate_control}))
    until_waiting(engine, id_, WaitReason.FAILURE)
    engine.tell(id_, told(NotifyType.RETRY_TASK))
    assert finished(engine, id_).outputs == {"names": ["a", "b", "c"]}
    assert world.service.calls["Fail a"] == 2
    assert world.service.calls["Fail b"] == world.service.calls["Fail c"] == 2


def test_debug_mode_waits_before_every_task(world):
    engine = world.engine()
    id_ = engine.start(world.request(tasks(call("one"), call("two")), mode=Mode.DEBUG))
    for name in ("one", "two"):
        execution = until_waiting(engine, id_, WaitReason.DEBUG)
        assert execution.current.task.name == name
        engine.tell(id_, told(NotifyType.EXECUTE_TASK))
        while name not in world.service.done.values():
            time.sleep(0.01)
    assert finished(engine, id_).status is Status.SUCCESS


def test_a_loop_pauses_between_batches(world):
    rate_control = {"Mode": "Batch", "Batch": [1], "BatchPauseOption": "FirstBatchPause"}
    engine = world.engine()
    id_ = engine.start(world.request(LOOP, parameters={"rateControl": rate_control}))
    until_waiting(engine, id_, WaitReason.BATCH)
    assert list(world.service.done.values()) == ["a"]
    engine.tell(id_, told(NotifyType.APPROVE))
    assert finished(engine, id_).outputs == {"names": ["a", "b", "c"]}


def test_cancel_starts_nothing_new_and_keeps_the_outcome_of_what_is_in_flight(world):
    world.service.hold.clear()
    engine = world.engine()
    id_ = engine.start(world.request(LOOP, parameters={"items": list("abcdef")}))
    while world.service.in_flight < 2:
        time.sleep(0.01)
    engine.tell(id_, CancelRequested(at=datetime.now(UTC), by="ann", reason="wrong day"))
    while engine.look(id_).cancel is None:
        time.sleep(0.01)
    world.service.hold.set()
    execution = finished(engine, id_)
    assert execution.status is Status.CANCELLED
    assert execution.tasks["make"].loop.succeeded == 2
    assert world.service.calls["Make"] == 2


def test_cancel_reaches_running_children():
    slow = PRODUCT.replace("Tasks:\n", "Tasks:\n  - {Name: nap, Action: 'ACS::Sleep', Properties: {Duration: 1H}}\n")
    world = World(("ACS::TEST::MakeThing", slow))
    engine = world.engine()
    id_ = engine.start(world.request(PARENT))
    deadline = time.monotonic() + PATIENCE
    while len(world.journal.family(id_)) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    engine.tell(id_, CancelRequested(at=datetime.now(UTC), by="ann"))
    assert finished(engine, id_).status is Status.CANCELLED
    child = engine.look(f"{id_}.t0001.0000")
    assert child.status is Status.CANCELLED
    assert not world.service.done
    world.close()


def test_cancelling_a_sleeping_execution_ends_it_at_once(world):
    engine = world.engine()
    id_ = engine.start(world.request(tasks("{Name: nap, Action: 'ACS::Sleep', Properties: {Duration: 1H}}")))
    engine.tell(id_, CancelRequested(at=datetime.now(UTC), by="ann"))
    assert finished(engine, id_).status is Status.CANCELLED
