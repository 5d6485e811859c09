"""The keeper: what is due is taken up in time, what waits costs nothing, and nothing fires twice."""

from datetime import UTC, timedelta

import pytest

from oos.engine.keeper import PARK, Keeper
from oos.execution.events import CancelRequested, ExecutionResumed, Notified, TriggerSwitched
from oos.execution.status import NotifyType, Status
from tests.engine.simulated import SimulatedWorld
from tests.engine.templates import SEQUENCE, call, tasks
from tests.engine.test_triggers import TIMER, made, missed

NAP = "{Name: nap, Action: 'ACS::Sleep', Properties: {Duration: 1H}}"
ASK = "{Name: ask, Action: 'ACS::Approve'}"


class Serving:
    """A process that serves, on simulated time."""

    def __init__(self, world):
        self.world = world
        self.engine = world.engine(park=PARK)
        self.keeper = Keeper(self.engine, world.journal, world.clock)

    def go_on(self):
        self.keeper.look()
        self.world.settle(self.engine)

    def die(self):
        """kill -9: the kernel frees its locks."""
        held = set(self.engine._driver.families)
        self.engine.close()
        self.world.locks.held -= held


@pytest.fixture
def world():
    made_world = SimulatedWorld()
    yield made_world
    made_world.close()


def pass_time(world, servings, minutes, step=30):
    end = world.clock.now + timedelta(minutes=minutes)
    while world.clock.now < end:
        world.clock.now = min(end, world.clock.now + timedelta(seconds=step))
        for serving in servings:
            serving.go_on()


def start(world, serving, text, **changes):
    id_ = serving.engine.start(world.request(text, **changes))
    world.settle(serving.engine)
    return id_


def test_an_execution_that_waits_is_let_go_of_and_taken_up_in_time(world):
    serving = Serving(world)
    id_ = start(world, serving, tasks(NAP, call("after")))
    assert serving.engine.driven == 0
    assert not world.locks.held
    pass_time(world, [serving], 59)
    assert serving.engine.driven == 0
    pass_time(world, [serving], 2)
    execution = serving.engine.look(id_)
    assert execution.status is Status.SUCCESS
    assert execution.tasks["nap"].ended - execution.tasks["nap"].started < timedelta(minutes=61)
    assert not [event for _, event in world.story.events if isinstance(event, ExecutionResumed)]


def test_word_to_an_execution_that_waits_is_heard(world):
    serving = Serving(world)
    id_ = start(world, serving, tasks(ASK, call("after")))
    assert serving.engine.driven == 0
    assert world.journal.summary(id_).due is None
    serving.engine.tell(id_, Notified(at=world.clock.now, type=NotifyType.APPROVE, by="ann"))
    serving.go_on()
    assert serving.engine.look(id_).status is Status.SUCCESS


def test_word_to_an_execution_that_has_ended_is_answered(world):
    serving = Serving(world)
    id_ = start(world, serving, SEQUENCE)
    serving.engine.tell(id_, CancelRequested(at=world.clock.now, by="ann"))
    serving.go_on()
    assert world.journal.signalled() == []


def test_what_a_dead_process_left_is_taken_up(world):
    first = Serving(world)
    first.engine.start(world.request(SEQUENCE))
    first.engine.go_on()
    first.die()
    second = Serving(world)
    second.go_on()
    assert set(world.service.effects.values()) == {1}
    assert made(world)


def test_what_another_process_drives_is_left_alone(world):
    other = world.engine()
    id_ = other.start(world.request(SEQUENCE))
    serving = Serving(world)
    serving.go_on()
    assert serving.engine.driven == 0
    world.settle(other)
    assert other.look(id_).status is Status.SUCCESS


def test_two_processes_fire_a_trigger_once(world):
    servings = [Serving(world), Serving(world)]
    id_ = start(world, servings[0], TIMER.replace("MORE", ""))
    pass_time(world, servings, 5 * 60 + 1)
    assert made(world) == ["13:00", "14:00", "15:00", "16:00", "17:00"]
    assert world.journal.summary(id_).firing.fired == 5


