"""Workers that share loops on one database: killed, stopped, told to stop; and the database away."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from oos.execution.status import Status
from tests.postgres import PostgresServer
from tests.scale.cluster import Cluster, assert_each_made_once, eventually

ITEMS = [f"item-{number:04}" for number in range(2000)]


@pytest.fixture
def cluster(tmp_path: Path, postgres_url: str) -> Iterator[Cluster]:
    made = Cluster(tmp_path, postgres_url)
    made.start_counting()
    yield made
    made.close()


def test_a_loop_spreads_over_all_workers(cluster: Cluster) -> None:
    for _ in range(3):
        cluster.start_worker()
    id_ = cluster.start(ITEMS[:600], 60)
    assert_each_made_once(cluster, id_, ITEMS[:600], 60)
    made = cluster.counts["workers"]
    assert len(made) == 3
    assert min(made.values()) > 50, made
    assert set(cluster.counts["asked"].values()) == {1}


def test_what_a_killed_worker_had_others_take_over_in_seconds(cluster: Cluster) -> None:
    workers = [cluster.start_worker() for _ in range(3)]
    id_ = cluster.start(ITEMS, 60)
    driver = cluster.driver(id_)
    other = next(worker for worker in workers if worker is not driver)
    eventually(lambda: str(other.pid) in cluster.counts["workers"], "it has its part")
    other.kill()
    assert_each_made_once(cluster, id_, ITEMS, 60)


def test_an_execution_survives_its_driver(cluster: Cluster) -> None:
    for _ in range(2):
        cluster.start_worker()
    id_ = cluster.start(ITEMS, 40)
    driver = cluster.driver(id_)
    eventually(lambda: cluster.done > 100, "it is under way")
    driver.kill()
    killed = time.monotonic()
    made = cluster.done
    eventually(lambda: cluster.is_taken_over(id_, driver), "another drives it")
    assert time.monotonic() - killed < 10
    eventually(lambda: cluster.done > made, "it goes on")
    assert_each_made_once(cluster, id_, ITEMS, 40)


def test_a_worker_that_stood_still_for_long_does_no_harm_when_it_goes_on(cluster: Cluster) -> None:
    for _ in range(2):
        cluster.start_worker()
    id_ = cluster.start(ITEMS, 40)
    driver = cluster.driver(id_)
    eventually(lambda: cluster.done > 100, "it is under way")
    driver.send_signal(signal.SIGSTOP)
    eventually(lambda: cluster.is_taken_over(id_, driver), "another drives it", 12)
    driver.send_signal(signal.SIGCONT)
    assert_each_made_once(cluster, id_, ITEMS, 40)
    assert driver.poll() is None, "it goes on as a worker"


def test_a_driver_that_is_told_to_stop_hands_over_at_once(cluster: Cluster) -> None:
    for _ in range(2):
        cluster.start_worker()
    id_ = cluster.start(ITEMS, 40)
    driver = cluster.driver(id_)
    eventually(lambda: cluster.done > 100, "it is under way")
    driver.send_signal(signal.SIGTERM)
    told = time.monotonic()
    eventually(lambda: cluster.is_taken_over(id_, driver), "another drives it")
    assert time.monotonic() - told < 5
    assert driver.wait(20) == 0
    assert_each_made_once(cluster, id_, ITEMS, 40)
    assert set(cluster.counts["asked"].values()) == {1}, "what was in flight was recorded"


def test_a_worker_that_comes_later_gets_its_part(cluster: Cluster) -> None:
    cluster.start_worker()
    id_ = cluster.start(ITEMS, 6)
    eventually(lambda: cluster.done > 50, "it is under way")
    late = cluster.start_worker()
    assert_each_made_once(cluster, id_, ITEMS, 6)
    assert cluster.counts["workers"][str(late.pid)] > 100


def test_what_nobody_was_left_to_recover_is_recovered_by_who_comes_next(cluster: Cluster) -> None:
    for _ in range(2):
        cluster.start_worker()
    id_ = cluster.start(ITEMS[:600], 40)
    eventually(lambda: cluster.done > 100, "it is under way")
    for worker in cluster.workers:
        worker.kill()
        worker.wait()
    cluster.start_worker()
    assert_each_made_once(cluster, id_, ITEMS[:600], 40)


def test_a_chunk_that_was_taken_from_the_queue_is_made_all_the_same(cluster: Cluster) -> None:
    import psycopg

    for _ in range(2):
        cluster.start_worker()
    id_ = cluster.start(ITEMS[:600], 40)
    eventually(lambda: cluster.done > 50, "it is under way")
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        schema = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'oos_queue%'").fetchall()[0][0]
        for _ in range(20):
            connection.execute(f"DELETE FROM {schema}.procrastinate_jobs".encode())
            time.sleep(0.05)
    assert_each_made_once(cluster, id_, ITEMS[:600], 40)


@pytest.mark.parametrize(("how", "away"), [(signal.SIGINT, 0.5), (signal.SIGQUIT, 8.0), (signal.SIGKILL, 2.0)])
def test_executions_survive_a_database_that_is_away(
    how: signal.Signals, away: float, own_server: PostgresServer, tmp_path: Path
) -> None:
    cluster = Cluster(tmp_path, own_server.new_database())
    cluster.start_counting()
    try:
        for _ in range(2):
            cluster.start_worker()
        ids = [cluster.start(ITEMS[start : start + 500], 20) for start in (0, 500)]
        eventually(lambda: cluster.done > 100, "they are under way")
        own_server.restart(how, away=away)
        executions = [cluster.wait(id_) for id_ in ids]
        assert [each.status for each in executions] == [Status.SUCCESS] * 2
        eventually(lambda: cluster.done >= 1000, "the file of the counts is as new as that", 5)
        assert sorted(cluster.counts["done"].values()) == ITEMS[:1000]
        assert cluster.counts["most_in_flight"] <= 40
        assert all(worker.poll() is None for worker in cluster.workers)
    finally:
        cluster.close()


def test_a_worker_that_starts_while_the_database_is_away_works_once_it_is_back(
    own_server: PostgresServer, tmp_path: Path
) -> None:
    cluster = Cluster(tmp_path, own_server.new_database())
    cluster.start_counting()
    try:
        id_ = cluster.start(ITEMS[:50], 10)
        cluster.start_worker()
        own_server.restart(signal.SIGQUIT, away=3)
        assert_each_made_once(cluster, id_, ITEMS[:50], 10)
    finally:
        cluster.close()
