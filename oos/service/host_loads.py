"""Hosts and how full they are; which of them take no new instances; where instances should move. Decisions are pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from oos.fleet.errors import HostUnreachable
from oos.fleet.instance import Instance, Power
from oos.fleet.moving import preferred
from oos.inventory.model import Host
from oos.service.context import Context
from oos.service.deployment_sets import Strategy
from oos.service.errors import ApiError, Unavailable
from oos.service.kept import KeptByRegion
from oos.service.many import at_once


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What a person said of a host: in the registry, for libvirt has no room for it, and every `oos` must heed it."""

    name: str
    region: str
    changed: datetime
    auto_placement: bool = True
    """Whether it takes instances, disks and networks for which nobody names a host."""
    reason: str = ""

    @property
    def id(self) -> str:
        """Its name: unique in an inventory."""
        return self.name


HOST_SETTINGS: Final = KeptByRegion("host-settings", HostSettings, lambda each: each.name)
"""The settings of hosts of which somebody said something."""


def closed_hosts(context: Context) -> frozenset[str]:
    """The names of the hosts that take nothing new."""
    kept = HOST_SETTINGS.of_region(context.registry, context.region)
    return frozenset(each.name for each in kept if not each.auto_placement)


def open_hosts(context: Context, zone: str | None = None) -> tuple[Host, ...]:
    """The hosts of the region or zone that take what is new. Raises ApiError when each is closed."""
    hosts = context.fleet.hosts(context.region, zone)
    closed = closed_hosts(context)
    found = tuple(each for each in hosts if each.name not in closed)
    if hosts and not found:
        message = f"The hosts {', '.join(sorted(closed))} take nothing new: their AutoPlacement is off."
        raise ApiError("OperationDenied.NoStock", message, status=403)
    return found


@dataclass(frozen=True, slots=True)
class HostLoad:
    """A host, what it has, and what is on it."""

    host: Host
    cpus: int = 0
    memory_mib: int = 0
    instances: tuple[Instance, ...] = ()
    is_open: bool = True
    is_reachable: bool = True

    @property
    def promised_mib(self) -> int:
        """The memory of the instances that have power."""
        return sum(each.memory_mib for each in self.instances if each.power is not Power.STOPPED)

    @property
    def free_mib(self) -> int:
        """The memory that is promised to no instance."""
        return max(0, self.memory_mib - self.promised_mib)


def loads_of(context: Context, zone: str | None = None) -> tuple[HostLoad, ...]:
    """Every host of the region or zone as it is now; one that does not answer is shown as such."""
    closed = closed_hosts(context)

    def look(host: Host) -> HostLoad:
        try:
            hypervisor = context.fleet.hypervisor(host)
            has, inside = hypervisor.capacity(), hypervisor.instances()
        except HostUnreachable:
            return HostLoad(host, is_open=host.name not in closed, is_reachable=False)
        return HostLoad(host, has.cpus, has.memory_mib, inside, host.name not in closed)

    found = at_once(look, context.fleet.hosts(context.region, zone))
    copies: dict[str, list[Instance]] = {}
    for instance in (instance for each in found for instance in each.instances):
        copies.setdefault(instance.id, []).append(instance)
    # One that moves now is counted where it runs.
    counted = {id: preferred(each).host for id, each in copies.items()}
    return tuple(
        replace(each, instances=tuple(one for one in each.instances if counted[one.id] == each.host.name))
        for each in found
    )


@dataclass(frozen=True, slots=True)
class Membership:
    """Which instances are in a deployment set, and how that places them."""

    set_id: str
    strategy: Strategy
    instance_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class InstanceMove:
    """An instance, and the host it should go to."""

    instance: Instance
    target: str
    set_id: str = ""


@dataclass(slots=True)
class _Room:
    """A host while moves are planned."""

    free_mib: int
    inside: set[str] = field(default_factory=set)


def evacuation(
    loads: Sequence[HostLoad],
    host: str,
    sets: Iterable[Membership],
    *,
    also_stopped: bool = False,
    may_meet: bool = False,
) -> tuple[InstanceMove, ...]:
    """Where the instances of a host should go: the largest first, each where most memory is free.

    With `may_meet`, instances of a set that keeps them apart meet where there is no other way.
    Raises ApiError when the other hosts of its zone cannot take them all: then none should move.
    """
    sets = tuple(sets)
    (leaving,) = (each for each in loads if each.host.name == host)
    _require_seen([leaving])
    rooms = _rooms(each for each in loads if each.host.zone == leaving.host.zone and each.host.name != host)
    moving = [each for each in leaving.instances if also_stopped or each.power is not Power.STOPPED]
    return tuple(_placed(rooms, each, _set_of(each, sets), may_meet=may_meet) for each in _largest_first(moving))


def place_for(loads: Sequence[HostLoad], instance: Instance, sets: Iterable[Membership]) -> InstanceMove:
    """Where one instance should go: the host of its zone, another than its own, with most free memory.

    Raises ApiError when none can take it.
    """
    rooms = _rooms(each for each in loads if each.host.zone == instance.zone and each.host.name != instance.host)
    return _placed(rooms, instance, _set_of(instance, sets))


