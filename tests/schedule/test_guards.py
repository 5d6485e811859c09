"""Guards: the change calendar, the share of the fleet, approval for what destroys."""

from datetime import UTC, datetime, timedelta

import pytest

from oos.adapters.ical import read_windows
from oos.app.guard_settings import read_guards
from oos.diagnostics import DiagnosticError
from oos.engine.guards import CalendarGate, FleetShare, Guards, Refused, instances_in
from oos.execution.effects import effect_of
from oos.execution.notify import NotAllowed
from oos.execution.status import NotifyType, SafetyCheck, Status, WaitReason
from oos.schedule.calendar import Closed, Window, closed_at
from oos.service.operation import Effect
from tests.cli.world import World as Site
from tests.cli.world import eventually
from tests.engine.simulated import NOON, SimulatedWorld
from tests.engine.templates import PARENT, PRODUCT, call, tasks
from tests.engine.test_messages import by
from tests.engine.test_people import until_waiting
from tests.engine.test_triggers import TIMER, made
from tests.engine.world import World, finished

FREEZE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//site//changes//EN
BEGIN:VEVENT
UID:1@site
SUMMARY:year-end freeze
DTSTART:20251220T000000Z
DTEND:20260105T080000Z
END:VEVENT
END:VCALENDAR
"""
NIGHTS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//site//windows//EN
BEGIN:VEVENT
UID:2@site
SUMMARY:maintenance
DTSTART;TZID=Europe/Berlin:20250101T220000
DURATION:PT4H
RRULE:FREQ=WEEKLY;BYDAY=TU,TH
EXDATE;TZID=Europe/Berlin:20260106T220000
END:VEVENT
END:VCALENDAR
"""


def calendar(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text.replace("\n", "\r\n"))
    return path


def hours(first, last, summary=""):
    return Window(NOON + timedelta(hours=first), NOON + timedelta(hours=last), summary)


@pytest.mark.parametrize(
    ("forbidden", "allowed", "opens"),
    [
        ([], None, "open"),
        ([hours(-1, 1)], None, 1),
        ([hours(-1, 1), hours(1, 2), hours(1.5, 3)], None, 3),
        ([hours(1, 2)], None, "open"),
        ([], [hours(-1, 1)], "open"),
        ([], [hours(2, 3)], 2),
        ([hours(2, 2.5)], [hours(2, 3)], 2.5),
        ([hours(2, 3)], [hours(2, 3)], None),
        ([hours(-1, 0)], None, "open"),
    ],
)
def test_the_calendar_says_whether_it_is_closed_and_when_it_opens(forbidden, allowed, opens):
    found = closed_at(NOON, forbidden, allowed)
    if opens == "open":
        assert found is None
    else:
        assert isinstance(found, Closed)
        assert found.opens == (None if opens is None else NOON + timedelta(hours=opens))


def test_calendar_files_are_read_with_their_recurrences_exceptions_and_zones(tmp_path):
    windows = read_windows(calendar(tmp_path, "nights.ics", NIGHTS), NOON)
    starts = [f"{window.start:%m-%d %H:%M}" for window in windows[:3]]
    assert starts == ["01-01 21:00", "01-08 21:00", "01-13 21:00"]
    summer = next(window for window in windows if window.start.month == 7)
    assert summer.start.hour == 20
    assert summer.end - summer.start == timedelta(hours=4)


def test_a_whole_day_is_a_window_of_a_day(tmp_path):
    text = FREEZE.replace("DTSTART:20251220T000000Z", "DTSTART;VALUE=DATE:20260103")
    text = text.replace("DTEND:20260105T080000Z", "DTEND;VALUE=DATE:20260104")
    (window,) = read_windows(calendar(tmp_path, "day.ics", text), NOON)
    assert window.end - window.start == timedelta(days=1)


