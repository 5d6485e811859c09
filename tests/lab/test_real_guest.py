"""Real guests: what the image promises."""

from __future__ import annotations

import signal
import subprocess

import pytest

from oos.lab import zone
from oos.lab.config import LabConfig
from oos.lab.errors import CommandFailed
from oos.lab.guests import opened_app
from oos.lab.lab import ssh, up
from oos.lab.process import run, run_unchecked, send, wait_until
from tests.lab.conftest import address, agent, agent_answers, command_line, domain, is_off, shell

pytestmark = pytest.mark.real

PATIENCE = 120.0


@pytest.fixture(autouse=True)
def _whole(lab: LabConfig) -> None:
    """Each test begins with two guests that answer, whatever the one before did."""
    up(lab, lambda _: None)


def boot_of(config: LabConfig, guest: str) -> str:
    """Names the guest's present life."""
    return shell(config, guest, "cat /proc/sys/kernel/random/boot_id")


def test_the_agent_runs_programs(lab: LabConfig) -> None:
    assert shell(lab, "web-1", "echo out; hostname") == "out\nweb-1\n"


def test_ssh_answers_from_outside_the_zone(lab: LabConfig) -> None:
    assert ssh(lab, address(lab, "web-1"), "hostname") == "web-1\n"


def test_files_go_over_ssh(lab: LabConfig) -> None:
    config = lab.directory / "ssh/config"
    run(["scp", "-F", config, "/etc/os-release", f"root@{address(lab, 'web-1')}:/tmp/copy"])
    assert "NAME=" in shell(lab, "web-1", "cat /tmp/copy")


def test_guests_reach_each_other_over_http(lab: LabConfig) -> None:
    assert shell(lab, "web-1", f"wget -qO- http://{address(lab, 'web-2')}:8080/") == "hello\n"


def test_the_root_file_system_is_the_system_disk(lab: LabConfig) -> None:
    (root,) = [line for line in shell(lab, "web-1", "cat /proc/mounts").splitlines() if line.split()[1] == "/"]
    assert root.startswith("/dev/vda / ext4 rw")


def test_freezing_stops_writes_to_the_root_file_system(lab: LabConfig) -> None:
    argv = [
        "ssh",
        "-F",
        str(lab.directory / "ssh/config"),
        f"root@{address(lab, 'web-1')}",
        "echo late > /var/lib/late",
    ]
    assert agent(lab, "web-1", "guest-fsfreeze-freeze") >= 1
    try:
        assert agent(lab, "web-1", "guest-fsfreeze-status") == "frozen"
        with subprocess.Popen(argv) as writer:
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(timeout=1.5)
            assert agent(lab, "web-1", "guest-fsfreeze-thaw") >= 1
            assert writer.wait(timeout=PATIENCE) == 0
    finally:
        agent(lab, "web-1", "guest-fsfreeze-thaw")
    assert shell(lab, "web-1", "cat /var/lib/late") == "late\n"


@pytest.mark.parametrize("mode", ["agent", "acpi"])
def test_a_guest_stops_and_leaves_a_clean_disk(lab: LabConfig, mode: str) -> None:
    shell(lab, "web-2", f"echo {mode} > /var/lib/kept")
    zone.virsh(lab, "shutdown", domain(lab, "web-2"), "--mode", mode)
    assert wait_until(lambda: is_off(lab, "web-2"), timeout=PATIENCE)
    zone.virsh(lab, "start", domain(lab, "web-2"))
    assert wait_until(lambda: agent_answers(lab, "web-2"), timeout=PATIENCE)
    assert shell(lab, "web-2", "cat /var/lib/kept") == f"{mode}\n"
    assert "recovery" not in shell(lab, "web-2", "dmesg")


@pytest.mark.parametrize("mode", ["agent", "acpi"])
def test_a_guest_restarts(lab: LabConfig, mode: str) -> None:
    before = boot_of(lab, "web-2")
    zone.virsh(lab, "reboot", domain(lab, "web-2"), "--mode", mode)

    def came_back() -> bool:
        try:
            return boot_of(lab, "web-2") != before
        except CommandFailed:
            return False  # between two lives there is nobody to ask

    assert wait_until(came_back, timeout=PATIENCE, pause=0.5)


