"""Machines over SSH: connections kept and bounded, keys checked, deadlines held, programs run and told of."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from oos.adapters.ssh.channel import run
from oos.adapters.ssh.guest import SshGuest
from oos.adapters.ssh.opening import Opener
from oos.adapters.ssh.pool import SshPool
from oos.fleet.errors import AgentFailed, AgentUnavailable, DeadlineExceeded, MachineUnreachable
from oos.fleet.instance import GuestProcess
from oos.inventory.model import SshAccess
from oos.service.guest_command import BOOT_ID
from tests.ssh_server import SshServer, needs_sshd, ssh_server, unpacked_sshd

pytestmark = needs_sshd
PATIENCE = 60.0


@pytest.fixture
def pool() -> Iterator[SshPool]:
    made = SshPool(connect_seconds=10)
    yield made
    made.close()


def at(server: SshServer, address: str = "127.0.1.1") -> SshAccess:
    return SshAccess(address, config=str(server.config))


def finished(guest: SshGuest, pid: int) -> GuestProcess:
    end = time.monotonic() + PATIENCE
    while not (process := guest.guest_process("m", pid)).exited:
        assert time.monotonic() < end
        time.sleep(0.05)
    return process


# commands


def test_a_command_gives_its_output_errors_and_exit_code(server: SshServer, pool: SshPool) -> None:
    done = run(pool, at(server), "cat; echo wrong >&2; exit 3", target="m", stdin=b"in \xff")
    assert (done.exit_code, done.stdout, done.stderr) == (3, b"in \xff", b"wrong\n")
    assert run(pool, at(server), ["printf", "%s", "a 'b' \"c\" $d"], target="m").stdout == b"a 'b' \"c\" $d"


def test_much_on_both_streams_stands_still_nowhere(server: SshServer, pool: SshPool) -> None:
    noisy = "head -c 6000000 /dev/zero >&2; head -c 3000000 /dev/zero"
    done = run(pool, at(server), noisy, target="m", limit=1 << 20)
    assert (len(done.stdout), len(done.stderr), done.exit_code) == (1 << 20, 1 << 20, 0)


def test_a_machine_has_one_connection_whoever_asks(server: SshServer, pool: SshPool) -> None:
    with ThreadPoolExecutor(8) as many:
        said = list(many.map(lambda _: run(pool, at(server), "echo $SSH_CONNECTION", target="m").stdout, range(24)))
    assert len(set(said)) == 1
    assert pool.machines == 1


def test_no_more_are_open_than_may_be(server: SshServer) -> None:
    pool = SshPool(most_open=4)
    most: list[int] = []

    def ask(number: int) -> bytes:
        done = run(pool, at(server, f"127.0.2.{number}"), "echo here", target="m")
        most.append(pool.machines)
        return done.stdout

    with ThreadPoolExecutor(12) as many:
        assert list(many.map(ask, range(1, 31))) == [b"here\n"] * 30
    assert max(most) <= 4
    pool.close()


def test_a_connection_that_was_lost_is_opened_anew(server: SshServer, pool: SshPool) -> None:
    first = run(pool, at(server), "echo $PPID", target="m").stdout
    with pool.transport(at(server), "m") as transport:
        transport.close()
    assert run(pool, at(server), "echo $PPID", target="m").stdout != first


def test_a_jump_host_is_on_the_way(server: SshServer, pool: SshPool) -> None:
    done = run(pool, at(server, "jump-1"), 'echo "$SSH_CONNECTION"', target="m")
    assert b"127.0.1.10" in done.stdout


def test_jump_hosts_are_visited_in_their_order(server: SshServer, pool: SshPool) -> None:
    opened = Opener().open(at(server, "jump-2"))
    try:
        first = opened.over[-1].get_transport()
        assert first is not None
        assert first.sock.getpeername()[0] == "127.0.1.8"
        assert len(opened.over) == 2
    finally:
        opened.close()
    assert b"127.0.1.10" in run(pool, at(server, "jump-2"), 'echo "$SSH_CONNECTION"', target="m").stdout


def test_no_jump_host_is_trusted_unknown(server: SshServer, pool: SshPool) -> None:
    with pytest.raises(MachineUnreachable, match="not known as"):
        run(pool, at(server, "jump-stranger"), "true", target="m")


def test_the_server_that_is_not_installed_answers_as_well(pool: SshPool, tmp_path: Path) -> None:
    """What a machine without OpenSSH's server runs these tests with."""
    if not shutil.which("apt-get"):
        pytest.skip("only apt-get can fetch it")
    with ssh_server(tmp_path, unpacked_sshd()) as server:
        assert run(pool, at(server), "echo here", target="m").stdout == b"here\n"
        assert not Path("/run/sshd.pid").exists()


# who is trusted


