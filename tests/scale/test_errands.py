"""Calls that others carry out: limits hold, effects happen once, whoever dies and whatever gets lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from oos.adapters.memory_journal import MemoryJournal
from oos.engine.engine import Engine
from oos.engine.errors import OwnedElsewhere
from oos.engine.guards import FleetShare, Guards
from oos.engine.sharing import Load, Pace, chunk_size, keep_here
from oos.execution.chunks import Report
from oos.execution.events import CancelRequested
from oos.execution.model import Execution
from oos.execution.status import Status, WaitReason
from oos.journal.port import Batch, LeaseLost
from oos.values.identifiers import root_execution_id
from tests.engine.templates import LOOP, PARENT, PRODUCT, call, tasks
from tests.engine.world import PATIENCE, World, finished
from tests.scale.memory_dispatcher import MemoryDispatcher

ITEMS = [f"item-{number:03}" for number in range(60)]
INNER = """
FormatVersion: OOS-2019-06-01
Parameters:
  word: {Type: String, NoEcho: true, Default: canary-77}
Tasks:
  - Name: each
    Action: ACS::Loop
    Properties:
      LoopItems: [a, b, c, d, e, f]
      LoopRateControl: {Mode: Concurrency, Concurrency: 4, MaxErrors: 0}
      LoopTasks:
        - Name: make
          Action: ACS::ExecuteAPI
          Properties: {Service: TEST, API: Make, Parameters: {Name: '{{ ACS::TaskLoopItem }}-{{ word }}'}}
