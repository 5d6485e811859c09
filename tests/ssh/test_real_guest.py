"""The Guest port over SSH on a real guest: busybox and dropbear, through the ProxyCommand of the lab's ssh_config."""

from __future__ import annotations

import time

import pytest

from oos.adapters.ssh.guest import SshGuest
from oos.adapters.ssh.pool import SshPool
from oos.fleet.errors import AgentFailed
from oos.inventory.model import SshAccess
from oos.lab.config import LabConfig
from oos.service.guest import boot_of
from oos.service.guest_command import GuestCommand, Reason, argv_of, path_of, read_result
from oos.service.guest_file import GuestFile
from oos.service.guest_file import argv_of as argv_of_file
from tests.lab.conftest import address, shell

pytestmark = pytest.mark.real
PATIENCE = 60.0


def finished(guest: SshGuest, pid: int) -> int | None:
    end = time.monotonic() + PATIENCE
    while not (process := guest.guest_process("web-1", pid)).exited:
        assert time.monotonic() < end
        time.sleep(0.1)
    return process.exit_code


def test_a_guest_is_commanded_over_ssh_as_through_its_agent(lab: LabConfig) -> None:
    pool = SshPool()
    guest = SshGuest(pool, SshAccess(address(lab, "web-1"), config=str(lab.directory / "ssh/config")))
    try:
        assert guest.guest_info("web-1").host_name == "web-1"
        boot = boot_of(guest, "web-1")
        command = GuestCommand("t-over-ssh", 20, boot=boot.kernel_name)
        pid = guest.guest_execute("web-1", argv_of(command), stdin=b"echo $0 as $(id -un); exit 3\n")
        assert finished(guest, pid) == 0
        result = read_result(guest.guest_read("web-1", path_of("t-over-ssh", "result")))
        assert result is not None
        assert (result.exit_code, result.reason) == (3, Reason.EXITED)
        assert guest.guest_read("web-1", path_of("t-over-ssh", "out")).endswith(b" as root\n")
        file = GuestFile("/srv", "over-ssh", "0640")
        pid = guest.guest_execute("web-1", argv_of_file(file), stdin=b"\x00\xff")
        assert finished(guest, pid) == 0
        assert shell(lab, "web-1", f"stat -c '%a %U' {file.path}; rm {file.path}") == "640 root\n"
        with pytest.raises(AgentFailed, match="web-1"):
            guest.guest_process("web-1", pid)
    finally:
        pool.close()
        shell(lab, "web-1", "rm -rf /var/lib/oos/invocations/t-over-ssh")
