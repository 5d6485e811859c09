"""One owner an execution on this host: a lock file, which the kernel frees when its holder dies, however it dies."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from oos.journal.port import OwnedElsewhere

_FLOCK: Final = "hhqqi"
"""struct flock: type, whence, start, length, process."""
_HOLDER_BYTES: Final = 200


class LockRefused(Exception):
    """The lock file cannot be used; the message names it and the cause."""


class ExecutionLock:
    """The right to drive an execution, until it is released or the process ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor: int | None = descriptor
        self._guard = threading.Lock()

    def release(self) -> None:
        """Give it up, and take the file away. Harmless twice."""
        with self._guard:
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            # While it is still held: whoever locks a file that has lost its name sees that, and tries again.
            self._path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def is_ours(self) -> bool:
        """Whether it is still held: nobody takes it away."""
        return self._descriptor is not None


class ExecutionLocks:
    """The Locks port with a file for each execution that is driven, in one folder of this host.

    The locks are those of open file descriptions (fcntl(2), F_OFD_SETLK): they hold between threads too, end with the
    last descriptor, and can be asked about without being taken. A child process that inherits the descriptor would
    hold the lock on; it is closed on exec.
    """

    def __init__(self, directory: Path, holder: str = "") -> None:
        self._directory = directory
        self._holder = holder or f"process {os.getpid()}"

    def acquire(self, root_id: str) -> ExecutionLock:
        """The lock of an execution and its descendants. Raises OwnedElsewhere, LockRefused."""
        path = self._path(root_id)
        while True:
            try:
                self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            except OSError as error:
                raise LockRefused(f"lock {path}: it cannot be opened ({error.strerror})") from error
            try:
                if not _take(descriptor):
                    raise OwnedElsewhere(root_id, _holder_in(descriptor))
                if _has_name(descriptor, path):
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, self._holder.encode()[:_HOLDER_BYTES], 0)
                    return ExecutionLock(path, descriptor)
            except OSError as error:
                os.close(descriptor)
                raise LockRefused(f"lock {path}: it cannot be taken ({error.strerror})") from error
            except BaseException:
                os.close(descriptor)
                raise
            # Its last holder removed the file between our opening and our locking it: the name is free again.
            os.close(descriptor)

    def is_owned(self, root_id: str) -> bool:
        """Whether somebody alive drives the execution: this process or another. Raises LockRefused."""
        return self.holder(root_id) is not None

    def holder(self, root_id: str) -> str | None:
        """Who drives the execution, as it called itself, or None. Raises LockRefused."""
        path = self._path(root_id)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LockRefused(f"lock {path}: it cannot be opened ({error.strerror})") from error
        try:
            return _holder_in(descriptor) if _is_taken(descriptor) else None
        finally:
            os.close(descriptor)

    def free(self, root_ids: Sequence[str]) -> list[str]:
        """Those that nobody alive drives. Raises LockRefused."""
        return [root_id for root_id in root_ids if not self.is_owned(root_id)]

    def _path(self, root_id: str) -> Path:
        # A person may have typed it: it must not lead out of the folder.
        if not root_id or "/" in root_id or "\0" in root_id or root_id.startswith("."):
            raise LockRefused(f"lock {self._directory}: {root_id!r} is not the id of an execution")
        return self._directory / f"{root_id}.lock"


def _request(kind: int) -> bytes:
    return struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)


def _take(descriptor: int) -> bool:
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _request(fcntl.F_WRLCK))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def _is_taken(descriptor: int) -> bool:
    answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _request(fcntl.F_WRLCK))
    kind, *_ = struct.unpack_from(_FLOCK, answer)
    return bool(kind != fcntl.F_UNLCK)


def _has_name(descriptor: int, path: Path) -> bool:
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    held = os.fstat(descriptor)
    return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)


def _holder_in(descriptor: int) -> str:
    """Who holds the lock. Empty in the moment between taking it and saying so."""
    return os.pread(descriptor, _HOLDER_BYTES, 0).decode(errors="replace")
