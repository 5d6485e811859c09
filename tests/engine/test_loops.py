"""Loops: limits hold, results stay with their items, failures are counted."""

import pytest

from oos.execution.status import Status
from tests.engine.templates import LOOP, PARENT, PRODUCT
from tests.engine.world import World

FAILING = """
FormatVersion: OOS-2019-06-01
Parameters: {items: {Type: List}, rateControl: {Type: Json}}
Tasks:
  - Name: each
    Action: ACS::ExecuteAPI
    Properties:
      Service: TEST
      API: {'Fn::Select': [api, '{{ ACS::TaskLoopItem }}']}
      Parameters: {Name: {'Fn::Select': [name, '{{ ACS::TaskLoopItem }}']}}
    Outputs: {name: {Type: String, ValueSelector: Value}}
    Loop:
      Items: '{{ items }}'
      RateControl: '{{ rateControl }}'
      Outputs: {names: {AggregateType: 'Fn::ListJoin', AggregateField: name}}
Outputs: {names: {Type: List, Value: '{{ each.names }}'}}
"""


def mixed(*names):
    """Items that succeed, and (in capitals) items that fail."""
    return [{"name": name, "api": "Fail" if name.isupper() else "Make"} for name in names]


def test_results_stay_in_the_order_of_the_items(world):
    items = [f"item-{number}" for number in range(50)]
    rate_control = {"Mode": "Concurrency", "Concurrency": 10, "MaxErrors": 0}
    execution = world.run(LOOP, parameters={"items": items, "rateControl": rate_control})
    assert execution.outputs == {"names": items}


def test_never_more_items_are_in_flight_than_allowed(world):
    rate_control = {"Mode": "Concurrency", "Concurrency": 3, "MaxErrors": 0}
    world.run(LOOP, parameters={"items": [str(n) for n in range(40)], "rateControl": rate_control})
    assert 1 <= world.service.most_in_flight <= 3


def test_an_empty_loop_succeeds_with_empty_aggregates(world):
    execution = world.run(LOOP, parameters={"items": []})
    assert execution.status is Status.SUCCESS
    assert execution.outputs == {"names": []}


def test_a_loop_stops_after_max_errors(world):
    rate_control = {"Mode": "Concurrency", "Concurrency": 1, "MaxErrors": 1}
    execution = world.run(
        FAILING, parameters={"items": mixed("a", "B", "c", "D", "e", "f"), "rateControl": rate_control}
    )
    assert execution.status is Status.FAILED
    assert execution.fault.code == "LoopFailed"
    assert "2 of 6 items failed, 1 may" in execution.fault.message
    assert "2 were not started" in execution.fault.message
    assert list(world.service.done.values()) == ["a", "c"]


def test_tolerated_errors_leave_a_null_in_the_place_of_the_item(world):
    rate_control = {"Mode": "Concurrency", "Concurrency": 2, "MaxErrors": "100%"}
    execution = world.run(FAILING, parameters={"items": mixed("a", "B", "c"), "rateControl": rate_control})
    assert execution.status is Status.SUCCESS
    assert execution.outputs == {"names": ["a", None, "c"]}
    loop = execution.tasks["each"].loop
    assert (loop.succeeded, loop.failed) == (2, 1)


def test_batches_run_one_after_the_other(world):
    rate_control = {"Mode": "Batch", "Batch": [1, 2], "MaxErrors": 0}
    execution = world.run(LOOP, parameters={"items": list("abcdefg"), "rateControl": rate_control})
    assert execution.status is Status.SUCCESS
    batches = [event.batch for _, event in world.story.events if type(event).__name__ == "BatchStarted"]
    assert batches == [1, 2, 3]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"rateControl": {"Mode": "Concurrency", "Concurrency": 0}}, "InvalidRateControl"),
        ({"rateControl": {"Mode": "Waves"}}, "InvalidRateControl"),
    ],
)
def test_a_rate_control_that_cannot_be_followed_fails_the_task(world, parameters, code):
    execution = world.run(LOOP, parameters=parameters)
    assert execution.fault.code == code
    assert not world.service.done


def test_a_loop_of_child_executions_gathers_their_outputs():
    world = World(("ACS::TEST::MakeThing", PRODUCT))
    execution = world.run(PARENT)
    assert execution.status is Status.SUCCESS
    assert execution.outputs == {"all": ["x", "y", "z"]}
    family = world.journal.family(execution.id)
    assert family == [execution.id, *(f"{execution.id}.t0001.{item:04d}" for item in range(3))]
    world.close()


def test_a_failed_child_names_itself():
    world = World(("ACS::TEST::MakeThing", PRODUCT.replace("API: Make", "API: Fail")))
    execution = world.run(PARENT, parameters={"names": ["x"]})
    assert execution.status is Status.FAILED
    assert f"{execution.id}.t0001.0000" in execution.fault.message
    assert "x failed" in execution.fault.message
    world.close()
