"""Keys: made, read, and told apart by their finger prints."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from oos.service.errors import InvalidParameter
from oos.values.secret import Secret

_RSA_BITS: Final = 2048
"""As ECS makes them."""

_SMALLEST_RSA: Final = 2048


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new pair of keys."""

    public: str
    private: Secret
    """As a file for `ssh -i`."""


def make_key(kind: str, comment: str) -> MadeKey:
    """A new pair of keys: `RSA` or `Ed25519`."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if kind == "RSA":
        key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
        form = serialization.PrivateFormat.TraditionalOpenSSL
    else:
        key = ed25519.Ed25519PrivateKey.generate()
        form = serialization.PrivateFormat.OpenSSH
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return MadeKey(f"{public.decode()} {comment}", Secret(private.decode()))


def read_public_key(text: str) -> str:
    """The line that a text is, when it is a public key. Raises InvalidParameter."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    line = " ".join(text.split())
    try:
        key = load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        message = "The parameter PublicKeyBody is no public key; it looks like ssh-ed25519 AAAA… comment."
        raise InvalidParameter("PublicKeyBody", message, code="InvalidPublicKeyBody.Malformed") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _SMALLEST_RSA:
        message = f"The RSA key has {key.key_size} bits; at least {_SMALLEST_RSA} are needed."
        raise InvalidParameter("PublicKeyBody", message, code="InvalidPublicKeyBody.Malformed")
    return line


def finger_print(public_key: str) -> str:
    """The finger print of a public key, as `ssh-keygen -l -E md5` tells it."""
    content = base64.b64decode(public_key.split()[1])
    digits = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return ":".join(digits[place : place + 2] for place in range(0, len(digits), 2))
