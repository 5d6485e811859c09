"""Attaching disks on libvirt, and detaching them. https://libvirt.org/html/libvirt-libvirt-domain.html

A disk that is attached is known by the name of its volume, or by its serial; so nothing has to be written beside it
in the same moment. One that is detached goes first from the definition, then from the guest: should the call die in
between, it goes at the next stop at the latest.
"""

from __future__ import annotations

import string
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from xml.etree import ElementTree

from oos.adapters.libvirt.connection import Handle, LibvirtFailed, Stopwatch, libvirt
from oos.adapters.libvirt.disk_changes import disk_element, without_disk
from oos.adapters.libvirt.disk_making import LibvirtDiskMaking
from oos.adapters.libvirt.domain_template import serial_of
from oos.adapters.libvirt.domain_xml import DomainText, parse_xml, read_domain
from oos.adapters.libvirt.note import Note
from oos.fleet.errors import DeadlineExceeded, HypervisorFailed, WrongState
from oos.fleet.instance import Power
from oos.fleet.storage import Disk

DETACH_SECONDS: Final = 90.0
"""How long a guest may take to let go of a disk; a tiny one takes a second, one that is just booting hears nothing."""
ASK_AGAIN_SECONDS: Final = 5.0
"""How often a guest is asked to let go."""


