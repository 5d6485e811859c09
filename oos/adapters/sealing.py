"""Sealing: secrets at rest, encrypted with AES-256-GCM under a key in a file."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from oos.adapters.key_file import read_or_make_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
PREFIX: Final = "1."
"""The kind of seal: later kinds get other numbers."""


class FileSealer:
    """The Sealer port with a key file, which is made, for its owner only, when there is none.

    Whoever copies the journal to another place copies the key too, or the secrets in it stay shut.
    """

    def __init__(self, path: Path) -> None:
        """Raises KeyRefused."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher: AESGCM = AESGCM(read_or_make_key(path, lambda: os.urandom(KEY_BYTES), KEY_BYTES))

    def seal(self, plain: bytes) -> str:
        """Text that only this key opens; the same secret gives another text each time."""
        nonce = os.urandom(NONCE_BYTES)
        return PREFIX + base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, plain, None)).decode()

    def open(self, sealed: str) -> bytes | None:
        """What was sealed, or None when it was sealed with another key or changed since."""
        from cryptography.exceptions import InvalidTag

        if not sealed.startswith(PREFIX):
            return None
        try:
            raw = base64.b64decode(sealed.removeprefix(PREFIX).encode(), altchars=b"-_", validate=True)
            return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None)
        except (InvalidTag, binascii.Error, ValueError):
            return None
