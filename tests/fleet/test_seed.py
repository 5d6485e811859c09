"""What a guest is told at its first start: the seed, and the medium it stands on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from oos.adapters.libvirt.iso9660 import SECTOR, iso_image, read_iso
from oos.fleet.identity import made_instance_id
from oos.fleet.instance import InstanceSpec
from oos.fleet.seed import Told, read_seed, seed_after, seed_files, seed_of
from oos.values.password_hash import sha512_crypt

SPEC = InstanceSpec("token", "m-1", "ecs.t1.tiny", 1, 96)
KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBL0kYbHNmP6UVuZtyIY2FNEpUzcn1lOQlTLs6l5bdEx "o\'ops": ü'


def spec(**changes: object) -> InstanceSpec:
    facts = {name: getattr(SPEC, name) for name in InstanceSpec.__slots__}
    return InstanceSpec(**{**facts, **changes})  # type: ignore[arg-type]


def test_who_need_not_be_told_anything_gets_no_seed() -> None:
    assert seed_files(seed_of(SPEC)) == {}


def test_a_seed_tells_who_the_guest_is_and_whose_key_opens_it() -> None:
    files = seed_files(seed_of(spec(host_name="web-1", public_key=KEY)))
    told = yaml.safe_load(files["meta-data"])
    assert told == {
        "instance-id": made_instance_id("token"),
        "local-hostname": "web-1",
        "public-keys": [KEY],
    }
    assert yaml.safe_load(files["vendor-data"]) == {"disable_root": False}
    assert files["user-data"].startswith(b"#cloud-config\n")


def test_user_data_is_handed_on_as_it_is() -> None:
    assert seed_files(seed_of(spec(user_data=b"\x1f\x8b\x00gz")))["user-data"] == b"\x1f\x8b\x00gz"


def test_a_password_is_told_as_a_hash_which_opens_roots_account() -> None:
    hashed = sha512_crypt("Correct-1-Horse", "salt")
    told = yaml.safe_load(seed_files(seed_of(spec(password_hash=hashed)))["vendor-data"])
    account = {"name": "root", "password": hashed, "type": "hash"}
    assert told == {"disable_root": False, "ssh_pwauth": True, "chpasswd": {"expire": False, "users": [account]}}


@pytest.mark.parametrize(
    "told", [{}, {"host_name": "x", "public_key": KEY}, {"password_hash": "$6$a$b", "user_data": b"#!"}]
)
def test_what_a_medium_tells_can_be_read_from_it(told: dict[str, object]) -> None:
    seed = seed_of(spec(**told))
    assert read_seed(seed.instance_id, read_iso(iso_image("cidata", seed_files(seed)))) == (seed)
    assert seed_after(seed, Told()) == seed


FILES = {
    "user-data": b"#!/bin/sh\necho \xff\x00\n" * 300,
    "meta-data": b"instance-id: x\n",
    "vendor-data": b"",
}


def test_the_same_files_make_the_same_medium() -> None:
    image = iso_image("cidata", FILES)
    assert image == iso_image("cidata", dict(reversed(FILES.items())))
    assert len(image) % SECTOR == 0


def test_files_are_read_back_from_a_medium_and_from_nothing_else() -> None:
    assert read_iso(iso_image("cidata", FILES)) == FILES
    with pytest.raises(ValueError, match="no ISO 9660"):
        read_iso(bytes(SECTOR * 32))


def test_more_names_than_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        iso_image("cidata", {f"file-{number:02}": b"" for number in range(60)})


@pytest.mark.skipif(shutil.which("isoinfo") is None, reason="isoinfo (genisoimage) reads the medium for comparison")
def test_others_read_the_medium(tmp_path: Path) -> None:
    path = tmp_path / "seed.iso"
    path.write_bytes(iso_image("cidata", FILES))

    def ask(*words: str) -> bytes:
        return subprocess.run(["isoinfo", *words, "-i", path], check=True, capture_output=True).stdout

    assert b"Volume id: cidata\n" in ask("-d")
    assert sorted(ask("-J", "-f").split()) == sorted(f"/{name}".encode() for name in FILES)
    for name, content in FILES.items():
        assert ask("-J", "-x", f"/{name}") == content
        assert ask("-x", f"/{name.upper()}.;1") == content
