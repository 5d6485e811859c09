"""A world to test a hypervisor in: a host with an image, and what a test asks of its guests."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.adapters.memory.state import HostState, sample_image
from oos.fleet.errors import AgentUnavailable
from oos.fleet.firewall import Direction, Flow, Protocol
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.instance import GuestProcess, Instance, InstanceSpec, Labels, Power, StopMethod
from oos.fleet.network import Network
from oos.fleet.storage import Snapshot, SnapshotRequest
from oos.inventory.model import Host
from oos.values.identifiers import resource_id

PATIENCE = 120.0
"""Seconds that a guest may take to boot or to shut down; a loaded host emulates slowly."""


def fresh_token() -> str:
    """A token that no request had before."""
    return uuid.uuid4().hex


@dataclass
class World:
    """A hypervisor, an image that boots there, and what a test needs to ask of its guests."""

    hypervisor: Hypervisor
    image_id: str
    disk_folder: str
    """Where the system disk is mounted in a guest."""
    made: list[str] = field(default_factory=list)
    lasting: list[str] = field(default_factory=list)
    """Instances that stay until the world ends."""

    def spec(self, **changes: object) -> InstanceSpec:
        """A small instance to be made."""
        spec = InstanceSpec(
            token=fresh_token(),
            image_id=self.image_id,
            instance_type="ecs.t1.tiny",
            cpu=1,
            memory_mib=96,
            labels=Labels(name="contract"),
            created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        )
        return replace(spec, **changes)  # type: ignore[arg-type]  # names of fields, chosen by the test

    def make(self, **changes: object) -> Instance:
        """A stopped instance that ends with the test."""
        instance = self.hypervisor.make_instance(self.spec(**changes))
        self.made.append(instance.id)
        return instance

    def guest(self) -> Instance:
        """A running instance for tests that leave it as they found it; booting one for each takes long."""
        if not self.lasting:
            self.lasting.append(self.hypervisor.make_instance(self.spec()).id)
        return self.run(self.lasting[0])

    def run(self, instance_id: str) -> Instance:
        """Start it and wait until its agent answers."""
        self.hypervisor.start(instance_id)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.hypervisor.guest_info(instance_id)
                return self.hypervisor.instance(instance_id)
            except AgentUnavailable:
                assert time.monotonic() < deadline, f"no agent: {self.hypervisor.console(instance_id)[-2000:]!r}"
                time.sleep(0.2)

    def wait_for(self, instance_id: str, power: Power) -> Instance:
        """Wait until it is so."""
        deadline = time.monotonic() + PATIENCE
        while (instance := self.hypervisor.instance(instance_id)).power is not power:
            assert time.monotonic() < deadline, f"{instance_id} is {instance.power}, not {power}"
            time.sleep(0.1)
        return instance

    def finish(self, instance_id: str, pid: int) -> GuestProcess:
        """Wait until a program in the guest has ended."""
        deadline = time.monotonic() + PATIENCE
        while not (process := self.hypervisor.guest_process(instance_id, pid)).exited:
            assert time.monotonic() < deadline, "the program does not end"
            time.sleep(0.05)
        return process

    def write(self, instance_id: str, name: str, content: bytes) -> None:
        """Put a file on the system disk, through to the disk itself."""
        self.hypervisor.guest_write(instance_id, f"{self.disk_folder}/{name}", content)
        self.finish(instance_id, self.hypervisor.guest_execute(instance_id, ["/bin/sync"]))

    def read(self, instance_id: str, name: str) -> bytes:
        """Read a file of the system disk."""
        return self.hypervisor.guest_read(instance_id, f"{self.disk_folder}/{name}")

    def snapshot(self, disk_id: str, **changes: object) -> Snapshot:
        """Make a snapshot."""
        return self.hypervisor.create_snapshot(self.request(disk_id, **changes), lambda percent: None)

    def request(self, disk_id: str, **changes: object) -> SnapshotRequest:
        """A snapshot to be made."""
        token = fresh_token()
        request = SnapshotRequest(resource_id("s", token), disk_id, token, datetime.now(UTC))
        return replace(request, **changes)  # type: ignore[arg-type]  # names of fields, chosen by the test

    @property
    def simulated(self) -> MemoryHypervisor:
        """The hypervisor, as what it is."""
        assert isinstance(self.hypervisor, MemoryHypervisor)
        return self.hypervisor

    def address(self, instance: Instance) -> str:
        """The first IPv4 address of a running guest."""
        found: list[str] = []
        self.until(lambda: bool(found) or self._addresses_into(instance, found))
        return found[0]

    def _addresses_into(self, instance: Instance, found: list[str]) -> bool:
        found += [each.address for each in self.hypervisor.addresses(instance.id) if "." in each.address]
        return bool(found)

    def connects(self, source: Instance | None, target: Instance, port: int) -> bool:
        """Whether a new TCP connection is made from a guest, or (None) from the zone outside all guests."""
        if source is None:
            return self.simulated.lets_through(
                target.id, Flow(Direction.INGRESS, Protocol.TCP, "10.1.0.1", port, 40000)
            )
        if not self.simulated.has_way(source.interfaces[0].network, target.interfaces[0].network):
            return False
        return self.simulated.lets_through(
            target.id,
            Flow(Direction.INGRESS, Protocol.TCP, self.address(source), port, 40000, source.interfaces[0].mac),
        ) and self.simulated.lets_through(
            source.id,
            Flow(Direction.EGRESS, Protocol.TCP, self.address(target), port, 40000, target.interfaces[0].mac),
        )

    def has_way(self, source: Network, target: Network) -> bool:
        """Whether the host lets connections begin from one network to another."""
        return self.simulated.has_way(source.name, target.name)

    def can_ask_outside(self, source: Instance) -> bool:
        """Whether a guest can connect to what is outside all guests."""
        return self.simulated.lets_through(source.id, Flow(Direction.EGRESS, Protocol.TCP, "10.1.0.1", 53, 40000))

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until it is so."""
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < deadline, "it does not come to be so"
            time.sleep(0.1)

    def clean_up(self, made: list[str]) -> None:
        """Remove instances with their disks, and the snapshots of those."""
        left = {instance.id for instance in self.hypervisor.instances()}
        for instance_id in left.intersection(made):
            self.forget_snapshots(instance_id)
            self.hypervisor.stop(instance_id, StopMethod.POWER_OFF)
            self.hypervisor.remove_instance(instance_id)
        made.clear()

    def forget_snapshots(self, instance_id: str) -> None:
        """Delete the snapshots of an instance, newest first: none has to be made whole for that."""
        mine = [each for each in self.hypervisor.snapshots() if each.instance_id == instance_id]
        for snapshot in sorted(mine, key=lambda each: each.created, reverse=True):
            self.hypervisor.delete_snapshot(snapshot.id)


def simulated_world() -> World:
    """A simulated host with one image."""
    host = Host("sim-1", "memory:///sim-1", "zone-a", "local")
    image = sample_image(host.name, host.zone, host.region)
    hypervisor = MemoryHypervisor(host, HostState(images={image.id: image}))
    return World(hypervisor, image.id, "/root")
