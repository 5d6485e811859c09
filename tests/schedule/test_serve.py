"""`oos serve` in processes of its own: several of them, killed and told to stop; schedules by the command line."""

import signal
import time

import pytest

from oos.app.app import App
from oos.app.settings import load_settings
from oos.engine.replay import read_events
from oos.execution.events import FiringMissed, TriggerFired
from oos.execution.status import Status
from tests.cli.world import World, eventually, read_until
from tests.engine.servers import web_hook

EVERY_SECOND = """
FormatVersion: OOS-2019-06-01
Parameters:
  end: {Type: String}
Tasks:
  - Name: timer
    Action: ACS::TimerTrigger
    Properties: {Type: cron, Expression: '* * * * * ?', EndDate: '{{ end }}'}
  - Name: regions
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DescribeRegions}
"""
MONTHLY = EVERY_SECOND.replace("* * * * * ?", "0 0 3 L * ?")
ASK = """
FormatVersion: OOS-2019-06-01
Tasks:
  - {Name: ask, Action: 'ACS::Approve'}
  - {Name: regions, Action: 'ACS::ExecuteAPI', Properties: {Service: ECS, API: DescribeRegions}}
"""


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def app(world):
    made = App(load_settings({}, world.environment, world.folder))
    yield made
    made.close()


def left_behind(app, text, **parameters):
    """An execution that was started by a process which is no more."""
    from oos.engine.ports import StartRequest

    engine = app.new_engine(None)
    template = app.template_cache.checked(text, "test.yml")
    id_ = engine.start(StartRequest(template=template, parameters=parameters, by="ada", region="sim"))
    engine.close()
    eventually(lambda: not app.locks.is_owned(id_), "the lock is free")
    return id_


def serve(world):
    process = world.start("serve")
    read_until(process, "serving as")
    return process


def status(app, id_):
    summary = app.journal.summary(id_)
    return summary.status if summary else None


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    return process.returncode


def test_it_goes_on_with_what_a_dead_process_left_and_ends_when_told(world, app):
    id_ = left_behind(app, ASK)
    process = serve(world)
    eventually(lambda: status(app, id_) is Status.WAITING, "the execution waits")
    eventually(lambda: not app.locks.is_owned(id_), "nobody drives one that waits")
    assert world.run("execution", "approve", id_).code == 0
    eventually(lambda: status(app, id_) is Status.SUCCESS, "the execution has ended")
    assert stop(process) == 0


SLOW = """
FormatVersion: OOS-2019-06-01
Parameters: {url: {Type: String}}
Tasks:
  - {Name: ask, Action: 'ACS::ExecuteHttpRequest', Properties: {Method: GET, URL: '{{ url }}'}}
  - {Name: again, Action: 'ACS::ExecuteHttpRequest', Properties: {Method: GET, URL: '{{ url }}'}}
"""


def test_told_to_stop_it_records_what_is_in_flight_and_starts_nothing_new(world, app):
    with web_hook() as hook:
        hook.hold.clear()
        id_ = left_behind(app, SLOW, url=f"{hook.address}/slow")
        seen = len(hook.received)
        process = serve(world)
        eventually(lambda: len(hook.received) > seen, "the call is out")
        process.send_signal(signal.SIGTERM)
        read_until(process, "what is in flight comes to its end")
        hook.hold.set()
        process.communicate(timeout=60)
        assert process.returncode == 0
        execution = app.engine.look(id_)
        assert execution.tasks["ask"].status is Status.SUCCESS
        assert "again" not in execution.tasks
        second = serve(world)
        eventually(lambda: status(app, id_) is Status.SUCCESS, "another process went on with it")
        assert stop(second) == 0


def in_seconds(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def test_several_servers_one_of_them_killed_fire_each_time_once(world, app):
    servers = [serve(world), serve(world)]
    id_ = left_behind(app, EVERY_SECOND, end=in_seconds(14))
    eventually(lambda: len(app.journal.family(id_)) > 2, "it has fired twice")
    servers[0].kill()
    eventually(lambda: status(app, id_) is Status.SUCCESS, "the trigger has ended")
    assert stop(servers[1]) == 0
    events = [event for _, event in read_events(app.journal, app.codec, id_)]
    due = [event.due for event in events if isinstance(event, TriggerFired)]
    assert len(due) == len(set(due)) >= 5
    missed = sum(event.count for event in events if isinstance(event, FiringMissed))
    seconds = (max(due) - min(due)).total_seconds() + 1
    assert len(due) + missed >= seconds - 1
    children = [each for each in app.journal.family(id_) if each != id_]
    assert len(children) == len(due)
    assert all(status(app, child) is Status.SUCCESS for child in children)


def test_schedules_are_listed_paused_and_fired_by_the_command_line(world, app):
    id_ = left_behind(app, MONTHLY, end="2099-01-01")
    process = serve(world)
    eventually(lambda: app.journal.summary(id_).firing is not None, "the trigger is armed")
    (listed,) = world.run("schedule", "list", "-o", "json").document
    assert (listed["ExecutionId"], listed["Category"], listed["Status"]) == (id_, "TimerTrigger", "Waiting")
    assert world.run("schedule", "pause", id_, "--note", "holidays").code == 0
    eventually(lambda: app.journal.summary(id_).firing.paused_by == "ada", "it is paused")
    assert world.run("schedule", "list", "-o", "json").document[0]["Status"] == "Paused"
    assert world.run("schedule", "resume", id_).code == 0
    assert world.run("schedule", "trigger", id_, "--content", '{"why": "by hand"}').code == 0
    eventually(lambda: app.journal.summary(id_).firing.last_status == "Success", "the firing succeeded")
    shown = world.run("schedule", "show", id_)
    assert "1 times, 0 missed" in shown.out
    assert f"{id_}.t0001.0000" in shown.out
    upcoming = world.run("schedule", "next", id_, "-o", "json").document
    assert len(upcoming) == 12
    assert all(each["Time"].endswith("T03:00:00Z") for each in upcoming)
    assert stop(process) == 0


def test_a_trigger_that_is_not_there_is_told_as_any_execution(world: World) -> None:
    said = world.run("schedule", "show", "exec-00000000000000000000")
    assert (said.code, said.out) == (2, "")
    assert "there is no execution exec-00000000000000000000" in said.err


def test_an_expression_can_be_tried_before_it_is_used(world):
    found = world.run("schedule", "next", "--cron", "0 30 2 * * ?", "--zone", "Europe/Berlin", "-n", "3")
    assert found.code == 0
    assert found.out.count("02:30:00 CE") == 3
    wrong = world.run("schedule", "next", "--cron", "0 61 * * * ?")
    assert wrong.code == 2
    assert "minute is 0 to 59" in wrong.err


def test_a_year_of_firings_every_minute_is_printed_whole(world):
    said = world.run("schedule", "next", "--cron", "0 * * * * ?", "-n", "1000000", "-o", "ndjson")
    assert said.out.count("\n") == 525_600
