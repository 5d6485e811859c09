"""Real zones: up makes and mends, down leaves nothing, whatever was killed in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from oos.lab import lab as labs
from oos.lab import zone
from oos.lab.config import LabConfig
from oos.lab.errors import ForeignDirectory, ZoneDown
from oos.lab.hosts import hosts_of
from oos.lab.process import ProcessIdentity, end, is_alive, send, wait_until
from tests.lab.conftest import host_network, shell, traces

pytestmark = pytest.mark.real

MakeLab = Callable[..., LabConfig]


class Story:
    """What a lab reported."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def whole(lab: LabConfig) -> LabConfig:
    """The shared lab, mended if the test before left it broken."""
    labs.up(lab, Story())
    return lab


def test_down_leaves_nothing(own_lab: MakeLab, story: Story) -> None:
    before = host_network()
    config = own_lab("one")
    status = labs.up(config, story)
    assert [guest.name for guest in status.guests] == ["one"]
    assert host_network() == before
    labs.down(config, story)
    assert traces(config) == []
    assert host_network() == before


def test_down_twice_and_down_of_nothing_are_harmless(own_lab: MakeLab, story: Story) -> None:
    config = own_lab()
    labs.down(config, story)
    labs.up(config, story)
    labs.down(config, story)
    labs.down(config, story)
    assert traces(config) == []


def test_up_twice_changes_nothing(whole: LabConfig, story: Story) -> None:
    before = (zone.require(whole), labs.status(whole), shell(whole, "web-1", "cat /proc/sys/kernel/random/boot_id"))
    labs.up(whole, story)
    assert not any(word in line for line in story.lines for word in ("starting", "making"))
    assert (
        zone.require(whole),
        labs.status(whole),
        shell(whole, "web-1", "cat /proc/sys/kernel/random/boot_id"),
    ) == before


def test_two_at_once_make_one_lab(own_lab: MakeLab, story: Story) -> None:
    config = own_lab()
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(labs.up, config, story) for _ in range(2)]:
            done.result()
    assert story.lines.count("starting libvirtd") == 1


def test_a_lab_touches_no_directory_of_others(own_lab: MakeLab, story: Story) -> None:
    config = own_lab()
    config.directory.mkdir(parents=True)
    (config.directory / "thesis.txt").write_text("years of work")
    with pytest.raises(ForeignDirectory, match=r"thesis\.txt"):
        labs.up(config, story)
    labs.down(config, story)
    assert [path.name for path in config.directory.iterdir()] == ["thesis.txt"]


def test_what_is_not_up_is_named(own_lab: MakeLab) -> None:
    config = own_lab()
    with pytest.raises(ZoneDown, match="oos lab up"):
        labs.run_in_zone(config, ["true"])
    assert not labs.status(config).zone


def test_a_lab_with_a_long_path_has_short_sockets(own_lab: MakeLab, story: Story) -> None:
    short = own_lab()
    deep = LabConfig(short.directory / ("d" * 100), short.cache, guests=())
    try:
        labs.up(deep, story)
        assert labs.status(deep).libvirtd
    finally:
        labs.down(deep, story)
    assert traces(deep) == []


def test_a_second_host_is_mended_and_goes_with_the_lab(own_lab: MakeLab, story: Story) -> None:
    before = host_network()
    config = replace(own_lab(), hosts=2)
    labs.up(config, story)
    (beside,) = hosts_of(config)
    (daemon,) = zone.require(config).daemons(beside.pid_file)
    (first,) = zone.require(config).daemons(zone.PID_FILE)
    end(daemon)
    assert not zone.answers_at(beside.uri)
    labs.up(replace(config, hosts=1), story)
    assert zone.answers_at(beside.uri)
    assert zone.require(config).daemons(zone.PID_FILE) == (first,)
    assert host_network() == before
    labs.down(config, story)
    assert traces(config) == []


# up mends what was killed, and keeps the guests


def test_up_starts_a_killed_libvirtd_and_keeps_the_guests(whole: LabConfig, story: Story) -> None:
    guests, boot = _qemus(whole), shell(whole, "web-1", "cat /proc/sys/kernel/random/boot_id")
    _kill(whole, "libvirtd")
    assert not labs.status(whole).libvirtd
    labs.up(whole, story)
    assert _qemus(whole) == guests
    assert shell(whole, "web-1", "cat /proc/sys/kernel/random/boot_id") == boot


def test_up_replaces_a_libvirtd_that_does_not_answer(whole: LabConfig, story: Story) -> None:
    guests = _qemus(whole)
    (daemon,) = zone.require(whole).named("libvirtd")
    send(daemon, signal.SIGSTOP)
    labs.up(whole, story)
    assert not is_alive(daemon)
    assert _qemus(whole) == guests


def test_up_starts_a_killed_dhcp_server(whole: LabConfig, story: Story) -> None:
    _kill(whole, "dnsmasq")
    labs.up(whole, story)
    assert zone.require(whole).named("dnsmasq")


