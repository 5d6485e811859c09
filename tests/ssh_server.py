"""An SSH server of OpenSSH's on loopback addresses, for tests and measurements: root logs in with one key.

The machine's own program, or the one in Debian's package, unpacked and not installed: installing it would start a
server for the whole machine. Nothing of it is seen outside: it has its own configuration, keys, and mount namespace.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from oos.lab import packages
from oos.lab.locking import locked
from tests.lab_fixture import CACHE

START_SECONDS = 20.0
FETCH_SECONDS = 600.0

needs_sshd = pytest.mark.skipif(
    os.geteuid() != 0 or not (shutil.which("sshd", path="/usr/sbin") or shutil.which("apt-get")),
    reason="needs root, and OpenSSH's server or apt-get to fetch it",
)


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


def installed_sshd() -> Path | None:
    """The server's program of this machine."""
    found = shutil.which("sshd", path="/usr/sbin")
    return Path(found) if found else None


def unpacked_sshd() -> Path:
    """The program out of Debian's package, fetched and unpacked once; what it links to is in host_packages.txt."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with locked(CACHE / "openssh-server.lock", timeout=FETCH_SECONDS):
        package = packages.fetch("openssh-server_*.deb", "openssh-server", CACHE / "packages")
        home = CACHE / "openssh-server" / package.stem
        if not home.exists():
            scratch = home.with_name(f".{home.name}")
            shutil.rmtree(scratch, ignore_errors=True)
            packages.unpack(package, scratch)
            scratch.rename(home)
    return home / "usr/sbin/sshd"


@contextmanager
def ssh_server(folder: Path, program: Path | None = None) -> Iterator[SshServer]:
    """A server with keys and configuration in the folder, until the end."""
    sshd = program or installed_sshd() or unpacked_sshd()
    host, user = _key(folder / "host"), _key(folder / "user")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "authorized_keys").write_text(f"{user}\n")
    (folder / "known_hosts").write_text(f"the-server {host}\n")
    (folder / "config").write_text(
        f"Host 127.* jump-*\n  Port {port}\n  User root\n  IdentityFile {folder / 'user'}\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {folder / 'known_hosts'}\n  GlobalKnownHostsFile none\n  HostKeyAlias the-server\n"
        "Host jump-1\n  ProxyJump 127.0.1.9\n  HostName 127.0.1.10\n"
        "Host jump-2\n  ProxyJump 127.0.1.8,127.0.1.9\n  HostName 127.0.1.10\n"
        "Host jump-stranger\n  ProxyJump stranger,127.0.1.9\n  HostName 127.0.1.10\n"
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
    (folder / "sshd_config").write_text(settings + _if_known(sshd))
    # Its log goes to a file: sessions inherit it, and may live longer than the server.
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["unshare", "--mount", "sh", "-c", _private(folder, sshd)], stderr=log)
    try:
        _wait(port, process, folder / "log")
        yield SshServer(folder, port)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _private(folder: Path, sshd: Path) -> str:
    """Shell that starts it among mounts of its own: what it needs, and what commands leave, ends with it."""
    lines = ["mount -t tmpfs none /var/lib", "mount -t tmpfs none /run", "mkdir -m 755 /run/sshd"]
    try:
        pwd.getpwnam("sshd")
    except KeyError:
        # The user it becomes before anybody has logged in: made by the package's scripts, which did not run.
        users = folder / "passwd"
        users.write_text(Path("/etc/passwd").read_text() + "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n")
        lines.append(f"mount --bind {shlex.quote(str(users))} /etc/passwd")
    # Without PAM, it lets nobody in whose password is locked: on many machines root's is.
    passwords = Path("/etc/shadow").read_text()
    if re.search("^root:!", passwords, re.MULTILINE):
        (folder / "shadow").write_text(re.sub("^root:!+", "root:*", passwords, flags=re.MULTILINE))
        lines.append(f"mount --bind {shlex.quote(str(folder / 'shadow'))} /etc/shadow")
    lines.append(f"exec {shlex.quote(str(sshd))} -D -e -f {shlex.quote(str(folder / 'sshd_config'))}")
    return " && ".join(lines)


def _if_known(sshd: Path) -> str:
    """Settings that not every version has: no penalty for many connections, and where the rest of the program is."""
    wanted = {"PerSourcePenalties": "no"}
    rest = sshd.parents[1] / "lib/openssh"
    for setting, name in (("SshdSessionPath", "sshd-session"), ("SshdAuthPath", "sshd-auth")):
        if (rest / name).exists():
            wanted[setting] = str(rest / name)
    return "".join(f"{setting} {value}\n" for setting, value in wanted.items() if _knows(sshd, setting, value))


def _knows(sshd: Path, setting: str, value: str) -> bool:
    said = subprocess.run([sshd, "-T", "-o", f"{setting}={value}"], capture_output=True, text=True, timeout=20)
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