class LibvirtAttaching(LibvirtDiskMaking):
    """The half of the port that attaches and detaches disks."""

    def attach_disk(self, disk_id: str, instance_id: str) -> Disk:
        # Alone with the disk, too: somebody may be about to delete it.
        with self._alone_with(instance_id), self._alone_with(disk_id):
            texts = self._texts(instance_id)
            disk = self.disk(disk_id)
            if disk.instance_id not in ("", instance_id):
                raise WrongState(disk_id, f"attached to {disk.instance_id}", "detach it first")
            if not disk.is_ready:
                raise WrongState(disk_id, "being made", "wait until it is available")
            missing = [flag for flag, text in texts if text.find_disk(disk_id) is None]
            if missing:
                self._attach(instance_id, disk, texts, missing)
            return self.disk(disk_id)

    def _attach(
        self, instance_id: str, disk: Disk, texts: Iterable[tuple[int, DomainText]], missing: Iterable[int]
    ) -> None:
        if disk.instance_id:
            raise WrongState(disk.id, f"half attached to {instance_id}", "detach it first")
        path = self._disk_pool.require(disk.volume).path
        self._require_unused(disk.id, path)
        self._write_down(replace(disk, is_blank=False))
        device = free_device(instance_id, (text for _, text in texts))
        for flag, text in texts:
            # What was said of another disk at this target must not be said of this one.
            if text.note.disk(device) is not None:
                self._put_note(instance_id, _without(text.note, device), flag)
        element = disk_element(device, path, disk.format, serial_of(disk.id))
        flags = sum(missing)
        self._ask(instance_id, f"attaching {disk.id}", lambda domain: domain.attachDeviceFlags(element, flags))

    def detach_disk(self, disk_id: str, instance_id: str) -> Disk:
        with self._alone_with(instance_id):
            texts = self._texts(instance_id)
            having = {flag: text for flag, text in texts if text.find_disk(disk_id) is not None}
            if not having:
                disk = self.disk(disk_id)
                if disk.instance_id:
                    raise WrongState(disk_id, f"attached to {disk.instance_id}", f"not to {instance_id}")
                return disk
            self._require_detachable(disk_id, instance_id, having.values())
            self._prepare_to_part(disk_id, instance_id)
            if libvirt.VIR_DOMAIN_AFFECT_CONFIG in having:
                self._undefine_disk(instance_id, disk_id)
            if libvirt.VIR_DOMAIN_AFFECT_LIVE in having:
                self._unplug(instance_id, disk_id)
            return self.disk(disk_id)

    def _require_detachable(self, disk_id: str, instance_id: str, texts: Iterable[DomainText]) -> None:
        domain = self._domain(instance_id)
        if domain.power not in (Power.RUNNING, Power.STOPPED):
            raise WrongState(instance_id, domain.power, "it must run, or be stopped")
        for text in texts:
            if text.disks[0] == text.find_disk(disk_id):
                raise WrongState(disk_id, "a system disk", "it is replaced, not detached")
        disk = self.disk(disk_id)
        if disk.pool != self._disk_pool.name:
            where = f"in pool {disk.pool}" if disk.pool else "in no storage pool"
            raise HypervisorFailed(disk_id, f"its volume stands {where}; nobody would find it detached")

    def _prepare_to_part(self, disk_id: str, instance_id: str) -> None:
        """Write down what only the domain knows of the disk, and end what a restore that died has left of it."""
        domain = self._domain(instance_id)
        if domain.text.find_disk(disk_id) is not None:
            self._clear_after_restore(instance_id, disk_id)
            self._write_down(self.disk(disk_id))
            self._forget_checkpoints(domain, disk_id, bitmap=domain.power is Power.RUNNING)

    def _undefine_disk(self, instance_id: str, disk_id: str) -> None:
        xml = self._definition(instance_id)
        text = read_domain(xml)
        disk = text.find_disk(disk_id)
        if disk is not None:
            fresh = without_disk(xml, disk.device, _without(text.note, disk.device))
            self._connection.call(instance_id, f"taking out {disk_id}", lambda conn: conn.defineXML(fresh))

    def _unplug(self, instance_id: str, disk_id: str) -> None:
        """Let the running guest give the disk back."""
        watch = Stopwatch(DETACH_SECONDS)
        next_question = watch.seconds
        while (disk := self._domain(instance_id).text.find_disk(disk_id)) is not None:
            left = watch.left
            if not left:
                raise DeadlineExceeded(instance_id, f"letting go of {disk_id}", watch.seconds)
            if left <= next_question:
                next_question = left - ASK_AGAIN_SECONDS
                self._ask_to_let_go(instance_id, disk.device)
            else:
                time.sleep(0.1)
        self._forget_stale(instance_id)

    def _forget_stale(self, instance_id: str) -> None:
        """What the note of a running domain says of disks that it has no more."""
        for flag, text in self._texts(instance_id):
            stale = {each.device for each in text.note.disks} - {each.device for each in text.disks}
            if stale:
                self._put_note(instance_id, _without(text.note, *stale), flag)

    def _ask_to_let_go(self, instance_id: str, device: str) -> None:
        try:
            self._ask(
                instance_id,
                f"asking for {device} back",
                lambda domain: domain.detachDeviceFlags(_element_of(domain, device), libvirt.VIR_DOMAIN_AFFECT_LIVE),
            )
        except LibvirtFailed as failed:
            # It was asked before, or gave it back between the look and the question.
            if failed.code not in (libvirt.VIR_ERR_DEVICE_MISSING, libvirt.VIR_ERR_OPERATION_INVALID) and (
                "in the process of unplug" not in failed.cause
            ):
                raise


def _element_of(domain: Handle, device: str) -> str:
    """The disk at this target as libvirt has it: by less it would not know which one is meant."""
    disks = parse_xml(str(domain.XMLDesc(0))).iterfind("devices/disk")
    found = next((each for each in disks if (at := each.find("target")) is not None and at.get("dev") == device), None)
    return "<disk/>" if found is None else ElementTree.tostring(found, encoding="unicode")


def free_device(instance_id: str, texts: Iterable[DomainText]) -> str:
    """A target that no disk has, neither now nor at the next start. Raises HypervisorFailed."""
    used = {disk.device for text in texts for disk in text.disks}
    for letter in string.ascii_lowercase:
        if f"vd{letter}" not in used:
            return f"vd{letter}"
    raise HypervisorFailed(instance_id, "it has as many disks as it can have")


def _without(note: Note, *devices: str) -> Note:
    return replace(note, disks=tuple(each for each in note.disks if each.device not in devices))
