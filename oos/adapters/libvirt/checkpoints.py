"""Checkpoints: moments since which libvirt knows what changed on disks, each with a bitmap in every disk it covers.

A snapshot of one disk sets one of that disk; snapshots of one moment share one, which covers all their disks. libvirt
drops a checkpoint whole. For some of its disks alone, it is told anew what the checkpoint covers, which leaves the
bitmaps as they are. https://libvirt.org/formatcheckpoint.html
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from oos.adapters.libvirt.agents import LibvirtAgents
from oos.adapters.libvirt.connection import Handle, LibvirtFailed, code_of, libvirt
from oos.adapters.libvirt.domain_xml import parse_xml


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint as libvirt has it."""

    devices: tuple[str, ...]
    """The disks it covers."""
    moment: int
    """When it was set, in seconds since 1970."""


class LibvirtCheckpoints(LibvirtAgents):
    """Checkpoints of domains."""

    def _checkpoints(self, instance_id: str) -> tuple[str, ...]:
        """The names of a domain's checkpoints."""

        def names(domain: Handle) -> tuple[str, ...]:
            return tuple(str(each.getName()) for each in domain.listAllCheckpoints(0))

        return self._ask(instance_id, "listing its checkpoints", names)

    def _described_checkpoints(self, instance_id: str) -> Mapping[str, Checkpoint]:
        """The checkpoints of a domain by name, with what they cover."""
        listed = self._ask(instance_id, "listing its checkpoints", _checkpoint_texts)
        return {name: _read(xml) for name, xml in listed.items()}

    def _drop_checkpoint(self, instance_id: str, name: str, *, bitmap: bool) -> None:
        """Forget a checkpoint, with its bitmaps (which needs the guest to run) or without. Absent is done."""
        try:
            if bitmap:
                try:
                    self._ask(instance_id, f"dropping checkpoint {name}", lambda domain: _drop(domain, name, 0))
                except LibvirtFailed as failed:
                    if failed.code == libvirt.VIR_ERR_NO_DOMAIN_CHECKPOINT:
                        return
                    self._drop_what_can_be(instance_id, name)
                else:
                    return
            flag = libvirt.VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY
            self._ask(instance_id, f"forgetting checkpoint {name}", lambda domain: _drop(domain, name, flag))
        except LibvirtFailed as failed:
            if failed.code != libvirt.VIR_ERR_NO_DOMAIN_CHECKPOINT:
                raise

    def _drop_what_can_be(self, instance_id: str, name: str) -> None:
        """One disk that lacks its bitmap keeps libvirt from dropping those of all: they are dropped one by one."""
        found = self._described_checkpoints(instance_id).get(name)
        if found is not None and len(found.devices) > 1:
            for device in found.devices:
                self._drop_bitmaps(instance_id, name, [device], found.moment)

    def _drop_of_disks(self, instance_id: str, name: str, devices: Collection[str], *, bitmap: bool) -> None:
        """Drop a checkpoint as far as it covers these disks; for the others it stands. Absent is done.

        A crash in between costs the others no more than a full snapshot.
        """
        found = self._described_checkpoints(instance_id).get(name)
        if found is None:
            return
        going = [each for each in found.devices if each in devices]
        staying = [each for each in found.devices if each not in devices]
        if not staying:
            self._drop_checkpoint(instance_id, name, bitmap=bitmap)
        elif going:
            if bitmap:
                self._drop_bitmaps(instance_id, name, going, found.moment)
            self._cover(instance_id, name, staying, found.moment)

    def _drop_bitmaps(self, instance_id: str, name: str, devices: Collection[str], moment: int) -> None:
        """Let a checkpoint cover these alone, and go with their bitmaps; what cannot go costs its guest a little."""
        with contextlib.suppress(LibvirtFailed):
            self._cover(instance_id, name, devices, moment)
            self._ask(instance_id, f"dropping checkpoint {name}", lambda domain: _drop(domain, name, 0))

    def _cover(self, instance_id: str, name: str, devices: Iterable[str], moment: int) -> None:
        """Tell libvirt what a checkpoint covers, of which the bitmaps are there. Raises LibvirtFailed."""
        tell = partial(_redefine, name=name, devices=tuple(devices), moment=moment)
        self._ask(instance_id, f"restoring checkpoint {name}", tell)


def _checkpoint_texts(domain: Handle) -> dict[str, str]:
    found = {}
    for each in domain.listAllCheckpoints(0):
        try:
            found[str(each.getName())] = str(each.getXMLDesc(libvirt.VIR_DOMAIN_CHECKPOINT_XML_NO_DOMAIN))
        except libvirt.libvirtError as error:
            # It went away since the list was made.
            if code_of(error) != libvirt.VIR_ERR_NO_DOMAIN_CHECKPOINT:
                raise
    return found


def _read(xml: str) -> Checkpoint:
    root = parse_xml(xml)
    disks = root.iterfind("disks/disk[@checkpoint='bitmap']")
    return Checkpoint(tuple(each.get("name", "") for each in disks), int(root.findtext("creationTime", "0")))


def _drop(domain: Handle, name: str, flags: int) -> None:
    domain.checkpointLookupByName(name, 0).delete(flags)


def _redefine(domain: Handle, name: str, devices: Collection[str], moment: int) -> None:
    when = f"<creationTime>{moment}</creationTime>"
    disks = "".join(f"<disk name='{each}' checkpoint='bitmap' bitmap='{name}'/>" for each in devices)
    xml = f"<domaincheckpoint><name>{name}</name>{when}<disks>{disks}</disks>{domain.XMLDesc(0)}</domaincheckpoint>"
    domain.checkpointCreateXML(xml, libvirt.VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE)
