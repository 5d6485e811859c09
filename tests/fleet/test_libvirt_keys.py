"""Keys, names and user data of real guests: told at the first start, changed while they run, shown by who gets in."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from oos.adapters.libvirt.connection import libvirt
from oos.fleet.errors import HypervisorFailed
from oos.fleet.instance import Instance
from oos.lab.process import wait_until
from oos.service.guest_file import GuestFile, argv_of
from tests.fleet.real_world import RealWorld
from tests.fleet.world import PATIENCE

pytestmark = pytest.mark.real

SCRIPT = b"#!/bin/sh\necho carried out by $(hostname) > /var/lib/told\nsync\n"


@pytest.fixture(autouse=True)
def _gone_afterwards(lab_world: RealWorld) -> Iterator[None]:
    """What a test makes ends with it."""
    yield
    lab_world.clean_up(lab_world.made)


def make_key(folder: Path, name: str) -> str:
    """A key pair in files; its public key."""
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{name} 'of' \"the\" test", "-f", folder / name]
    subprocess.run(argv, check=True, timeout=60)
    return (folder / f"{name}.pub").read_text().strip()


def gets_in(world: RealWorld, folder: Path, address: str, name: str) -> bool:
    """Whether the key of this name opens root's account over SSH."""
    lines = (world.zone.directory / "ssh/config").read_text().splitlines()
    config = folder / f"{name}.config"
    config.write_text(
        "\n".join(f"  IdentityFile {folder / name}" if "IdentityFile" in each else each for each in lines)
    )
    argv = ["ssh", "-F", config, f"root@{address}", "echo in"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.stdout == "in\n" or "Permission denied" in done.stderr, done
    return done.stdout == "in\n"


def address_of(world: RealWorld, instance: Instance) -> str:
    """Where the guest can be reached, once it has an address."""

    def found() -> list[str]:
        return [each.address for each in world.hypervisor.addresses(instance.id) if ":" not in each.address]

    assert wait_until(lambda: bool(found()), timeout=PATIENCE)
    return found()[0]


def test_keys_open_a_guest_from_its_first_start_and_as_long_as_they_may(lab_world: RealWorld, tmp_path: Path) -> None:
    world = lab_world
    first, second = make_key(tmp_path, "first"), make_key(tmp_path, "second")
    instance = world.make(host_name="told-1", key_pair="first", public_key=first, user_data=SCRIPT)
    assert (instance.key_pair, instance.host_name) == ("first", "told-1")
    assert len(instance.disk_ids) == 1
    assert all(each.instance_id != "" or "seed" not in each.volume for each in world.hypervisor.disks())
    world.run(instance.id)
    assert world.hypervisor.guest_info(instance.id).host_name == "told-1"
    address = address_of(world, instance)
    assert gets_in(world, tmp_path, address, "first")
    assert not gets_in(world, tmp_path, address, "second")
    world.hypervisor.authorize_guest_key(instance.id, "root", second)
    world.hypervisor.revoke_guest_key(instance.id, "root", first)
    assert gets_in(world, tmp_path, address, "second")
    assert not gets_in(world, tmp_path, address, "first")
    told = ["/bin/sh", "-c", "until [ -s /var/lib/told ]; do sleep 1; done; cat /var/lib/told"]
    process = world.finish(instance.id, world.hypervisor.guest_execute(instance.id, told))
    assert process.stdout == b"carried out by told-1\n"
    file = GuestFile("/srv/app", "x.conf", "0640", "root", "root")
    argv = argv_of(file)
    assert world.finish(instance.id, world.hypervisor.guest_execute(instance.id, argv, stdin=SCRIPT)).exit_code == 0
    assert world.hypervisor.guest_read(instance.id, file.path) == SCRIPT
    looked = world.hypervisor.guest_execute(instance.id, ["/bin/stat", "-c", "%a %U:%G", file.path])
    assert world.finish(instance.id, looked).stdout == b"640 root:root\n"


def test_the_seed_goes_with_its_instance(lab_world: RealWorld) -> None:
    world = lab_world
    instance = world.make(user_data=SCRIPT)
    seed = world.zone.pool("disks") / f"{instance.id}.seed.iso"
    assert seed.read_bytes()[0x8001:0x8006] == b"CD001"
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE
    assert str(seed) in world.libvirt._ask(instance.id, "looking", lambda domain: str(domain.XMLDesc(flags)))
    world.hypervisor.remove_instance(instance.id)
    assert not seed.exists()


def test_what_is_no_host_name_is_refused(lab_world: RealWorld) -> None:
    with pytest.raises(HypervisorFailed, match="host name"):
        lab_world.make(host_name="a b", user_data=SCRIPT)
