"""Network cards: those in instances and those in none, and the hosts they are on."""

from __future__ import annotations

from collections.abc import Sequence

from oos.fleet.hypervisor import Hypervisor
from oos.fleet.instance import Instance
from oos.service.context import Context
from oos.service.network_interfaces import INTERFACES, InterfaceRecord


def hypervisor_of(context: Context, host: str) -> Hypervisor:
    """The hypervisor of a host that something was found on."""
    return context.fleet.hypervisor(next(each for each in context.fleet.hosts(context.region) if each.name == host))


def living_records(context: Context, instances: Sequence[Instance]) -> list[InterfaceRecord]:
    """What is written down about cards that are still there.

    A card that goes with its instance is gone when that is: nothing else has to remember to take it away.
    """
    there = {each.id for each in instances}
    return [
        each
        for each in INTERFACES.of_region(context.registry, context.region)
        if not (each.delete_on_release and each.instance_id and each.instance_id not in there)
    ]
