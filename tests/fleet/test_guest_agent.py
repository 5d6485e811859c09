"""The contract of a hypervisor: programs and files inside a guest."""

from __future__ import annotations

import pytest

from oos.fleet.errors import AgentFailed, AgentUnavailable
from oos.fleet.hypervisor import MOST_STDIN
from oos.fleet.instance import Instance, StopMethod
from tests.fleet.world import World


def test_the_agent_tells_about_its_system(world: World, guest: Instance) -> None:
    assert guest.has_agent
    info = world.hypervisor.guest_info(guest.id)
    assert info.kernel
    assert info.host_name


def test_a_program_runs_with_its_output_and_exit_code(world: World, guest: Instance) -> None:
    pid = world.hypervisor.guest_execute(guest.id, ["/bin/sh", "-c", "echo out; exit 3"])
    process = world.finish(guest.id, pid)
    assert (process.pid, process.exit_code, process.stdout) == (pid, 3, b"out\n")
    assert not process.truncated


def test_a_program_reads_its_standard_input(world: World, guest: Instance) -> None:
    pid = world.hypervisor.guest_execute(guest.id, ["/bin/cat"], stdin=b"\x00\xff bytes")
    assert world.finish(guest.id, pid).stdout == b"\x00\xff bytes"


def test_input_is_bounded_so_that_no_agent_hangs_over_it(world: World, guest: Instance) -> None:
    most = bytes(range(256)) * (MOST_STDIN // 256)
    assert world.finish(guest.id, world.hypervisor.guest_execute(guest.id, ["/bin/cat"], stdin=most)).stdout == most
    with pytest.raises(AgentFailed, match=rf"{guest.id}.*65537 bytes of input"):
        world.hypervisor.guest_execute(guest.id, ["/bin/cat"], stdin=most + b"x")


def test_a_script_that_was_written_runs(world: World, guest: Instance) -> None:
    world.hypervisor.guest_write(guest.id, "/tmp/script", b"echo one\necho two\nfalse\n")
    process = world.finish(guest.id, world.hypervisor.guest_execute(guest.id, ["/bin/sh", "/tmp/script"]))
    assert (process.exit_code, process.stdout) == (1, b"one\ntwo\n")


def test_an_ended_program_is_forgotten_once_asked(world: World, guest: Instance) -> None:
    pid = world.hypervisor.guest_execute(guest.id, ["/bin/true"])
    world.finish(guest.id, pid)
    with pytest.raises(AgentFailed, match=guest.id):
        world.hypervisor.guest_process(guest.id, pid)


def test_a_program_that_is_still_busy_has_not_exited(world: World, guest: Instance) -> None:
    pid = world.hypervisor.guest_execute(guest.id, ["/bin/sleep", "1000"])
    process = world.hypervisor.guest_process(guest.id, pid)
    assert (process.exited, process.exit_code) == (False, None)


@pytest.mark.parametrize("size", [0, 1, 49_152, 49_153, 300_000])
def test_a_file_comes_back_as_it_was_written(world: World, guest: Instance, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    world.hypervisor.guest_write(guest.id, "/tmp/file", content[:size])
    assert world.hypervisor.guest_read(guest.id, "/tmp/file") == content[:size]


def test_a_shorter_file_replaces_a_longer_one(world: World, guest: Instance) -> None:
    world.hypervisor.guest_write(guest.id, "/tmp/file", b"longer")
    world.hypervisor.guest_write(guest.id, "/tmp/file", b"short")
    assert world.hypervisor.guest_read(guest.id, "/tmp/file") == b"short"


def test_reading_stops_at_the_limit(world: World, guest: Instance) -> None:
    world.hypervisor.guest_write(guest.id, "/tmp/file", b"x" * 100_000)
    assert world.hypervisor.guest_read(guest.id, "/tmp/file", limit=70_000) == b"x" * 70_000


def test_a_file_that_is_not_there_is_named(world: World, guest: Instance) -> None:
    with pytest.raises(AgentFailed, match="/no/such/file"):
        world.hypervisor.guest_read(guest.id, "/no/such/file")


def test_nothing_is_asked_of_a_stopped_guest(world: World, guest: Instance) -> None:
    world.hypervisor.stop(guest.id, StopMethod.POWER_OFF)
    for ask in (
        lambda: world.hypervisor.guest_execute(guest.id, ["/bin/true"]),
        lambda: world.hypervisor.guest_process(guest.id, 1),
        lambda: world.hypervisor.guest_read(guest.id, "/tmp/file"),
        lambda: world.hypervisor.guest_write(guest.id, "/tmp/file", b""),
        lambda: world.hypervisor.guest_info(guest.id),
    ):
        with pytest.raises(AgentUnavailable, match=guest.id):
            ask()
