"""Names that one process at a time holds on this host: bytes of one file, which the kernel frees when a holder dies.

Locks of open file descriptions (fcntl(2), F_OFD_SETLK) hold between threads too, for each opens the file anew.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import time
import zlib
from pathlib import Path
from typing import Final

_FLOCK: Final = "hhqqi"
"""struct flock: type, whence, start, length, process."""
_POLL_SECONDS: Final = 0.005


def hold_range(path: Path, name: str, seconds: float) -> int:
    """Hold a name, waiting for it as long as that: a descriptor that holds it until it is closed.

    Two names may share a byte. Raises TimeoutError, OSError.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        end = time.monotonic() + seconds
        while not _take(descriptor, zlib.crc32(name.encode())):
            if time.monotonic() >= end:
                raise TimeoutError(f"{name} has been held by another process for {seconds:g} s")
            time.sleep(_POLL_SECONDS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _take(descriptor: int, place: int) -> bool:
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True
