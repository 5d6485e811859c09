"""Triggers that events and alarms fire: instances, tags and executions are listened to, in whichever process."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from oos.adapters.happenings import FleetSources
from oos.adapters.happenings.polling import Poll
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.adapters.memory.state import HostState, sample_image
from oos.execution.events import CancelRequested
from oos.execution.status import Status
from oos.fleet.fleet import Fleet
from oos.fleet.instance import InstanceSpec, Labels, StopMethod
from oos.fleet.statistics import InstanceStatistics
from oos.inventory.load import local_inventory
from oos.service.registry import MemoryRegistry
from oos.service.tags import set_tags
from tests.engine.templates import SEQUENCE, call, tasks
from tests.engine.world import PATIENCE, World

PACE = 0.02


class Site:
    """A simulated host with two instances, and what listens to it."""

    def __init__(self, world):
        inventory = local_inventory("test:///default")
        self.host = next(inventory.regions[0].hosts())
        image = sample_image(self.host.name, self.host.zone, self.host.region)
        self.hypervisor = MemoryHypervisor(self.host, HostState(images={image.id: image}))
        self.fleet = Fleet(inventory, lambda host: self.hypervisor)
        self.registry = MemoryRegistry()
        self.web = self.make("web", image.id, role="web")
        self.db = self.make("db", image.id, role="db")
        self.sources = FleetSources(
            lambda: self.fleet, lambda: self.registry, world.journal, lambda: datetime.now(UTC), PACE
        )

    def make(self, name, image_id, **tags):
        spec = InstanceSpec(name, image_id, "ecs.t1.tiny", 2, 96, Labels(name=name, tags=tags))
        return self.hypervisor.make_instance(spec).id


@pytest.fixture
def world():
    made = World()
    yield made
    made.close()


@pytest.fixture
def site(world):
    return Site(world)


def trigger(kind, properties, selector):
    return f"""
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: trigger
    Action: ACS::{kind}
    Properties: {properties}
    Outputs: {{what: {{Type: String, ValueSelector: '{selector}'}}}}
  - Name: make
    Action: ACS::ExecuteAPI
    Properties: {{Service: TEST, API: Make, Parameters: {{Name: '{{{{ trigger.what }}}}'}}}}
