"""Triggers: when they fire, what they start, what becomes of firings that cannot be made."""

from datetime import UTC, datetime, timedelta

import pytest

from oos.execution.events import CancelRequested, ExecutionUpdated, FiringMissed, TriggerRequested, TriggerSwitched
from oos.execution.notify import NotAllowed
from oos.execution.status import Status, WaitReason
from oos.schedule.errors import ScheduleInvalid
from tests.engine.simulated import NOON, SimulatedWorld
from tests.engine.templates import PRODUCT

TIMER = """
FormatVersion: OOS-2019-06-01
Parameters:
  expression: {Type: String, Default: '0 0 * * * ?'}
  type: {Type: String, Default: cron}
  end: {Type: String, Default: '2026-01-02T12:00:00Z'}
Tasks:
  - Name: timer
    Action: ACS::TimerTrigger
    Properties: {Type: '{{ type }}', Expression: '{{ expression }}', EndDate: '{{ end }}'MORE}
    Outputs: {due: {Type: String, ValueSelector: scheduledTime}}
  - Name: make
    Action: ACS::ExecuteAPI
    Properties: {Service: TEST, API: Make, Parameters: {Name: '{{ timer.due }}'}}
Outputs: {due: {Type: String, Value: '{{ timer.due }}'}}
"""
NAP = "  - {Name: nap, Action: 'ACS::Sleep', Properties: {Duration: 90M}}\n"
SLOW = TIMER.replace("  - Name: make", NAP + "  - Name: make")


@pytest.fixture
def world():
    made = SimulatedWorld()
    yield made
    made.close()


def start(world, text=TIMER, more="", **parameters):
    engine = world.engine()
    id_ = engine.start(world.request(text.replace("MORE", more), parameters=parameters))
    world.settle(engine)
    return engine, id_


def made(world):
    return [str(value)[11:16] for value in world.service.done.values()]


def missed(world):
    return [(event.why, event.count) for _, event in world.story.events if isinstance(event, FiringMissed)]


def test_a_trigger_waits_and_starts_a_child_at_each_firing(world):
    engine, id_ = start(world)
    armed = engine.look(id_)
    assert armed.shown_status is Status.WAITING
    assert armed.shown_wait.reason is WaitReason.TRIGGER
    world.pass_time(engine, hours=3, minutes=30)
    assert made(world) == ["13:00", "14:00", "15:00"]
    child = engine.look(f"{id_}.t0001.0002")
    assert child.status is Status.SUCCESS
    assert child.outputs == {"due": "2026-01-01T15:00:00Z"}
    assert child.tasks["timer"].status is Status.SUCCESS
    assert engine.look(id_).shown_status is Status.WAITING


def test_the_summary_tells_of_the_firings(world):
    engine, id_ = start(world)
    world.pass_time(engine, hours=2, minutes=30)
    summary = world.journal.summary(id_)
    assert (summary.category, summary.waiting) == ("TimerTrigger", "Trigger")
    firing = summary.firing
    assert (firing.fired, firing.missed, firing.running) == (2, 0, 0)
    assert firing.next == NOON + timedelta(hours=3)
    assert (firing.last, firing.last_status) == (NOON + timedelta(hours=2), "Success")
    assert firing.last_success == NOON + timedelta(hours=2)
    assert summary.due == firing.next
    assert world.journal.summary(f"{id_}.t0001.0000").parent_id == id_


def test_at_its_end_date_it_ends_in_success(world):
    engine, id_ = start(world, end="2026-01-01T14:30:00Z")
    world.pass_time(engine, hours=5)
    execution = engine.look(id_)
    assert (execution.status, execution.ended) == (Status.SUCCESS, NOON + timedelta(hours=2, minutes=30))
    assert made(world) == ["13:00", "14:00"]
    assert "make" not in execution.tasks


