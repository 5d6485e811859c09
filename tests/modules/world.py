"""A world for the modules: a fleet of simulated hosts, and operations called on it by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from oos.adapters.memory.clock import SimulatedClock
from oos.adapters.memory.faults import Fault, FaultKind
from oos.adapters.memory.guest import GuestProgram, tiny_shell
from oos.adapters.memory.host import Pace
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.adapters.memory.state import HostState, sample_image
from oos.fleet.fleet import Fleet
from oos.fleet.guest import Guest
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.instance import Instance
from oos.inventory.load import DEFAULT_INSTANCE_TYPES
from oos.inventory.model import Host, Inventory, Region, SshAccess, Uplink, Zone
from oos.inventory.prices import Prices
from oos.rehearsal.watchman import SimulatedWatchman
from oos.service.call import invoke
from oos.service.catalog import Catalog
from oos.service.context import Context
from oos.service.errors import ApiError
from oos.service.operation import Module, Operation
from oos.service.orchestration import Orchestrator
from oos.service.registry import MemoryRegistry
from tests.modules import sdk

TYPE = "ecs.t1.tiny"


def host(name: str, zone: str = "lab-a") -> Host:
    """A host of the region `lab`; h-3 holds no elastic addresses."""
    return Host(name, f"memory:///{name}", zone, "lab", uplink=None if name == "h-3" else Uplink())


def assert_plain(value: Any, where: str) -> None:
    """A response is made of JSON values alone."""
    if type(value) is dict:
        for key, item in value.items():
            assert type(key) is str, where
            assert_plain(item, f"{where}.{key}")
    elif type(value) is list:
        for item in value:
            assert_plain(item, f"{where}[]")
    else:
        assert value is None or type(value) in (str, int, float, bool), f"{where} is a {type(value)}"


def assert_fills(operation: Operation, response: dict[str, Any]) -> None:
    """A response loses nothing on its way through the official SDK."""
    if sdk.response_model(operation.service, operation.name) is not None:
        assert_holds(sdk.filled(operation, response), response, operation.name)


def assert_holds(kept: Any, sent: Any, where: str) -> None:
    """What was kept holds all that was sent."""
    if isinstance(sent, dict):
        for name, value in sent.items():
            if value is not None:
                assert name in kept, f"{where}.{name}"
                assert_holds(kept[name], value, f"{where}.{name}")
    elif isinstance(sent, list):
        assert len(kept) == len(sent), where
        for number, value in enumerate(sent):
            assert_holds(kept[number], value, f"{where}[{number}]")
    else:
        assert kept == sent, where


@dataclass
class World:
    """Hosts h-1 and h-2 in zone lab-a and h-3 in zone lab-b, each with the same image; nothing runs yet."""

    modules: tuple[Module, ...]
    pace: Pace = field(default_factory=Pace)
    program: GuestProgram = tiny_shell
    registry: MemoryRegistry = field(default_factory=MemoryRegistry)
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    told: list[str] = field(default_factory=list)
    """What operations reported."""
    calls: int = 0
    prices: Prices = field(default_factory=Prices)
    orchestrator: Orchestrator | None = None
    reach: Callable[[SshAccess], Guest] | None = None
    region_facts: dict[str, Any] = field(default_factory=dict)
    """More about the region `lab`: managed instances, how guests are reached over SSH."""
    wrap: Callable[[Hypervisor], Hypervisor] = lambda hypervisor: hypervisor

    def __post_init__(self) -> None:
        hosts = (host("h-1"), host("h-2"), host("h-3", "lab-b"))
        zones = tuple(
            Zone(zone, "lab", f"zone {zone}", tuple(each for each in hosts if each.zone == zone))
            for zone in ("lab-a", "lab-b")
        )
        inventory = Inventory(
            (Region("lab", "the lab", zones, ("203.0.113.0/29",), **self.region_facts), Region("empty", "nothing", ())),
            {each.id: each for each in DEFAULT_INSTANCE_TYPES},
            "lab",
            self.prices,
        )
        self.hosts = {each.name: self._simulated(each) for each in hosts}
        self.image_id = sample_image("h-1", "lab-a", "lab").id
        self.fleet = Fleet(inventory, lambda each: self.wrap(self.hosts[each.name]), self.reach)
        self.catalog = Catalog(self.modules)
        self.watchman = SimulatedWatchman(list(self.hosts.values()))

    def _simulated(self, host: Host) -> MemoryHypervisor:
        image = sample_image(host.name, host.zone, host.region)
        state = HostState(images={image.id: image})
        return MemoryHypervisor(host, state, clock=self.clock, pace=self.pace, guest_program=self.program)

    def context(self, token: str, **changes: Any) -> Context:
        """Surroundings of a call; time passes only when somebody waits."""
        given: dict[str, Any] = {
            "now": self.clock.now,
            "report": self.told.append,
            "sleep": lambda cancelled, seconds: self.clock.sleep(seconds),
            "orchestrator": self.orchestrator,
            "watchman": self.watchman,
            **changes,
        }
        return Context(self.fleet, self.registry, "lab", token, **given)

    def call(self, name: str, token: str = "", **parameters: Any) -> dict[str, Any]:
        """Call an operation, `ECS.` understood; each call has a token of its own unless one is given."""
        self.calls += 1
        service, _, operation = name.rpartition(".")
        found = self.catalog.operation(service or "ECS", operation)
        assert found is not None, name
        response = invoke(found, parameters, self.context(token or f"token-{self.calls}"))
        assert_plain(response, name)
        assert_fills(found, response)
        return response

    def refusal(self, name: str, token: str = "", **parameters: Any) -> ApiError:
        """The error that a call ends in."""
        try:
            answer = self.call(name, token, **parameters)
        except ApiError as error:
            return error
        raise AssertionError(f"{name} was not refused: {answer}")

    def run(self, **parameters: Any) -> str:
        """Make a running instance; its id."""
        given = {"ImageId": self.image_id, "InstanceType": TYPE, "ZoneId": "lab-a", **parameters}
        made = self.call("RunInstances", **given)
        return str(made["InstanceIdSets"]["InstanceIdSet"][0])

    def instance(self, instance_id: str) -> Instance:
        """The instance as its host has it."""
        return self.fleet.of_instance(instance_id)[1]

    def home(self, instance_id: str) -> MemoryHypervisor:
        """The simulated host that an instance is on."""
        return self.hosts[self.instance(instance_id).host]

    def break_next(self, method: str, kind: FaultKind, *, times: int = 1, skip: int = 0) -> None:
        """On every host, the next calls of this method of the port go wrong."""
        for each in self.hosts.values():
            each.faults.add(Fault(method, kind, times=times, skip=skip))
