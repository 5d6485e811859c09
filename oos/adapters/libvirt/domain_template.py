"""The XML of a domain of ours, from a template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import jinja2
from markupsafe import Markup

from oos.adapters.libvirt.card_filter import CardFilter
from oos.adapters.libvirt.note import Note, write_note
from oos.fleet.storage import DirectBoot

TEMPLATE: Final = "domain.xml.j2"


@dataclass(frozen=True, slots=True)
class NewDisk:
    """A disk for a domain to be made."""

    id: str
    device: str
    path: str

    @property
    def serial(self) -> str:
        """What the guest sees of the id."""
        return serial_of(self.id)


@dataclass(frozen=True, slots=True)
class NewDomain:
    """Everything that the template asks for."""

    type: str
    """`kvm` or `qemu` (emulation by TCG)."""
    name: str
    uuid: str
    note: Note
    cpu: int
    memory_mib: int
    architecture: str
    boot: DirectBoot | None
    """With paths of kernel and initrd, not names of volumes."""
    disks: Sequence[NewDisk]
    mac: str
    network: str
    console_log: str
    filter: CardFilter = field(default_factory=CardFilter)
    seed: str = ""
    """Path of the medium that the guest reads at its first start."""


def serial_of(disk_id: str) -> str:
    """What a guest sees of the id of a disk (`/dev/disk/by-id/virtio-…`): virtio serials have 20 characters."""
    return disk_id.removeprefix("d-")


def domain_xml(domain: NewDomain) -> str:
    """The XML of the domain."""
    facts = {name: getattr(domain, name) for name in NewDomain.__slots__ if name != "note"}
    # The note is XML already, escaped as it was written.
    return _template().render(**facts, note=Markup(write_note(domain.note)))  # noqa: S704


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("oos.adapters.libvirt", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template(TEMPLATE)
