"""Group commit: one thread commits for all that wait, whatever happens to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from oos.adapters.sql.dialect import Cursor
from oos.adapters.sql.group_commit import GroupCommit, Job


class Disk:
    """Commits groups of jobs, and holds the first group until it is told to go on."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.began = threading.Event()
        self.go_on = threading.Event()
        self.fault: BaseException | None = None

    def commit(self, jobs: Sequence[Job]) -> None:
        self.groups.append(len(jobs))
        self.began.set()
        assert self.go_on.wait(10)
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        for job in jobs:
            job.answer = job.work(CURSOR)


class NoCursor:
    """These jobs write nothing."""

    rowcount = 0

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> object:
        raise AssertionError(sql)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        raise AssertionError(sql)

    def fetchall(self) -> list[Any]:
        return []


CURSOR: Cursor = NoCursor()


def answer(number: int) -> Callable[[Cursor], int]:
    return lambda cursor: number


def wait_for_queue(group: GroupCommit, count: int) -> None:
    while len(group._queue) < count:
        threading.Event().wait(0.001)


def test_jobs_that_come_in_during_a_commit_share_the_next_one() -> None:
    disk = Disk()
    group = GroupCommit(disk.commit)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(group.submit, answer(0))
        assert disk.began.wait(10)
        others = [pool.submit(group.submit, answer(number)) for number in range(1, 6)]
        wait_for_queue(group, 5)
        disk.go_on.set()
        assert [each.result(10) for each in (first, *others)] == list(range(6))
    assert disk.groups == [1, 5]


def test_a_leader_that_fails_fails_its_group_and_blocks_nobody() -> None:
    disk = Disk()
    group = GroupCommit(disk.commit)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.submit, answer(0))
        assert disk.began.wait(10)
        others = [pool.submit(group.submit, answer(number)) for number in range(1, 4)]
        wait_for_queue(group, 3)
        disk.fault = RuntimeError("a fault of our own")
        disk.go_on.set()
        with pytest.raises(RuntimeError):
            first.result(10)
        assert [each.result(10) for each in others] == [1, 2, 3]


def test_the_main_thread_shares_commits_with_the_others() -> None:
    disk = Disk()
    group = GroupCommit(disk.commit)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.submit, answer(0))
        assert disk.began.wait(10)

        def go_on() -> None:
            wait_for_queue(group, 1)
            disk.go_on.set()

        pool.submit(go_on)
        assert group.submit(answer(7)) == 7
        assert first.result(10) == 0
    assert disk.groups == [1, 1]
    group.close()
    assert group.submit(answer(8)) == 8
    group.close()


def test_many_threads_get_each_its_own_answer() -> None:
    disk = Disk()
    disk.go_on.set()
    group = GroupCommit(disk.commit)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: group.submit(answer(number)), range(2000))) == list(range(2000))
    assert sum(disk.groups) == 2000