"""


STOPPED = trigger(
    "EventTrigger", "{Product: ECS, Name: ['Instance:StateChange'], Content: {state: [Stopped]}}", ".content.resourceId"
)


def listening(world, site, text):
    engine = world.engine(sources=site.sources)
    id_ = engine.start(world.request(text))
    until_armed(engine, id_)
    return engine, id_


def until_armed(engine, id_):
    """Wait for the first look: it is what later ones are compared with."""
    deadline = time.monotonic() + PATIENCE
    while not (id_ in engine._driver.families and engine._driver.families[id_].listening):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (subscription,) = engine._driver.families[id_].listening.values()
    for each in getattr(subscription, "parts", (subscription,)):
        if isinstance(each, Poll):
            assert each.looked.wait(PATIENCE)


def until_made(world, count):
    deadline = time.monotonic() + PATIENCE
    while len(world.service.done) < count:
        assert time.monotonic() < deadline, world.service.done
        time.sleep(0.01)
    time.sleep(0.15)
    return [str(each) for each in world.service.done.values()]


def test_an_instance_that_stops_fires_the_trigger(world, site):
    site.hypervisor.start(site.web)
    engine, id_ = listening(world, site, STOPPED)
    site.hypervisor.stop(site.web, StopMethod.POWER_OFF)
    assert until_made(world, 1) == [site.web]
    site.hypervisor.start(site.web)
    site.hypervisor.stop(site.web, StopMethod.POWER_OFF)
    assert until_made(world, 2) == [site.web, site.web]
    child = engine.look(f"{id_}.t0001.0001")
    message = child.tasks["trigger"].response
    assert (message["product"], message["content"]["state"]) == ("ECS", "Stopped")


def test_only_instances_with_the_tags_fire_it(world, site):
    for instance in (site.web, site.db):
        site.hypervisor.start(instance)
    text = STOPPED.replace("{state: [Stopped]}", "{state: [Stopped]}, Tags: [{Key: role, Value: db}]")
    listening(world, site, text)
    for instance in (site.web, site.db):
        site.hypervisor.stop(instance, StopMethod.POWER_OFF)
    assert until_made(world, 1) == [site.db]


def test_once_it_is_cancelled_nothing_is_heard_any_more(world, site):
    site.hypervisor.start(site.web)
    engine, id_ = listening(world, site, STOPPED)
    engine.tell(id_, CancelRequested(at=datetime.now(UTC), by="ann"))
    assert engine.wait(id_, PATIENCE).status is Status.CANCELLED
    site.hypervisor.stop(site.web, StopMethod.POWER_OFF)
    time.sleep(0.2)
    assert not world.service.done
    assert not site.hypervisor._listeners


def test_a_change_of_tags_fires_it_whoever_made_the_change(world, site):
    properties = "{Product: Tag, Name: ['Tag:ChangeOnResource'], Content: {changedTagKeys: [tier]}}"
    listening(world, site, trigger("EventTrigger", properties, ".content.resourceId"))
    site.hypervisor.label(site.web, Labels(name="web", tags={"role": "web", "tier": "front"}))
    assert until_made(world, 1) == [site.web]
    set_tags(site.registry, "d-00000000000000000001", {"other": "x"})
    set_tags(site.registry, site.db, {"tier": "back"})
    assert until_made(world, 2) == [site.web, site.db]


def test_an_execution_that_fails_fires_it_and_its_own_do_not(world, site):
    properties = "{Product: OOS, Name: ['Execution:ExecutionStatusChange'], Content: {status: [Failed]}}"
    text = trigger("EventTrigger", properties, ".content.executionId").replace("API: Make", "API: Fail")
    _, id_ = listening(world, site, text)
    failed = world.run(tasks(call("bad", "Fail")))
    world.run(SEQUENCE)
    deadline = time.monotonic() + PATIENCE
    while not world.service.calls[f"Fail {failed.id}"] and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    assert world.journal.summary(id_).firing.fired == 1


def test_a_metric_beyond_its_threshold_fires_the_alarm_once(world, site):
    site.hypervisor.start(site.web)
    site.hypervisor.start(site.db)
    properties = (
        "{Namespace: acs_ecs_dashboard, MetricName: memory_usedutilization, ComparisonOperator: GreaterThanThreshold, "
        "Threshold: 80, Times: 2, Period: 1}"
    )
    busy = InstanceStatistics(datetime.now(UTC), memory_kib=100, memory_used_kib=90)
    site.hypervisor.state.statistics[site.db] = busy
    site.hypervisor.state.statistics[site.web] = replace(busy, memory_used_kib=10)
    listening(world, site, trigger("AlarmTrigger", properties, ".instanceId"))
    assert until_made(world, 1) == [site.db]
    time.sleep(1.5)
    assert until_made(world, 1) == [site.db]


@pytest.mark.parametrize(
    ("kind", "properties", "said"),
    [
        ("EventTrigger", "{Product: RDS, Name: ['X']}", "ECS, Tag and OOS"),
        ("EventTrigger", "{Product: ECS, Name: ['X'], Content: [1]}", "Content must be a map"),
        ("AlarmTrigger", "{Namespace: n, MetricName: mood, Threshold: 1}", "no metric 'mood'"),
        ("AlarmTrigger", "{Namespace: n, MetricName: cpu_total, Threshold: [1]}", "Threshold must be a number"),
    ],
)
def test_what_nobody_can_hear_of_fails_the_trigger(world, site, kind, properties, said):
    engine = world.engine(sources=site.sources)
    text = trigger(kind, properties, ".x").replace("[1]", "'{{ ACS::RegionId }}'")
    id_ = engine.start(world.request(text))
    execution = engine.wait(id_, PATIENCE)
    assert execution.fault.code == "InvalidTrigger"
    assert said in execution.fault.message


def test_who_listens_stays_with_its_trigger_and_another_takes_over_when_it_dies(world, site):
    site.hypervisor.start(site.web)
    engine, id_ = listening(world, site, STOPPED)
    assert world.journal.due(datetime.now(UTC), 10) == [id_]
    engine.close(1)
    world.locks.held.clear()
    second = world.engine(sources=site.sources, park=timedelta(seconds=1))
    second.resume(id_, by="")
    until_armed(second, id_)
    site.hypervisor.stop(site.web, StopMethod.POWER_OFF)
    assert until_made(world, 1) == [site.web]
