"""The host keys that are known: known_hosts files, each read once for all connections, and found by name.

paramiko's own reader compares each line with all before it and knows neither patterns nor revoked keys.
https://man.openbsd.org/sshd#SSH_KNOWN_HOSTS_FILE_FORMAT
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Final

_REVOKED: Final = "@revoked"
_HASHED: Final = "|1|"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key of a line, as it stands there."""

    type: str
    base64: str
    revoked: bool = False


class KnownHosts:
    """The lines of one file."""

    def __init__(self, text: str) -> None:
        self._by_name: dict[str, list[KnownKey]] = defaultdict(list)
        self._hashed: list[tuple[bytes, bytes, KnownKey]] = []
        self._patterns: list[tuple[tuple[str, ...], KnownKey]] = []
        for line in text.splitlines():
            words = line.split()
            marker = words.pop(0) if words and words[0].startswith("@") else ""
            # A line of a certificate authority vouches for keys that paramiko cannot take.
            if len(words) < 3 or words[0].startswith("#") or marker not in ("", _REVOKED):
                continue
            self._add(words[0], KnownKey(words[1], words[2], revoked=marker == _REVOKED))

    def _add(self, names: str, key: KnownKey) -> None:
        if names.startswith(_HASHED):
            salt, _, digest = names.removeprefix(_HASHED).partition("|")
            try:
                self._hashed.append((base64.b64decode(salt), base64.b64decode(digest), key))
            except ValueError:
                return
        elif any(letter in names for letter in "*?!"):
            self._patterns.append((tuple(names.lower().split(",")), key))
        else:
            for name in names.lower().split(","):
                self._by_name[name].append(key)

    def keys(self, name: str) -> Iterator[KnownKey]:
        """The keys known under a name: a host, `[host]:port`, or an alias."""
        name = name.lower()
        yield from self._by_name.get(name, ())
        for salt, digest, key in self._hashed:
            if hmac.digest(salt, name.encode(), hashlib.sha1) == digest:
                yield key
        for patterns, key in self._patterns:
            if _fits(name, patterns):
                yield key


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    if any(each.startswith("!") and fnmatchcase(name, _literal(each[1:])) for each in patterns):
        return False
    return any(fnmatchcase(name, _literal(each)) for each in patterns)


def _literal(pattern: str) -> str:
    """Only `*` and `?` mean something: `[host]:port` is a name."""
    return pattern.replace("[", "[[]")


def known_keys(files: tuple[Path, ...], name: str) -> tuple[KnownKey, ...]:
    """The keys known under a name in any of the files; a file is read anew only when it has changed."""
    found: list[KnownKey] = []
    for path in files:
        try:
            state = path.stat()
            found += _read(str(path), state.st_mtime_ns, state.st_size).keys(name)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            continue
    return tuple(found)


@lru_cache(maxsize=64)
def _read(path: str, _changed: int, _size: int) -> KnownHosts:
    return KnownHosts(Path(path).read_text(encoding="utf-8", errors="replace"))
