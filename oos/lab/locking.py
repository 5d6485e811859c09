"""A lock that the kernel frees when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oos.lab.errors import LabError


@contextmanager
def locked(path: Path, *, timeout: float = 300) -> Iterator[int]:
    """Hold the lock of this file; yields its descriptor, which a child may inherit to hold the lock longer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _take(path, timeout)
    try:
        yield descriptor
    finally:
        # Closing alone would keep the lock while a child still holds the descriptor: that is meant (see zone.py).
        os.close(descriptor)


def _take(path: Path, timeout: float) -> int:
    deadline = time.monotonic() + timeout
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            if time.monotonic() >= deadline:
                raise LabError(str(path), f"another process held the lock for {timeout:g} s") from None
            time.sleep(0.05)
            continue
        # The holder before us may have removed the file: then we locked a file that has no name any more.
        if _same_file(descriptor, path):
            return descriptor
        os.close(descriptor)


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    held = os.fstat(descriptor)
    return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)
