"""The guest image: archive, modules, packages."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from oos.lab import cpio, packages
from oos.lab.errors import CommandFailed, LabError
from oos.lab.guest import parse_modules

DEPENDENCIES = """\
kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/char/hw_random/virtio-rng.ko.xz: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
"""
BUILTIN = "kernel/fs/ext4/ext4.ko\nkernel/lib/crc16.ko\n"


def test_modules_are_loaded_after_what_they_need_and_once() -> None:
    modules = parse_modules(Path("/m"), DEPENDENCIES, BUILTIN)
    names = [path.name for path in modules.in_load_order(["virtio_rng", "virtio_blk"])]
    assert names == ["virtio_ring.ko", "virtio.ko", "virtio-rng.ko.xz", "virtio_blk.ko"]


def test_what_is_part_of_the_kernel_is_not_loaded() -> None:
    assert parse_modules(Path("/m"), DEPENDENCIES, BUILTIN).in_load_order(["ext4"]) == ()


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(LabError, match="floppy"):
        parse_modules(Path("/m"), DEPENDENCIES, BUILTIN).in_load_order(["floppy"])


def test_an_archive_unpacks_to_what_was_packed(tmp_path: Path) -> None:
    entries = [
        cpio.directory("bin", 0o750),
        cpio.file("bin/tool", b"\x7fELF" + bytes(range(256)), 0o755),
        cpio.file("empty", b""),
        cpio.symlink("bin/sh", "tool"),
    ]
    done = subprocess.run(["busybox", "cpio", "-i"], input=cpio.archive(entries), cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "bin/sh").read_bytes() == b"\x7fELF" + bytes(range(256))
    assert (tmp_path / "empty").read_bytes() == b""
    assert stat.S_IMODE((tmp_path / "bin").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "bin/tool").stat().st_mode) == 0o755


def test_the_same_entries_give_the_same_archive() -> None:
    entries = [cpio.directory("a"), cpio.file("a/b", b"c")]
    assert cpio.archive(entries) == cpio.archive(entries)


def test_a_package_file_that_is_there_is_taken_as_it_is(tmp_path: Path) -> None:
    here = tmp_path / "qemu-guest-agent_1_amd64.deb"
    here.write_bytes(b"")
    assert packages.fetch("qemu-guest-agent_*.deb", "qemu-guest-agent", tmp_path) == here


def test_libraries_of_a_program_are_found_with_its_loader() -> None:
    names = [path.name for path in packages.shared_libraries(Path("/usr/bin/env"))]
    assert "libc.so.6" in names
    assert any(name.startswith("ld-linux") for name in names)


def test_a_file_that_is_no_program_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with pytest.raises(CommandFailed, match="text"):
        packages.shared_libraries(tmp_path / "text")
