"""Images made from packages: where packages come from, what is run around the tree, and how the disk boots."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

import oos_image
from oos.recipe.model import Base, Lock, Recipe, Stage, read_recipe
from oos.recipe.plan import lock_of, parameters_of, plan_build, template_of
from oos_image.apt_sources import read_sources, sources_for, write_sources
from oos_image.boot_disk import FIRST_SECTOR, SECTOR, grub_configuration, head_of_disk
from oos_image.tree_scripts import disk_script, preferences, seal_script, stage_script
from tests.modules.world import World

DEB822 = """\
# the release
Types: deb deb-src
URIs: http://one.test/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://two.test/tools
Suites: bookworm
Components: stable

Types: deb
Enabled: no
URIs: http://three.test/debian
Suites: bookworm
Components: main
"""
ONE_LINE = """\
deb [signed-by=/k.gpg arch=amd64] http://four.test/security bookworm-security main  # fixes
deb-src http://four.test/debian bookworm main
deb http://five.test/apt sdk-bookworm main
"""
FILES = {"debian.sources": DEB822, "more.list": ONE_LINE}


def test_the_archives_of_the_distribution_are_taken_and_no_others() -> None:
    found = sources_for("bookworm", "bookworm", read_sources(FILES))
    assert [each.uris for each in found] == ["http://one.test/debian", "http://four.test/security"]
    assert found[0].suites == ("bookworm", "bookworm-updates")
    assert found[1].more == (("Signed-By", "/k.gpg"),)


def test_another_release_comes_from_where_this_ones_does() -> None:
    found = sources_for("trixie", "bookworm", read_sources(FILES))
    assert [each.suites for each in found] == [("trixie", "trixie-updates"), ("trixie-security",)]
    assert "Suites: trixie trixie-updates\nComponents: main contrib\nSigned-By:" in write_sources(found)
    assert sources_for("trixie", "sid", read_sources(FILES)) == []


@pytest.mark.parametrize(
    "script",
    [
        seal_script("00000000-0000-0000-0000-000000000000"),
        disk_script("00000000-0000-0000-0000-000000000000", 4 << 30, 1 << 20),
        stage_script([("/etc/it's here", "644", "root")], "apt-get install -qy 'a b'", has_script=True),
    ],
    ids=["seal", "disk", "stage"],
)
def test_what_runs_around_a_tree_is_shell(script: str) -> None:
    subprocess.run(["sh", "-n"], input=script.encode(), check=True)


def test_a_lock_pins_every_package() -> None:
    assert preferences({"b": "2", "a": "1:1"}) == (
        "Package: a\nPin: version 1:1\nPin-Priority: 1001\n\nPackage: b\nPin: version 2\nPin-Priority: 1001\n\n"
    )


def test_a_disk_begins_with_its_loader_and_one_active_partition() -> None:
    head = head_of_disk(bytes([7]) * SECTOR, b"core", 1 << 30, 0x12345678)
    assert head[:440] == bytes([7]) * 440
    assert struct.unpack_from("<I", head, 440) == (0x12345678,)
    active, kind = head[446], head[450]
    assert (active, kind, head[510:512]) == (0x80, 0x83, b"\x55\xaa")
    assert struct.unpack_from("<II", head, 454) == (FIRST_SECTOR, (1 << 30) // SECTOR - FIRST_SECTOR)
    assert head[SECTOR:] == b"core"
    with pytest.raises(ValueError, match="more than the gap"):
        head_of_disk(bytes(SECTOR), bytes(1 << 20), 1 << 30, 0)


def test_the_kernel_before_is_what_a_guest_falls_back_to() -> None:
    text = grub_configuration("abc")
    assert text.index("/vmlinuz ") < text.index("/vmlinuz.old")
    assert "set fallback=1" in text


# builds

RECIPE = Recipe(
    "deb",
    Base(mmdebstrap="bookworm", packages=("sudo",)),
    stages=(Stage("settings", script="true", unbooted=True), Stage("boot", script="true")),
)


def test_a_build_from_packages_makes_its_root_first() -> None:
    build = plan_build(RECIPE, "", epoch=5)
    assert [each.stage.name for each in build.unbooted] == ["settings"]
    given = parameters_of(build)
    assert (given["base"]["Suite"], given["base"]["Epoch"], len(given["unbooted"])) == ("bookworm", 5, 1)
    assert set(given) == {"base", "unbooted", "stage1", "tests", "provenance"}
    text = template_of(build)
    assert text.index("BuildImageRoot") < text.index("BuildImageStage") < text.index("TestImage")
    assert "{{ root.imageId }}" in text


def test_a_build_is_the_same_whatever_the_time_and_another_with_another_lock() -> None:
    build = plan_build(RECIPE, "", epoch=5)
    assert plan_build(RECIPE, "", epoch=6).digest == build.digest
    lock = lock_of(build, {"sudo": "1", "libc6": "2"})
    assert (lock.base, lock.packages, lock.epoch) == ("", {"sudo": "1", "libc6": "2"}, 5)
    locked = plan_build(RECIPE, "", lock, epoch=7)
    assert (locked.digest == build.digest, parameters_of(locked)["base"]["Epoch"]) == (False, 5)
    assert plan_build(RECIPE, "", Lock("", {"sudo": "2"}), epoch=7).digest != locked.digest


def test_the_recipes_that_come_with_oos_can_be_read() -> None:
    found = [read_recipe(path) for path in Path("images").glob("*.yml")]
    assert {each.base.mmdebstrap for each in found} == {"bookworm"}


def test_nothing_is_made_in_a_rehearsal() -> None:
    world = World((oos_image.MODULE,))
    refusal = world.refusal("OOS.BuildImageRoot", Recipe="deb", Base={"Suite": "bookworm"}, Digests=["ab" * 32])
    assert (refusal.code, "rehearsal" in refusal.message) == ("OperationDenied.NotSupported", True)
