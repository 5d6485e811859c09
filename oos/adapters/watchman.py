"""The watchman as a process of its own, with its state in a file: neither depends on who made the change.

    STATE_DIR/changes/sc-….json    the change, how it stands, and everything needed to take it back
    STATE_DIR/changes/sc-….log     what the watchman said

The file changes as a whole, under a lock of the operating system on its neighbour `….lock`: whoever comes first, the
one that confirms or the watchman at the deadline, decides. See decision 101.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from oos.service.watchman import ChangeState, WatchedChange, WatchmanMissing, can_connect
from oos.values.typed import decode_as

FOLDER: Final = "changes"
MODULE: Final = "oos.app.watch"
ARMING_SECONDS: Final = 60.0
"""How long a watchman may take until he is ready; he opens everything that he may need first."""
_ID: Final = re.compile(r"sc-[0-9a-f]{20}")


@dataclass(frozen=True, slots=True)
class WatchFile:
    """What is written down about a watched change."""

    change: WatchedChange
    settings: Mapping[str, str]
    """What the watchman opens the installation by."""
    state: ChangeState | None = None
    """None until the watchman is ready."""
    fault: str = ""
    """Why he cannot watch."""


class ProcessWatchman:
    """Starts a watchman for each change, and speaks with him through the file."""

    def __init__(self, state_dir: Path, settings: Mapping[str, str]) -> None:
        self._folder = state_dir / FOLDER
        self._settings = settings

    def arm(self, change: WatchedChange) -> None:
        path = self._path(change.id)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(path):
            known = read(path)
            if known is None or known.state is None:
                write(path, WatchFile(change, self._settings))
        if not is_watched(path):
            self._start(path)
        deadline = time.monotonic() + ARMING_SECONDS
        while (now := read(path)) is None or now.state is None or not _is_in_good_hands(now.state, path):
            if (now is not None and now.fault) or time.monotonic() > deadline:
                said = now.fault if now is not None and now.fault else f"no answer within {ARMING_SECONDS:g} s"
                raise WatchmanMissing(f"{said}; see {path.with_suffix('.log')}")
            time.sleep(0.05)

    def _start(self, path: Path) -> None:
        # The shell leaves at once, so the watchman is nobody's child: no signal to us, and no end of ours, reaches him.
        command = '( exec "$@" </dev/null >>"$0" 2>&1 & )'
        argv = [sys.executable, "-m", MODULE, str(path)]
        subprocess.run(
            ["/bin/sh", "-c", command, str(path.with_suffix(".log")), *argv],
            check=True,
            cwd="/",
            start_new_session=True,
        )

    @contextmanager
    def applying(self, change_id: str) -> Iterator[None]:
        with applying(self._path(change_id)):
            yield

    def state(self, change_id: str) -> ChangeState | None:
        known = read(self._path(change_id))
        return None if known is None else known.state

    def settle(self, change_id: str, wanted: ChangeState) -> ChangeState:
        return settle(self._path(change_id), wanted)

    def connects(self, address: str, port: int, seconds: float) -> bool:
        return can_connect(address, port, seconds)

    def _path(self, change_id: str) -> Path:
        assert _ID.fullmatch(change_id), change_id
        return self._folder / f"{change_id}.json"


_NEXT: Final = {
    ChangeState.ARMED: (ChangeState.CONFIRMED, ChangeState.TAKING_BACK),
    ChangeState.TAKING_BACK: (ChangeState.TAKEN_BACK,),
}


def settle(path: Path, wanted: ChangeState) -> ChangeState:
    """Go on to this state where that comes next; how the change stands then."""
    with locked(path):
        known = read(path)
        assert known is not None, path
        assert known.state is not None, path
        if wanted in _NEXT.get(known.state, ()):
            write(path, replace(known, state=wanted))
            return wanted
        return known.state


def _is_in_good_hands(state: ChangeState, path: Path) -> bool:
    return state in (ChangeState.CONFIRMED, ChangeState.TAKEN_BACK) or is_watched(path)


@contextmanager
def watching(path: Path) -> Iterator[bool]:
    """Be the watchman of this change, if nobody is."""
    with path.with_suffix(".watch").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def is_watched(path: Path) -> bool:
    """Whether somebody who lives is its watchman."""
    with watching(path) as free:
        return not free


def read(path: Path) -> WatchFile | None:
    """What is written down, or None."""
    try:
        return decode_as(path.read_bytes(), WatchFile)
    except FileNotFoundError:
        return None


def write(path: Path, content: WatchFile) -> None:
    """Write it down, whole and through to the disk."""
    fresh = path.with_suffix(f".{os.getpid()}.new")
    with fresh.open("wb") as file:
        file.write(msgspec.json.encode(content))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def applying(path: Path) -> Iterator[None]:
    """While the change is being made, or once it has been made: one at a time; the lock goes with its process."""
    with path.with_suffix(".apply").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One at a time; the lock goes with its process."""
    with path.with_suffix(".lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
