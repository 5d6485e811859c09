"""Making and removing instances on libvirt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from oos.adapters.libvirt.card_filter import CardFilter
from oos.adapters.libvirt.connection import Handle, LibvirtFailed, libvirt
from oos.adapters.libvirt.domain_template import NewDisk, NewDomain, domain_xml
from oos.adapters.libvirt.filter_xml import joined
from oos.adapters.libvirt.filters import LibvirtFilters
from oos.adapters.libvirt.note import DiskNote, Note
from oos.adapters.libvirt.pools import Volume
from oos.adapters.libvirt.seeding import LibvirtSeeding
from oos.fleet.errors import HypervisorFailed, ImageAbsent, InstanceAbsent, WrongState
from oos.fleet.identity import made_disk_id, made_domain_name, made_instance_id, made_mac, made_uuid
from oos.fleet.image import WHOLE
from oos.fleet.instance import DataDiskSpec, Instance, InstanceSpec, Power, interface_id
from oos.fleet.manifest import ImageManifest
from oos.fleet.seed import Seed, seed_of
from oos.fleet.storage import DirectBoot, Disk, DiskSpec
from oos.inventory.model import Accelerator

_HOST_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,62}[A-Za-z0-9])?")
"""RFC 1123. Anything else could say more to the kernel than a name."""
MOST_DISKS: Final = 26
"""`vda` to `vdz`."""


class LibvirtMaking(LibvirtFilters, LibvirtSeeding):
    """The half of the port that makes and removes instances."""

    def make_instance(self, spec: InstanceSpec) -> Instance:
        id = made_instance_id(spec.token)
        with self._alone_with(id):
            try:
                # The domain is defined last: where there is one, all of it is there.
                return self.instance(id)
            except InstanceAbsent:
                pass
            image = self._images.find(spec.image_id)
            if image is None:
                raise ImageAbsent(spec.image_id)
            if image.status not in WHOLE:
                raise WrongState(image.id, image.status, "only of a whole image instances are made")
            self._require_network(spec.network or self._host.network)
            mac = made_mac(spec.token)
            if spec.security_group_ids:
                self._define_card_filter(interface_id(mac), spec.security_group_ids)
            boot = self._boot(image, spec.host_name, id)
            disks = self._make_disks(spec, image)
            console = self._make_volume(f"{id}.console", 0, format="raw")
            seed = self._make_first_seed(seed_of(spec), image)
            domain = NewDomain(
                type=self._domain_type(image.architecture),
                name=made_domain_name(spec),
                uuid=made_uuid(spec.token),
                note=_note(spec, disks),
                cpu=spec.cpu,
                memory_mib=spec.memory_mib,
                architecture=image.architecture,
                boot=boot,
                disks=disks,
                mac=mac,
                network=spec.network or self._host.network,
                filter=_filter(mac, spec.security_group_ids),
                console_log=console.path,
                seed=seed,
            )
            self._define(id, domain)
            return self.instance(id)

    def _define(self, instance_id: str, domain: NewDomain) -> None:
        try:
            xml = domain_xml(domain)
        except ValueError as error:
            raise HypervisorFailed(instance_id, str(error)) from error
        self._connection.call(instance_id, "defining it", lambda conn: conn.defineXML(xml))

    def _make_disks(self, spec: InstanceSpec, image: ImageManifest) -> list[NewDisk]:
        if len(spec.data_disks) >= MOST_DISKS:
            raise HypervisorFailed(made_instance_id(spec.token), f"an instance has at most {MOST_DISKS} disks")
        source = self._image_pool.require(image.volume)
        # What the disks are made from is looked for first: nothing is left behind where one is not there.
        contents = [self._content_of(spec, disk, image) for disk in spec.data_disks]
        system = made_disk_id(spec.token, 0)
        # A whole copy, not an overlay: the image can be deleted without harm to anybody. It takes 0.03 s for a small
        # one, and a file system with reflinks or holes keeps it cheap.
        self._disk_pool.delete(f"{system}.qcow2")
        try:
            made = [self._disk_pool.clone(f"{system}.qcow2", source, spec.system_disk_bytes or 0)]
            for number, (disk, content) in enumerate(zip(spec.data_disks, contents, strict=True), start=1):
                name = f"{made_disk_id(spec.token, number)}.qcow2"
                if content is None:
                    made.append(self._make_volume(name, disk.size_bytes))
                else:
                    self._disk_pool.delete(name)
                    made.append(self._disk_pool.clone(name, content, disk.size_bytes))
        except HypervisorFailed:
            for number in range(len(spec.data_disks) + 1):
                self._disk_pool.delete(f"{made_disk_id(spec.token, number)}.qcow2")
            raise
        return [
            NewDisk(made_disk_id(spec.token, number), f"vd{chr(ord('a') + number)}", volume.path)
            for number, volume in enumerate(made)
        ]

    def _content_of(self, spec: InstanceSpec, disk: DataDiskSpec, image: ImageManifest) -> Volume | None:
        """The volume whose content a data disk has; None for an empty one."""
        if disk.image_device:
            found = next((each for each in image.data_disks if each.device == disk.image_device), None)
            if found is None:
                raise WrongState(image.id, f"without a disk {disk.image_device}", "name a disk of the image")
            return self._image_pool.require(found.volume)
        return self._source_of(DiskSpec(made_disk_id(spec.token, 0), disk.size_bytes, disk.snapshot_id))

    def _make_first_seed(self, seed: Seed, image: ImageManifest) -> str:
        """Make the medium that tells the guest what it is told at its first start; its path, empty without one."""
        if image.boot is not None and seed == Seed(seed.instance_id, seed.host_name):
            # A kernel that we load ourselves is told the name by its command line.
            return ""
        return self._make_seed(seed)

    def _boot(self, image: ImageManifest, host_name: str, instance_id: str) -> DirectBoot | None:
        """How an instance of this image starts, with paths of kernel and initrd; None: by its own boot loader."""
        if image.boot is None:
            return None
        words = image.boot.command_line
        if host_name:
            if not _HOST_NAME.fullmatch(host_name):
                raise HypervisorFailed(instance_id, f"{host_name!r} is not a host name")
            # Guests of the lab take their name from here; a kernel passes over what it does not know.
            words = f"{words} oos.hostname={host_name}"
        return replace(
            image.boot,
            kernel=self._image_pool.require(image.boot.kernel).path,
            initrd=self._image_pool.require(image.boot.initrd).path,
            command_line=words,
        )

    def _domain_type(self, architecture: str) -> str:
        """`kvm` where libvirt can, else `qemu`; the inventory may know better (see decision 012)."""
        match self._host.accelerator:
            case Accelerator.KVM:
                return "kvm"
            case Accelerator.TCG:
                return "qemu"

        def ask(conn: Handle) -> str:
            return str(conn.getDomainCapabilities(None, architecture, None, "kvm", 0))

        try:
            self._connection.call(self._host.name, "asking what it can do", ask)
        except LibvirtFailed:
            return "qemu"
        return "kvm"

    # removing

    def remove_instance(self, instance_id: str) -> None:
        with self._alone_with(instance_id):
            try:
                domain = self._domain(instance_id)
            except InstanceAbsent:
                return
            if domain.power is not Power.STOPPED:
                raise WrongState(instance_id, domain.power, "stop it first")
            # Its volumes first: until the domain is gone, asking again finds what is left to do.
            for disk in self._disks_of(domain, {}, self._disk_notes.all()):
                self._part_with(disk)
            if domain.text.note.token and domain.text.console_log:
                self._disk_pool.delete(domain.text.console_log.rsplit("/", 1)[-1])
            if domain.text.seed:
                self._disk_pool.delete(domain.text.seed.rsplit("/", 1)[-1])
            self._undefine(instance_id)
            self._forget_card_filters(card.mac for card in domain.text.cards if card.filter.is_ours)

    def _part_with(self, disk: Disk) -> None:
        """Delete a disk that goes with its instance; of one that stays, write down what only the domain knows."""
        is_ours = disk.pool == self._disk_pool.name
        if disk.delete_with_instance:
            if is_ours:
                self._disk_pool.delete(disk.volume)
            self._disk_notes.remove(disk.id)
        elif is_ours:
            self._write_down(disk)

    def _undefine(self, instance_id: str) -> None:
        flags = (
            libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
            | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
            | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
            | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
        )
        try:
            self._ask(instance_id, "undefining it", lambda domain: domain.undefineFlags(flags))
        except InstanceAbsent:
            return


def _filter(mac: str, group_ids: Sequence[str]) -> CardFilter:
    return joined(CardFilter(), interface_id(mac), tuple(dict.fromkeys(group_ids))) if group_ids else CardFilter()


def _note(spec: InstanceSpec, disks: list[NewDisk]) -> Note:
    """What to remember: only what was done."""
    names = ["", *(disk.name for disk in spec.data_disks)]
    snapshots = ["", *(disk.snapshot_id for disk in spec.data_disks)]
    return Note(
        labels=spec.labels,
        instance_type=spec.instance_type,
        image_id=spec.image_id,
        host_name=spec.host_name,
        key_pair=spec.key_pair if spec.public_key else "",
        token=spec.token,
        created=spec.created,
        disks=tuple(
            DiskNote(disk.id, disk.device, made=True, name=name, created=spec.created, source_snapshot_id=snapshot_id)
            for disk, name, snapshot_id in zip(disks, names, snapshots, strict=True)
        ),
    )