@pytest.mark.parametrize("text", ["no calendar at all", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n"])
def test_what_is_no_calendar_is_a_fault_that_names_the_file(tmp_path, text):
    with pytest.raises(DiagnosticError, match=r"bad.ics"):
        read_windows(calendar(tmp_path, "bad.ics", text), NOON)
    with pytest.raises(DiagnosticError, match="cannot be read"):
        read_windows(tmp_path / "absent.ics", NOON)


def gated(world, opens=NOON + timedelta(hours=1)):
    """Guards whose calendar is closed until an instant."""

    def closed(at):
        return ("changes are forbidden: freeze", opens) if at < opens else None

    def effect(template):
        return effect_of(template, world.catalog, lambda name: None)

    return Guards(gate=CalendarGate(closed, effect))


def test_a_refused_start_says_which_guard_and_when_it_opens_and_starts_nothing():
    world = SimulatedWorld()
    engine = world.engine(guards=gated(world))
    with pytest.raises(
        Refused, match="guard calendar refuses: changes are forbidden: freeze; it opens at 2026-01-01T13"
    ):
        engine.start(world.request(tasks(call("change"))))
    assert list(world.journal.execution_ids()) == []
    world.clock.now += timedelta(hours=1)
    assert engine.start(world.request(tasks(call("change"))))
    world.close()


def test_what_was_started_is_found_by_its_client_token_while_the_calendar_is_closed():
    world = SimulatedWorld()
    request = world.request(tasks(call("change")), client_token="nightly")
    before = world.engine()
    id_ = before.start(request)
    before.close()
    world.locks.held.clear()
    assert world.engine(guards=gated(world)).start(request) == id_
    world.close()


def test_what_only_reads_may_start_at_any_time():
    world = SimulatedWorld()
    engine = world.engine(guards=gated(world))
    assert engine.start(world.request(tasks(call("look", "Echo").replace("{Name: look}}", "{Value: 1}}"))))
    world.close()


def test_a_firing_while_the_calendar_is_closed_is_refused_and_recorded():
    world = SimulatedWorld()
    text = TIMER.replace("MORE", "")
    engine = world.engine(guards=gated(world, NOON + timedelta(hours=1, minutes=30)))
    world.clock.now += timedelta(hours=2)
    id_ = engine.start(world.request(text))
    world.settle(engine)
    world.clock.now -= timedelta(hours=2)
    engine2 = world.engine(guards=gated(world, NOON + timedelta(hours=4)))
    engine.close()
    world.locks.held.clear()
    engine2.resume(id_, by="tester")
    world.until(engine2, NOON + timedelta(hours=4, minutes=30))
    firing = world.journal.summary(id_).firing
    assert made(world) == ["16:00"]
    assert firing.fired == 2
    world.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (tasks(call("a", "Echo")), Effect.READS),
        (tasks(call("a", "Make")), Effect.CHANGES),
        (tasks(call("a", "Echo"), call("b", "Delete")), Effect.DESTROYS),
        (tasks("{Name: n, Action: 'ACS::Sleep', Properties: {Duration: 1H}}"), Effect.READS),
        (PARENT, Effect.CHANGES),
        (tasks("{Name: n, Action: 'ACS::Template', Properties: {TemplateName: unknown}}"), Effect.CHANGES),
        (
            tasks("{Name: n, Action: 'ACS::ExecuteHttpRequest', Properties: {URL: 'http://x', Method: GET}}"),
            Effect.READS,
        ),
        (tasks("{Name: n, Action: 'ACS::ExecuteHttpRequest', Properties: {URL: 'http://x'}}"), Effect.CHANGES),
    ],
)
def test_what_a_template_may_do_is_told_before_it_runs(text, expected):
    world = World(("ACS::TEST::MakeThing", PRODUCT))

    def find(name):
        found = world.find(name, "")
        return None if found is None else world.cache.checked(found[1], name)

    assert (
        effect_of(world.cache.checked(text.replace("Name: look", "Value: 1"), "t.yml"), world.catalog, find) is expected
    )


def test_what_destroys_waits_for_somebody_else_whatever_it_was_started_with():
    world = World()
    engine = world.engine(guards=Guards(approve_destroy=True, forbid_self_approval=True))
    text = tasks(call("disk", "Delete").replace("API: Delete,", "API: Delete, Risk: Normal,"))
    id_ = engine.start(world.request(text, by="ann", safety_check=SafetyCheck.SKIP))
    assert "TEST.Delete destroys" in until_waiting(engine, id_, WaitReason.HIGH_RISK).waiting.note
    with pytest.raises(NotAllowed, match="one's own"):
        engine.tell(id_, by("ann"))
    engine.tell(id_, by("bob", NotifyType.APPROVE))
    assert finished(engine, id_).status is Status.SUCCESS
    world.close()


def test_ids_of_instances_are_found_wherever_they_stand():
    value = {"InstanceIds": '["i-1", "i-2"]', "Deep": [{"InstanceId": "i-3"}], "Name": "not-i-4", "Disk": "d-5"}
    assert sorted(instances_in(value)) == ["i-1", "i-2", "i-3"]


