"""The header of a qcow2 file, against qemu-img."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from oos.adapters.libvirt.qcow2 import HEADER_BYTES, BadHeader, backing_change, read_header, verify_header
from oos.adapters.libvirt.verification import check_tables

needs_qemu = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img is not installed")


def make(path: Path, size: int, backing: Path | None = None, options: str = "compat=1.1") -> Path:
    """Make a qcow2 file with qemu-img."""
    below: list[str | Path] = ["-b", backing, "-F", "qcow2"] if backing else []
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", options, *below, path, str(size)], check=True)
    return path


def start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER_BYTES)


@needs_qemu
@pytest.mark.parametrize("options", ["compat=1.1", "compat=0.10", "compat=1.1,cluster_size=4096"])
def test_a_header_says_what_qemu_img_wrote(tmp_path: Path, options: str) -> None:
    below = make(tmp_path / "below.qcow2", 1 << 30)
    path = make(tmp_path / "größe.qcow2", 1 << 30, below, options)
    header = read_header(start_of(path))
    assert (header.size_bytes, header.backing) == (1 << 30, str(below))
    assert not header.dirty
    assert not header.corrupt
    verify_header(start_of(path), 1 << 30, str(below))


@needs_qemu
def test_moving_a_file_onto_another_backing_file_is_what_rebase_does(tmp_path: Path) -> None:
    first, second = make(tmp_path / "a.qcow2", 1 << 20), make(tmp_path / "b.qcow2", 1 << 20)
    path = make(tmp_path / "top.qcow2", 1 << 20, first)
    offset, name = backing_change(start_of(path), str(second))
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(name)
    said = subprocess.run(["qemu-img", "info", "--output=json", path], capture_output=True, check=True)
    assert json.loads(said.stdout)["backing-filename"] == str(second)
    assert check_tables(str(path)) == ""


@needs_qemu
def test_what_is_wrong_with_a_header_is_said(tmp_path: Path) -> None:
    below = make(tmp_path / "below.qcow2", 1 << 20)
    content = start_of(make(tmp_path / "a.qcow2", 1 << 20, below))
    for changed, size, backing, said in (
        (content, 1 << 21, str(below), "bytes instead of"),
        (content, 1 << 20, "", "stands on"),
        (content[:79] + b"\x01" + content[80:], 1 << 20, str(below), "dirty"),
        (content[:79] + b"\x02" + content[80:], 1 << 20, str(below), "corrupt"),
        (b"", 1 << 20, "", "not a qcow2"),
        (b"\0" * 512, 1 << 20, "", "not a qcow2"),
        (content[:50], 1 << 20, "", "beyond"),
        (content[:7] + b"\x09" + content[8:], 1 << 20, "", "version 9"),
    ):
        with pytest.raises(BadHeader, match=said):
            verify_header(changed, size, backing)


@needs_qemu
def test_corrupt_tables_are_found(tmp_path: Path) -> None:
    path = make(tmp_path / "a.qcow2", 1 << 20)
    assert check_tables(str(path)) == ""
    subprocess.run(["qemu-io", "-c", "write 0 128k", path], check=True, capture_output=True)
    with path.open("r+b") as file:
        # The first entry of the refcount table: all clusters look free.
        file.seek(0x10000)
        file.write(b"\0" * 8)
    assert "corrupt" in (check_tables(str(path)) or "")
    assert check_tables(str(tmp_path / "absent.qcow2")) is None
