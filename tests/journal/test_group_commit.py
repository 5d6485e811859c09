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


def test_an_interrupted_leader_leaves_the_work_of_the_others_to_another() -> None:
    disk = Disk()
    group = GroupCommit(disk.commit)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.submit, answer(0))
        assert disk.began.wait(10)
        others = [pool.submit(group.submit, answer(number)) for number in range(1, 4)]
        wait_for_queue(group, 3)
        disk.fault = KeyboardInterrupt()
        disk.go_on.set()
        with pytest.raises(KeyboardInterrupt):
            first.result(10)
        assert [each.result(10) for each in others] == [1, 2, 3]
    assert group.submit(answer(9)) == 9


def test_a_leader_that_is_interrupted_with_others_in_its_group_does_not_lose_them() -> None:
    disk = Disk()
    group = GroupCommit(disk.commit)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.submit, answer(0))
        assert disk.began.wait(10)
        others = [pool.submit(group.submit, answer(number)) for number in range(1, 4)]
        wait_for_queue(group, 3)

        def fail_second(jobs: Sequence[Job]) -> None:
            group._commit = disk.commit
            raise KeyboardInterrupt

        group._commit = fail_second
        disk.go_on.set()
        assert first.result(10) == 0
        outcomes = [each.exception(10) or each.result() for each in others]
    interrupted = [each for each in outcomes if isinstance(each, KeyboardInterrupt)]
    assert len(interrupted) == 1
    assert len([each for each in outcomes if isinstance(each, int)]) == 2


def test_many_threads_get_each_its_own_answer() -> None:
    disk = Disk()
    disk.go_on.set()
    group = GroupCommit(disk.commit)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: group.submit(answer(number)), range(2000))) == list(range(2000))
    assert sum(disk.groups) == 2000
