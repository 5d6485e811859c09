"""Files sent into guests: the program that keeps one there, whole or not at all.

The script stands in `guest_file.sh`; `imitate` does the same on a map of files, for simulated guests.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Final

_NAME: Final = "oos-file"


class SenderExit(IntEnum):
    """How the script ends."""

    SENT = 0
    NO_USER_OR_GROUP = 80
    NO_FOLDER = 81
    IS_THERE = 82
    NOT_KEPT = 83


@dataclass(frozen=True, slots=True)
class GuestFile:
    """A file to be in a guest."""

    folder: str
    name: str
    mode: str = "0644"
    owner: str = "root"
    group: str = "root"
    overwrite: bool = False

    @property
    def path(self) -> str:
        """Where it is to be."""
        return f"{self.folder.rstrip('/')}/{self.name}"


def argv_of(file: GuestFile) -> tuple[str, ...]:
    """The program that the agent starts; the content goes to its standard input."""
    folder = file.folder.rstrip("/") or "/"
    words = (folder, file.name, file.mode, file.owner, file.group, "true" if file.overwrite else "")
    return ("/bin/sh", "-c", _script(), _NAME, *words)


def is_sender(argv: Sequence[str]) -> bool:
    """Whether this program is the script above."""
    return len(argv) == 10 and argv[3] == _NAME


def imitate(argv: Sequence[str], stdin: bytes, files: MutableMapping[str, bytes]) -> tuple[int, bytes, bytes]:
    """Do to the files of a simulated guest what the script does: its exit code, and what it says."""
    folder, name, _mode, owner, group, overwrite = argv[4:]
    path = f"{folder.rstrip('/')}/{name}"
    for each in (owner, group):
        if each != "root" and not any(line.startswith(f"{each}:".encode()) for line in _users(files)):
            return SenderExit.NO_USER_OR_GROUP, b"", f"there is no user {each}\n".encode()
    if path in files and not overwrite and files[path] != stdin:
        return SenderExit.IS_THERE, b"", f"{path} is there already\n".encode()
    files[path] = bytes(stdin)
    return SenderExit.SENT, b"", b""


def _users(files: MutableMapping[str, bytes]) -> list[bytes]:
    return files["/etc/shadow"].splitlines() if "/etc/shadow" in files else []


@cache
def _script() -> str:
    return Path(__file__).with_suffix(".sh").read_text(encoding="utf-8")
