"""Elastic addresses: what a host runs to translate them, in a network namespace of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oos.adapters.libvirt.connection import Deadlines
from oos.adapters.libvirt.host_programs import hook_path
from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.adapters.libvirt.translation_script import HOOK
from oos.adapters.libvirt.translation_script import translation_script as script_of
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.fleet.errors import HypervisorFailed, NoUplink
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.translation import Elastic, Limit, PortForward, Translations, translations
from oos.inventory.model import Host, Uplink

OWN = "mount -t tmpfs t /etc/libvirt && mkdir /etc/libvirt/hooks && ip link set lo up && echo up; exec sleep 600"
"""An /etc/libvirt of its own, for the hook."""
REJECTING = """
iptables -N LIBVIRT_FWI
iptables -A FORWARD -m comment --comment guests
iptables -A FORWARD -j LIBVIRT_FWI
nft -f - <<'NFT'
table ip libvirt_network {
  chain forward {
    type filter hook forward priority filter
    reject
  }
}
NFT
"""
"""What libvirt has on a host, in iptables and, from 10.4 on, in a table of its own."""
FULL = translations(
    (
        Elastic("203.0.113.5", "192.168.7.9", "eip-1"),
        Elastic("203.0.113.7"),
        Elastic("203.0.113.6", "192.168.7.10", "cbwp-2"),
        Elastic("203.0.113.10", "192.168.7.11"),
    ),
    (
        PortForward("203.0.113.7", "tcp", 8080, "192.168.7.9", 80),
        PortForward("203.0.113.7", "udp", 53, "192.168.7.10", 53),
        PortForward("203.0.113.7", "tcp", 9000, "192.168.7.10", 9000, 9100),
    ),
    (Limit("eip-1", 625, 1250), Limit("cbwp-2", 12_500), Limit("nobody", 1)),
)


@pytest.fixture(params=["simulation", "host"])
def hypervisor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hypervisor]:
    """A host that translates: a simulated one, and a real one in namespaces of its own."""
    if request.param == "simulation":
        yield MemoryHypervisor(Host("h", "memory:///h", "z", "r", uplink=Uplink()))
        return
    if os.geteuid() or not all(map(shutil.which, ("nft", "unshare", "nsenter", "ip"))):
        pytest.skip("a network namespace and nftables are needed")
    holder = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", OWN], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"up\n"
        run = ("nsenter", f"--target={holder.pid}", "--net", "--mount")
        yield LibvirtHypervisor(Host("h", "test:///default", "z", "r", uplink=Uplink(run=run)))
    finally:
        holder.kill()
        holder.communicate()


def on(hypervisor: Hypervisor, program: str) -> str:
    """What a program of the shell says on the host."""
    assert hypervisor.host.uplink is not None
    return subprocess.run(
        [*hypervisor.host.uplink.run, "sh", "-c", program], capture_output=True, text=True, check=False
    ).stdout


def test_a_host_translates_exactly_what_it_is_told(hypervisor: Hypervisor) -> None:
    assert hypervisor.translations() == Translations()
    assert hypervisor.translate(FULL) == FULL
    assert hypervisor.translate(FULL) == FULL
    less = translations((Elastic("203.0.113.6", "192.168.7.12"),))
    assert hypervisor.translate(less) == less
    assert hypervisor.translations() == less
    assert hypervisor.translate(Translations()) == Translations()
    assert hypervisor.translate(Translations()) == Translations()


@pytest.mark.parametrize("hypervisor", ["host"], indirect=True)
def test_addresses_are_held_and_nothing_is_left_behind(hypervisor: Hypervisor) -> None:
    look = "nft list ruleset; ip -4 address; ls -R /etc/libvirt"
    before = on(hypervisor, look)
    hypervisor.translate(FULL)
    held = on(hypervisor, "ip -4 -o address show dev lo")
    assert all(f" {each.address}/32 " in held for each in FULL.addresses)
    hypervisor.translate(translations((Elastic("203.0.113.5"),)))
    assert "203.0.113.6" not in on(hypervisor, look)
    hypervisor.translate(Translations())
    assert on(hypervisor, look) == before


@pytest.mark.parametrize("hypervisor", ["host"], indirect=True)
def test_a_network_that_starts_after_a_start_of_the_host_puts_everything_back(hypervisor: Hypervisor) -> None:
    hypervisor.translate(FULL)
    before = on(hypervisor, "nft list ruleset; ip -4 address")
    on(hypervisor, "nft flush ruleset; ip address flush dev lo")
    assert hypervisor.translations() == Translations()
    on(hypervisor, f"{hook_path(HOOK)} default stopped end - </dev/null")
    assert hypervisor.translations() == Translations()
    on(hypervisor, f"{hook_path(HOOK)} default started begin - </dev/null")
    assert hypervisor.translations() == FULL
    assert "203.0.113.10/32" in on(hypervisor, "ip -4 address")
    assert "203.0.113.10" in before


@pytest.mark.parametrize("hypervisor", ["host"], indirect=True)
def test_what_libvirt_rejects_is_let_in_before_it_says_so(hypervisor: Hypervisor) -> None:
    on(hypervisor, REJECTING)
    look = "iptables -S; nft list table ip libvirt_network"
    before = on(hypervisor, look)
    for _ in range(2):
        hypervisor.translate(FULL)
        lines = [line for line in on(hypervisor, "iptables -S FORWARD").splitlines() if line.startswith("-A")]
        assert [line.split()[-1] for line in lines] == ["guests", "OOS-EIP", "LIBVIRT_FWI"]
        assert on(hypervisor, "iptables -S OOS-EIP").count("-j ACCEPT") == len(FULL.addresses)
        rules = on(hypervisor, "nft list chain ip libvirt_network forward").splitlines()
        assert sum('"oos-eip"' in line for line in rules) == len(FULL.addresses)
        assert "reject" in rules[-3]
    hypervisor.translate(Translations())
    assert on(hypervisor, look) == before


def test_a_host_without_an_uplink_says_so() -> None:
    for hypervisor in (
        MemoryHypervisor(Host("h", "memory:///h", "z", "r")),
        LibvirtHypervisor(Host("h", "test:///default", "z", "r")),
    ):
        with pytest.raises(NoUplink, match="host h"):
            hypervisor.translations()
        with pytest.raises(NoUplink, match="host h"):
            hypervisor.translate(FULL)


def test_a_host_that_fails_says_why() -> None:
    run = (sys.executable, "-c", "raise SystemExit('no right to do this')")
    hypervisor = LibvirtHypervisor(Host("h", "test:///default", "z", "r", uplink=Uplink(run=run)), Deadlines())
    with pytest.raises(HypervisorFailed, match="no right to do this"):
        hypervisor.translate(FULL)
    nowhere = LibvirtHypervisor(Host("h", "test:///default", "z", "r", uplink=Uplink(run=("/no/such/program",))))
    with pytest.raises(HypervisorFailed, match="/no/such/program"):
        nowhere.translations()


@pytest.mark.parametrize(
    ("wanted", "device"),
    [
        (translations((Elastic("203.0.113.5; reboot"),)), "lo"),
        (translations((Elastic("203.0.113.5", "$(reboot)"),)), "lo"),
        (translations((Elastic("203.0.113.5", "", "a b"),), (), (Limit("a b", 1),)), "lo"),
        (translations((Elastic("203.0.113.5"),), (PortForward("203.0.113.5", "ip;x", 1, "10.0.0.1", 1),)), "lo"),
        (FULL, "lo; reboot"),
        (FULL, "a-very-long-device"),
    ],
)
def test_nothing_but_addresses_numbers_and_names_gets_into_the_program(wanted: Translations, device: str) -> None:
    with pytest.raises(ValueError):
        script_of(wanted, device)
