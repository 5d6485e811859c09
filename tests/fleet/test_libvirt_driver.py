"""The libvirt adapter on libvirt's own test driver: no emulator, no daemon, much faster than the lab."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import msgspec
import pytest

from oos.adapters.libvirt.connection import (
    CALLS_PER_LANE,
    LANES,
    Connection,
    Deadlines,
    Handle,
    LibvirtFailed,
    libvirt,
    without_questions,
)
from oos.adapters.libvirt.domain_template import domain_xml
from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.adapters.libvirt.manifests import Listing
from oos.adapters.libvirt.pools import Pool
from oos.adapters.libvirt.sizes import SnapshotSizes
from oos.fleet.errors import DeadlineExceeded, HostUnreachable, HypervisorFailed, WrongState
from oos.fleet.instance import Labels, Power, StopMethod
from oos.fleet.manifest import SnapshotManifest
from oos.fleet.storage import DiskKind, SnapshotStatus
from oos.inventory.model import Host
from tests.fleet.test_domain_xml import FROM_DISK

MANY = 2000


@pytest.fixture
def hypervisor() -> Iterator[LibvirtHypervisor]:
    """A host of the test driver: it has one domain, `test`, which runs."""
    hypervisor = LibvirtHypervisor(Host("driver", "test:///default", "zone-a", "local"))
    yield hypervisor
    hypervisor.close()


def test_a_host_is_named_without_loading_libvirt() -> None:
    program = """