def rebalance(loads: Sequence[HostLoad], group: Membership) -> tuple[InstanceMove, ...]:
    """The moves after which the instances of a set stand as its strategy wants, as far as the hosts have room; none
    when they do. A zone at a time: an instance does not leave its zone. Raises Unavailable when a host is silent."""
    _require_seen(loads)
    moves: list[InstanceMove] = []
    for zone in dict.fromkeys(each.host.zone for each in loads):
        within = [each for each in loads if each.host.zone == zone]
        members = [each for load in within for each in load.instances if each.id in group.instance_ids]
        if group.strategy is Strategy.AVAILABILITY:
            moves += _spread(within, members, group)
        else:
            moves += _gathered(within, members, group)
    return tuple(moves)


def _require_seen(loads: Iterable[HostLoad]) -> None:
    """Raise Unavailable for a host that does not answer: what is on it is unknown, not nothing."""
    for each in loads:
        if not each.is_reachable:
            raise Unavailable(f"The host {each.host.name} does not answer; what is on it is not known.")


def _spread(loads: Sequence[HostLoad], members: Sequence[Instance], group: Membership) -> list[InstanceMove]:
    """Move from the host that has most to the one that has fewest, until no host has two more than another."""
    rooms = _rooms(loads)
    on = {each.host.name: [m for m in members if m.host == each.host.name] for each in loads}
    moves: list[InstanceMove] = []
    while True:
        fullest = max(on, key=lambda name: (len(on[name]), name), default="")
        if not fullest or len(on[fullest]) < 2:
            return moves
        for instance in sorted(on[fullest], key=lambda each: (each.memory_mib, each.id)):
            fitting = [
                name
                for name, room in rooms.items()
                if len(on[name]) + 2 <= len(on[fullest]) and room.free_mib >= instance.memory_mib
            ]
            if fitting and instance.host == fullest:
                target = min(fitting, key=lambda name: (len(on[name]), -rooms[name].free_mib, name))
                break
        else:
            return moves
        rooms[target].free_mib -= instance.memory_mib
        if fullest in rooms:
            rooms[fullest].free_mib += instance.memory_mib
        on[fullest].remove(instance)
        on[target].append(instance)
        moves.append(InstanceMove(instance, target, group.set_id))


def _gathered(loads: Sequence[HostLoad], members: Sequence[Instance], group: Membership) -> list[InstanceMove]:
    """Move all to the host that has most of them, as far as it has room."""
    rooms = _rooms(loads)
    count = {name: sum(each.host == name for each in members) for name in rooms}
    home = max(rooms, key=lambda name: (count[name], rooms[name].free_mib, name), default="")
    moves = []
    for each in _largest_first(each for each in members if home and each.host != home):
        if rooms[home].free_mib >= each.memory_mib:
            rooms[home].free_mib -= each.memory_mib
            moves.append(InstanceMove(each, home, group.set_id))
    return moves


def _rooms(loads: Iterable[HostLoad]) -> dict[str, _Room]:
    """The hosts that may take instances, by name."""
    return {
        each.host.name: _Room(each.free_mib, {instance.id for instance in each.instances})
        for each in loads
        if each.is_open and each.is_reachable
    }


def _placed(
    rooms: Mapping[str, _Room], instance: Instance, group: Membership | None, *, may_meet: bool = False
) -> InstanceMove:
    apart = group.instance_ids if group is not None and group.strategy is Strategy.AVAILABILITY else frozenset()
    fitting = {
        name: room
        for name, room in rooms.items()
        if room.free_mib >= instance.memory_mib and not room.inside & (apart - {instance.id})
    }
    if not fitting and may_meet:
        fitting = {name: room for name, room in rooms.items() if room.free_mib >= instance.memory_mib}
    if not fitting:
        raise ApiError("OperationDenied.NoStock", _why_none(rooms, instance, group, apart), status=403)
    target = min(fitting, key=lambda name: (-fitting[name].free_mib, name))
    fitting[target].free_mib -= instance.memory_mib
    fitting[target].inside.add(instance.id)
    return InstanceMove(instance, target, group.set_id if group is not None else "")


def _why_none(rooms: Mapping[str, _Room], instance: Instance, group: Membership | None, apart: Collection[str]) -> str:
    if not rooms:
        return f"No other host of the zone {instance.zone} takes instances."
    if group is not None and any(room.inside & (set(apart) - {instance.id}) for room in rooms.values()):
        return f"No host is left for {instance.id} ({instance.name}) beside the others of {group.set_id}."
    free = ", ".join(f"{name} has {room.free_mib}" for name, room in sorted(rooms.items()))
    return f"No host has the {instance.memory_mib} MiB of {instance.id} ({instance.name}) free: {free}."


def _largest_first(instances: Iterable[Instance]) -> list[Instance]:
    return sorted(instances, key=lambda each: (-each.memory_mib, each.id))


def _set_of(instance: Instance, sets: Iterable[Membership]) -> Membership | None:
    return next((each for each in sets if instance.id in each.instance_ids), None)
