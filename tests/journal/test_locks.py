"""One owner an execution: the kernel keeps the lock, and frees it when its holder dies."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from oos.adapters.locks import ExecutionLocks, LockRefused
from oos.journal.port import OwnedElsewhere

ROOT = "exec-00000000000000000001"

HOLD = (
    "import sys, time; from pathlib import Path; from oos.adapters.locks import ExecutionLocks;"
    "lock = ExecutionLocks(Path(sys.argv[1])).acquire(sys.argv[2]); print('held', flush=True); time.sleep(600)"
)


def hold_elsewhere(directory: Path) -> subprocess.Popen[str]:
    """A process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(directory), ROOT], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.stdout.close()
    return process


def test_a_lock_is_held_once_and_free_after_release(tmp_path: Path) -> None:
    locks = ExecutionLocks(tmp_path / "locks", "ada")
    assert not locks.is_owned(ROOT)
    lock = locks.acquire(ROOT)
    assert locks.is_owned(ROOT)
    with pytest.raises(OwnedElsewhere) as refused:
        ExecutionLocks(tmp_path / "locks").acquire(ROOT)
    assert refused.value.execution_id == ROOT
    assert refused.value.holder == "ada"
    lock.release()
    lock.release()
    assert not locks.is_owned(ROOT)
    locks.acquire(ROOT).release()


def test_locks_of_different_executions_do_not_meet(tmp_path: Path) -> None:
    locks = ExecutionLocks(tmp_path)
    first = locks.acquire(ROOT)
    second = locks.acquire("exec-00000000000000000002")
    first.release()
    second.release()


def test_released_locks_leave_no_files(tmp_path: Path) -> None:
    locks = ExecutionLocks(tmp_path)
    for _ in range(3):
        locks.acquire(ROOT).release()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_is_freed_when_its_holder_is_killed(tmp_path: Path) -> None:
    locks = ExecutionLocks(tmp_path)
    process = hold_elsewhere(tmp_path)
    with pytest.raises(OwnedElsewhere, match=f"by process {process.pid}"):
        locks.acquire(ROOT)
    assert locks.holder(ROOT) == f"process {process.pid}"
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert not locks.is_owned(ROOT)
    locks.acquire(ROOT).release()


def test_a_lock_is_not_freed_while_its_holder_is_stopped(tmp_path: Path) -> None:
    process = hold_elsewhere(tmp_path)
    process.send_signal(signal.SIGSTOP)
    try:
        assert ExecutionLocks(tmp_path).is_owned(ROOT)
    finally:
        process.kill()
        process.wait(10)


def test_a_program_that_the_holder_started_does_not_keep_its_lock(tmp_path: Path) -> None:
    locks = ExecutionLocks(tmp_path)
    lock = locks.acquire(ROOT)
    child = subprocess.Popen(["sleep", "60"])
    try:
        lock.release()
        locks.acquire(ROOT).release()
    finally:
        child.kill()
        child.wait(10)


def test_asking_who_owns_never_gets_in_the_way_of_taking(tmp_path: Path) -> None:
    locks = ExecutionLocks(tmp_path)
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            locks.is_owned(ROOT)

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        try:
            for _ in range(1000):
                locks.acquire(ROOT).release()
        finally:
            stop.set()
        for each in asking:
            each.result(10)


def test_never_two_owners_however_often_it_changes_hands(tmp_path: Path) -> None:
    locks = ExecutionLocks(tmp_path)
    inside: list[int] = []
    taken = [0] * 4
    until = time.monotonic() + 0.5

    def contend(number: int) -> None:
        while time.monotonic() < until:
            try:
                lock = locks.acquire(ROOT)
            except OwnedElsewhere:
                continue
            inside.append(number)
            assert len(inside) == 1
            inside.pop()
            taken[number] += 1
            lock.release()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(contend, range(4)))
    assert sum(taken) > 100
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_hold_locks_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LockRefused, match=f"lock {tmp_path}/file/{ROOT}.lock: it cannot be opened"):
        ExecutionLocks(tmp_path / "file").acquire(ROOT)


@pytest.mark.parametrize("id_", ["", "../exec-1", "/etc/x", ".hidden", "a\0b"])
def test_what_is_no_execution_id_is_refused(tmp_path: Path, id_: str) -> None:
    with pytest.raises(LockRefused, match="is not the id of an execution"):
        ExecutionLocks(tmp_path).acquire(id_)
