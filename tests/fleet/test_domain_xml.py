"""Domain XML ↔ values, without any hypervisor."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from oos.adapters.libvirt.backups import Backup, backup_xml, checkpoint_xml
from oos.adapters.libvirt.disk_changes import with_disk_replaced
from oos.adapters.libvirt.domain_template import NewDisk, NewDomain, domain_xml
from oos.adapters.libvirt.domain_xml import DomainCard, DomainDisk, parse_xml, read_domain
from oos.adapters.libvirt.note import DiskNote, Note, bare_note, write_note
from oos.adapters.libvirt.pools import Volume, read_volume, volume_xml
from oos.fleet.identity import adopted_disk_id
from oos.fleet.instance import Labels
from oos.fleet.storage import DirectBoot

GOLDEN = Path(__file__).parent / "golden"
CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOTE = Note(
    labels=Labels("Web 1", "first\nsecond", {"env": "prod", "a&b": "<\"'>", "": ""}, True, "rg-1"),
    instance_type="ecs.t1.tiny",
    image_id="m-00000000000000000001",
    host_name="web-1",
    token="token",
    created=CREATED,
    disks=(
        DiskNote("d-00000000000000000001", "vda", made=True, created=CREATED),
        DiskNote("d-00000000000000000002", "vdb", made=True, name="logs", created=CREATED),
        DiskNote("d-00000000000000000003", "vdc", False, "", None, "s-1", "restored", "/pool/old & odd.qcow2"),
    ),
)
DIRECT = NewDomain(
    type="qemu",
    name="web-1-12345678",
    uuid="12345678-1234-1234-1234-123456789abc",
    note=NOTE,
    cpu=1,
    memory_mib=96,
    architecture="x86_64",
    boot=DirectBoot("/images/vmlinuz", "/images/initrd", "console=ttyS0 root=/dev/vda a<b&c"),
    disks=(NewDisk("d-00000000000000000001", "vda", "/disks/d-00000000000000000001.qcow2"),),
    mac="52:54:00:12:34:56",
    network="default",
    console_log="/disks/i-12345678123412341234.console",
)
FROM_DISK = NewDomain(
    type="kvm",
    name="db-1",
    uuid="22345678-1234-1234-1234-123456789abc",
    note=Note(token="other"),
    cpu=4,
    memory_mib=2048,
    architecture="x86_64",
    boot=None,
    disks=(
        NewDisk("d-00000000000000000001", "vda", '/disks/it\'s <odd> & "quoted".qcow2'),
        NewDisk("d-00000000000000000002", "vdb", "/disks/d-00000000000000000002.qcow2"),
    ),
    mac="52:54:00:12:34:57",
    network="net <1>",
    console_log="/disks/i-22345678123412341234.console",
)


@pytest.mark.parametrize(("name", "domain"), [("direct-boot-tcg", DIRECT), ("disk-boot-kvm", FROM_DISK)])
def test_the_xml_of_a_new_domain(name: str, domain: NewDomain) -> None:
    expected = (GOLDEN / f"{name}.xml").read_text()
    found = domain_xml(domain)
    assert found == expected, "".join(difflib.unified_diff(expected.splitlines(True), found.splitlines(True)))


@pytest.mark.parametrize("domain", [DIRECT, FROM_DISK])
def test_what_was_written_is_read_back(domain: NewDomain) -> None:
    text = read_domain(domain_xml(domain))
    assert (text.name, text.uuid, text.cpu, text.memory_mib) == (
        domain.name,
        domain.uuid,
        domain.cpu,
        domain.memory_mib,
    )
    assert text.note == domain.note
    assert [(disk.device, disk.source, disk.serial) for disk in text.disks] == [
        (disk.device, disk.path, disk.serial) for disk in domain.disks
    ]
    assert text.cards == (DomainCard(domain.mac, domain.network),)
    assert text.console_log == domain.console_log
    assert text.has_agent_channel


@pytest.mark.parametrize("text", ["plain", " lead & trail ", "tab\tnew\nline\rreturn", "<&>\"'", "größe 🙂", "]]>"])
def test_any_text_of_a_label_comes_back(text: str) -> None:
    note = Note(labels=Labels(text, text, {text: text}, False, text))
    for written in (write_note(note), bare_note(note).replace("<instance", '<instance xmlns="urn:oos:instance:1"')):
        xml = f"<domain><metadata>{written}</metadata><devices/></domain>"
        assert read_domain(xml).note == note


@pytest.mark.parametrize("text", ["\x00", "\x1b[31m", "\ufffe"])
def test_what_xml_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="XML"):
        write_note(Note(labels=Labels(name=text)))


ADOPTED = """\
<domain xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0" type="kvm" id="7">
  <name>legacy</name>
  <uuid>0f7b2f5c-0001-4c4e-8f00-aabbccddeeff</uuid>
  <metadata>
    <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
      <libosinfo:os id="http://debian.org/debian/12"/>
    </libosinfo:libosinfo>
    <disk>of somebody else</disk>
  </metadata>
  <memory unit="KiB">1048576</memory>
  <currentMemory unit="KiB">524288</currentMemory>
  <vcpu placement="static" current="2">8</vcpu>
  <devices>
    <emulator>/usr/bin/kvm</emulator>
    <disk type="file" device="cdrom">
      <source file="/isos/debian.iso"/>
      <target dev="sda" bus="sata"/>
      <readonly/>
    </disk>
    <disk type="block" device="disk">
      <driver name="qemu" type="raw" cache="none" io="native"/>
      <source dev="/dev/vg/legacy" index="3"/>
      <backingStore/>
      <target dev="vda" bus="virtio"/>
      <iotune>
        <total_iops_sec>100</total_iops_sec>
      </iotune>
      <address type="pci" domain="0x0000" bus="0x04" slot="0x00" function="0x0"/>
    </disk>
    <disk type="volume" device="disk">
      <source pool="disks" volume="data.img"/>
      <target dev="vdb" bus="virtio"/>
    </disk>
    <disk type="network" device="disk">
      <source protocol="rbd" name="pool/image"/>
      <target dev="vdc" bus="virtio"/>
    </disk>
    <interface type="bridge">
      <mac address="52:54:00:00:00:01"/>
      <source bridge="br0"/>
    </interface>
    <interface type="user">
      <mac address="52:54:00:00:00:02"/>
    </interface>
    <channel type="unix">
      <target type="virtio" name="org.qemu.guest_agent.0" state="connected"/>
    </channel>
    <graphics type="vnc" port="-1" passwd="secret"/>
  </devices>
  <qemu:commandline>
    <qemu:arg value="-newarg"/>
  </qemu:commandline>
