"""The lab as a fleet whose operations are called by name, and what is asked of the network in it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import oos_eip
import oos_instance
import oos_network
import oos_security_group
from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.fleet.fleet import Fleet
from oos.fleet.instance import GuestProcess
from oos.inventory.model import InstanceType, Inventory, Region, Zone
from oos.lab.config import LabConfig
from oos.lab.zone import require
from oos.service.call import invoke
from oos.service.catalog import Catalog
from oos.service.context import Context
from oos.service.registry import MemoryRegistry
from tests.fleet.real_world import lab_host, real_world
from tests.fleet.world import World, fresh_token

POOL = "198.51.100.8/30"
KILOBYTES = 600
"""Of 1000 bytes: the size of the file that is fetched."""
LEAST_SECONDS = 2.0
"""How long the file takes at least at 1 Mbit/s, when the first 250 KB come at once."""
TRIES = 8
"""How often the file may be fetched until it comes faster than that, without a limit, on a host that is busy."""
TINY = InstanceType("ecs.t1.tiny", 1, 96)
FETCH = "import sys, urllib.request as r; sys.stdout.buffer.write(r.urlopen(sys.argv[1], timeout=30).read())"
OUTSIDE = """
exec 3>&1 >&2
unshare --net sleep 60 & other=$!
trap 'kill $other; ip link del oos-out 2>/dev/null' EXIT
while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link add oos-out type veth peer name eth0 netns $other
ip address add 10.99.0.1/24 dev oos-out && ip link set oos-out up
nsenter --target $other --net sh -c 'ip address add 10.99.0.2/24 dev eth0 && ip link set eth0 up &&
  ip route add default via 10.99.0.1'
nsenter --target $other --net python3 -c "$1" "$2" >&3
"""


class LabFleet:
    """The lab as a fleet whose operations are called by name, and its network namespace."""

    def __init__(self, config: LabConfig, world: World) -> None:
        self.enter = require(config).enter()
        self.world = world
        self.host = lab_host(config)
        region = Region("lab", "lab", (Zone("lab-a", "lab", "lab-a", (self.host,)),), (POOL,))
        self.fleet = Fleet(Inventory((region,), {TINY.id: TINY}, "lab"), LibvirtHypervisor)
        self.registry = MemoryRegistry()
        self.catalog = Catalog((oos_instance.MODULE, oos_network.MODULE, oos_eip.MODULE, oos_security_group.MODULE))

    def call(self, name: str, **parameters: object) -> dict[str, object]:
        """Call an operation."""
        service, _, operation = name.rpartition(".")
        found = self.catalog.operation(service or "ECS", operation)
        assert found is not None, name
        context = Context(self.fleet, self.registry, "lab", fresh_token())
        return invoke(found, parameters, context)  # type: ignore[arg-type]  # JSON values, chosen by the test

    def inside(self, *words: str, seconds: float = 120) -> subprocess.CompletedProcess[bytes]:
        """Run a program in the zone's namespaces."""
        return subprocess.run([*self.enter, *words], capture_output=True, timeout=seconds, check=False)

    def fetch(self, url: str, *, patience: float = 60) -> tuple[bytes, float]:
        """What a guest's web server gives, and how many seconds that took; nothing when it does not answer."""
        deadline = time.monotonic() + patience
        while True:
            began = time.monotonic()
            done = self.inside("python3", "-c", FETCH, url)
            if done.returncode == 0:
                return done.stdout, time.monotonic() - began
            if time.monotonic() > deadline:
                return b"", 0.0

    def from_outside(self, url: str) -> bytes:
        """What the web server gives to a machine beyond the zone: a namespace of its own, on a cable to it."""
        return self.inside("sh", "-c", OUTSIDE, "sh", FETCH, url).stdout

    def in_guest(self, instance_id: str, script: str) -> GuestProcess:
        """What a script of the shell says in a guest."""
        pid = self.world.hypervisor.guest_execute(instance_id, ["/bin/sh", "-c", script])
        return self.world.finish(instance_id, pid)


@contextmanager
def lab_fleet(config: LabConfig) -> Iterator[LabFleet]:
    """The fleet of a lab that is up; of what was made there, nothing is left."""
    with real_world(config) as world:
        made = LabFleet(config, world)
        try:
            yield made
            world.clean_up(world.lasting)
            # What tests beside this one have there is theirs.
            left = made.inside("sh", "-c", "nft list tables; ip -4 address show dev lo; iptables -S").stdout
        finally:
            made.fleet.close()
        assert not any(trace in left for trace in (b"oos-eip", b"OOS-EIP", b"198.51.100.", b"oos-vpc", b"OOS-VPC"))
