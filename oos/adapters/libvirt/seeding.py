"""Seeds on libvirt: the media that tell guests what they are told at the first start of their system disks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from oos.adapters.libvirt.disk_changes import has_medium, with_seed
from oos.adapters.libvirt.disk_making import LibvirtDiskMaking
from oos.adapters.libvirt.domain_xml import read_domain
from oos.adapters.libvirt.iso9660 import iso_image, read_iso
from oos.adapters.libvirt.pools import Volume
from oos.fleet.errors import HypervisorFailed, Incapable, WrongState
from oos.fleet.instance import Instance, Power
from oos.fleet.seed import LABEL, Seed, Told, read_seed, seed_after, seed_files

_DIGITS: Final = 12


class LibvirtSeeding(LibvirtDiskMaking):
    """The half of the port that tells guests things at their first start."""

    def tell_guest(self, instance_id: str, told: Told) -> Instance:
        with self._alone_with(instance_id):
            domain = self._domain(instance_id)
            if domain.power is not Power.STOPPED:
                raise WrongState(instance_id, domain.power, "stop it before its guest is told something else")
            self._require_no_saved_memory(instance_id)
            before = self._seed_at(instance_id, domain.text.seed, domain.text.note.host_name)
            seed = seed_after(before, told)
            key_pair = domain.text.note.key_pair if told.key_pair is None else told.key_pair
            if seed != before or key_pair != domain.text.note.key_pair:
                self._tell(instance_id, seed, key_pair)
            self._clear_seeds(instance_id)
            return self.instance(instance_id)

    def told_guest(self, instance_id: str) -> Seed:
        text = self._domain(instance_id).text
        return self._seed_at(instance_id, text.seed, text.note.host_name)

    def _tell(self, instance_id: str, seed: Seed, key_pair: str) -> None:
        """Let the domain have another medium: that one change is the moment from which it counts."""
        xml = self._definition(instance_id)
        files = seed_files(seed)
        text = read_domain(xml)
        if files and not text.seed and has_medium(xml):
            # Of two media with this label nobody could say which one counts.
            raise Incapable(instance_id, "a medium of others is in it, by which its guest may be told things")
        path = self._write_seed(_later_name(instance_id, files), files) if files else ""
        fresh = with_seed(xml, text.seed, path, replace(text.note, key_pair=key_pair))
        self._connection.call(instance_id, "giving it another seed", lambda conn: conn.defineXML(fresh))

    def _clear_seeds(self, instance_id: str) -> None:
        """Delete media that the domain has no longer, also those that a crash left."""
        current = self._domain(instance_id).text.seed.rsplit("/", 1)[-1]
        for name in self._disk_pool.names():
            if name.startswith(f"{instance_id}.seed.") and name != current:
                self._disk_pool.delete(name)

    def _seed_at(self, instance_id: str, path: str, host_name: str) -> Seed:
        if not path:
            return Seed(instance_id, host_name)
        volume = self._disk_pool.require(path.rsplit("/", 1)[-1])
        try:
            return read_seed(instance_id, read_iso(self._disk_pool.read(volume.name, volume.size_bytes)))
        except ValueError as error:
            raise HypervisorFailed(instance_id, f"its seed {volume.name} cannot be read: {error}") from error

    def _make_seed(self, seed: Seed) -> str:
        """Make the medium of a new instance; its path, empty where there is nothing to tell."""
        files = seed_files(seed)
        return self._write_seed(f"{seed.instance_id}.seed.iso", files) if files else ""

    def _write_seed(self, name: str, files: Mapping[str, bytes]) -> str:
        content = iso_image(LABEL, files)
        volume = self._make_volume(name, len(content), format="raw")
        self._disk_pool.write(volume.name, content)
        return volume.path

    def _make_volume(self, name: str, size_bytes: int, *, format: str = "qcow2") -> Volume:
        """Make an empty volume, anew if a crash left one."""
        self._disk_pool.delete(name)
        return self._disk_pool.create(name, size_bytes, format=format)


def _later_name(instance_id: str, files: Mapping[str, bytes]) -> str:
    """Another name for other content, so that no medium is changed while a domain has it."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return f"{instance_id}.seed.{digest.hexdigest()[:_DIGITS]}.iso"
