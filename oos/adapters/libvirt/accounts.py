"""Accounts in the guest, through its agent: passwords, and the keys that open them over SSH.

https://qemu-project.gitlab.io/qemu/interop/qemu-ga-ref.html
"""

from __future__ import annotations

import base64
import time
from typing import Final

from oos.adapters.libvirt.agents import LibvirtAgents
from oos.adapters.libvirt.connection import Stopwatch
from oos.fleet.errors import AgentFailed, DeadlineExceeded
from oos.fleet.ssh_keys import lines_of_key

_RENAME: Final = """
if command -v hostnamectl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then exec hostnamectl set-hostname "$1"; fi
printf '%s\\n' "$1" >/etc/hostname.new && mv /etc/hostname.new /etc/hostname && hostname "$1"
"""

_POLL_SECONDS: Final = 0.05


class LibvirtAccounts(LibvirtAgents):
    """The half of the port that is about accounts in the guest."""

    def set_guest_password(self, instance_id: str, user: str, password: str) -> None:
        encoded = base64.b64encode(password.encode()).decode()
        arguments = {"username": user, "password": encoded, "crypted": False}
        self._agent(instance_id, "guest-set-user-password", arguments)

    def set_guest_host_name(self, instance_id: str, name: str) -> None:
        argv = ("/bin/sh", "-c", _RENAME, "oos-host-name", name)
        pid = self.guest_execute(instance_id, argv)
        watch = Stopwatch(self._connection.deadlines.quick)
        while not (process := self.guest_process(instance_id, pid)).exited:
            if not watch.left:
                raise DeadlineExceeded(instance_id, "setting its host name", watch.seconds)
            time.sleep(_POLL_SECONDS)
        if process.exit_code != 0:
            complaint = process.stderr.decode(errors="replace").strip()
            raise AgentFailed(instance_id, f"the host name was not set: {complaint}")

    def guest_keys(self, instance_id: str, user: str) -> tuple[str, ...]:
        try:
            answer = self._agent(instance_id, "guest-ssh-get-authorized-keys", {"username": user})
        except AgentFailed as failed:
            # A user without any keys has no file of them.
            if "No such file" in failed.cause:
                return ()
            raise
        return tuple(line for key in answer["keys"] if (line := str(key).strip()) and not line.startswith("#"))

    def authorize_guest_key(self, instance_id: str, user: str, key: str) -> None:
        if lines_of_key(self.guest_keys(instance_id, user), key):
            return
        arguments = {"username": user, "keys": [key], "reset": False}
        self._agent(instance_id, "guest-ssh-add-authorized-keys", arguments)

    def revoke_guest_key(self, instance_id: str, user: str, key: str) -> None:
        lines = lines_of_key(self.guest_keys(instance_id, user), key)
        if lines:
            arguments = {"username": user, "keys": list(lines)}
            self._agent(instance_id, "guest-ssh-remove-authorized-keys", arguments)
