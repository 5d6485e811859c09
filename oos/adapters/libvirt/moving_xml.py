"""A domain's XML on the way to another host: its files stand elsewhere, and a mark says where it comes from.

    <oos-move:move xmlns:oos-move="urn:oos:move:1" from="host-1" autostart="yes"/>

The mark goes with the last step of a move. https://libvirt.org/formatdomain.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from xml.dom import minidom

from oos.adapters.libvirt.domain_xml import DomainText, children_of, put_note, read_domain
from oos.adapters.libvirt.note import MOVE_NAMESPACE, MOVE_PREFIX, DiskNote, MoveMark, Note

if TYPE_CHECKING:
    from collections.abc import Sequence


class FileKind:
    """What the files of a domain are to it."""

    DISK: Final = "disk"
    """Written by its guest."""
    FIXED: Final = "fixed"
    """Only read: a kernel, an initrd, a medium."""
    LOG: Final = "log"
    """Written by the emulator, anew at each start."""


@dataclass(frozen=True, slots=True)
class DomainFile:
    """A file that a domain names."""

    path: str
    kind: str
    device: str = ""
    """The target of a disk."""


def files_of(xml: str) -> tuple[DomainFile, ...]:
    """The files that a domain names, each once. Raises ValueError for what cannot be brought to another host."""
    with minidom.parseString(xml) as document:  # noqa: S318 (libvirtd made it)
        domain = document.documentElement
        assert domain is not None
        found = {each.path: each for each in _files(domain)}
    return tuple(found.values())


def _files(domain: minidom.Element) -> Iterator[DomainFile]:
    for boot in children_of(domain, "os"):
        for name in ("kernel", "initrd"):
            for element in children_of(boot, name):
                yield DomainFile(_text(element), FileKind.FIXED)
        if children_of(boot, "nvram"):
            raise ValueError("what its firmware remembers stands in a file of its host")
    for devices in children_of(domain, "devices"):
        for disk in children_of(devices, "disk"):
            yield from _disk_files(disk)
        for name in ("serial", "console", "channel", "parallel"):
            for element in children_of(devices, name):
                yield from (DomainFile(log.getAttribute("file"), FileKind.LOG) for log in children_of(element, "log"))
        for name in ("hostdev", "filesystem"):
            if children_of(devices, name):
                raise ValueError(f"it has a {name} of its host")


def _disk_files(disk: minidom.Element) -> Iterator[DomainFile]:
    (target,) = children_of(disk, "target") or [disk]
    device = target.getAttribute("dev")
    kind = disk.getAttribute("type") or "file"
    for source in children_of(disk, "source"):
        if kind == "network":
            continue  # reached alike from every host
        if kind != "file":
            raise ValueError(f"its disk {device} is a {kind} of its host")
        path = source.getAttribute("file")
        if path:
            is_read_only = bool(children_of(disk, "readonly")) or disk.getAttribute("device") == "cdrom"
            yield DomainFile(path, FileKind.FIXED if is_read_only else FileKind.DISK, device)


def with_moved_files(xml: str, paths: Mapping[str, str], copied: Sequence[str], mark: MoveMark) -> str:
    """The XML with its files at other paths (those of `copied` devices stand alone there), and with the mark.

    The ids of its disks do not change, whatever they were made from.
    """
    before = read_domain(xml)
    with minidom.parseString(xml) as document:  # noqa: S318 (libvirtd made it)
        domain = document.documentElement
        assert domain is not None
        for element in domain.getElementsByTagName("*"):
            if element.tagName in ("kernel", "initrd") and _text(element) in paths:
                _set_text(document, element, paths[_text(element)])
            elif element.tagName in ("source", "log") and element.getAttribute("file") in paths:
                element.setAttribute("file", paths[element.getAttribute("file")])
        for devices in children_of(domain, "devices"):
            for disk in children_of(devices, "disk"):
                if any(each.getAttribute("dev") in copied for each in children_of(disk, "target")):
                    for name in ("backingStore", "mirror"):
                        for element in children_of(disk, name):
                            disk.removeChild(element)
        note = _with_ids(before, read_domain(str(domain.toxml())))
        if note != before.note:
            put_note(document, domain, note)
        _put_mark(document, domain, mark)
        return str(domain.toxml())


def _with_ids(before: DomainText, after: DomainText) -> Note:
    """The note that keeps the ids of disks, of which some came from their paths."""
    note = before.note
    for old, new in zip(before.disks, after.disks, strict=True):
        id = before.disk_id(old)
        if after.disk_id(new) != id:
            others = tuple(each for each in note.disks if each.device != new.device)
            noted = note.disk(new.device)
            note = replace(note, disks=(*others, replace(noted, id=id) if noted else DiskNote(id, new.device)))
    return note


def _put_mark(document: minidom.Document, domain: minidom.Element, mark: MoveMark) -> None:
    holders = children_of(domain, "metadata")
    if not holders:
        holders = [document.createElement("metadata")]
        domain.appendChild(holders[0])
    for child in list(holders[0].childNodes):
        if isinstance(child, minidom.Element) and child.namespaceURI == MOVE_NAMESPACE:
            holders[0].removeChild(child)
    element = document.createElementNS(MOVE_NAMESPACE, f"{MOVE_PREFIX}:move")
    element.setAttribute(f"xmlns:{MOVE_PREFIX}", MOVE_NAMESPACE)
    for name, value in (
        ("from", mark.source),
        ("autostart", "yes" if mark.autostart else ""),
        ("stamp", mark.stamp),
    ):
        if value:
            element.setAttribute(name, value)
    holders[0].appendChild(element)


def _text(element: minidom.Element) -> str:
    return "".join(child.data for child in element.childNodes if isinstance(child, minidom.Text))


def _set_text(document: minidom.Document, element: minidom.Element, text: str) -> None:
    for child in list(element.childNodes):
        element.removeChild(child)
    element.appendChild(document.createTextNode(text))
