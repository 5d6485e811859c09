"""An SSH server of OpenSSH's on loopback addresses, for tests and measurements: root logs in with one key."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class SshServer:
    """A server that listens on every address of 127.0.0.0/8."""

    folder: Path
    port: int

    @property
    def config(self) -> Path:
        """An ssh_config(5) by which it is reached and known."""
        return self.folder / "config"


def _key(path: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True, timeout=60)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


@contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """A server with keys and configuration in the folder, until the end."""
    host, user = _key(folder / "host"), _key(folder / "user")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "authorized_keys").write_text(f"{user}\n")
    (folder / "known_hosts").write_text(f"the-server {host}\n")
    (folder / "config").write_text(
        f"Host 127.* jump-*\n  Port {port}\n  User root\n  IdentityFile {folder / 'user'}\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {folder / 'known_hosts'}\n  GlobalKnownHostsFile none\n  HostKeyAlias the-server\n"
        "Host jump-*\n  ProxyJump 127.0.1.9\n  HostName 127.0.1.10\n"
        f"Host stranger\n  HostName 127.0.1.1\n  Port {port}\n  User root\n  IdentityFile {folder / 'user'}\n"
        f"  IdentitiesOnly yes\n  UserKnownHostsFile {folder / 'nobody'}\n  GlobalKnownHostsFile none\n"
        f"Host newcomer\n  HostName 127.0.1.1\n  Port {port}\n  User root\n  IdentityFile {folder / 'user'}\n"
        f"  IdentitiesOnly yes\n  UserKnownHostsFile {folder / 'learned'}\n  GlobalKnownHostsFile none\n"
        "  StrictHostKeyChecking accept-new\n"
    )
    settings = (
        f"ListenAddress 0.0.0.0:{port}\nHostKey {folder / 'host'}\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {folder / 'authorized_keys'}\nPermitRootLogin prohibit-password\nUseDNS no\n"
        "MaxStartups 1000\nMaxSessions 100\nLogLevel ERROR\n"
    )
    (folder / "sshd_config").write_text(settings + ("PerSourcePenalties no\n" if _knows_penalties() else ""))
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    # Its log goes to a file: sessions inherit it, and may live longer than the server.
    with (folder / "log").open("wb") as log:
        # In a mount namespace of its own: what commands leave in /var/lib ends with it.
        private = f"mount -t tmpfs none /var/lib && exec {SSHD} -D -e -f '{folder / 'sshd_config'}'"
        process = subprocess.Popen(["unshare", "--mount", "sh", "-c", private], stderr=log)
    try:
        _wait(port, process, folder / "log")
        yield SshServer(folder, port)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _knows_penalties() -> bool:
    said = subprocess.run([SSHD, "-T", "-o", "PerSourcePenalties=no"], capture_output=True, text=True, timeout=20)
    return "Bad configuration option" not in said.stderr


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, "sshd does not listen"
            time.sleep(0.05)
