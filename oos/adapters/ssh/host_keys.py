"""Whose host keys are trusted: those that ssh(1) would trust; nobody is there to be asked.

https://man.openbsd.org/ssh_config#StrictHostKeyChecking
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import paramiko

from oos.adapters.ssh.known_hosts import KnownKey, known_keys

if TYPE_CHECKING:
    from paramiko import PKey, SSHClient

_TRUSTS_ALL: Final = ("no", "off")
_TRUSTS_NEW: Final = "accept-new"
_RSA: Final = "ssh-rsa"
_learning: Final = threading.Lock()


def guard(client: SSHClient, settings: Mapping[str, Any], host: str, port: int) -> dict[str, Any]:
    """Let a client trust the keys that are known, and those that the settings of the host allow.

    Gives what its `connect` needs for it: a host is asked for a key of a kind that is known.
    """
    files = tuple(_files(settings))
    name = str(settings.get("hostkeyalias") or (host if port == paramiko.config.SSH_PORT else f"[{host}]:{port}"))
    known = known_keys(files, name)
    client.set_missing_host_key_policy(_Policy(str(settings.get("stricthostkeychecking", "ask")).lower(), name, files))

    def transport(*arguments: Any, **options: Any) -> paramiko.Transport:
        made = paramiko.Transport(*arguments, **options)
        if known:
            offer = made.get_security_options()
            offer.key_types = _best_first(offer.key_types, {each.type for each in known})
        return made

    return {"transport_factory": transport}


def _best_first(offered: Iterable[str], known: set[str]) -> tuple[str, ...]:
    """Kinds of keys, those that are known first. A key of kind `ssh-rsa` signs as `rsa-sha2-…`."""
    return tuple(sorted(offered, key=lambda kind: (_RSA if kind.startswith("rsa-") else kind) not in known))


def _files(settings: Mapping[str, Any]) -> list[Path]:
    user = settings.get("userknownhostsfile", "~/.ssh/known_hosts")
    everybody = settings.get("globalknownhostsfile", "/etc/ssh/ssh_known_hosts")
    return [Path(each).expanduser() for each in (*_words(user), *_words(everybody)) if each.lower() != "none"]


def _words(value: str | Iterable[str]) -> list[str]:
    return value.split() if isinstance(value, str) else list(value)


class _Policy:
    """Decides about every host key: a MissingHostKeyPolicy of paramiko, whose own list of keys stays empty."""

    def __init__(self, strictness: str, name: str, files: tuple[Path, ...]) -> None:
        self._strictness = strictness
        self._name = name
        self._files = files

    def missing_host_key(self, _client: SSHClient, _hostname: str, key: PKey) -> None:
        mine = KnownKey(key.get_name(), key.get_base64())
        if self._is_known(mine) or self._strictness in _TRUSTS_ALL:
            return
        if self._strictness == _TRUSTS_NEW and self._files:
            self._learn(mine)
            return
        finger = key.get_fingerprint().hex(":")
        raise paramiko.SSHException(
            f"its {mine.type} key ({finger}) is not known as {self._name}; ssh to it once by hand"
        )

    def _is_known(self, key: KnownKey) -> bool:
        """Whether exactly this key is known; raises SSHException when another of its kind is, or it was revoked."""
        known = [each for each in known_keys(self._files, self._name) if each.type == key.type]
        if any(each.revoked and each.base64 == key.base64 for each in known):
            raise paramiko.SSHException(f"its {key.type} key is marked as revoked for {self._name}")
        valid = {each.base64 for each in known if not each.revoked}
        if valid and key.base64 not in valid:
            raise paramiko.SSHException(f"its {key.type} key is another than the one known as {self._name}")
        return bool(valid)

    def _learn(self, key: KnownKey) -> None:
        path = self._files[0]
        # Another connection to the same machine may have learned it meanwhile.
        with _learning:
            if self._is_known(key):
                return
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with path.open("a", encoding="ascii") as file:
                file.write(f"{self._name} {key.type} {key.base64}\n")
