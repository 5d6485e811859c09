"""Whose host keys are trusted: those that ssh(1) would trust; nobody is there to be asked.

https://man.openbsd.org/ssh_config#StrictHostKeyChecking
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import paramiko

if TYPE_CHECKING:
    from paramiko import PKey, SSHClient

_TRUSTS_ALL: Final = ("no", "off")
_TRUSTS_NEW: Final = "accept-new"


def guard(client: SSHClient, settings: Mapping[str, Any]) -> None:
    """Let a client trust the keys that are known, and those that the settings of the host allow."""
    files = _files(settings)
    for path in files:
        if path.is_file():
            client.load_system_host_keys(str(path))
    strictness = str(settings.get("stricthostkeychecking", "ask")).lower()
    client.set_missing_host_key_policy(_Policy(str(settings.get("hostkeyalias", "")), strictness, files))


@lru_cache(maxsize=64)
def _keys_in(path: str, _changed: int) -> paramiko.HostKeys:
    """The keys in a file, read anew only when it has changed: many machines share one."""
    return paramiko.HostKeys(path)


def _files(settings: Mapping[str, Any]) -> list[Path]:
    user = settings.get("userknownhostsfile", "~/.ssh/known_hosts")
    everybody = settings.get("globalknownhostsfile", "/etc/ssh/ssh_known_hosts")
    return [Path(each).expanduser() for each in (*_words(user), *_words(everybody)) if each.lower() != "none"]


def _words(value: str | Iterable[str]) -> list[str]:
    return value.split() if isinstance(value, str) else list(value)


class _Policy:
    """What to do about a host whose key is not known under its own name: a MissingHostKeyPolicy of paramiko."""

    def __init__(self, alias: str, strictness: str, files: list[Path]) -> None:
        self._alias = alias
        self._strictness = strictness
        self._files = files

    def missing_host_key(self, _client: SSHClient, hostname: str, key: PKey) -> None:
        name = self._alias or hostname
        if self._alias and self._is_known(name, key):
            return
        if self._strictness in _TRUSTS_ALL:
            return
        if self._strictness == _TRUSTS_NEW and self._files:
            self._remember(name, key)
            return
        finger = key.get_fingerprint().hex(":")
        raise paramiko.SSHException(
            f"its {key.get_name()} key ({finger}) is not known as {name}; ssh to it once by hand"
        )

    def _is_known(self, name: str, key: PKey) -> bool:
        for path in self._files:
            if not path.is_file():
                continue
            known = _keys_in(str(path), path.stat().st_mtime_ns).lookup(name)
            if known is not None and known.get(key.get_name()) == key:
                return True
            if known is not None and key.get_name() in known:
                raise paramiko.SSHException(f"its {key.get_name()} key is another than the one known as {name}")
        return False

    def _remember(self, name: str, key: PKey) -> None:
        path = self._files[0]
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("a", encoding="ascii") as file:
            file.write(f"{name} {key.get_name()} {key.get_base64()}\n")