</domain>"""


def test_a_domain_of_somebody_else_is_read() -> None:
    text = read_domain(ADOPTED)
    assert (text.id, text.cpu, text.memory_mib) == ("i-0f7b2f5c00014c4e8f00", 2, 1024)
    assert text.disks == (
        DomainDisk("vda", "/dev/vg/legacy", format="raw"),
        DomainDisk("vdb", "", "disks", "data.img"),
        DomainDisk("vdc", "pool/image"),
    )
    assert [card.network for card in text.cards] == ["br0", ""]
    assert text.agent_state == "connected"
    assert text.note == Note()
    ids = [text.disk_id(disk) for disk in text.disks]
    assert ids[0] == adopted_disk_id("0f7b2f5c-0001-4c4e-8f00-aabbccddeeff", "/dev/vg/legacy")
    assert len(set(ids)) == 3
    assert text.find_disk(ids[1]) == text.disks[1]


def test_replacing_a_disk_changes_nothing_else() -> None:
    note = Note(disks=(DiskNote("d-00000000000000000001", "vda", source_snapshot_id="s-1", restore_token="t"),))
    changed = with_disk_replaced(ADOPTED, "vda", "/disks/d-00000000000000000001.new & odd.qcow2", note)
    before, after = ADOPTED.splitlines(), changed.splitlines()
    difference = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    gone = [line[2:].strip() for line in difference if line[0] == "-"]
    come = [line[2:].strip() for line in difference if line[0] == "+"]
    assert gone == [
        "</metadata>",
        '<disk type="block" device="disk">',
        '<driver name="qemu" type="raw" cache="none" io="native"/>',
        '<source dev="/dev/vg/legacy" index="3"/>',
        "<backingStore/>",
        "</disk>",
    ]
    assert any('type="qcow2" cache="none" io="native"' in line for line in come)
    text = read_domain(changed)
    assert text.note == note
    assert text.disks[0] == DomainDisk("vda", "/disks/d-00000000000000000001.new & odd.qcow2", format="qcow2")
    assert text.disks[1:] == read_domain(ADOPTED).disks[1:]
    root = parse_xml(changed)
    arguments = root.findall("{http://libvirt.org/schemas/domain/qemu/1.0}commandline/*")
    assert [argument.get("value") for argument in arguments] == ["-newarg"]
    assert "<qemu:commandline>" in changed
    assert "<libosinfo:os " in changed


def test_replacing_a_disk_again_replaces_the_note() -> None:
    once = with_disk_replaced(ADOPTED, "vda", "/a.qcow2", Note(token="one"))
    twice = with_disk_replaced(once, "vda", "/b.qcow2", Note(token="two"))
    assert read_domain(twice).note == Note(token="two")
    assert twice.count("oos:instance ") == 1


def test_a_volume_of_ours_names_its_disk_wherever_it_is_attached() -> None:
    xml = ADOPTED.replace("/dev/vg/legacy", "/disks/d-0123456789abcdef0123.89abcdef.qcow2")
    text = read_domain(xml)
    assert text.disk_id(text.disks[0]) == "d-0123456789abcdef0123"


def test_a_volume_is_read() -> None:
    xml = """<volume type='file'><name>b &amp; c.qcow2</name><key>/p/b</key><capacity unit='bytes'>67108864</capacity>
      <allocation unit='bytes'>200704</allocation><target><path>/p/b &amp; c.qcow2</path><format type='qcow2'/></target>
      <backingStore><path>/p/a.qcow2</path><format type='qcow2'/></backingStore></volume>"""
    assert read_volume(xml) == Volume("b & c.qcow2", "/p/b & c.qcow2", 67108864, 200704, "qcow2", "/p/a.qcow2")


def test_the_xml_of_a_new_volume() -> None:
    xml = volume_xml("a&b", 5, backing="/p/<x>")
    root = parse_xml(xml)
    assert root.findtext("name") == "a&b"
    assert root.findtext("backingStore/path") == "/p/<x>"
    assert root.findtext("target/compat") == "1.1"
    assert parse_xml(volume_xml("raw", 5, format="raw")).find("target/compat") is None


def test_the_xml_of_a_backup() -> None:
    full = parse_xml(backup_xml(Backup("vda", "/s/<a>.qcow2", "s-2")))
    (disk,) = full.findall("disks/disk")
    assert (disk.get("backupmode"), disk.get("incremental")) == ("full", None)
    assert full.find("disks/disk/target").attrib == {"file": "/s/<a>.qcow2"}  # type: ignore[union-attr]  # it is there
    increment = parse_xml(backup_xml(Backup("vda", "/s/b.qcow2", "s-2", "s-1"))).find("disks/disk")
    assert increment is not None
    assert (increment.get("backupmode"), increment.get("incremental")) == ("incremental", "s-1")
    assert checkpoint_xml(Backup("vda", "/s/b.qcow2", "")) is None
    assert "<name>s-2</name>" in (checkpoint_xml(Backup("vda", "/s/b.qcow2", "s-2")) or "")
