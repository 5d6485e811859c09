"""ACS::Loop: each item runs the inner tasks as a child execution that sees the names around it."""

import pytest

from oos.execution.status import Status
from tests.engine.test_crash import DyingJournal, Killed
from tests.engine.world import World, finished

HEAD = """
FormatVersion: OOS-2019-06-01
Parameters:
  names: {Type: List, Default: [a, b, c]}
  prefix: {Type: String, Default: p}
  secret: {Type: String, Default: 'hunter22', NoEcho: true}
Conditions: {always: {'Fn::Equals': ['{{ prefix }}', '{{ prefix }}']}}
Tasks:
  - Name: before
    Action: ACS::ExecuteAPI
    Properties: {Service: TEST, API: Echo, Parameters: {Value: around}}
    Outputs: {word: {Type: String, ValueSelector: Value}}
"""

SIMPLE = (
    HEAD
    + """
  - Name: each
    Action: ACS::Loop
    Properties:
      LoopItems: '{{ names }}'
      LoopRateControl: {Mode: Concurrency, Concurrency: 2, MaxErrors: 0}
      LoopTasks:
        - Name: make
          Action: ACS::ExecuteAPI
          Properties:
            Service: TEST
            API: Make
            Parameters: {Name: '{{ prefix }}-{{ before.word }}-{{ ACS::TaskLoopItem }}'}
          Outputs: {name: {Type: String, ValueSelector: Value}}
        - Name: again
          Action: ACS::ExecuteAPI
          When: always
          Properties: {Service: TEST, API: Make, Parameters: {Name: '{{ make.name }}+'}}
          Outputs: {name: {Type: String, ValueSelector: Value}}
    Outputs:
      made: {Type: List, ValueSelector: '{{ again.name }}'}
Outputs: {made: {Type: List, Value: '{{ each.made }}'}}
"""
)

NESTED = (
    HEAD
    + """
  - Name: outer
    Action: ACS::Loop
    Properties:
      LoopItems: '{{ names }}'
      LoopTasks:
        - Name: inner
          Action: ACS::Loop
          Properties:
            LoopItems: [1, 2]
            LoopTasks:
              - Name: make
                Action: ACS::ExecuteAPI
                Properties:
                  Service: TEST
                  API: Make
                  Parameters: {Name: '{{ prefix }}{{ ACS::TaskLoopItem }}'}
                Outputs: {name: {Type: String, ValueSelector: Value}}
          Outputs: {names: {Type: List, ValueSelector: '{{ make.name }}'}}
    Outputs: {all: {Type: List, ValueSelector: '{{ inner.names }}'}}
Outputs: {all: {Type: List, Value: '{{ outer.all }}'}}
"""
)

DIRECT = (
    HEAD
    + """
  - Name: each
    Action: ACS::ExecuteAPI
    Properties: {Service: TEST, API: Make, Parameters: {Name: '{{ ACS::TaskLoopItem }}'}}
    Outputs: {name: {Type: String, ValueSelector: Value}}
    Loop: {Items: '{{ names }}', RateControl: {Mode: Concurrency, Concurrency: 2}}
Outputs:
  names: {Type: List, Value: '{{ each.name }}'}
  values: {Type: List, Value: '{{ each.Value }}'}
"""
)


def test_inner_tasks_see_the_names_around_and_give_a_list_over_the_items(world):
    execution = world.run(SIMPLE)
    assert execution.status is Status.SUCCESS, execution.fault
    assert execution.outputs == {"made": [f"p-around-{name}+" for name in "abc"]}
    family = world.journal.family(execution.id)
    assert family == [execution.id, *(f"{execution.id}.t0002.{item:04d}" for item in range(3))]


def test_loops_stand_in_loops(world):
    execution = world.run(NESTED)
    assert execution.outputs == {"all": [["p1", "p2"]] * 3}, execution.fault
    assert f"{execution.id}.t0002.0001.t0001.0000" in world.journal.family(execution.id)


def test_an_item_fails_with_its_inner_task_and_the_limits_hold(world):
    text = SIMPLE.replace("API: Make\n", "API: Fail\n").replace("MaxErrors: 0", "MaxErrors: 1")
    execution = world.run(text)
    assert execution.status is Status.FAILED
    assert execution.fault.code == "LoopFailed"
    assert "task make: p-around-a failed" in execution.fault.message


def test_tolerated_failures_leave_null_in_the_place_of_the_item(world):
    text = SIMPLE.replace("API: Make\n", "API: Fail\n").replace("MaxErrors: 0", "MaxErrors: 100%")
    assert world.run(text).outputs == {"made": [None] * 3}


def test_an_item_can_be_looked_at_by_itself(world):
    execution = world.run(SIMPLE)
    child = world.engine().look(f"{execution.id}.t0002.0001")
    assert child.outputs == {"made": "p-around-b+"}
    assert child.item == "b"
    assert child.parameters == {}


def test_a_looped_task_is_read_directly_as_the_list_over_its_items(world):
    assert world.run(DIRECT).outputs == {"names": ["a", "b", "c"], "values": ["a", "b", "c"]}


@pytest.mark.parametrize("text", [SIMPLE, NESTED], ids=["simple", "nested"])
def test_killed_at_any_write_a_loop_of_tasks_resumes_to_the_same_end(text):
    undisturbed = World(journal=DyingJournal())
    outputs = undisturbed.run(text).outputs
    undisturbed.close()
    for write in range(2, undisturbed.journal.writes + 1):
        world = World(journal=DyingJournal())
        world.journal.dies_at, world.journal.dies_before = write, bool(write % 2)
        engine = world.engine()
        id_ = engine.start(world.request(text))
        while engine.failure is None and not engine.look(id_).status.final:
            pass
        assert engine.failure is None or isinstance(engine.failure, Killed)
        engine.close()
        world.locks.held.clear()
        world.journal.dies_at = None
        second = world.engine()
        second.resume(id_, by="tester")
        assert finished(second, id_).outputs == outputs, write
        assert set(world.service.effects.values()) == {1}
        world.close()
