"""The script that keeps a file in a guest, run for real by the shells that guests have."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from oos.service.guest_file import GuestFile, SenderExit, argv_of

SHELLS = [
    pytest.param(
        shell,
        marks=pytest.mark.skipif(shutil.which(shell[0]) is None, reason=f"no {shell[0]} on this host"),
        id=shell[0],
    )
    for shell in (["sh"], ["busybox", "sh"], ["bash"])
]
pytestmark = [
    pytest.mark.parametrize("shell", SHELLS),
    pytest.mark.skipif(os.geteuid() != 0, reason="files are given to other users"),
]
CONTENT = b"\x00\xffport=1\n" * 5000


def send(shell: list[str], file: GuestFile, content: bytes = CONTENT) -> int:
    _, *words = argv_of(file)
    done = subprocess.run([*shell, *words], input=content, capture_output=True, timeout=60)
    assert done.returncode in list(SenderExit), done
    return done.returncode


def test_a_file_is_kept_with_its_mode_and_owner(shell: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "a folder" / "deeper"
    file = GuestFile(f"{folder}/", "app's .conf", "0640", "daemon", "adm")
    assert send(shell, file) == SenderExit.SENT
    path = Path(file.path)
    assert path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o7777 == 0o640
    assert (path.owner(), path.group()) == ("daemon", "adm")
    assert [each.name for each in folder.iterdir()] == ["app's .conf"]


def test_another_file_stays_unless_it_may_go(shell: list[str], tmp_path: Path) -> None:
    file = GuestFile(str(tmp_path), "x")
    (tmp_path / "x").write_bytes(b"mine")
    assert send(shell, file) == SenderExit.IS_THERE
    assert (tmp_path / "x").read_bytes() == b"mine"
    assert send(shell, GuestFile(str(tmp_path), "x", overwrite=True)) == SenderExit.SENT
    assert send(shell, GuestFile(str(tmp_path), "x", "0600")) == SenderExit.SENT
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["x"]


def test_what_cannot_be_kept_leaves_nothing(shell: list[str], tmp_path: Path) -> None:
    assert send(shell, GuestFile(str(tmp_path), "x", owner="nobody-here")) == SenderExit.NO_USER_OR_GROUP
    assert send(shell, GuestFile(str(tmp_path), "x", group="nobody-here")) == SenderExit.NO_USER_OR_GROUP
    (tmp_path / "file").write_bytes(b"")
    assert send(shell, GuestFile(str(tmp_path / "file"), "x")) == SenderExit.NO_FOLDER
    (tmp_path / "d").mkdir()
    assert send(shell, GuestFile(str(tmp_path), "d", overwrite=True)) == SenderExit.IS_THERE
    assert sorted(each.name for each in tmp_path.iterdir()) == ["d", "file"]
