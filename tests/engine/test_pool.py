"""Worker threads come with the work."""

import threading
import time

from oos.engine.pool import LOOK_SECONDS, WorkerPool


def told(_):
    """Nobody has more to do because a job has ended."""


def settle(pool, done, seconds=60.0):
    """Look after the pool, as the engine does, until it is done."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        pool.relieve()
        time.sleep(LOOK_SECONDS)


def test_calls_that_take_their_time_get_a_thread_each():
    pool, barrier = WorkerPool(told, at_most=16), threading.Barrier(16)
    passed = []

    def job():
        barrier.wait(60)
        passed.append(1)

    for _ in range(16):
        pool.submit(job)
    settle(pool, lambda: len(passed) == 16)
    pool.close()


def test_calls_that_end_at_once_share_few_threads():
    pool, threads = WorkerPool(told, at_most=64), set()
    done = []

    def job():
        threads.add(threading.current_thread().name)
        done.append(1)

    for _ in range(2000):
        pool.submit(job)
    settle(pool, lambda: len(done) == 2000)
    assert len(threads) <= 8
    pool.close()


def test_there_are_never_more_threads_than_allowed():
    pool, release, seen = WorkerPool(told, at_most=3), threading.Event(), []

    def job():
        seen.append(threading.current_thread().name)
        release.wait(60)

    for _ in range(10):
        pool.submit(job)
    settle(pool, lambda: len(seen) == 3)
    until = time.monotonic() + 0.3
    settle(pool, lambda: time.monotonic() > until)
    assert len(seen) == len(set(seen)) == 3
    release.set()
    settle(pool, lambda: len(seen) == 10)
    pool.close()
