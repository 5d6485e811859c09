"""Key files: secret bytes that only their owner may read, made once, however many processes ask at once."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from oos.adapters.write_once import write_once


class KeyRefused(Exception):
    """A key file cannot be used; the message names it and says why."""


def read_or_make_key(path: Path, make: Callable[[], bytes], length: int) -> bytes:
    """The key in a file; it is made when there is none. Raises KeyRefused."""
    try:
        return read_key(path, length)
    except FileNotFoundError:
        pass
    try:
        write_once(path, make(), 0o600)
        return read_key(path, length)
    except OSError as error:
        raise KeyRefused(f"key {path}: it cannot be made ({error.strerror})") from error


def read_key(path: Path, length: int) -> bytes:
    """The key in a file. Raises FileNotFoundError, KeyRefused."""
    try:
        # Not followed when it is a link: whoever could place one could read the key where it leads.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeyRefused(f"key {path}: it cannot be read ({error.strerror})") from error
    try:
        status = os.fstat(descriptor)
        key = os.read(descriptor, length + 1)
    except OSError as error:
        raise KeyRefused(f"key {path}: it cannot be read ({error.strerror})") from error
    finally:
        os.close(descriptor)
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise KeyRefused(f"key {path}: others may use it (mode {mode:04o}); make it yours alone: chmod 600 {path}")
    if status.st_uid != os.geteuid():
        raise KeyRefused(f"key {path}: it belongs to user {status.st_uid}, not to user {os.geteuid()}")
    if len(key) != length:
        raise KeyRefused(f"key {path}: it is damaged, it must have {length} bytes")
    return key