def test_up_starts_a_killed_guest_from_its_own_disk(whole: LabConfig, story: Story) -> None:
    shell(whole, "web-2", "echo mine > /var/lib/mine; sync")
    _kill(whole, zone.EMULATOR_NAME)
    assert wait_until(lambda: not _qemus(whole), timeout=60)
    labs.up(whole, story)
    assert shell(whole, "web-2", "cat /var/lib/mine") == "mine\n"


def test_up_puts_running_guests_back_on_a_network_that_was_stopped(whole: LabConfig, story: Story) -> None:
    guests = _qemus(whole)
    zone.virsh(whole, "net-destroy", "default")
    status = labs.up(whole, story)
    assert _qemus(whole) == guests
    assert labs.ssh(whole, status.guests[0].address, "hostname") == "web-1\n"


# whatever is killed, everything goes with it, and up makes it again


@pytest.mark.parametrize("victim", ["keeper", "init"])
def test_killing_the_zone_ends_everything_in_it(own_lab: MakeLab, story: Story, victim: str) -> None:
    config = own_lab("one")
    labs.up(config, story)
    assert labs.status(config).guests[0].address
    living = zone.require(config)
    assert end(getattr(living, victim))
    assert wait_until(lambda: not living.pids(), timeout=60)
    assert all(trace.startswith("file") for trace in traces(config))
    # What was below dies with the zone; a lab without guests comes up again just as well, and faster.
    config = replace(config, guests=())
    labs.up(config, story)
    assert zone.require(config) != living
    labs.down(config, story)
    assert traces(config) == []


def test_down_ends_a_zone_whose_directory_was_deleted(own_lab: MakeLab, story: Story) -> None:
    config = own_lab()
    labs.up(config, story)
    subprocess.run(["rm", "-rf", config.directory], check=True)
    labs.down(config, story)
    assert traces(config) == []


@pytest.mark.parametrize(("part", "guests"), [("libvirtd", ()), ("dnsmasq", ()), (zone.EMULATOR_NAME, ("one",))])
def test_down_leaves_nothing_after_a_part_was_killed(
    own_lab: MakeLab, story: Story, part: str, guests: tuple[str, ...]
) -> None:
    config = own_lab(*guests)
    labs.up(config, story)
    _kill(config, part)
    labs.down(config, story)
    assert traces(config) == []


@pytest.mark.parametrize(
    ("seconds", "then"), [(0.12, "down"), (0.2, "down"), (0.45, "down"), (0.9, "down"), (0.12, "up"), (0.45, "up")]
)
def test_up_may_be_killed_at_any_moment(own_lab: MakeLab, story: Story, seconds: float, then: str) -> None:
    config = own_lab("one")
    with subprocess.Popen([sys.executable, "-c", _UP, str(config.directory), str(config.cache)]) as victim:
        time.sleep(seconds)
        victim.send_signal(signal.SIGKILL)
    if then == "up":
        assert labs.up(config, story).guests[0].address
    labs.down(config, story)
    assert traces(config) == []


_UP = """
import sys
from pathlib import Path
from oos.lab.config import LabConfig
from oos.lab.lab import up
up(LabConfig(Path(sys.argv[1]), Path(sys.argv[2]), guests=("one",)), lambda line: None)
"""


def test_the_zone_buries_its_dead(whole: LabConfig) -> None:
    # The shell ends at once; its child becomes an orphan of the zone.
    labs.run_in_zone(whole, ["sh", "-c", "sleep 0.2 >/dev/null 2>&1 &"])

    def dead_and_asleep() -> list[str]:
        said = labs.run_in_zone(whole, ["ps", "-A", "-o", "stat=,args="]).stdout.decode().splitlines()
        return [line for line in said if line.startswith("Z") or "sleep 0.2" in line]

    assert wait_until(lambda: not dead_and_asleep(), timeout=60)


def test_a_pid_that_another_process_got_is_not_ours(own_lab: MakeLab, story: Story) -> None:
    config = own_lab()
    labs.up(config, story)
    note = config.directory / "zone.keeper"
    boot, stat = note.read_text().splitlines()
    # The note now names this test's own process, with a start time that is not its own.
    note.write_text(f"{boot}\n{os.getpid()} {stat.partition(' ')[2]}\n")
    labs.down(config, story)
    assert traces(config) == []


def _qemus(config: LabConfig) -> set[ProcessIdentity]:
    return set(zone.require(config).named(zone.EMULATOR_NAME))


def _kill(config: LabConfig, program: str) -> None:
    victims = zone.require(config).named(program)
    assert victims
    for process in victims:
        assert end(process)


def test_the_cache_stays(own_lab: MakeLab, story: Story) -> None:
    shared = own_lab()
    config = LabConfig(shared.directory, shared.directory / "cache", guests=())
    config.cache.mkdir(parents=True)
    (config.cache / "packages").symlink_to(shared.cache / "packages")
    labs.up(config, story)
    labs.down(config, story)
    assert [path.name for path in config.directory.iterdir()] == ["cache"]
    assert list((config.cache / "guest").glob("*/disk.qcow2"))
    subprocess.run(["rm", "-rf", Path(config.cache)], check=True)
