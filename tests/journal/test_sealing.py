"""Secrets at rest: sealed with a key that only its owner may read."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from oos.adapters.key_file import KeyRefused
from oos.adapters.sealing import FileSealer


def test_what_was_sealed_opens_with_the_same_key_file(tmp_path: Path) -> None:
    sealed = FileSealer(tmp_path / "key").seal(b"hunter2")
    assert FileSealer(tmp_path / "key").open(sealed) == b"hunter2"
    assert "hunter2" not in sealed


def test_equal_secrets_do_not_look_equal(tmp_path: Path) -> None:
    sealer = FileSealer(tmp_path / "key")
    assert sealer.seal(b"same") != sealer.seal(b"same")


def test_another_key_does_not_open(tmp_path: Path) -> None:
    sealed = FileSealer(tmp_path / "one").seal(b"hunter2")
    assert FileSealer(tmp_path / "two").open(sealed) is None


@pytest.mark.parametrize("place", [0, 1, 2, 10, 20, -1])
def test_what_was_changed_does_not_open(tmp_path: Path, place: int) -> None:
    sealer = FileSealer(tmp_path / "key")
    sealed = list(sealer.seal(b"hunter2"))
    sealed[place] = "A" if sealed[place] != "A" else "B"
    assert sealer.open("".join(sealed)) is None


@pytest.mark.parametrize("text", ["", "1.", "1.AAAA", "1.§", "2.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "hunter2"])
def test_what_is_no_seal_does_not_open(tmp_path: Path, text: str) -> None:
    assert FileSealer(tmp_path / "key").open(text) is None


def test_the_key_is_for_its_owner_only(tmp_path: Path) -> None:
    FileSealer(tmp_path / "new" / "key")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["key"]
    assert (tmp_path / "new" / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    FileSealer(path)
    path.chmod(mode)
    with pytest.raises(KeyRefused, match=f"key {path}: others may use it.*chmod 600"):
        FileSealer(path)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyRefused, match=f"key {path}: it is damaged"):
        FileSealer(path)
    assert path.read_bytes() == content


def test_a_key_behind_a_link_is_refused(tmp_path: Path) -> None:
    FileSealer(tmp_path / "real")
    (tmp_path / "key").symlink_to(tmp_path / "real")
    with pytest.raises(KeyRefused, match=r"key .*/key: it cannot be read"):
        FileSealer(tmp_path / "key")


def test_a_folder_that_cannot_hold_a_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyRefused, match=f"key {tmp_path}/file/key: it cannot be"):
        FileSealer(tmp_path / "file" / "key")


def test_threads_that_make_the_key_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        sealers = list(pool.map(lambda _: FileSealer(tmp_path / "key"), range(8)))
    sealed = [sealer.seal(b"x") for sealer in sealers]
    assert all(sealer.open(each) == b"x" for sealer in sealers for each in sealed)


def test_processes_that_make_the_key_at_once_get_the_same(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from oos.adapters.sealing import FileSealer;"
        "print(FileSealer(Path(sys.argv[1])).seal(b'x'))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "key")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    sealed = [process.communicate(timeout=60)[0].strip() for process in running]
    assert [FileSealer(tmp_path / "key").open(each) for each in sealed] == [b"x"] * 4