import sys
from oos.adapters.libvirt import open_hypervisor
from oos.adapters.memory.hypervisor import MemoryHypervisor
print(sorted({"libvirt", "libvirt_qemu", "jinja2"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("uri", "opened"),
    [
        ("qemu+ssh://root@host/system", "qemu+ssh://root@host/system?no_tty=1"),
        ("qemu+ssh://root@host/system?keyfile=k", "qemu+ssh://root@host/system?keyfile=k&no_tty=1"),
        ("qemu+ssh://root@host/system?no_tty=0", "qemu+ssh://root@host/system?no_tty=0"),
        ("qemu:///system?socket=/run/s", "qemu:///system?socket=/run/s"),
        ("qemu+tls://host/system", "qemu+tls://host/system"),
    ],
)
def test_ssh_is_not_to_ask_anybody(uri: str, opened: str) -> None:
    assert without_questions(uri) == opened


def test_a_domain_of_somebody_else_is_an_instance(hypervisor: LibvirtHypervisor) -> None:
    (instance,) = hypervisor.instances()
    assert (instance.domain, instance.power, instance.token, instance.created) == ("test", Power.RUNNING, "", None)
    assert instance.name == "test"
    assert hypervisor.instance(instance.id) == instance


def test_a_paused_instance_is_neither_running_nor_stopped_and_goes_on(hypervisor: LibvirtHypervisor) -> None:
    (instance,) = hypervisor.instances()
    hypervisor._ask(instance.id, "pausing", lambda domain: domain.suspend())
    assert hypervisor.instance(instance.id).power is Power.PAUSED
    with pytest.raises(WrongState, match=instance.id):
        hypervisor.stop(instance.id, StopMethod.ACPI)
    with pytest.raises(WrongState, match=instance.id):
        hypervisor.remove_instance(instance.id)
    hypervisor.start(instance.id)
    assert hypervisor.instance(instance.id).power is Power.RUNNING


def test_labels_of_an_adopted_domain_change_nothing_else(hypervisor: LibvirtHypervisor) -> None:
    (before,) = hypervisor.instances()
    labels = Labels(name="adopted", tags={"env": "prod"})
    assert hypervisor.label(before.id, labels) == replace(before, labels=labels)
    hypervisor.stop(before.id, StopMethod.POWER_OFF)
    assert hypervisor.instance(before.id).labels == labels


def test_a_label_that_cannot_be_kept_is_refused(hypervisor: LibvirtHypervisor) -> None:
    (instance,) = hypervisor.instances()
    with pytest.raises(HypervisorFailed, match=instance.id):
        hypervisor.label(instance.id, Labels(name="\x00"))


def test_what_the_driver_cannot_do_is_said_with_its_target(hypervisor: LibvirtHypervisor) -> None:
    (instance,) = hypervisor.instances()
    with pytest.raises(LibvirtFailed, match=instance.id) as failed:
        hypervisor.guest_execute(instance.id, ["/bin/true"])
    assert failed.value.code == libvirt.VIR_ERR_NO_SUPPORT


def test_an_address_where_nobody_listens_is_unreachable() -> None:
    hypervisor = LibvirtHypervisor(Host("gone", "qemu:///system?socket=/nonexistent/libvirt-sock", "z", "r"))
    with pytest.raises(HostUnreachable, match="gone"):
        hypervisor.instances()
    hypervisor.close()
    hypervisor.close()


def test_a_call_that_takes_too_long_is_given_up_but_the_host_is_not(hypervisor: LibvirtHypervisor) -> None:
    connection = Connection("driver", "test:///default", Deadlines(patience=0.1))
    begun = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"slow: sleeping did not end within 0\.3 s"):
        connection.call("slow", "sleeping", lambda conn: time.sleep(30), seconds=0.3)
    assert time.monotonic() - begun < 20
    assert connection.call("driver", "asking", lambda conn: conn.isAlive()) == 1
    connection.close()


def test_a_call_whose_connection_was_given_up_meanwhile_tells_of_the_host(hypervisor: LibvirtHypervisor) -> None:
    """Another call found the connection dead, and closed it. Seen under load: an internal error, in place of a host."""

    def look(conn: Handle) -> str:
        conn.close()
        return str(conn.lookupByName("test").name())

    with pytest.raises(HostUnreachable, match="driver"):
        hypervisor._connection.call("test", "looking", look)
    assert len(hypervisor.instances()) == 1


def test_a_finished_snapshot_is_measured_once_for_each_version_of_its_manifest(hypervisor: LibvirtHypervisor) -> None:
    pool = Pool(hypervisor._connection, "default-pool")
    done, begun = (
        SnapshotManifest(
            id=f"s-{status}",
            volume=f"{status}.qcow2",
            disk_id="d-1",
            instance_id="i-1",
            disk_kind=DiskKind.SYSTEM,
            source_size_bytes=1 << 20,
            created="",
            token="",
            status=status,
        )
        for status in (SnapshotStatus.ACCOMPLISHED, SnapshotStatus.PROGRESSING)
    )
    for each in (done, begun):
        pool.create(each.volume, 1 << 20)
    listing = Listing({each.id: each for each in (done, begun)}, frozenset(pool.names()))
    sizes = SnapshotSizes(pool)
    first = sizes.of(listing)
    assert first.keys() == {done.volume, begun.volume}
    for each in (done, begun):
        pool.delete(each.volume)
    assert sizes.of(listing) == {done.volume: first[done.volume]}
    anew = Listing({done.id: msgspec.structs.replace(done)}, listing.names)
    assert sizes.of(anew) == {}
    assert sizes.of(Listing(listing.manifests, frozenset())) == {}


def test_an_error_of_the_function_itself_is_the_callers(hypervisor: LibvirtHypervisor) -> None:
    def fail(_: object) -> None:
        raise TimeoutError("of the function's own")

    with pytest.raises(TimeoutError, match="own"):
        hypervisor._connection.call("driver", "failing", fail)


def test_more_calls_than_libvirt_carries_at_once_wait_for_their_turn() -> None:
    connection = Connection("driver", "test:///default", Deadlines())
    at_once = most = 0
    lock = threading.Lock()

    def work(_: object) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.01)
        with lock:
            at_once -= 1

    threads = [threading.Thread(target=connection.call, args=("driver", "working", work)) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == CALLS_PER_LANE * LANES
    connection.close()


def test_listing_many_domains_costs_little_more_than_libvirt_itself(hypervisor: LibvirtHypervisor) -> None:
    def define(conn: libvirt.virConnect) -> None:
        for number in range(MANY):
            uuid = f"22345678-1234-1234-1234-{number:012d}"
            conn.defineXML(domain_xml(replace(FROM_DISK, type="test", name=f"many-{number}", uuid=uuid)))

    def bare(conn: libvirt.virConnect) -> list[tuple[str, list[int]]]:
        return [(domain.XMLDesc(0), domain.state(0)) for domain in conn.listAllDomains(0)]

    hypervisor._connection.call("driver", "defining", define, seconds=120)
    hypervisor.instances()
    peer, ours = quickest(
        lambda: hypervisor._connection.call("driver", "listing", bare),
        lambda: [each for each in hypervisor.instances() if each.labels.tags.get("env") == "prod"],
    )
    assert len(hypervisor.instances()) == MANY + 1
    assert ours < 3 * peer, f"{ours:.3f} s against {peer:.3f} s"


def quickest(*ways: Callable[[], object]) -> list[float]:
    """The least of some runs of each in turn, in seconds of this process: other work on the machine counts for none."""
    times: list[list[float]] = [[] for _ in ways]
    for _ in range(5):
        for way, taken in zip(ways, times, strict=True):
            begun = time.process_time()
            way()
            taken.append(time.process_time() - begun)
    return [min(taken) for taken in times]
