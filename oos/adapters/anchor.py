"""The external anchor: signed lines in a file beside, or far from, the journal."""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from oos.adapters.key_file import KeyRefused, read_or_make_key
from oos.adapters.write_once import write_once
from oos.audit.anchors import Anchored, AnchorFailed, AnchorFault, AnchorRecord, Head
from oos.values.typed import decode_as

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES: Final = 32
FIRST: Final = hashlib.sha256(b"oos anchors 1").hexdigest()
"""What stands before the first line."""
LOOK_BACK: Final = 4096
"""The last line is looked for in portions of so many bytes."""


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of the file; the signature covers the JSON of the others, `before` the bytes of the line before."""

    execution: str
    sequence: int
    hash: str
    at: datetime
    before: str
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """What the signature covers."""
        return msgspec.json.encode(msgspec.structs.replace(self, signature=""))


def _now() -> datetime:
    return datetime.now(UTC)


class FileAnchor:
    """The Anchor port with a file: one JSON object a line, each signed, each with the hash of the line before.

    `anchors.ndjson` has its Ed25519 key in `anchors.key`, for its owner only, and the public key, by which anybody can
    verify, in `anchors.pub`. Neither is touched before the first anchor. A copy of the public key and of the file on
    another host is what makes a forger's work show.
    """

    def __init__(self, path: Path, *, now: Callable[[], datetime] = _now) -> None:
        self._path = path
        self._now = now
        self._guard = threading.Lock()
        self._key: Ed25519PrivateKey | None = None

    def append(self, execution_id: str, sequence: int, head: bytes) -> None:
        """Anchor one head, durably. Raises AnchorFailed."""
        self.append_all([Head(execution_id, sequence, head)])

    def append_all(self, heads: Iterable[Head]) -> None:
        """Anchor several heads with one wait for the disk. Raises AnchorFailed; then none of them is."""
        with self._guard:
            try:
                key = self._signing_key()
                self._append(key, list(heads))
            except KeyRefused as error:
                raise AnchorFailed(f"anchors {self._path}: {error}") from error
            except OSError as error:
                raise AnchorFailed(f"anchors {self._path}: they cannot be written ({error.strerror})") from error

    def _append(self, key: Ed25519PrivateKey, heads: list[Head]) -> None:
        made = not self._path.exists()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            # Other processes anchor too. The kernel frees the lock when this one dies.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            end, last = _last_line(descriptor)
            before = _hash_of_line(last)
            if end != os.fstat(descriptor).st_size:
                # What a crash left behind the last whole line was never acknowledged.
                os.ftruncate(descriptor, end)
            lines = bytearray()
            for head in heads:
                line = _signed(key, head, self._now(), before)
                before = _hash_of_line(line)
                lines += line + b"\n"
            try:
                _write_all(descriptor, bytes(lines))
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, end)
                raise
            if made:
                _sync_folder(self._path.parent)
        finally:
            os.close(descriptor)

    def _signing_key(self) -> Ed25519PrivateKey:
        if self._key is None:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

            raw = read_or_make_key(self._path.with_suffix(".key"), lambda: os.urandom(KEY_BYTES), KEY_BYTES)
            key = Ed25519PrivateKey.from_private_bytes(raw)
            public = base64.b64encode(key.public_key().public_bytes_raw()) + b"\n"
            write_once(public_key_path(self._path), public, 0o644)
            self._key = key
        return self._key


def public_key_path(path: Path) -> Path:
    """Where the public key of a file of anchors is."""
    return path.with_suffix(".pub")


def read_anchors(path: Path, public_key: Path | None = None) -> AnchorRecord:
    """Everything that is anchored in a file, checked with a public key, by default the one beside it.

    A last line that a crash tore is passed over: it was never acknowledged. Raises AnchorFailed.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return AnchorRecord()
    except OSError as error:
        raise AnchorFailed(f"anchors {path}: they cannot be read ({error.strerror})") from error
    key = _public_key(public_key or public_key_path(path))
    anchors: list[Anchored] = []
    faults: list[AnchorFault] = []
    before: str | None = FIRST
    for number, raw in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            line = decode_as(raw, _Line)
            anchored = _anchored(line, key)
        except ValueError as error:
            faults.append(AnchorFault(number, f"it was changed ({error})"))
            before = None
            continue
        if before is not None and line.before != before:
            faults.append(AnchorFault(number, "what stood before it was changed or taken away"))
        anchors.append(anchored)
        before = _hash_of_line(raw)
    return AnchorRecord(tuple(anchors), tuple(faults))


def _anchored(line: _Line, key: Ed25519PublicKey) -> Anchored:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(base64.b64decode(line.signature, validate=True), line.signed_bytes())
    except (InvalidSignature, binascii.Error) as error:
        raise ValueError("its signature does not fit") from error
    return Anchored(Head(line.execution, line.sequence, bytes.fromhex(line.hash)), line.at)


def _public_key(path: Path) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(path.read_bytes(), validate=False))
    except OSError as error:
        raise AnchorFailed(f"public key {path}: it cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise AnchorFailed(f"public key {path}: it is not an Ed25519 key in Base64") from error


def _signed(key: Ed25519PrivateKey, head: Head, at: datetime, before: str) -> bytes:
    line = _Line(execution=head.execution_id, sequence=head.sequence, hash=head.hash.hex(), at=at, before=before)
    signature = base64.b64encode(key.sign(line.signed_bytes())).decode()
    return msgspec.json.encode(msgspec.structs.replace(line, signature=signature))


def _hash_of_line(line: bytes | None) -> str:
    return FIRST if line is None else hashlib.sha256(line).hexdigest()


def _last_line(descriptor: int) -> tuple[int, bytes | None]:
    """Where the last whole line ends, and the line; None when there is none."""
    start = os.fstat(descriptor).st_size
    tail = b""
    while True:
        *before, _ = tail.split(b"\n")
        # Two ends of lines, or the beginning of the file, are around the last whole line.
        if len(before) > 1 or start == 0:
            end = start + len(tail) - len(tail.rpartition(b"\n")[2])
            return end, before[-1] if before else None
        portion = min(LOOK_BACK, start)
        start -= portion
        tail = os.pread(descriptor, portion, start) + tail


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
