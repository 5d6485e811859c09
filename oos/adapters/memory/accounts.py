"""Accounts in a simulated guest: passwords and keys are lines of its files, as in a real one."""

from __future__ import annotations

from oos.adapters.memory.agents import SimulatedAgents
from oos.adapters.memory.state import keys_path
from oos.fleet.errors import AgentFailed
from oos.fleet.ssh_keys import lines_of_key

SHADOW = "/etc/shadow"
HOST_NAME = "/etc/hostname"


class SimulatedAccounts(SimulatedAgents):
    """The half of the port that is about accounts in the guest. Root is there; whoever is in its shadow file, too."""

    def set_guest_password(self, instance_id: str, user: str, password: str) -> None:
        with self._call("set_guest_password", instance_id), self._lock:
            instance, _ = self._working_agent(instance_id)
            files = self._guest_files(instance)
            self._require_user(instance_id, files.get(SHADOW, b""), user)
            lines = [line for line in files.get(SHADOW, b"").splitlines() if not line.startswith(f"{user}:".encode())]
            with self._change():
                # In the clear: a test looks here, and nobody logs in.
                files[SHADOW] = b"\n".join([*lines, f"{user}:{password}:".encode()]) + b"\n"
                self._count("set_guest_password", instance_id)

    def set_guest_host_name(self, instance_id: str, name: str) -> None:
        with self._call("set_guest_host_name", instance_id), self._lock:
            instance, _ = self._working_agent(instance_id)
            with self._change():
                self._guest_files(instance)[HOST_NAME] = f"{name}\n".encode()
                self._count("set_guest_host_name", instance_id)

    def guest_keys(self, instance_id: str, user: str) -> tuple[str, ...]:
        with self._call("guest_keys", instance_id), self._lock:
            instance, _ = self._working_agent(instance_id)
            files = self._guest_files(instance)
            self._require_user(instance_id, files.get(SHADOW, b""), user)
            lines = files.get(keys_path(user), b"").decode().splitlines()
            return tuple(line for line in lines if line.strip() and not line.startswith("#"))

    def authorize_guest_key(self, instance_id: str, user: str, key: str) -> None:
        with self._call("authorize_guest_key", instance_id), self._lock:
            known = self.guest_keys(instance_id, user)
            if not lines_of_key(known, key):
                self._write_keys("authorize_guest_key", instance_id, user, (*known, key))

    def revoke_guest_key(self, instance_id: str, user: str, key: str) -> None:
        with self._call("revoke_guest_key", instance_id), self._lock:
            known = self.guest_keys(instance_id, user)
            gone = lines_of_key(known, key)
            if gone:
                kept = tuple(each for each in known if each not in gone)
                self._write_keys("revoke_guest_key", instance_id, user, kept)

    def _write_keys(self, method: str, instance_id: str, user: str, keys: tuple[str, ...]) -> None:
        files = self._guest_files(self._instance(instance_id))
        with self._change():
            files[keys_path(user)] = "".join(f"{key}\n" for key in keys).encode()
            self._count(method, instance_id)

    def _require_user(self, instance_id: str, shadow: bytes, user: str) -> None:
        if user != "root" and not any(line.startswith(f"{user}:".encode()) for line in shadow.splitlines()):
            raise AgentFailed(instance_id, f"failed to look up user '{user}'")
