"""What a call tells of its targets while it is under way: recorded at once, whoever makes the call."""

from __future__ import annotations

import time
from collections.abc import Callable

from oos.cli.words import say
from oos.execution.events import AnyEvent, TargetReported, TaskStarted, TaskSucceeded
from oos.execution.status import Status
from tests.engine.templates import call, tasks
from tests.engine.world import PATIENCE, World, finished
from tests.scale.memory_dispatcher import MemoryDispatcher

ONE = tasks(call("one", "Tell"))
SECRET = """
FormatVersion: OOS-2019-06-01
Parameters: {word: {Type: String, NoEcho: true}}
Tasks:
  - Name: one
    Action: ACS::ExecuteAPI
    Properties: {Service: TEST, API: Tell, Parameters: {Name: '{{ word }}'}}
"""


def events(world: World, id_: str) -> list[AnyEvent]:
    return [world.codec.decode(row.payload, lambda digest: None) for row in world.journal.entries(id_)]


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def steps(world: World, id_: str) -> list[TargetReported]:
    return [each for each in events(world, id_) if isinstance(each, TargetReported)]


def test_steps_of_a_target_are_recorded_before_the_outcome(world: World) -> None:
    execution = world.run(ONE)
    told = [each for each in events(world, execution.id) if getattr(each, "task", "") == "one"]
    assert [type(each) for each in told] == [TaskStarted, TargetReported, TargetReported, TaskSucceeded]
    assert [say(each) for each in told[1:3]] == ["one: look: Ok", "one: change: Ok (changed)"]
    assert told[1].message == "of one"


def test_a_call_that_dies_leaves_what_it_told(world: World) -> None:
    world.service.hold.clear()
    engine = world.engine()
    id_ = engine.start(world.request(ONE))
    wait_for(lambda: len(steps(world, id_)) == 2)
    assert not [each for each in events(world, id_) if isinstance(each, TaskSucceeded)]
    world.service.hold.set()
    assert finished(engine, id_).status is Status.SUCCESS


def test_what_is_told_of_a_target_repeats_no_secret(world: World) -> None:
    execution = world.run(SECRET, parameters={"word": "canary-4711"})
    (first, _) = steps(world, execution.id)
    assert first.message == "of ***"
    assert "canary" not in str(first)


def test_steps_come_with_the_outcome_when_another_process_makes_the_call(world: World) -> None:
    dispatcher = MemoryDispatcher(world)
    names = [f"host-{number}" for number in range(8)]
    text = f"""
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: each
    Action: ACS::ExecuteAPI
    Properties: {{Service: TEST, API: Tell, Parameters: {{Name: '{{{{ ACS::TaskLoopItem }}}}'}}}}
    Loop: {{Items: {names}, RateControl: {{Mode: Concurrency, Concurrency: 8, MaxErrors: 0}}}}
"""
    try:
        engine = world.engine(dispatcher=dispatcher)
        execution = finished(engine, engine.start(world.request(text)))
    finally:
        dispatcher.close()
    assert any(helper.carried for helper in dispatcher.all)
    told = [(each.target, each.step) for each in steps(world, execution.id)]
    assert sorted(told) == sorted((name, step) for name in names for step in ("change", "look"))
