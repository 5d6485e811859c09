"""The Guest port over SSH: what a guest agent does for an instance, done by a shell for any machine."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from oos.adapters.ssh.channel import Ended, run
from oos.fleet.errors import AgentFailed
from oos.fleet.instance import GuestInfo, GuestProcess

if TYPE_CHECKING:
    from oos.adapters.ssh.pool import SshPool
    from oos.inventory.model import SshAccess

QUICK_SECONDS: Final = 30.0
_FOLDER: Final = "d=${TMPDIR:-/tmp}/oos-processes-$(id -u)"
_GONE: Final = 85

# The program goes on when the connection ends. Its folder is named after its process once that is known, so nothing in
# the background may go by the folder's name.
_EXECUTE: Final = f"""
umask 077; {_FOLDER}; mkdir -p "$d" && [ -O "$d" ] || exit 74
find "$d" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {{}} + 2>/dev/null
p=$(mktemp -d "$d/new.XXXXXX") && cat >"$p/in" && cd "$p" || exit 74
( trap '' HUP; ( cd /; exec "$@" ) <in >out 2>err; echo $? >code.new; mv code.new code ) </dev/null >/dev/null 2>&1 &
rm -rf "$d/$!"; mv "$p" "$d/$!" && echo $!
"""
_PROCESS: Final = f"""
{_FOLDER}/$1; [ -d "$d" ] || exit {_GONE}
if [ ! -e "$d/code" ]; then kill -0 "$1" 2>/dev/null && exit 0; [ -e "$d/code" ] || exit {_GONE}; fi
cat "$d/code"; wc -c <"$d/out"; cat "$d/out" "$d/err"; rm -rf "$d"
"""
_INFO: Final = """
[ -r /etc/os-release ] && . /etc/os-release
echo "${NAME:-$(uname -s)}"; echo "${VERSION_ID:-}"; uname -r; hostname; sed -n 's/^btime //p' /proc/stat 2>/dev/null
"""


class SshGuest:
    """One machine over SSH; every id means it."""

    def __init__(self, pool: SshPool, access: SshAccess) -> None:
        self._pool = pool
        self._access = access

    def guest_info(self, instance_id: str) -> GuestInfo:
        lines = self._shell(instance_id, _INFO).stdout.decode(errors="replace").splitlines()
        name, version, kernel, host_name, began = (*lines, "", "", "", "", "")[:5]
        boot = datetime.fromtimestamp(int(began), UTC) if began.isdigit() else None
        return GuestInfo(name, version, kernel, host_name, boot)

    def guest_execute(self, instance_id: str, argv: Sequence[str], *, stdin: bytes = b"") -> int:
        if not argv or not argv[0]:
            raise AgentFailed(instance_id, "no program was named")
        return int(self._shell(instance_id, _EXECUTE, *argv, stdin=stdin).stdout)

    def guest_process(self, instance_id: str, pid: int) -> GuestProcess:
        done = self._run(instance_id, ("/bin/sh", "-c", _PROCESS, "oos", str(pid)))
        if done.exit_code == _GONE:
            raise AgentFailed(instance_id, f"PID {pid} does not exist")
        self._require(instance_id, done)
        if not done.stdout:
            return GuestProcess(pid, exited=False)
        code, count, rest = done.stdout.split(b"\n", 2)
        return GuestProcess(pid, exited=True, exit_code=int(code), stdout=rest[: int(count)], stderr=rest[int(count) :])

    def guest_read(self, instance_id: str, path: str, *, limit: int = 1 << 20) -> bytes:
        return self._shell(instance_id, 'head -c "$1" <"$2"', str(limit), path).stdout

    def guest_write(self, instance_id: str, path: str, content: bytes) -> None:
        self._shell(instance_id, 'cat >"$1"', path, stdin=content)

    def _shell(self, instance_id: str, script: str, *arguments: str, stdin: bytes = b"") -> Ended:
        """What a script that must go well gives. Raises AgentFailed, MachineUnreachable."""
        return self._require(instance_id, self._run(instance_id, ("/bin/sh", "-c", script, "oos", *arguments), stdin))

    def _run(self, instance_id: str, argv: Sequence[str], stdin: bytes = b"") -> Ended:
        return run(self._pool, self._access, shlex.join(argv), target=instance_id, stdin=stdin, seconds=QUICK_SECONDS)

    def _require(self, instance_id: str, done: Ended) -> Ended:
        if done.exit_code != 0:
            said = done.stderr.decode(errors="replace").strip()
            raise AgentFailed(instance_id, said or f"a program of ours ended with {done.exit_code}")
        return done
