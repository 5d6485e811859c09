"""A PostgreSQL of our own: on a socket in a temporary directory, run by a user without rights, ended with its test."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from oos.lab.process import ProcessIdentity, boot_id, identify, is_alive

PREFIX = "oos-postgres-"
SECONDS = 30.0
"""How long it may take to start or stop."""
SETTINGS = {
    "fsync": "off",  # for what is tested here the machine itself does not die
    "max_connections": "200",
    "shared_buffers": "32MB",
    "log_min_messages": "warning",
    "listen_addresses": "",
}


def binaries() -> Path | None:
    """Where the newest server's programs are, if there is one: Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    known = shutil.which("postgres")
    if found:
        return found[-1].parent
    return Path(known).parent if known else None


@dataclass
class PostgresServer:
    """A server that a test starts, stops and kills as it likes. It dies with the thread that started it."""

    settings: dict[str, str] = field(default_factory=dict)
    prefix: Sequence[str] = ()
    """The command in front of the server's own, such as one that enters a network namespace."""

    def __post_init__(self) -> None:
        programs = binaries()
        assert programs is not None, "no PostgreSQL is installed"
        self._programs = programs
        me = identify(os.getpid())
        assert me is not None
        self.directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{me.pid}.{me.start_time}-", dir="/tmp"))
        self.data = self.directory / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = count(1)
        self._user = _unprivileged()
        if self._user is not None:
            os.chown(self.directory, self._user.pw_uid, self._user.pw_gid)
        command = [
            str(programs / "initdb"),
            f"--pgdata={self.data}",
            "--username=oos",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ]
        subprocess.run([*self._as_user(), *command], check=True, capture_output=True, cwd="/")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        chosen = {**SETTINGS, "unix_socket_directories": str(self.directory), **self.settings}
        options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        command = [
            *self.prefix,
            *self._as_user("--pdeathsig", "INT"),
            str(self._programs / "postgres"),
            "-D",
            str(self.data),
        ]
        deadline = time.monotonic() + SECONDS
        process = self._process = self._launch([*command, *options])
        while not self._answers():
            if process.poll() is not None:
                said = (self.directory / "log").read_text()[-2000:]
                # Of a server that was killed, processes may live that have not noticed yet.
                assert "is still in use" in said, said
                process = self._process = self._launch([*command, *options])
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT as a restart of the service does, SIGQUIT or SIGKILL as a crash does."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        process.wait(SECONDS)

    def restart(self, how: signal.Signals = signal.SIGINT, *, away: float = 0.0) -> None:
        """End it, leave it away for some seconds, and start it again."""
        self.stop(how)
        time.sleep(away)
        self.start()

    @property
    def pid(self) -> int:
        """Of the server's first process."""
        assert self._process is not None
        return self._process.pid

    def url(self, database: str = "postgres") -> str:
        """How to reach it."""
        return f"postgresql://oos@/{database}?host={self.directory}"

    def new_database(self) -> str:
        """The URL of a database that nobody has used."""
        name = f"d{next(self._databases)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Carry out one statement as its owner."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def remove(self) -> None:
        """End it and take everything away."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _launch(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with (self.directory / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, cwd="/")

    def _answers(self) -> bool:
        command = [str(self._programs / "pg_isready"), "--quiet", "--host", str(self.directory)]
        return subprocess.run(command, check=False).returncode == 0

    def _as_user(self, *options: str) -> list[str]:
        if self._user is not None:
            options = (*options, f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups")
        return ["setpriv", *options, "--"] if options else []


def _unprivileged() -> pwd.struct_passwd | None:
    """Who runs the server when we are root: it refuses to be root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def remove_leftovers() -> None:
    """Take away what sessions left that were killed; their servers died with them."""
    for path in Path("/tmp").glob(f"{PREFIX}*"):
        pid, _, start = path.name.removeprefix(PREFIX).split("-")[0].partition(".")
        if not is_alive(ProcessIdentity(int(pid), int(start), boot_id())):
            shutil.rmtree(path, ignore_errors=True)
