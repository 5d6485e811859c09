"""Processes and locks: what is known again, and what ends with its holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from oos.lab.errors import CommandFailed, LabError
from oos.lab.locking import locked
from oos.lab.process import end, identify, is_alive, namespace, processes_in, run, send, start_time, wait_until


def test_a_start_time_is_read_past_a_name_with_brackets() -> None:
    assert start_time("42 (a ) b) S 1 42 42 0 -1 4194560 1 0 0 0 1 2 3 4 20 0 1 0 987654 100 2") == 987654


def test_a_process_is_known_by_more_than_its_pid() -> None:
    me = identify(os.getpid())
    assert me is not None
    assert is_alive(me)
    assert not is_alive(replace(me, start_time=me.start_time - 1))
    assert not is_alive(replace(me, boot_id="another boot"))


def test_a_process_that_took_over_a_pid_gets_no_signal() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        named = identify(child.pid)
        assert named is not None
        assert not send(replace(named, start_time=named.start_time - 1), signal.SIGKILL)
        assert child.poll() is None
        assert end(named)
        assert child.wait() == -signal.SIGKILL
    assert not send(named, signal.SIGKILL)


def test_processes_are_found_by_their_namespace() -> None:
    mine = namespace(os.getpid(), "net")
    assert os.getpid() in processes_in("net", mine)
    assert processes_in("net", "net:[0]") == ()
    assert processes_in("net", "") == ()


def test_a_failed_command_says_what_it_said() -> None:
    with pytest.raises(CommandFailed, match=r"exit 3: no luck"):
        run(["sh", "-c", "echo no luck >&2; exit 3"])


def test_an_absent_program_and_an_endless_one_are_named() -> None:
    with pytest.raises(CommandFailed, match="no-such-program: is not installed"):
        run(["no-such-program"])
    with pytest.raises(CommandFailed, match=r"sleep 60: did not end in 0\.1 s"):
        run(["sleep", "60"], timeout=0.1)


def test_waiting_ends_in_time() -> None:
    assert wait_until(lambda: True, timeout=0)
    assert not wait_until(lambda: False, timeout=0.1, pause=0.01)


_HOLD = """
import sys, time
from pathlib import Path
from oos.lab.locking import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(LabError, match="held the lock"), locked(path, timeout=0.2):
            pass
        holder.kill()
        with locked(path, timeout=5):
            pass


def test_a_child_that_inherits_a_lock_holds_it_on(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path) as descriptor:
        child = subprocess.Popen(["sleep", "60"], stdin=descriptor)
    try:
        with pytest.raises(LabError), locked(path, timeout=0.1):
            pass
    finally:
        child.kill()
        child.wait()
    with locked(path, timeout=5):
        pass


def test_a_lock_whose_file_was_removed_is_taken_anew(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path):
        path.unlink()
        with locked(path, timeout=1):
            assert path.exists()
