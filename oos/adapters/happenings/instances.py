"""Events of instances, as the hypervisors tell them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from oos.adapters.happenings.polling import Poll, Subscriptions
from oos.fleet.errors import AbsentError, FleetError
from oos.fleet.fleet import Fleet
from oos.fleet.hypervisor import Hypervisor, Subscription
from oos.fleet.instance import InstanceEvent
from oos.schedule.pattern import Happening
from oos.values.identifiers import client_token

log = logging.getLogger(__name__)

STATES: Final = {
    "Started": "Running",
    "Resumed": "Running",
    "Suspended": "Stopping",
    "Shutdown": "Stopping",
    "Stopped": "Stopped",
    "Crashed": "Stopped",
    "Undefined": "Deleted",
}
"""The state of ECS that an event of libvirt leads to; what is not here is an event by its own name."""

RETRY_SECONDS: Final = 5.0


def watch_instances(
    fleet: Fleet,
    regions: tuple[str, ...],
    tell: Callable[[Happening], None],
    now: Callable[[], datetime],
    pace: float,
) -> Subscription:
    """Tell of each event of an instance. A host that does not answer is subscribed to once it does."""
    watches = _Watches()

    def subscribe() -> None:
        for region in regions or [each.id for each in fleet.inventory.regions]:
            for host in fleet.hosts(region):
                if host.name in watches.by_host:
                    continue
                try:
                    hypervisor = fleet.hypervisor(host)
                    watches.add(host.name, hypervisor.watch(_listener(hypervisor, tell, now)))
                except FleetError as error:
                    log.warning("no events of host %s: %s", host.name, error)

    # On a thread of its own from the first time on: a host may take its time to answer.
    poll = Poll("hosts to listen to", RETRY_SECONDS * pace, subscribe)
    return Subscriptions((poll, watches))


class _Watches:
    """The watches of all hosts; one that is added after the end is ended at once."""

    def __init__(self) -> None:
        self.by_host: dict[str, Subscription] = {}
        self._guard = threading.Lock()
        self._closed = False

    def add(self, host: str, watch: Subscription) -> None:
        """One more."""
        with self._guard:
            closed = self._closed
            if not closed:
                self.by_host[host] = watch
        if closed:
            watch.close()

    def close(self) -> None:
        """Hear no more of any host. Harmless twice."""
        with self._guard:
            self._closed = True
            watches, self.by_host = list(self.by_host.values()), {}
        for watch in watches:
            watch.close()


def _listener(
    hypervisor: Hypervisor, tell: Callable[[Happening], None], now: Callable[[], datetime]
) -> Callable[[InstanceEvent], None]:
    host = hypervisor.host

    def listener(event: InstanceEvent) -> None:
        at = now()
        state = STATES.get(event.kind, "")
        try:
            tags = dict(hypervisor.instance(event.instance_id).labels.tags)
        except (AbsentError, FleetError):
            tags = {}
        tell(
            Happening(
                product="ECS",
                name="Instance:StateChange" if state else f"Instance:{event.kind}",
                region=host.region,
                at=at,
                level="CRITICAL" if event.kind == "Crashed" else "INFO",
                content={
                    "resourceId": event.instance_id,
                    "resourceType": "ALIYUN::ECS::Instance",
                    "instanceId": event.instance_id,
                    "state": state or event.kind,
                    "detail": event.detail,
                    "domain": event.domain,
                    "host": host.name,
                },
                tags=tags,
                id=client_token("event", event.instance_id, event.kind, at.isoformat()),
            )
        )

    return listener
