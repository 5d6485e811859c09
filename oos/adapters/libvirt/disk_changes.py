"""Changes of a domain's XML that concern its disks: one thing at a time; every other word stays as it was.

An element tree would rename the prefixes of foreign namespaces; the document object model keeps them.
https://libvirt.org/formatdomain.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Final
from xml.dom import minidom
from xml.sax.saxutils import quoteattr

from oos.adapters.libvirt.domain_xml import children_of, parse_xml, put_note
from oos.adapters.libvirt.note import Note
from oos.fleet.storage import DirectBoot

_BOOT: Final = ("kernel", "initrd", "cmdline")


@dataclass(frozen=True, slots=True)
class NewSystemDisk:
    """What a domain is to start from."""

    path: str
    serial: str
    boot: DirectBoot | None
    """With paths of kernel and initrd; None: the disk has a boot loader of its own."""


def with_disk_replaced(xml: str, device: str, path: str, note: Note) -> str:
    """The XML with another qcow2 file behind one disk, and with this note."""
    with _changed(xml, note) as domain:
        _put_source(_disk_at(domain, device), path)
        return str(domain.toxml())


def with_system_disk(xml: str, device: str, new: NewSystemDisk, note: Note) -> str:
    """The XML with another system disk, booted as its image wants it, and with this note."""
    with _changed(xml, note) as domain:
        disk = _disk_at(domain, device)
        _put_source(disk, new.path)
        _put_text(disk, "serial", new.serial)
        (os,) = children_of(domain, "os")
        for name in _BOOT:
            for child in children_of(os, name):
                os.removeChild(child)
        if new.boot is not None:
            _put_text(os, "kernel", new.boot.kernel)
            _put_text(os, "initrd", new.boot.initrd)
            _put_text(os, "cmdline", new.boot.command_line)
        return str(domain.toxml())


def without_disk(xml: str, device: str, note: Note) -> str:
    """The XML without one disk, and with this note."""
    with _changed(xml, note) as domain:
        (devices,) = children_of(domain, "devices")
        devices.removeChild(_disk_at(domain, device))
        return str(domain.toxml())


def with_seed(xml: str, seed: str, path: str, note: Note) -> str:
    """The XML with the medium of this path in place of the one that it has; without one where the path is empty."""
    with _changed(xml, note) as domain:
        (devices,) = children_of(domain, "devices")
        disks = children_of(devices, "disk")
        had = [
            each for each in disks if seed and any(s.getAttribute("file") == seed for s in children_of(each, "source"))
        ]
        for disk in had:
            if path:
                children_of(disk, "source")[0].setAttribute("file", path)
            else:
                devices.removeChild(disk)
        if path and not had:
            _add_medium(devices, path)
        return str(domain.toxml())


def has_medium(xml: str) -> bool:
    """Whether a medium is in a drive of the domain."""
    return any(each.find("source") is not None for each in parse_xml(xml).iterfind("devices/disk[@device='cdrom']"))


def _add_medium(devices: minidom.Element, path: str) -> None:
    controllers = children_of(devices, "controller")
    if not any(each.getAttribute("type") == "scsi" for each in controllers):
        _put_child(devices, "controller", {"type": "scsi", "index": "0", "model": "virtio-scsi"})
    taken = {_target_of(each) for each in children_of(devices, "disk")}
    device = next(f"sd{letter}" for letter in ascii_lowercase if f"sd{letter}" not in taken)
    disk = _put_child(devices, "disk", {"type": "file", "device": "cdrom"})
    _put_child(disk, "driver", {"name": "qemu", "type": "raw"})
    _put_child(disk, "source", {"file": path})
    _put_child(disk, "target", {"dev": device, "bus": "scsi"})
    _put_child(disk, "readonly", {})


def disk_element(device: str, path: str, format: str, serial: str) -> str:
    """A disk to be attached, as those of our own domains are."""
    kind, where = ("block", "dev") if path.startswith("/dev/") else ("file", "file")
    return (
        f"<disk type='{kind}' device='disk'><driver name='qemu' type={quoteattr(format)} discard='unmap'/>"
        f"<source {where}={quoteattr(path)}/><target dev={quoteattr(device)} bus='virtio'/>"
        f"<serial>{serial}</serial></disk>"
    )


@contextmanager
def _changed(xml: str, note: Note) -> Iterator[minidom.Element]:
    """The domain as a document to be changed, with this note."""
    with minidom.parseString(xml) as document:  # noqa: S318 (libvirtd made it)
        domain = document.documentElement
        assert domain is not None
        put_note(document, domain, note)
        yield domain


def _disk_at(domain: minidom.Element, device: str) -> minidom.Element:
    (devices,) = children_of(domain, "devices")
    (disk,) = (each for each in children_of(devices, "disk") if _target_of(each) == device)
    return disk


def _put_source(disk: minidom.Element, path: str) -> None:
    disk.setAttribute("type", "file")
    for child in (*children_of(disk, "source"), *children_of(disk, "backingStore")):
        disk.removeChild(child)
    for child in children_of(disk, "driver"):
        child.setAttribute("name", "qemu")
        child.setAttribute("type", "qcow2")
    _put_child(disk, "source", {"file": path})


def _put_text(parent: minidom.Element, name: str, text: str) -> None:
    for child in children_of(parent, name):
        parent.removeChild(child)
    assert parent.ownerDocument is not None
    _put_child(parent, name, {}).appendChild(parent.ownerDocument.createTextNode(text))


def _put_child(parent: minidom.Element, name: str, attributes: Mapping[str, str]) -> minidom.Element:
    assert parent.ownerDocument is not None
    child = parent.ownerDocument.createElement(name)
    for key, value in attributes.items():
        child.setAttribute(key, value)
    parent.appendChild(child)
    return child


def _target_of(disk: minidom.Element) -> str:
    return next((str(child.getAttribute("dev")) for child in children_of(disk, "target")), "")
