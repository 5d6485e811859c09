"""Domains of others' making move, too, under the names that they have; what others have under such a name stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.fleet.errors import Incapable
from oos.fleet.instance import Power
from oos.values.identifiers import instance_id
from tests.fleet.two_hosts import TwoHosts

pytestmark = pytest.mark.real

UUID = "5b1f0a86-9f0e-4d3b-8a57-0f6c6a3f9d11"
NAME = "adopted.qcow2"
DOMAIN = """
<domain type='qemu'>
  <name>adopted</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>96</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='{path}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
  </devices>
</domain>
"""


def libvirt_of(hosts: TwoHosts) -> tuple[LibvirtHypervisor, LibvirtHypervisor]:
    first, second = hosts.first.hypervisor, hosts.second.hypervisor
    assert isinstance(first, LibvirtHypervisor)
    assert isinstance(second, LibvirtHypervisor)
    return first, second


@pytest.fixture
def adopted(two_real: TwoHosts) -> Iterator[str]:
    first, second = libvirt_of(two_real)
    path = first._disk_pool.create(NAME, 1 << 20).path
    first._connection.call("adopted", "defining it", lambda conn: conn.defineXML(DOMAIN.format(uuid=UUID, path=path)))
    yield instance_id(UUID)
    for host in (first, second):
        if any(each.id == instance_id(UUID) for each in host.instances()):
            host.remove_instance(instance_id(UUID))
        host._disk_pool.delete(NAME)


def test_an_adopted_domain_moves_and_keeps_the_ids_of_its_disks(two_real: TwoHosts, adopted: str) -> None:
    first, second = libvirt_of(two_real)
    (disk_id,) = first.instance(adopted).disk_ids
    there = two_real.move(adopted)
    assert (there.power, there.domain, there.disk_ids) == (Power.STOPPED, "adopted", (disk_id,))
    assert second.disk(disk_id).volume == NAME
    assert first._disk_pool.find(NAME) is None
    assert not [each for each in second._disk_pool.names() if each.endswith(".moving")]


def test_what_others_have_under_a_name_is_not_overwritten(two_real: TwoHosts, adopted: str) -> None:
    first, second = libvirt_of(two_real)
    second._disk_pool.create(NAME, 2 << 20)
    with pytest.raises(Incapable, match=r"has another adopted\.qcow2"):
        two_real.move(adopted)
    assert second._disk_pool.require(NAME).size_bytes == 2 << 20
    assert [each.id for each in second.instances()] == []
    assert first.instance(adopted).moving_from == ""
    second._disk_pool.delete(NAME)
    assert two_real.move(adopted).host == "lab-2"


def test_a_disk_that_others_stand_on_stays_where_it_is(two_real: TwoHosts, adopted: str) -> None:
    first, second = libvirt_of(two_real)
    base = first._disk_pool.require(NAME)
    first._disk_pool.create("above.qcow2", base.size_bytes, backing=base.path)
    assert two_real.move(adopted).host == "lab-2"
    assert first._disk_pool.find(NAME) is not None
    first._disk_pool.delete("above.qcow2")
    assert second._disk_pool.find(NAME) is not None
