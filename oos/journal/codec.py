"""Events as bytes and back: JSON, secrets sealed, large values in the content store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from oos.execution.chunks import Report
from oos.execution.events import AnyEvent
from oos.values.secret import MASK, Secret

SEALED: Final = "$sealed"
CONTENT: Final = "$content"
INLINE_BYTES: Final = 65536
"""An event whose JSON is larger goes to the content store whole; its row holds the digest."""

_CONTENT_START: Final = b'{"$content":'
_SEALED_TEXT: Final = b'"$sealed"'
_REPORT_START: Final = b'{"event":"CallsReported"'


class Sealer(Protocol):
    """Encrypts secrets at rest."""

    def seal(self, plain: bytes) -> str:
        """Text that only this installation opens."""

    def open(self, sealed: str) -> bytes | None:
        """What was sealed, or None when the key does not fit."""


class Sealing:
    """JSON in which every Secret is sealed, and back. The sealer is made when the first secret asks for it."""

    def __init__(self, sealer: Callable[[], Sealer]) -> None:
        self._make_sealer = sealer
        self._sealer: Sealer | None = None
        self.encode: Callable[[object], bytes] = msgspec.json.Encoder(enc_hook=self._seal).encode
        """The JSON of a value, its secrets sealed. Raises TypeError for what is not JSON."""

    def decode(self, encoded: bytes) -> Any:
        """The value that was encoded. Raises ValueError."""
        value = msgspec.json.decode(encoded)
        return self.open(value) if holds_sealed(encoded) else value

    def open(self, value: Any) -> Any:
        """A decoded value with its secrets opened; one that this key does not open prints as masked."""
        if isinstance(value, dict):
            if value.keys() == {SEALED} and isinstance(value[SEALED], str):
                plain = self._key().open(value[SEALED])
                return Secret(MASK) if plain is None else Secret(msgspec.json.decode(plain))
            return {key: self.open(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.open(item) for item in value]
        return value

    def _seal(self, value: object) -> object:
        if isinstance(value, Secret):
            return {SEALED: self._key().seal(msgspec.json.encode(value.reveal()))}
        raise TypeError(f"{type(value).__name__} cannot be journaled")

    def _key(self) -> Sealer:
        if self._sealer is None:
            self._sealer = self._make_sealer()
        return self._sealer


class Codec:
    """Encodes and decodes events of one installation."""

    def __init__(self, sealer: Callable[[], Sealer]) -> None:
        self._sealing = Sealing(sealer)
        self._decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
        self._report_decoder: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)

    def encode(self, event: AnyEvent) -> tuple[bytes, tuple[str, bytes] | None]:
        """The bytes of an event's row, and what goes to the content store with it."""
        payload = self._sealing.encode(event)
        if len(payload) <= INLINE_BYTES:
            return payload, None
        digest = hashlib.sha256(payload).hexdigest()
        return msgspec.json.encode({CONTENT: digest}), (digest, payload)

    def decode(self, payload: bytes, content: Callable[[str], bytes | None]) -> AnyEvent:
        """The event in a row. Raises ValueError when it cannot be read."""
        digest = content_digest(payload)
        if digest is not None:
            payload = stored_content(digest, content)
        if not holds_sealed(payload):
            return self._decoder.decode(payload)
        opened = self._sealing.open(msgspec.json.decode(payload))
        event: AnyEvent = msgspec.convert(opened, AnyEvent)
        return event

    def encode_report(self, report: Report) -> bytes:
        """The bytes of a signal that reports calls."""
        return self._sealing.encode(report)

    def is_report(self, payload: bytes) -> bool:
        """Whether a signal reports calls."""
        return payload.startswith(_REPORT_START)

    def decode_report(self, payload: bytes) -> Report:
        """The report in a signal. Raises ValueError when it cannot be read."""
        if not holds_sealed(payload):
            return self._report_decoder.decode(payload)
        return msgspec.convert(self._sealing.open(msgspec.json.decode(payload)), Report)


def content_digest(payload: bytes) -> str | None:
    """The digest of what the content store holds in place of this payload, or None when it stands for itself.

    Raises ValueError.
    """
    if not payload.startswith(_CONTENT_START):
        return None
    digest = msgspec.json.decode(payload)[CONTENT]
    if not isinstance(digest, str):
        raise ValueError(f"a reference to the content store is damaged: {digest!r}")  # noqa: TRY004 (bytes of a file)
    return digest


def stored_content(digest: str, content: Callable[[str], bytes | None]) -> bytes:
    """A thing of the content store, checked against its digest. Raises ValueError."""
    found = content(digest)
    if found is None:
        raise ValueError(f"content {digest} is missing")
    if hashlib.sha256(found).hexdigest() != digest:
        raise ValueError(f"content {digest} was changed")
    return found


def holds_sealed(payload: bytes) -> bool:
    """Whether a sealed secret may be in these bytes of JSON."""
    return _SEALED_TEXT in payload