def test_a_trigger_survives_the_death_of_every_process_that_carries_it(world):
    first = Serving(world)
    start(world, first, TIMER.replace("MORE", ""))
    for _ in range(6):
        serving = Serving(world)
        pass_time(world, [serving], 40)
        serving.die()
    assert made(world) == ["13:00", "14:00", "15:00", "16:00"]
    assert not missed(world)


def test_a_clock_that_is_set_back_fires_nothing_twice(world):
    serving = Serving(world)
    start(world, serving, TIMER.replace("MORE", ""))
    pass_time(world, [serving], 70)
    world.clock.now -= timedelta(minutes=30)
    pass_time(world, [serving], 120)
    assert made(world) == ["13:00", "14:00"]


def test_a_clock_that_is_set_forward_misses_firings_and_says_so(world):
    serving = Serving(world)
    start(world, serving, TIMER.replace("MORE", ""))
    pass_time(world, [serving], 70)
    world.clock.now += timedelta(hours=3)
    serving.go_on()
    pass_time(world, [serving], 60)
    assert made(world) == ["13:00", "17:00"]
    assert missed(world) == [("nobody was there", 3)]


def test_a_paused_trigger_that_nobody_drives_stays_paused(world):
    serving = Serving(world)
    id_ = start(world, serving, TIMER.replace("MORE", ""))
    serving.engine.tell(id_, TriggerSwitched(at=world.clock.now, by="ann", paused=True))
    pass_time(world, [serving], 130)
    assert made(world) == []


def test_a_year_of_a_daily_trigger_fires_each_day_once_through_both_nights_and_many_deaths(world):
    world.clock.now = world.clock.now.replace(hour=0)
    serving = Serving(world)
    text = TIMER.replace("MORE", ", TimeZone: Europe/Berlin")
    parameters = {"expression": "0 30 2 * * ?", "end": "2026-12-31T23:00:00Z"}
    id_ = start(world, serving, text, parameters=parameters)
    end = world.clock.now + timedelta(days=366)
    while (due := world.journal.due(end, 10)) and world.clock.now < end:
        assert due == [id_]
        world.clock.now = max(world.clock.now, world.journal.summary(id_).due) + timedelta(seconds=1)
        serving.go_on()
        if world.clock.now.day % 7 == 0:
            serving.die()
            serving = Serving(world)
    days = [str(value)[:10] for value in world.service.done.values()]
    assert len(days) == len(set(days)) == 365
    assert set(world.service.effects.values()) == {1}
    assert serving.engine.look(id_).status is Status.SUCCESS


def test_one_execution_that_cannot_be_read_does_not_keep_the_others_from_going_on(world, caplog):
    serving = Serving(world)
    bad = start(world, serving, tasks(NAP, call("bad")))
    good = start(world, serving, tasks(NAP, call("good")))
    world.journal._kept.contents.pop(serving.engine.look(bad).start.template_hash)
    pass_time(world, [serving], 61)
    assert serving.engine.look(good).status is Status.SUCCESS
    assert "cannot be taken up" in caplog.text
    assert bad in caplog.text


def test_thousands_of_waiting_executions_cost_what_the_journal_holds(world):
    """The journal here is in memory; what the engine keeps besides must be nothing."""
    serving = Serving(world)
    request = world.request(tasks(ASK))
    for _ in range(2000):
        serving.engine.start(request)
        if len(world.runtimes[id(serving.engine)].inbox) > 100:
            world.settle(serving.engine)
    world.settle(serving.engine)
    driver = serving.engine._driver
    assert (serving.engine.driven, len(driver._timers), len(driver.ledger._shown)) == (0, 0, 0)
    assert not world.locks.held
    assert world.journal.due(world.clock.now.astimezone(UTC) + timedelta(days=1), 10) == []
