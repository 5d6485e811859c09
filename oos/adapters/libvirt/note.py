"""The note: what oos remembers about an instance, in the `<metadata>` of its domain.

    <oos:instance xmlns:oos="urn:oos:instance:1" name="web-1" token="…"><oos:tag key="env" value="prod"/></oos:instance>

libvirt keeps it with the domain, and never reads it. https://libvirt.org/formatdomain.html#general-metadata
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

from oos.fleet.instance import Labels
from oos.values.time import format_instant, parse_instant

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAMESPACE: Final = "urn:oos:instance:1"
PREFIX: Final = "oos"
RUN_NAMESPACE: Final = "urn:oos:run:1"
"""A second note, in the live domain only: libvirt forgets it when the power goes, as it should."""
RUN_PREFIX: Final = "oos-run"
MOVE_NAMESPACE: Final = "urn:oos:move:1"
"""A third note, on a domain that came from another host, until its move is complete."""
MOVE_PREFIX: Final = "oos-move"

_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


@dataclass(frozen=True, slots=True)
class DiskNote:
    """What is remembered about one disk."""

    id: str
    device: str
    """Target in the domain, by which the note finds the disk."""
    made: bool = False
    """Made with the instance, and so removed with it."""
    name: str = ""
    created: datetime | None = None
    source_snapshot_id: str = ""
    restore_token: str = ""
    replaced: str = ""
    """Path of the volume that a restore replaced and has not yet deleted."""


@dataclass(frozen=True, slots=True)
class Note:
    """Everything that is remembered about an instance; an adopted one has an empty note."""

    labels: Labels = field(default_factory=Labels)
    instance_type: str = ""
    image_id: str = ""
    host_name: str = ""
    key_pair: str = ""
    token: str = ""
    created: datetime | None = None
    disks: tuple[DiskNote, ...] = ()

    def disk(self, device: str) -> DiskNote | None:
        """What is remembered about the disk at this target."""
        return next((disk for disk in self.disks if disk.device == device), None)


@dataclass(frozen=True, slots=True)
class MoveMark:
    """That a domain comes from another host, and what is left to do about it."""

    source: str
    """The host that it comes from."""
    autostart: bool = False
    """Whether it starts with its host."""
    stamp: str = ""
    """Of a stopped one: as of when its disks were copied."""


def read_move_mark(metadata: Element | None) -> MoveMark | None:
    """The mark of a move, if there is one."""
    element = metadata.find(f"{{{MOVE_NAMESPACE}}}move") if metadata is not None else None
    if element is None:
        return None
    return MoveMark(element.get("from", ""), element.get("autostart") == "yes", element.get("stamp", ""))


def write_note(note: Note) -> str:
    """The note as an element of domain XML. Raises ValueError for characters that XML cannot hold."""
    return _written(note, f"{PREFIX}:", f' xmlns:{PREFIX}="{NAMESPACE}"')


def bare_note(note: Note) -> str:
    """The note as virDomainSetMetadata wants it: libvirt puts prefix and namespace on every element itself."""
    return _written(note, "", "")


def _written(note: Note, prefix: str, declaration: str) -> str:
    labels = note.labels
    facts = {
        "name": labels.name,
        "description": labels.description,
        "protected": "yes" if labels.deletion_protection else "",
        "resource-group": labels.resource_group,
        "type": note.instance_type,
        "image": note.image_id,
        "host-name": note.host_name,
        "key-pair": note.key_pair,
        "token": note.token,
        "created": format_instant(note.created) if note.created else "",
    }
    inner = [
        *(f"<{prefix}tag key={_quoted(key)} value={_quoted(value)}/>" for key, value in labels.tags.items()),
        *(f"<{prefix}disk{_attributes(_disk_facts(disk))}/>" for disk in note.disks),
    ]
    return f"<{prefix}instance{declaration}{_attributes(facts)}>{''.join(inner)}</{prefix}instance>"


def _attributes(facts: dict[str, str]) -> str:
    return "".join(f" {name}={_quoted(value)}" for name, value in facts.items() if value)


def _quoted(value: str) -> str:
    found = _NOT_XML.search(value)
    if found:
        raise ValueError(f"the character {found[0]!r} cannot be kept: XML has no room for it")
    return quoteattr(value)


def _disk_facts(disk: DiskNote) -> dict[str, str]:
    return {
        "id": disk.id,
        "device": disk.device,
        "made": "yes" if disk.made else "",
        "name": disk.name,
        "created": format_instant(disk.created) if disk.created else "",
        "snapshot": disk.source_snapshot_id,
        "restore": disk.restore_token,
        "replaced": disk.replaced,
    }


def read_note(metadata: Element | None) -> Note:
    """The note in a `<metadata>` element; an empty one where there is none."""
    element = metadata.find(f"{{{NAMESPACE}}}instance") if metadata is not None else None
    if element is None:
        return Note()
    return Note(
        labels=Labels(
            name=element.get("name", ""),
            description=element.get("description", ""),
            tags={tag.get("key", ""): tag.get("value", "") for tag in _all(element, "tag")},
            deletion_protection=element.get("protected") == "yes",
            resource_group=element.get("resource-group", ""),
        ),
        instance_type=element.get("type", ""),
        image_id=element.get("image", ""),
        host_name=element.get("host-name", ""),
        key_pair=element.get("key-pair", ""),
        token=element.get("token", ""),
        created=_instant(element.get("created")),
        disks=tuple(
            DiskNote(
                id=disk.get("id", ""),
                device=disk.get("device", ""),
                made=disk.get("made") == "yes",
                name=disk.get("name", ""),
                created=_instant(disk.get("created")),
                source_snapshot_id=disk.get("snapshot", ""),
                restore_token=disk.get("restore", ""),
                replaced=disk.get("replaced", ""),
            )
            for disk in _all(element, "disk")
        ),
    )


def bare_run_note(started: datetime) -> str:
    """The note about this run of the guest, for virDomainSetMetadata."""
    return f"<run started={_quoted(format_instant(started))}/>"


def read_run_note(metadata: Element | None) -> datetime | None:
    """When this run began, if oos began it."""
    element = metadata.find(f"{{{RUN_NAMESPACE}}}run") if metadata is not None else None
    return _instant(element.get("started")) if element is not None else None


def _all(element: Element, name: str) -> Iterator[Element]:
    return element.iterfind(f"{{{NAMESPACE}}}{name}")


def _instant(text: str | None) -> datetime | None:
    try:
        return parse_instant(text).astimezone(UTC) if text else None
    except ValueError:
        return None
