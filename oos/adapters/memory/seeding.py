"""What simulated guests are told at the first start of their system disks: what cloud-init would leave there."""

from __future__ import annotations

from dataclasses import replace

from oos.adapters.memory.host import SimulatedHost
from oos.adapters.memory.state import Files, keys_path
from oos.fleet.errors import WrongState
from oos.fleet.instance import Instance, Power
from oos.fleet.seed import Seed, Told, seed_after

SHADOW = "/etc/shadow"
USER_DATA = "/var/lib/cloud/instance/user-data.txt"
"""Where cloud-init keeps what it was given. Nothing is carried out: a simulated guest has no cloud-init."""
TOLD = "/var/lib/cloud/data/instance-id"
"""Whom it was told that it is."""


class SimulatedSeeding(SimulatedHost):
    """The half of the port that tells guests things at their first start."""

    def tell_guest(self, instance_id: str, told: Told) -> Instance:
        with self._call("tell_guest", instance_id), self._lock:
            instance = self._instance(instance_id)
            if instance.power is not Power.STOPPED:
                raise WrongState(instance_id, instance.power, "stop it before its guest is told something else")
            seed = seed_after(self._seed(instance), told)
            key_pair = instance.key_pair if told.key_pair is None else told.key_pair
            if (seed, key_pair) != (self._seed(instance), instance.key_pair):
                with self._change():
                    self.state.seeds[instance_id] = seed
                    self.state.instances[instance_id] = replace(instance, key_pair=key_pair)
                    self._count("tell_guest", instance_id)
            return self._instance(instance_id)

    def told_guest(self, instance_id: str) -> Seed:
        with self._call("told_guest", instance_id), self._lock:
            return self._seed(self._instance(instance_id))

    def _seed(self, instance: Instance) -> Seed:
        return self.state.seeds.get(instance.id, Seed(instance.id, instance.host_name))

    def _carry_out_seed(self, instance: Instance) -> None:
        """A start: where the system disk has not been told by this instance, it is now."""
        seed = self.state.seeds.get(instance.id)
        if seed is None or seed.is_empty or not instance.disk_ids:
            return
        files = self.state.files.setdefault(instance.disk_ids[0], {})
        if files.get(TOLD) != instance.id.encode():
            files.update(_left_by(seed, files))


def _left_by(seed: Seed, files: Files) -> Files:
    left: Files = {TOLD: seed.instance_id.encode()}
    if seed.public_key:
        left[keys_path("root")] = files.get(keys_path("root"), b"") + f"{seed.public_key}\n".encode()
    if seed.password_hash:
        others = [line for line in files.get(SHADOW, b"").splitlines() if not line.startswith(b"root:")]
        left[SHADOW] = b"\n".join([*others, f"root:{seed.password_hash}:".encode()]) + b"\n"
    if seed.user_data:
        left[USER_DATA] = seed.user_data
    return left
