"""Where a lab lives."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from oos.inventory.lab import LONGEST_SOCKET_NAME, SOCKET_PATH_LIMIT
from oos.lab.config import LabConfig, lab_config
from oos.lab.hosts import hosts_of
from oos.lab.zone_files import libvirt_files, network_xml

CONFIG = LabConfig(Path("/srv/lab"), Path("/srv/lab/cache"))


@pytest.mark.parametrize(
    ("environment", "directory"),
    [
        ({"HOME": "/home/ada"}, "/home/ada/.local/state/oos/lab"),
        ({"HOME": "/home/ada", "XDG_STATE_HOME": "/state"}, "/state/oos/lab"),
        ({"HOME": "/home/ada", "XDG_STATE_HOME": "/state", "OOS_LAB_DIR": "/srv/lab"}, "/srv/lab"),
        ({}, "/root/.local/state/oos/lab"),
    ],
)
def test_the_directory_follows_the_environment(environment: dict[str, str], directory: str) -> None:
    config = lab_config(environment)
    assert config.directory == Path(directory)
    assert config.cache == Path(directory) / "cache"


def test_a_named_directory_wins_and_the_cache_may_stand_elsewhere() -> None:
    config = lab_config({"OOS_LAB_DIR": "/srv/lab", "OOS_LAB_CACHE": "/var/cache/lab"}, Path("/elsewhere"))
    assert (config.directory, config.cache) == (Path("/elsewhere"), Path("/var/cache/lab"))


def test_sockets_stand_in_the_directory_while_their_paths_are_short_enough() -> None:
    assert CONFIG.uri == "qemu:///system?socket=/srv/lab/run/libvirt-sock"
    longest = SOCKET_PATH_LIMIT - len("/run") - len(LONGEST_SOCKET_NAME)
    fits = replace(CONFIG, directory=Path("/" + "d" * (longest - 1)))
    too_long = replace(CONFIG, directory=Path("/" + "d" * longest))
    assert fits.runtime == fits.directory / "run"
    assert str(too_long.runtime).startswith("/run/oos-")
    assert len(str(too_long.runtime) + LONGEST_SOCKET_NAME) <= SOCKET_PATH_LIMIT


def test_labs_in_different_directories_are_different_hosts() -> None:
    assert CONFIG.host_uuid != replace(CONFIG, directory=Path("/srv/other")).host_uuid
    assert CONFIG.host_uuid == LabConfig(Path("/srv/lab"), Path("/anywhere")).host_uuid


def test_hosts_of_one_lab_are_different_ones(tmp_path: Path) -> None:
    config = replace(CONFIG, directory=tmp_path, hosts=3)
    assert [each.name for each in hosts_of(config)] == ["lab-2", "lab-3"]
    assert len({config.host_uuid, *(each.host_uuid for each in hosts_of(config))}) == 3
    assert len({config.uri, *(each.uri for each in hosts_of(config))}) == 3
    assert hosts_of(replace(config, hosts=1)) == ()
    # What `oos lab up` made once stays, also when it is not asked for again.
    (tmp_path / "hosts/lab-2").mkdir(parents=True)
    assert [each.name for each in hosts_of(replace(config, hosts=1))] == ["lab-2"]


def test_the_network_leaves_room_for_fixed_addresses() -> None:
    assert "<range start='10.77.1.10' end='10.77.1.254'/>" in network_xml(CONFIG)
    small = replace(CONFIG, subnet=IPv4Network("192.0.2.0/28"))
    assert "<ip address='192.0.2.1' netmask='255.255.255.240'>" in network_xml(small)
    assert "<range start='192.0.2.4' end='192.0.2.14'/>" in network_xml(small)


def test_the_zone_has_a_configuration_of_its_own() -> None:
    files = dict(libvirt_files(CONFIG))
    assert f'host_uuid = "{CONFIG.host_uuid}"' in files["libvirtd.conf"]
    assert 'user = "root"' in files["qemu.conf"]
    assert "<path>/srv/lab/pools/disks</path>" in files["oos/pool-disks.xml"]
    assert set(files) == {
        *("qemu.conf", "libvirtd.conf", "libvirt.conf", "oos/net-default.xml"),
        *("oos/pool-images.xml", "oos/pool-disks.xml", "oos/pool-snapshots.xml"),
    }
