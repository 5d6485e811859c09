"""Domain XML read into values, and changed in one place at a time.

https://libvirt.org/formatdomain.html
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from xml.dom import minidom
from xml.etree import ElementTree

from oos.adapters.libvirt.card_filter import CardFilter, card_filter_of
from oos.adapters.libvirt.note import NAMESPACE, MoveMark, Note, read_move_mark, read_note, read_run_note, write_note
from oos.fleet.identity import adopted_disk_id
from oos.fleet.network import Bandwidth
from oos.values.identifiers import instance_id, is_resource_id

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

AGENT_CHANNEL: Final = "org.qemu.guest_agent.0"
_UNITS: Final = {"b": 1, "bytes": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_DISK_ID_LENGTH: Final = len("d-") + 20


@dataclass(frozen=True, slots=True)
class DomainDisk:
    """A disk of a domain, as its XML has it."""

    device: str
    source: str
    """Path of the file or block device; empty where the disk is a volume by name, or on the network."""
    pool: str = ""
    volume: str = ""
    format: str = "raw"
    serial: str = ""
    read_only: bool = False

    @property
    def file_name(self) -> str:
        """The last part of the path, or the name of the volume."""
        return self.volume or self.source.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class DomainCard:
    """A network card of a domain."""

    mac: str
    network: str
    bandwidth: Bandwidth = field(default_factory=Bandwidth)
    filter: CardFilter = field(default_factory=CardFilter)


@dataclass(frozen=True, slots=True)
class DomainText:
    """What a domain's XML says, as far as oos asks."""

    uuid: str
    name: str
    cpu: int
    memory_mib: int
    disks: tuple[DomainDisk, ...]
    cards: tuple[DomainCard, ...]
    note: Note
    started: datetime | None
    agent_state: str
    """`connected`, `disconnected`; empty without an agent channel, or without power."""
    has_agent_channel: bool
    console_log: str
    """Path of the file that keeps what the serial console shows."""
    mark: MoveMark | None = None
    """There while its move from another host is not complete."""
    kernel: str = ""
    """Path of the kernel that the hypervisor loads itself; empty where the disk boots by its own boot loader."""
    initrd: str = ""
    command_line: str = ""
    disk_ids: tuple[str, ...] = ()
    """The ids of the disks, in their order."""
    seed: str = ""
    """Path of the medium that tells its guest what it is told at its first start."""

    @property
    def id(self) -> str:
        """The id of the instance that this domain is."""
        return instance_id(self.uuid)

    def disk_id(self, disk: DomainDisk) -> str:
        """The id of a disk: from the note, else from the name of our volume or the serial that we gave it, else from
        what never changes."""
        noted = self.note.disk(disk.device)
        if noted is not None:
            return noted.id
        named = disk.file_name[:_DISK_ID_LENGTH]
        if is_resource_id(named, "d"):
            return named
        if is_resource_id(f"d-{disk.serial}", "d"):
            return f"d-{disk.serial}"
        return adopted_disk_id(self.uuid, disk.source or f"{disk.pool}/{disk.volume}")

    def find_disk(self, disk_id: str) -> DomainDisk | None:
        """The disk with this id."""
        return next((disk for disk in self.disks if self.disk_id(disk) == disk_id), None)


@lru_cache(maxsize=4096)
def read_domain(xml: str) -> DomainText:
    """The values in a domain's XML. Thousands of domains are read again and again, and seldom changed: it is cached."""
    root = parse_xml(xml)
    metadata = root.find("metadata")
    devices = root.find("devices")
    if devices is None:
        devices = ElementTree.Element("devices")
    channel = next(
        (each for each in devices.iterfind("channel/target") if each.get("name") == AGENT_CHANNEL),
        None,
    )
    log = devices.find("serial/log")
    text = DomainText(
        uuid=root.findtext("uuid", ""),
        name=root.findtext("name", ""),
        cpu=_cpus(root.find("vcpu")),
        memory_mib=_mebibytes(root.find("memory")),
        disks=tuple(disk for disk in map(_disk, devices.iterfind("disk")) if disk is not None),
        cards=tuple(_card(interface) for interface in devices.iterfind("interface")),
        note=read_note(metadata),
        started=read_run_note(metadata),
        agent_state=channel.get("state", "") if channel is not None else "",
        has_agent_channel=channel is not None,
        console_log=log.get("file", "") if log is not None else "",
        mark=read_move_mark(metadata),
        kernel=root.findtext("os/kernel", ""),
        initrd=root.findtext("os/initrd", ""),
        command_line=root.findtext("os/cmdline", ""),
        seed=_seed(root.findtext("uuid", ""), devices),
    )
    return replace(text, disk_ids=tuple(map(text.disk_id, text.disks)))


