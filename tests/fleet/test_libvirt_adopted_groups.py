"""An adopted domain that joins a security group: its reference to a filter changes, and nothing else."""

from __future__ import annotations

import re
import uuid

import pytest

from oos.adapters.libvirt.connection import libvirt
from oos.fleet.firewall import GroupFilter
from oos.fleet.instance import interface_id
from oos.values.identifiers import instance_id, resource_id
from tests.fleet.real_world import RealWorld
from tests.fleet.world import fresh_token

pytestmark = pytest.mark.real

MAC = "52:54:00:0a:0b:0c"
DOMAIN = """\
<domain type='qemu'>
  <name>theirs-{uuid}</name>
  <uuid>{uuid}</uuid>
  <metadata><app:note xmlns:app='urn:app:1'>of <app:bold>somebody</app:bold> else</app:note></metadata>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64'>hvm</type></os>
  <devices>
    <interface type='network'><mac address='{mac}'/><source network='default'/><model type='e1000'/>
      {filter}<bandwidth><inbound average='100'/></bandwidth></interface>
  </devices>
</domain>
"""
THEIRS = "<filterref filter='no-mac-spoofing'><parameter name='IP' value='10.77.1.250'/></filterref>"
REFERENCE = re.compile(r"\s*<filterref.*?(?:/>|</filterref>)(?=\s*<(?!parameter|/filterref))", re.DOTALL)


@pytest.mark.parametrize("filter", ["", THEIRS])
def test_nothing_but_the_reference_of_the_card_changes(lab_world: RealWorld, filter: str) -> None:
    world, id = lab_world, str(uuid.uuid4())
    groups = sorted(resource_id("sg", fresh_token()) for _ in range(2))
    ask = world.libvirt._connection.call
    xml = DOMAIN.format(uuid=id, mac=MAC, filter=filter)
    ask("theirs", "defining it", lambda conn: conn.defineXML(xml))

    def definition() -> str:
        flag = libvirt.VIR_DOMAIN_XML_INACTIVE
        return str(ask("theirs", "looking", lambda conn: conn.lookupByUUIDString(id).XMLDesc(flag)))

    try:
        before = definition()
        for group in groups:
            world.hypervisor.put_group_filter(GroupFilter(group))
        assert definition() == before
        for wanted in (groups[:1], groups, groups[1:]):
            joined = world.hypervisor.set_security_groups(instance_id(id), MAC, wanted)
            assert sorted(joined.interfaces[0].security_group_ids) == wanted
            assert REFERENCE.sub("", definition()) == REFERENCE.sub("", before)
            card = str(ask("theirs", "looking", lambda conn: conn.nwfilterLookupByName(interface_id(MAC)).XMLDesc(0)))
            assert ("no-mac-spoofing" in card) is bool(filter)
            assert ("10.77.1.250" in definition()) is bool(filter)
        world.hypervisor.set_security_groups(instance_id(id), MAC, [])
        assert definition() == before
    finally:
        world.hypervisor.remove_instance(instance_id(id))
        for group in groups:
            world.hypervisor.remove_group_filter(group)
