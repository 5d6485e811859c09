"""Passwords as hashes that an account's line in /etc/shadow takes: SHA-512 crypt.

As https://www.akkadia.org/drepper/SHA-crypt.txt has it; `crypt` of the standard library is gone from Python 3.13 on.
"""

from __future__ import annotations

import hashlib
from typing import Final

ROUNDS: Final = 5000
"""How often it is hashed where nothing else is said; whoever reads the hash assumes as many."""
MOST_SALT: Final = 16
_DIGITS: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SIZE: Final = 64
_TURNS: Final = tuple((place, place + 21, place + 42) for place in range(21))
"""Which bytes of the digest are written together; each next three begin one to the left."""


def salt_of(seed: str) -> str:
    """A salt that is the same for the same seed: what is asked for again makes the same hash."""
    return "".join(_DIGITS[byte % 64] for byte in hashlib.sha256(f"salt {seed}".encode()).digest()[:MOST_SALT])


def sha512_crypt(password: str, salt: str) -> str:
    """The password as `$6$SALT$HASH`."""
    key, grain = password.encode(), salt.encode()[:MOST_SALT]
    digest = _first(key, grain)
    repeated_key = _repeat(hashlib.sha512(key * len(key)).digest(), len(key))
    repeated_grain = _repeat(hashlib.sha512(grain * (16 + digest[0])).digest(), len(grain))
    for turn in range(ROUNDS):
        parts = [repeated_key if turn % 2 else digest]
        if turn % 3:
            parts.append(repeated_grain)
        if turn % 7:
            parts.append(repeated_key)
        parts.append(digest if turn % 2 else repeated_key)
        digest = hashlib.sha512(b"".join(parts)).digest()
    return f"$6${grain.decode()}${_written(digest)}"


def _first(key: bytes, salt: bytes) -> bytes:
    other = hashlib.sha512(key + salt + key).digest()
    content = key + salt + _repeat(other, len(key))
    length = len(key)
    while length:
        content += other if length & 1 else key
        length >>= 1
    return hashlib.sha512(content).digest()


def _repeat(content: bytes, length: int) -> bytes:
    return (content * (length // len(content) + 1))[:length]


def _written(digest: bytes) -> str:
    groups = []
    for number, places in enumerate(_TURNS):
        first, second, third = places[number % 3 :] + places[: number % 3]
        groups.append(_characters(digest[first] << 16 | digest[second] << 8 | digest[third], 4))
    return "".join(groups) + _characters(digest[_SIZE - 1], 2)


def _characters(number: int, count: int) -> str:
    return "".join(_DIGITS[number >> 6 * place & 63] for place in range(count))