def test_at_its_end_date_a_running_child_comes_to_its_end_first(world):
    engine, id_ = start(world, SLOW, end="2026-01-01T13:30:00Z")
    world.pass_time(engine, hours=5)
    assert engine.look(id_).ended == NOON + timedelta(hours=2, minutes=30)
    assert made(world) == ["13:00"]


def test_cancel_ends_the_trigger_and_its_children(world):
    engine, id_ = start(world, SLOW)
    world.pass_time(engine, hours=1, minutes=30)
    engine.tell(id_, CancelRequested(at=world.clock.now, by="ann"))
    world.settle(engine)
    assert engine.look(id_).status is Status.CANCELLED
    assert engine.look(f"{id_}.t0001.0000").status is Status.CANCELLED
    world.pass_time(engine, hours=5)
    assert not world.service.done


@pytest.mark.parametrize(
    ("policy", "expected", "lost"),
    [
        ("Start", ["13:00", "14:00", "15:00", "16:00"], 0),
        ("Skip", ["13:00", "15:00"], 2),
        ("Queue", ["13:00", "14:00", "15:00"], 0),
    ],
)
def test_what_becomes_of_a_firing_while_the_one_before_runs(world, policy, expected, lost):
    engine, _ = start(world, SLOW, f", OverlapPolicy: {policy}")
    world.pass_time(engine, hours=5, minutes=45)
    assert made(world) == expected
    skipped = [count for why, count in missed(world) if "still runs" in why]
    assert sum(skipped) == lost


def resumed_after(world, engine, id_, **amount):
    """The process died; nobody was there for a while."""
    engine.close()
    world.locks.held.clear()
    world.clock.now += timedelta(**amount)
    second = world.engine()
    second.resume(id_, by="tester")
    world.settle(second)
    return second


def test_firings_that_nobody_made_are_skipped_and_recorded(world):
    engine, id_ = start(world)
    world.pass_time(engine, minutes=90)
    second = resumed_after(world, engine, id_, hours=3)
    assert missed(world) == [("nobody was there", 3)]
    world.pass_time(second, hours=1)
    assert made(world) == ["13:00", "17:00"]
    assert second.look(id_).tasks["timer"].trigger.missed == 3


def test_with_missed_policy_once_the_last_missed_firing_is_made(world):
    engine, id_ = start(world, more=", MissedPolicy: Once")
    world.pass_time(engine, minutes=90)
    second = resumed_after(world, engine, id_, hours=3)
    assert made(world) == ["13:00", "16:00"]
    assert missed(world) == [("nobody was there", 2)]
    world.pass_time(second, hours=1)
    assert made(world) == ["13:00", "16:00", "17:00"]


def test_a_firing_that_comes_a_little_late_is_made(world):
    engine, id_ = start(world)
    resumed_after(world, engine, id_, minutes=60, seconds=30)
    assert made(world) == ["13:00"]
    assert not missed(world)


def test_a_child_that_was_running_when_its_driver_died_goes_on(world):
    engine, id_ = start(world, SLOW)
    world.pass_time(engine, minutes=70)
    second = resumed_after(world, engine, id_, minutes=10)
    world.pass_time(second, minutes=80)
    assert made(world) == ["13:00"]
    assert set(world.service.effects.values()) == {1}


def test_a_paused_trigger_fires_not_and_counts_what_it_missed(world):
    engine, id_ = start(world)
    engine.tell(id_, TriggerSwitched(at=world.clock.now, by="ann", paused=True, note="holidays"))
    world.pass_time(engine, hours=2, minutes=30)
    assert made(world) == []
    assert missed(world) == [("paused by ann", 1)] * 2
    assert world.journal.summary(id_).firing.paused_by == "ann"
    engine.tell(id_, TriggerSwitched(at=world.clock.now, by="ann", paused=False))
    world.pass_time(engine, hours=1)
    assert made(world) == ["15:00"]


def test_a_person_fires_it_by_hand(world):
    engine, id_ = start(world)
    content = {"scheduledTime": "2026-01-01T00:07:00Z"}
    engine.tell(id_, TriggerRequested(at=world.clock.now, by="ann", content=content))
    world.settle(engine)
    assert made(world) == ["00:07"]
    world.pass_time(engine, hours=1, minutes=1)
    assert made(world) == ["00:07", "13:00"]