def parse_xml(xml: str) -> Element:
    """An XML text of libvirt as elements."""
    # The text is made by libvirtd, whom we trust with far more; expat refuses entity bombs anyway.
    return ElementTree.fromstring(xml)  # noqa: S314


def _cpus(element: Element | None) -> int:
    if element is None or element.text is None:
        return 1
    return int(element.get("current") or element.text)


def _mebibytes(element: Element | None) -> int:
    return bytes_of(element) // 1024**2


def bytes_of(element: Element | None) -> int:
    """The bytes that an element such as `<memory unit='KiB'>` counts; 0 without one."""
    if element is None or not element.text:
        return 0
    unit = element.get("unit", "KiB" if element.tag in ("memory", "currentMemory") else "bytes").lower()
    return int(element.text) * (_UNITS.get(unit) or _UNITS.get(unit.removesuffix("ib")) or 1)


def _disk(element: Element) -> DomainDisk | None:
    """A disk; None for removable media."""
    source, target, driver = element.find("source"), element.find("target"), element.find("driver")
    if element.get("device", "disk") not in ("disk", "lun") or source is None or target is None:
        return None
    return DomainDisk(
        device=target.get("dev", ""),
        source=source.get("file") or source.get("dev") or source.get("name") or source.get("dir") or "",
        pool=source.get("pool", ""),
        volume=source.get("volume", ""),
        format=driver.get("type", "raw") if driver is not None else "raw",
        serial=element.findtext("serial", ""),
        read_only=element.find("readonly") is not None,
    )


def _seed(uuid: str, devices: Element) -> str:
    """The medium of ours among those that are removable; it is known by its name."""
    sources = (source.get("file", "") for source in devices.iterfind("disk[@device='cdrom']/source"))
    return next((path for path in sources if path.rsplit("/", 1)[-1].startswith(f"{instance_id(uuid)}.seed.")), "")


def _card(element: Element) -> DomainCard:
    mac, source = element.find("mac"), element.find("source")
    facts = source.attrib if source is not None else {}
    network = facts.get("network") or facts.get("bridge") or facts.get("dev") or ""
    bandwidth = Bandwidth(_average(element, "inbound"), _average(element, "outbound"))
    address = mac.get("address", "") if mac is not None else ""
    return DomainCard(address, network, bandwidth, card_filter_of(element))


def _average(element: Element, direction: str) -> int:
    limit = element.find(f"bandwidth/{direction}")
    return int(limit.get("average", "0")) if limit is not None else 0


def children_of(parent: minidom.Element, name: str) -> list[minidom.Element]:
    """The elements of this name right below another."""
    return [child for child in parent.childNodes if isinstance(child, minidom.Element) and child.tagName == name]


def put_note(document: minidom.Document, domain: minidom.Element, note: Note) -> None:
    """Write the note into a domain's metadata, in place of the one there."""
    holders = children_of(domain, "metadata")
    if not holders:
        holders = [document.createElement("metadata")]
        domain.appendChild(holders[0])
    metadata = holders[0]
    for child in list(metadata.childNodes):
        if isinstance(child, minidom.Element) and child.namespaceURI == NAMESPACE:
            metadata.removeChild(child)
    with minidom.parseString(write_note(note)) as written:  # noqa: S318 (we made it)
        assert written.documentElement is not None
        metadata.appendChild(document.importNode(written.documentElement, True))