def test_a_power_cut_loses_nothing_that_was_synced(lab: LabConfig) -> None:
    shell(lab, "web-2", "echo safe > /var/lib/safe; sync")
    zone.virsh(lab, "destroy", domain(lab, "web-2"))
    zone.virsh(lab, "start", domain(lab, "web-2"))
    assert wait_until(lambda: agent_answers(lab, "web-2"), timeout=PATIENCE)
    assert shell(lab, "web-2", "cat /var/lib/safe") == "safe\n"


def test_a_hung_guest_that_was_switched_off_has_an_agent_again(lab: LabConfig) -> None:
    # libvirt notes the error of the dying agent after it has cleared its notes, and would never ask the next one.
    name = domain(lab, "web-2")
    (hung,) = [each for each in zone.require(lab).named(zone.EMULATOR_NAME) if name in command_line(each.pid)]
    send(hung, signal.SIGSTOP)
    ping = ["virsh", "-q", "-c", lab.uri, "qemu-agent-command", name, "--timeout", "1", '{"execute": "guest-ping"}']
    assert run_unchecked(ping).returncode != 0
    zone.virsh(lab, "destroy", name)
    zone.virsh(lab, "start", name)
    assert wait_until(lambda: agent_answers(lab, "web-2"), timeout=PATIENCE)


def test_a_second_disk_is_mounted_when_it_comes_and_at_boot(lab: LabConfig) -> None:
    disk = lab.pool("disks") / "extra.qcow2"
    run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "32M"])
    attach = ["attach-disk", domain(lab, "web-2"), str(disk), "vdb", "--subdriver", "qcow2", "--persistent"]
    zone.virsh(lab, *attach)
    try:
        assert wait_until(lambda: "vdb" in shell(lab, "web-2", "ls /dev"), timeout=PATIENCE)
        shell(lab, "web-2", "mkfs.ext4 -q /dev/vdb")
        zone.virsh(lab, "shutdown", domain(lab, "web-2"), "--mode", "agent")
        assert wait_until(lambda: is_off(lab, "web-2"), timeout=PATIENCE)
        zone.virsh(lab, "start", domain(lab, "web-2"))
        assert wait_until(lambda: agent_answers(lab, "web-2"), timeout=PATIENCE)
        assert "/dev/vdb /mnt/vdb ext4" in shell(lab, "web-2", "cat /proc/mounts")
        assert agent(lab, "web-2", "guest-fsfreeze-freeze") == 2
        assert agent(lab, "web-2", "guest-fsfreeze-thaw") == 2
    finally:
        zone.virsh(lab, "detach-disk", domain(lab, "web-2"), "vdb", "--persistent")
    assert wait_until(lambda: "vdb" not in shell(lab, "web-2", "cat /proc/mounts"), timeout=PATIENCE)
    zone.virsh(lab, *attach[:-1])
    assert wait_until(lambda: "/mnt/vdb" in shell(lab, "web-2", "cat /proc/mounts"), timeout=PATIENCE)
    zone.virsh(lab, "detach-disk", domain(lab, "web-2"), "vdb")


def test_the_agent_sets_a_password(lab: LabConfig) -> None:
    zone.virsh(lab, "set-user-password", domain(lab, "web-1"), "root", "secret")
    assert "secret" not in shell(lab, "web-1", "cat /etc/shadow")
    assert shell(lab, "web-1", "cut -d: -f2 /etc/shadow").startswith("$6$")


def test_the_image_is_one_of_the_fleet(lab: LabConfig) -> None:
    with opened_app(lab) as app:
        (image,) = [each for each in app.fleet.images("lab") if each.family == "lab" or each.name == "tiny"]
        assert image.boot is not None
        assert {each.image_id for each in app.fleet.instances("lab") if each.labels.tags.get("role") == "web"} == {
            image.id
        }