def test_only_an_armed_trigger_is_fired_by_hand(world):
    engine, id_ = start(world, end="2026-01-01T13:30:00Z")
    world.pass_time(engine, hours=2)
    with pytest.raises(NotAllowed, match="no armed trigger"):
        engine.tell(id_, TriggerRequested(at=world.clock.now, by="ann"))


def test_an_armed_timer_follows_changed_parameters(world):
    engine, id_ = start(world)
    changed = engine.bind(id_, {"expression": "0 30 * * * ?"})
    engine.update(id_, ExecutionUpdated(at=world.clock.now, by="ann", parameters=changed))
    world.pass_time(engine, hours=2)
    assert made(world) == ["12:30", "13:30"]


def test_a_schedule_that_could_not_be_followed_is_refused(world):
    engine, id_ = start(world)
    changed = engine.bind(id_, {"expression": "0 61 * * * ?"})
    with pytest.raises(ScheduleInvalid, match="minute is 0 to 59"):
        engine.update(id_, ExecutionUpdated(at=world.clock.now, by="ann", parameters=changed))
    world.pass_time(engine, hours=1, minutes=1)
    assert made(world) == ["13:00"]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"expression": "0 0 25 * * ?"}, "hour is 0 to 23"),
        ({"expression": "* * * * *"}, "lacks the seconds"),
        ({"end": "2025-01-01T00:00:00Z"}, "would never fire"),
        ({"type": "rate", "expression": "often"}, "30 minutes"),
        ({"type": "weekly"}, "cron, at, rate"),
    ],
)
def test_a_schedule_that_makes_no_sense_fails_the_execution(world, parameters, said):
    engine, id_ = start(world, **parameters)
    execution = engine.look(id_)
    assert execution.status is Status.FAILED
    assert execution.fault.code == "InvalidSchedule"
    assert said in execution.fault.message


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"type": "rate", "expression": "50 minutes"}, ["12:50", "13:40", "14:30"]),
        ({"type": "at", "expression": "2026-01-01T14:00:00Z"}, ["14:00"]),
        ({"type": "at", "expression": "2026-01-01T13:15:00+01:00"}, ["12:15"]),
    ],
)
def test_rates_and_instants(world, parameters, expected):
    engine, _ = start(world, **parameters)
    world.pass_time(engine, hours=3)
    assert made(world) == expected


def test_a_trigger_below_the_template_that_is_started_fails(world):
    text = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: below
    Action: ACS::Template
    Properties: {TemplateName: timer}
"""
    world.templates["timer"] = TIMER.replace("MORE", "")
    engine, id_ = start(world, text)
    assert "TriggerInChild" in str(engine.look(id_).fault)


def test_a_failed_child_leaves_the_trigger_armed():
    world = SimulatedWorld(("ACS::TEST::MakeThing", PRODUCT))
    engine, id_ = start(world, TIMER.replace("API: Make", "API: Fail"))
    world.pass_time(engine, hours=2, minutes=1)
    firing = world.journal.summary(id_).firing
    assert (firing.fired, firing.last_status, firing.last_success) == (2, "Failed", None)
    assert "failed" in firing.last_message
    assert engine.look(id_).shown_status is Status.WAITING
    world.close()


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
def test_on_both_nights_a_daily_timer_in_the_changed_hour_fires_once(night):
    day = datetime.fromisoformat(night).replace(tzinfo=UTC)
    world = SimulatedWorld(now=day - timedelta(hours=12))
    more = ", TimeZone: Europe/Berlin"
    end = (day + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    engine, _ = start(world, more=more, expression="0 30 2 * * ?", end=end)
    world.pass_time(engine, hours=24)
    expected = {"2026-03-29": "01:00", "2026-10-25": "00:30"}[night]
    assert made(world) == [expected]
    world.close()