"""


@pytest.fixture
def world() -> Iterator[World]:
    made = World(("ACS::TEST::MakeThing", PRODUCT))
    yield made
    made.close()


@pytest.fixture
def dispatcher(world: World) -> Iterator[MemoryDispatcher]:
    made = MemoryDispatcher(world)
    yield made
    made.close()


def start(world: World, engine: Engine, text: str = LOOP, **parameters: Any) -> str:
    return engine.start(world.request(text, parameters=parameters))


def loop(world: World, engine: Engine, width: int = 10, **limits: Any) -> str:
    rate = {"Mode": "Concurrency", "Concurrency": width, "MaxErrors": 0, **limits}
    return start(world, engine, items=ITEMS, rateControl=rate)


def carried(dispatcher: MemoryDispatcher) -> int:
    return sum(len(chunk.errands) for helper in dispatcher.all for chunk in helper.carried)


def wait_for(condition: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def assert_all_made_once(world: World, execution: Execution) -> None:
    assert execution.status is Status.SUCCESS, execution.fault
    assert execution.outputs == {"names": ITEMS}
    assert sorted(world.service.done.values()) == ITEMS
    assert set(world.service.effects.values()) == {1}


def test_a_loop_spreads_over_all_processes_within_its_limits(world: World, dispatcher: MemoryDispatcher) -> None:
    engine = world.engine(dispatcher=dispatcher)
    assert_all_made_once(world, finished(engine, loop(world, engine)))
    assert all(helper.carried for helper in dispatcher.all)
    assert 0 < carried(dispatcher) < len(ITEMS)
    assert world.service.calls["Make"] == len(ITEMS)
    assert world.service.most_in_flight <= 10


def test_work_that_is_over_sooner_than_it_is_sent_stays_here(world: World, dispatcher: MemoryDispatcher) -> None:
    dispatcher.cost = 60.0
    engine = world.engine(dispatcher=dispatcher)
    finished(engine, start(world, engine, tasks(call("one"))))
    world.service.done.clear()
    world.service.effects.clear()
    assert_all_made_once(world, finished(engine, loop(world, engine)))
    assert carried(dispatcher) == 0


def test_children_of_a_loop_spread_too(world: World, dispatcher: MemoryDispatcher) -> None:
    engine = world.engine(dispatcher=dispatcher)
    names = ITEMS[:20]
    text = PARENT.replace("Concurrency: 2", "Concurrency: 8")
    execution = finished(engine, start(world, engine, text, names=names))
    assert execution.outputs == {"all": names}
    assert set(world.service.effects.values()) == {1}
    assert carried(dispatcher) > 0


def test_items_of_an_inner_loop_see_the_names_and_keep_the_secrets_around_them(
    world: World, dispatcher: MemoryDispatcher
) -> None:
    engine = world.engine(dispatcher=dispatcher)
    execution = finished(engine, start(world, engine, INNER))
    assert execution.status is Status.SUCCESS, execution.fault
    assert sorted(world.service.done.values()) == [f"{item}-canary-77" for item in "abcdef"]
    assert carried(dispatcher) > 0


def test_secrets_in_what_is_reported_are_sealed(world: World, dispatcher: MemoryDispatcher) -> None:
    sent: list[bytes] = []
    send = world.journal.send

    def listen(execution_id: str, payload: bytes) -> int:
        sent.append(payload)
        return send(execution_id, payload)

    world.journal.send = listen  # type: ignore[method-assign]  # overheard, and passed on
    engine = world.engine(dispatcher=dispatcher)
    text = LOOP.replace("Parameters:\n", "Parameters:\n  word: {Type: String, NoEcho: true}\n", 1)
    text = text.replace("Name: '{{ ACS::TaskLoopItem }}'", "Name: '{{ ACS::TaskLoopItem }}-{{ word }}'")
    rate = {"Mode": "Concurrency", "Concurrency": 10, "MaxErrors": 0}
    execution = finished(engine, start(world, engine, text, items=ITEMS[:20], rateControl=rate, word="canary-77"))
    assert execution.status is Status.SUCCESS
    assert sent
    assert not any(b"canary-77" in payload for payload in sent)


def test_a_chunk_that_is_delivered_twice_does_no_harm(world: World, dispatcher: MemoryDispatcher) -> None:
    dispatcher.doubling = 5
    engine = world.engine(dispatcher=dispatcher)
    assert_all_made_once(world, finished(engine, loop(world, engine)))


def test_a_chunk_that_gets_lost_is_made_again(world: World, dispatcher: MemoryDispatcher) -> None:
    dispatcher.losing = 2
    engine = world.engine(dispatcher=dispatcher)
    assert_all_made_once(world, finished(engine, loop(world, engine)))
    assert world.service.calls["Make"] == len(ITEMS)


def test_what_a_process_had_that_died_is_made_again(world: World, dispatcher: MemoryDispatcher) -> None:
    world.service.hold.clear()
    engine = world.engine(dispatcher=dispatcher)
    id_ = loop(world, engine)
    wait_for(lambda: world.service.in_flight == 10, "all are under way")
    dispatcher.all[0].die()
    world.service.hold.set()
    assert_all_made_once(world, finished(engine, id_))


def test_a_call_in_doubt_whose_process_died_waits_for_a_person(world: World, dispatcher: MemoryDispatcher) -> None:
    world.service.hold.clear()
    engine = world.engine(dispatcher=dispatcher)
    id_ = start(
        world, engine, LOOP.replace("API: Make", "API: Once"), items=list("abcdef"), rateControl={"Concurrency": 6}
    )
    wait_for(lambda: world.service.calls["Once"] == 6, "all are under way")
    had = {errand.item for chunk in dispatcher.all[0].carried for errand in chunk.errands}
    assert had
    dispatcher.all[0].die()
    world.service.hold.set()

    def in_doubt() -> set[int]:
        task = engine.look(id_).current
        assert task is not None
        assert task.loop is not None
        return {
            item
            for item, activity in task.loop.in_flight.items()
            if activity.waiting is not None and activity.waiting.reason is WaitReason.INTERRUPTED
        }

    wait_for(lambda: in_doubt() == had, "a person is asked about just those")
    assert set(world.service.effects.values()) == {1}


def test_calls_with_others_outlive_their_driver_and_are_not_made_again(
    world: World, dispatcher: MemoryDispatcher
) -> None:
    world.service.hold.clear()
    first = world.engine(dispatcher=dispatcher)
    id_ = loop(world, first)
    wait_for(lambda: world.service.in_flight == 10, "all are under way")
    elsewhere = carried(dispatcher)
    first.close(0.1)
    world.locks.held.clear()
    second = world.engine(dispatcher=dispatcher)
    second.resume(id_, by="")
    time.sleep(0.1)
    world.service.hold.set()
    assert_all_made_once(world, finished(second, id_))
    assert world.service.calls["Make"] == len(ITEMS) + 10 - elsewhere, "only those of the dead driver are made again"


def test_what_was_reported_while_nobody_drove_is_recorded_and_not_made_again(
    world: World, dispatcher: MemoryDispatcher
) -> None:
    world.service.hold.clear()
    first = world.engine(dispatcher=dispatcher)
    id_ = start(
        world, first, LOOP.replace("API: Make", "API: Once"), items=list("abcdef"), rateControl={"Concurrency": 6}
    )
    wait_for(lambda: world.service.calls["Once"] == 6, "all are under way")
    elsewhere = carried(dispatcher)
    first.close(0.1)
    world.locks.held.clear()
    world.service.hold.set()
    wait_for(lambda: not dispatcher.living([id_]), "the helpers have reported")
    second = world.engine(dispatcher=dispatcher)
    second.resume(id_, by="")

    def succeeded() -> int:
        task = second.look(id_).current
        return task.loop.succeeded if task is not None and task.loop is not None else 0

    wait_for(lambda: succeeded() == elsewhere, "what was reported is recorded")
    assert second.wait(id_, 0.5) is None
    assert succeeded() == elsewhere
    assert world.service.calls["Once"] == 6, "nothing is run twice"


def test_a_late_report_of_calls_that_are_made_again_is_passed_over(world: World, dispatcher: MemoryDispatcher) -> None:
    sent: list[tuple[str, bytes]] = []
    send = world.journal.send

    def delay(execution_id: str, payload: bytes) -> int:
        sent.append((execution_id, payload))
        return 0

    world.journal.send = delay  # type: ignore[method-assign]  # reports get stuck
    engine = world.engine(dispatcher=dispatcher)
    id_ = loop(world, engine)
    wait_for(lambda: sent, "something is reported")
    world.journal.send = send  # type: ignore[method-assign]  # and do not
    execution = finished(engine, id_)
    for late in sent:
        send(*late)
    assert_all_made_once(world, execution)


def test_nothing_counts_as_lost_while_nobody_can_say_where_it_is(world: World, dispatcher: MemoryDispatcher) -> None:
    world.service.hold.clear()
    engine = world.engine(dispatcher=dispatcher)
    id_ = loop(world, engine)
    wait_for(lambda: world.service.in_flight == 10, "all are under way")
    dispatcher.silent = True
    time.sleep(1.5)
    dispatcher.silent = False
    world.service.hold.set()
    assert_all_made_once(world, finished(engine, id_))
    assert world.service.calls["Make"] == len(ITEMS)


def test_a_cancelled_execution_starts_nothing_new_elsewhere(world: World, dispatcher: MemoryDispatcher) -> None:
    world.service.hold.clear()
    engine = world.engine(dispatcher=dispatcher)
    id_ = loop(world, engine)
    wait_for(lambda: world.service.in_flight == 10, "all are under way")
    engine.tell(id_, CancelRequested(at=world.now(), by="tester"))
    wait_for(lambda: engine.look(id_).cancel is not None, "it was told")
    world.service.hold.set()
    execution = finished(engine, id_)
    assert execution.status is Status.CANCELLED
    assert world.service.calls["Make"] == 10
    task = execution.tasks["make"]
    assert task.loop is not None
    assert task.loop.succeeded == 10, "what was in flight keeps its outcome"


def test_max_errors_holds_when_others_make_the_calls(world: World, dispatcher: MemoryDispatcher) -> None:
    engine = world.engine(dispatcher=dispatcher)
    rate = {"Mode": "Concurrency", "Concurrency": 5, "MaxErrors": 3}
    execution = finished(
        engine, start(world, engine, LOOP.replace("API: Make", "API: Fail"), items=ITEMS, rateControl=rate)
    )
    assert execution.status is Status.FAILED
    task = execution.tasks["make"]
    assert task.loop is not None
    assert 4 <= task.loop.failed <= 3 + 5
    assert sum(count for name, count in world.service.calls.items() if name.startswith("Fail")) == task.loop.failed


def test_what_counts_instances_is_counted_by_one_process(world: World, dispatcher: MemoryDispatcher) -> None:
    engine = world.engine(dispatcher=dispatcher, guards=Guards(share=FleetShare("10")))
    assert_all_made_once(world, finished(engine, loop(world, engine)))
    assert carried(dispatcher) == 0


def test_a_report_that_cannot_be_read_ends_nothing(world: World, dispatcher: MemoryDispatcher) -> None:
    world.service.hold.clear()
    engine = world.engine(dispatcher=dispatcher)
    id_ = loop(world, engine)
    world.journal.send(id_, b'{"event":"CallsReported","done":[["newer"]]}')
    world.journal.send(id_, world.codec.encode_report(Report([])))
    wait_for(lambda: not world.journal.signalled(), "both are answered")
    world.service.hold.set()
    assert_all_made_once(world, finished(engine, id_))


class TakenOver(MemoryJournal):
    """Refuses what is written for executions that another process has taken over."""

    def __init__(self) -> None:
        super().__init__(on_append=self._refuse)
        self.taken: set[str] = set()

    def _refuse(self, batch: Batch) -> None:
        lost = {root_execution_id(entry.execution_id) for entry in batch.entries} & self.taken
        if lost:
            raise LeaseLost(lost)


def test_who_lost_a_lease_drops_that_execution_and_goes_on_with_the_others() -> None:
    journal = TakenOver()
    world = World(journal=journal)
    world.service.hold.clear()
    engine = world.engine()
    lost, kept = start(world, engine, items=ITEMS[:4]), start(world, engine, items=ITEMS[:4])
    wait_for(lambda: world.service.in_flight == 4, "both are under way")
    written = len(list(journal.entries(lost)))
    journal.taken.add(lost)
    world.service.hold.set()
    with pytest.raises(OwnedElsewhere):
        engine.wait(lost, PATIENCE)
    assert finished(engine, kept).status is Status.SUCCESS
    assert len(list(journal.entries(lost))) == written
    assert world.service.calls["Make"] == 4 + 2, "of the lost one nothing new was begun"
    wait_for(lambda: lost not in world.locks.held, "its last call is over, and then its lock is free")
    assert engine.failure is None
    world.close()


def test_a_call_that_waits_for_a_thread_while_the_lease_goes_is_not_begun() -> None:
    world = World()
    world.service.hold.clear()
    engine = world.engine(workers=1)
    lost = start(world, engine, items=ITEMS[:4])
    wait_for(lambda: world.service.in_flight == 1, "one call is under way, and one waits")
    world.locks.taken.add(lost)
    world.service.hold.set()
    with pytest.raises(OwnedElsewhere):
        engine.wait(lost, PATIENCE)
    assert world.service.calls["Make"] == 1
    assert engine.failure is None
    world.close()


def test_who_takes_over_and_loses_the_lease_at_once_begins_nothing() -> None:
    journal = TakenOver()
    world = World(journal=journal)
    world.service.hold.clear()
    first = world.engine()
    id_ = start(world, first, items=ITEMS[:4])
    wait_for(lambda: world.service.in_flight == 2, "it is under way")
    first.close(0.1)
    world.locks.held.clear()
    journal.taken.add(id_)
    second = world.engine()
    second.resume(id_, by="")
    wait_for(lambda: not second.is_driving(id_), "it is let go of")
    assert world.service.calls["Make"] == 2
    assert second.failure is None
    world.close()


@pytest.mark.parametrize(
    ("calls", "here", "elsewhere", "helpers", "pace", "stay"),
    [
        (100, 0, 0, 0, None, 100),
        (1, 0, 0, 3, None, 1),
        (1, 0, 5, 3, Pace(10.0, 0.0), 1),
        (100, 0, 0, 1, None, 50),
        (99, 0, 0, 2, Pace(1.0, 0.0), 33),
        (10, 30, 20, 1, Pace(1.0, 0.0), 0),
        (10, 5, 45, 1, Pace(1.0, 0.0), 10),
        (100, 0, 0, 1, Pace(0.00001, 0.00001), 100),
        # Calls that wait do so side by side, as far as there are threads; those that compute take turns.
        (100, 0, 0, 1, Pace(0.01, 0.0001), 100),
        (100, 0, 0, 1, Pace(0.01, 0.001), 50),
        (400, 0, 0, 1, Pace(0.01, 0.00001), 200),
    ],
)
def test_each_process_gets_its_part(
    calls: int, here: int, elsewhere: int, helpers: int, pace: Pace | None, stay: int
) -> None:
    assert keep_here(calls, Load(here, elsewhere, helpers, pace, 128), cost=0.02) == stay


@pytest.mark.parametrize(
    ("calls", "helpers", "seconds", "size"),
    [(50, 1, None, 25), (50, 1, 0.01, 25), (1, 1, 0.01, 1), (1000, 1, 0.01, 100), (50, 1, 5.0, 2), (50, 2, 600.0, 1)],
)
def test_chunks_follow_concurrency_and_duration(calls: int, helpers: int, seconds: float | None, size: int) -> None:
    pace = None if seconds is None else Pace(seconds, 0.0)
    assert chunk_size(calls, Load(0, 0, helpers, pace, 128)) == size