class Region:
    """What a share of the fleet is counted from."""

    def __init__(self, count):
        self.region = "local"
        self.fleet = self
        self._count = count
        self.documents = {}
        self.registry = self

    def instances(self, region):
        return tuple(range(self._count))

    def items(self, kind, prefix):
        return [(key, {}) for key in self.documents if key.startswith(prefix)]

    def add(self, kind, key, document):
        self.documents[key] = document


@pytest.mark.parametrize(("most", "count", "allowed"), [("25%", 10, 2), ("25%", 2, 1), ("3", 100, 3), ("100%", 5, 5)])
def test_one_execution_touches_no_more_than_its_share(most, count, allowed):
    share, region = FleetShare(most), Region(count)
    for number in range(allowed):
        share.touch("exec-1.t0001", {f"i-{number}"}, region)
    share.touch("exec-1", {"i-0"}, region)
    with pytest.raises(Exception, match=f"one execution may touch {allowed}"):
        share.touch("exec-1", {"i-999"}, region)
    share.touch("exec-2", {"i-999"}, region)
    with pytest.raises(Exception, match="one execution may touch"):
        FleetShare(most).touch("exec-1.t0002", {"i-999"}, region)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"max_shar": "1"}, "max_share"),
        ({"max_share": "half"}, "25%"),
        ({"approve_destroy": "yes"}, "true or false"),
        ("strict", "a table"),
    ],
)
def test_guards_that_make_no_sense_are_said_to(tmp_path, table, said):
    with pytest.raises(DiagnosticError, match=said):
        read_guards(table, "oos.toml", tmp_path)


RUNBOOK = """
FormatVersion: OOS-2019-06-01
Parameters:
  targets: {Type: Json}
Tasks:
  - Name: choose
    Action: ACS::SelectTargets
    Properties: {ResourceType: 'ALIYUN::ECS::Instance', Filters: ['{{ targets }}']}
    Outputs: {ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}}
  - Name: stop
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: StopInstance, Parameters: {InstanceId: '{{ ACS::TaskLoopItem }}'}}
    Loop: {Items: '{{ choose.ids }}'}
"""


def test_the_command_line_refuses_with_exit_code_5(tmp_path):
    site = Site(tmp_path)
    site.make_instances("a", "b")
    site.write("stop.yml", RUNBOOK)
    end = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y%m%dT%H%M%SZ")
    (tmp_path / "freeze.ics").write_text(FREEZE.replace("20260105T080000Z", end).replace("\n", "\r\n"))
    (tmp_path / "oos.toml").write_text('[guards]\nforbid_calendar = "freeze.ics"\n')
    said = site.run("run", "stop.yml", "-p", 'targets:={"Type": "All"}', "-o", "json")
    assert said.code == 5
    assert said.document["Error"]["Code"] == "Guard.Calendar"
    assert "year-end freeze; it opens at" in said.document["Error"]["Message"]
    site.close()


def test_what_runs_can_be_ended_and_answered_during_a_freeze(tmp_path):
    site = Site(tmp_path)
    site.write("wait.yml", tasks("{Name: wait, Action: 'ACS::Pause'}"))
    ids = [site.run("run", "wait.yml", "--detach", "-q").out.strip() for _ in range(2)]
    end = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y%m%dT%H%M%SZ")
    (tmp_path / "freeze.ics").write_text(FREEZE.replace("20260105T080000Z", end).replace("\n", "\r\n"))
    (tmp_path / "oos.toml").write_text('[guards]\nforbid_calendar = "freeze.ics"\n')
    for id_ in ids:
        eventually(lambda id_=id_: "Waiting" in site.run("execution", "show", id_).out, "it waits")
    cancelled = site.run("api", "oos", "CancelExecution", f"ExecutionId={ids[0]}")
    assert cancelled.code == 0, cancelled
    approved = site.run("api", "oos", "NotifyExecution", f"ExecutionId={ids[1]}", "NotifyType=Approve")
    assert approved.code == 0, approved
    started = site.run("api", "oos", "StartExecution", "TemplateName=wait.yml")
    assert started.code == 5, started
    site.close()


def test_too_many_targets_fail_before_the_first_is_touched(tmp_path):
    site = Site(tmp_path)
    site.make_instances("a", "b", "c")
    site.write("stop.yml", RUNBOOK)
    (tmp_path / "oos.toml").write_text('[guards]\nmax_share = "34%"\n')
    said = site.run("run", "stop.yml", "-p", 'targets:={"Type": "All"}', "-o", "json")
    assert said.code == 5
    assert "3 targets are selected; one execution may touch 1" in said.err + said.out
    assert not [effect for effect in site.effects() if effect.startswith("stop")]
    site.close()
