"""Events as bytes and back: JSON, secrets sealed, large values in the content store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from oos.execution.events import AnyEvent
from oos.values.secret import MASK, Secret

SEALED: Final = "$sealed"
CONTENT: Final = "$content"
INLINE_BYTES: Final = 65536
"""An event whose JSON is larger goes to the content store whole; its row holds the digest."""


class Sealer(Protocol):
    """Encrypts secrets at rest."""

    def seal(self, plain: bytes) -> str:
        """Text that only this installation opens."""

    def open(self, sealed: str) -> bytes | None:
        """What was sealed, or None when the key does not fit."""


class Codec:
    """Encodes and decodes events of one installation."""

    def __init__(self, sealer: Callable[[], Sealer]) -> None:
        self._make_sealer = sealer
        self._sealer: Sealer | None = None
        self._encoder = msgspec.json.Encoder(enc_hook=self._seal)
        self._decoder = msgspec.json.Decoder(AnyEvent)

    def encode(self, event: AnyEvent) -> tuple[bytes, tuple[str, bytes] | None]:
        """The bytes of an event's row, and what goes to the content store with it."""
        payload = self._encoder.encode(event)
        if len(payload) <= INLINE_BYTES:
            return payload, None
        digest = hashlib.sha256(payload).hexdigest()
        return msgspec.json.encode({CONTENT: digest}), (digest, payload)

    def decode(self, payload: bytes, content: Callable[[str], bytes | None]) -> AnyEvent:
        """The event in a row. Raises ValueError when it cannot be read."""
        if payload.startswith(b'{"$content":'):
            digest = msgspec.json.decode(payload)[CONTENT]
            found = content(digest)
            if found is None or hashlib.sha256(found).hexdigest() != digest:
                raise ValueError(f"content {digest} is missing or was changed")
            payload = found
        if b'"$sealed"' not in payload:
            return self._decoder.decode(payload)
        opened = self._open(msgspec.json.decode(payload))
        return msgspec.convert(opened, AnyEvent, builtin_types=(), dec_hook=None, strict=False)

    def _seal(self, value: object) -> object:
        if isinstance(value, Secret):
            return {SEALED: self._key().seal(msgspec.json.encode(value.reveal()))}
        raise TypeError(f"{type(value).__name__} cannot be journaled")

    def _open(self, value: Any) -> Any:
        if isinstance(value, dict):
            if value.keys() == {SEALED} and isinstance(value[SEALED], str):
                plain = self._key().open(value[SEALED])
                return Secret(MASK) if plain is None else Secret(msgspec.json.decode(plain))
            return {key: self._open(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._open(item) for item in value]
        return value

    def _key(self) -> Sealer:
        if self._sealer is None:
            self._sealer = self._make_sealer()
        return self._sealer