def test_a_host_whose_key_nobody_knows_is_not_trusted(server: SshServer, pool: SshPool) -> None:
    with pytest.raises(MachineUnreachable, match="not known"):
        run(pool, at(server, "stranger"), "true", target="m")


def test_a_new_host_is_learned_where_that_is_allowed_and_another_key_refused(server: SshServer, pool: SshPool) -> None:
    assert run(pool, at(server, "newcomer"), "true", target="m").exit_code == 0
    learned = server.folder / "learned"
    (line,) = learned.read_text().splitlines()
    name, kind, _ = line.split()
    learned.write_text(f"{name} {kind} AAAAC3NzaC1lZDI1NTE5AAAAIBL0kYbHNmP6UVuZtyIY2FNEpUzcn1lOQlTLs6l5bdEx\n")
    other = SshPool()
    with pytest.raises(MachineUnreachable):
        run(other, at(server, "newcomer"), "true", target="m")
    other.close()
    learned.unlink()


def test_a_revoked_key_is_refused(server: SshServer, pool: SshPool) -> None:
    assert run(pool, at(server, "newcomer"), "true", target="m").exit_code == 0
    learned = server.folder / "learned"
    learned.write_text(f"@revoked {learned.read_text()}")
    other = SshPool()
    with pytest.raises(MachineUnreachable, match="revoked"):
        run(other, at(server, "newcomer"), "true", target="m")
    other.close()
    learned.unlink()


def test_a_key_that_does_not_fit_is_told(server: SshServer, pool: SshPool, tmp_path: Path) -> None:
    text = server.config.read_text().replace(str(server.folder / "user"), str(server.folder / "host"))
    (tmp_path / "config").write_text(text)
    with pytest.raises(MachineUnreachable, match=r"m cannot be reached over SSH: .*uthenticat"):
        run(pool, SshAccess("127.0.1.1", config=str(tmp_path / "config")), "true", target="m")


# deadlines


def test_a_command_that_does_not_end_is_given_up(server: SshServer, pool: SshPool) -> None:
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match="m"):
        run(pool, at(server), "echo begun; sleep 8", target="m", seconds=1)
    assert time.monotonic() - began < PATIENCE
    assert run(pool, at(server), "echo on", target="m").stdout == b"on\n"


def test_a_machine_that_swallows_everything_is_given_up() -> None:
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(5)
        pool = SshPool(connect_seconds=1)
        with pytest.raises(MachineUnreachable):
            run(pool, SshAccess("127.0.0.1", "root", hole.getsockname()[1]), "true", target="m")
        pool.close()


def test_a_port_where_nobody_listens_is_told(pool: SshPool) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(MachineUnreachable, match="m cannot be reached over SSH"):
        run(pool, SshAccess("127.0.0.1", "root", port), "true", target="m")


def test_no_thread_stays_behind(server: SshServer) -> None:
    before = threading.active_count()
    pool = SshPool()
    run(pool, at(server), "true", target="m")
    pool.close()
    end = time.monotonic() + PATIENCE
    while threading.active_count() > before:
        assert time.monotonic() < end
        time.sleep(0.05)


# the Guest port


def test_a_program_goes_on_by_itself_and_is_told_once(server: SshServer, pool: SshPool) -> None:
    guest = SshGuest(pool, at(server))
    pid = guest.guest_execute("m", ["/bin/sh", "-c", "cat; sleep 1; echo wrong >&2; exit 7", "a 'b'"], stdin=b"in \xff")
    assert not guest.guest_process("m", pid).exited
    pool.close()
    process = finished(guest, pid)
    assert (process.exit_code, process.stdout, process.stderr) == (7, b"in \xff", b"wrong\n")
    with pytest.raises(AgentFailed, match="m"):
        guest.guest_process("m", pid)


def test_files_are_read_and_written(server: SshServer, pool: SshPool, tmp_path: Path) -> None:
    guest = SshGuest(pool, at(server))
    content = bytes(range(256)) * 400
    guest.guest_write("m", f"{tmp_path}/a 'file'", content)
    assert guest.guest_read("m", f"{tmp_path}/a 'file'") == content
    assert guest.guest_read("m", f"{tmp_path}/a 'file'", limit=10) == content[:10]
    with pytest.raises(AgentFailed, match="m"):
        guest.guest_read("m", f"{tmp_path}/none")
    with pytest.raises(AgentFailed):
        guest.guest_write("m", f"{tmp_path}/none/x", b"")


def test_a_machine_tells_what_it_is(server: SshServer, pool: SshPool) -> None:
    guest = SshGuest(pool, at(server))
    info = guest.guest_info("m")
    assert info.kernel == os.uname().release
    assert info.host_name == os.uname().nodename
    assert guest.guest_read("m", BOOT_ID).strip() == Path(BOOT_ID).read_bytes().strip()
    with pytest.raises(AgentUnavailable):
        SshGuest(pool, at(server, "stranger")).guest_info("m")
