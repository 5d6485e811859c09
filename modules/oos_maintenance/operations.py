"""Operations on announced events, and on what is wanted when instances are maintained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from oos.fleet.instance import Instance, Power
from oos.service.context import Context
from oos.service.errors import InvalidParameter, NotFound, Unsupported
from oos.service.paging import page_of
from oos.service.shape import instant, newest_first
from oos.values.identifiers import resource_id
from oos.values.time import parse_instant
from oos_maintenance import decide, requests, responses
from oos_maintenance.model import EVENTS, CycleStatus, SystemEvent, keep_wishes, load_wishes

_REASON = "announced by CreateSimulatedSystemEvents"


def describe_instances_full_status(
    context: Context, request: requests.DescribeInstancesFullStatus
) -> responses.InstancesFullStatus:
    """List instances with their status, their health and the events announced for them."""
    types = request.instance_event_type or tuple(filter(None, [request.event_type]))
    now = context.now()
    pending: dict[str, list[SystemEvent]] = {}
    for event in EVENTS.of_region(context.registry, context.region):
        if (
            decide.status_of(event, now) not in (CycleStatus.EXECUTED, CycleStatus.CANCELED)
            and (not request.event_id or event.id in request.event_id)
            and (not types or event.type in types)
            and decide.is_in(event.not_before, request.not_before)
            and decide.is_in(event.published, request.event_publish_time)
        ):
            pending.setdefault(event.instance_id, []).append(event)
    by_event = request.event_id or types or request.not_before or request.event_publish_time
    shapes = {
        each.id: _full_status(context, each, pending.get(each.id, ()))
        for each in context.fleet.instances(context.region)
        if (request.instance_id is None or each.id in request.instance_id) and (not by_event or each.id in pending)
    }
    found = [
        each
        for each in shapes.values()
        if request.status in ("", each["Status"]["Name"])
        and request.health_status.casefold() in ("", each["HealthStatus"]["Name"].casefold())
    ]
    page = page_of(found, request, lambda each: (each["InstanceId"],))
    return {
        "InstanceFullStatusSet": {"InstanceFullStatusType": list(page.items)},
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def _full_status(context: Context, instance: Instance, events: Sequence[SystemEvent]) -> responses.FullStatus:
    now = context.now()
    power = Power.STOPPING if instance.power is Power.PAUSED else instance.power
    return {
        "InstanceId": instance.id,
        "Status": {"Name": power.value},
        "HealthStatus": {"Name": decide.health_of(instance, [decide.status_of(each, now) for each in events])},
        "ScheduledSystemEventSet": {
            "ScheduledSystemEventType": [
                {
                    "EventId": each.id,
                    "EventType": {"Name": each.type},
                    "EventCycleStatus": {"Name": decide.status_of(each, now).value},
                    "EventPublishTime": instant(each.published),
                    "NotBefore": instant(each.not_before),
                    "Reason": _REASON,
                }
                for each in sorted(events, key=lambda each: (each.not_before, each.id))
            ]
        },
    }


def describe_instance_history_events(
    context: Context, request: requests.DescribeInstanceHistoryEvents
) -> responses.HistoryEvents:
    """List the events that were announced for instances, past ones too."""
    now = context.now()
    ids = request.resource_id or tuple(filter(None, [request.instance_id]))
    types = request.instance_event_type or tuple(filter(None, [request.event_type]))
    cycles = request.instance_event_cycle_status or tuple(filter(None, [request.event_cycle_status]))
    found = [
        each
        for each in EVENTS.of_region(context.registry, context.region)
        if request.resource_type == "instance"
        and (not ids or each.instance_id in ids)
        and (not request.event_id or each.id in request.event_id)
        and (not types or each.type in types)
        and (not cycles or decide.status_of(each, now) in cycles)
        and decide.is_in(each.not_before, request.not_before)
        and decide.is_in(each.published, request.event_publish_time)
    ]
    page = page_of(found, request, lambda each: newest_first(each.published, each.id), descending=True)
    return {
        "InstanceSystemEventSet": {
            "InstanceSystemEventType": [_history(each, decide.status_of(each, now)) for each in page.items]
        },
        **page.fields,
    }


def _history(event: SystemEvent, status: CycleStatus) -> responses.HistoryEvent:
    finished = event.canceled or (event.not_before if status is CycleStatus.EXECUTED else None)
    return {
        "EventId": event.id,
        "InstanceId": event.instance_id,
        "ResourceType": "instance",
        "EventType": {"Name": event.type},
        "EventCycleStatus": {"Name": status.value},
        "EventPublishTime": instant(event.published),
        "EventFinishTime": instant(finished),
        "NotBefore": instant(event.not_before),
        "Reason": _REASON,
    }


def create_simulated_system_events(
    context: Context, request: requests.CreateSimulatedSystemEvents
) -> responses.MadeEvents:
    """Announce an event for instances, for all who ask; nothing is done to them when it is due."""
    if request.event_type not in decide.TYPES:
        message = f"The event type {request.event_type} is not known; known are {', '.join(decide.TYPES)}."
        raise InvalidParameter("EventType", message)
    try:
        not_before = parse_instant(request.not_before)
    except ValueError as error:
        raise InvalidParameter("NotBefore", f"The parameter NotBefore: {error}.") from error
    _require_there(context, request.instance_id)
    made = []
    for id in request.instance_id:
        event_id = resource_id("e", f"{context.token}/{id}")
        if EVENTS.load(context.registry, event_id) is None:
            now = context.now()
            event = SystemEvent(event_id, context.region, id, request.event_type, now, not_before)
            EVENTS.keep(context.registry, event)
        made.append(event_id)
    return {"EventIdSet": {"EventId": made}}


def cancel_simulated_system_events(
    context: Context, request: requests.CancelSimulatedSystemEvents
) -> responses.Nothing:
    """Take events back that are not over."""
    events = [_event(context, id) for id in request.event_id]
    now = context.now()
    for event in events:
        wanted = (CycleStatus.INQUIRING, CycleStatus.SCHEDULED, CycleStatus.EXECUTING, CycleStatus.CANCELED)
        decide.require_open(event, now, wanted)
    for event in events:
        if event.canceled is None:
            EVENTS.keep(context.registry, replace(event, canceled=now))
    return {}


def accept_inquired_system_event(context: Context, request: requests.AcceptInquiredSystemEvent) -> responses.Nothing:
    """Consent to an event that waits for it."""
    event = _event(context, request.event_id)
    if event.accepted is None:
        decide.require_open(event, context.now(), (CycleStatus.INQUIRING,))
        EVENTS.keep(context.registry, replace(event, accepted=context.now()))
    return {}


def _event(context: Context, id: str) -> SystemEvent:
    event = EVENTS.load(context.registry, id)
    if event is None or event.region != context.region:
        raise NotFound("InvalidEventId.NotFound", f"The specified event {id} does not exist.")
    return event


def _require_there(context: Context, ids: Sequence[str]) -> Mapping[str, Instance]:
    there = {each.id: each for each in context.fleet.instances(context.region)}
    for id in ids:
        if id not in there:
            raise NotFound("InvalidInstanceId.NotFound", f"The specified instance {id} does not exist.")
    return there


# what is wanted


def modify_instance_maintenance_attributes(
    context: Context, request: requests.ModifyInstanceMaintenanceAttributes
) -> responses.Nothing:
    """Say whether instances start with their host, and note when they may be maintained."""
    if request.action_on_maintenance == "AutoRedeploy":
        raise Unsupported("Nothing moves an instance to another host by itself when its own is lost.")
    windows = decide.windows_from(request.maintenance_window)
    _require_there(context, request.instance_id)
    for id in request.instance_id:
        hypervisor, instance = context.fleet.of_instance(id, context.region)
        if request.action_on_maintenance:
            hypervisor.set_autostart(instance.id, request.action_on_maintenance == "AutoRecover")
        wishes = load_wishes(context.registry, id)
        notify = wishes.notify if request.notify_on_maintenance is None else request.notify_on_maintenance
        changed = replace(wishes, notify=notify, windows=windows or wishes.windows)
        if changed != wishes:
            keep_wishes(context.registry, id, changed)
    return {}


def describe_instance_maintenance_attributes(
    context: Context, request: requests.DescribeInstanceMaintenanceAttributes
) -> responses.MaintenanceAttributes:
    """Tell whether instances start with their host, and when they may be maintained."""
    found = [
        each
        for each in context.fleet.instances(context.region)
        if request.instance_id is None or each.id in request.instance_id
    ]
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    starting = _starting(context, page.items)
    return {
        "MaintenanceAttributes": {
            "MaintenanceAttribute": [_attribute(context, each.id, each.id in starting) for each in page.items]
        },
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def _starting(context: Context, instances: Sequence[Instance]) -> frozenset[str]:
    hosts = {each.host for each in instances}
    found: set[str] = set()
    for host in context.fleet.hosts(context.region):
        if host.name in hosts:
            found |= context.fleet.hypervisor(host).autostarted()
    return frozenset(found)


def _attribute(context: Context, instance_id: str, starts: bool) -> responses.MaintenanceAttribute:
    wishes = load_wishes(context.registry, instance_id)
    return {
        "InstanceId": instance_id,
        "ActionOnMaintenance": {
            "DefaultValue": "Stop",
            "Value": "AutoRecover" if starts else "Stop",
            "SupportedValues": {"SupportedValue": ["Stop", "AutoRecover"]},
        },
        "MaintenanceWindows": {
            "MaintenanceWindow": [{"StartTime": each.start, "EndTime": each.end} for each in wishes.windows]
        },
        "NotifyOnMaintenance": wishes.notify,
    }
