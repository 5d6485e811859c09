"""Workers that share loops on one database: killed, stopped, told to stop; and the database away."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from oos.engine.engine import Engine
from oos.engine.errors import OwnedElsewhere
from oos.execution.status import Status
from tests.postgres import PostgresServer
from tests.scale.cluster import PATIENCE, Cluster, assert_each_made_once, eventually
from tests.scale.counting import VARIABLE

ITEMS = [f"item-{number:04}" for number in range(2000)]


def taken_over(engine: Engine, id_: str) -> bool:
    """Whether this process drives an execution, from now on."""
    try:
        engine.resume(id_, by="")
    except OwnedElsewhere:
        return False
    return True


@pytest.fixture
def cluster(tmp_path: Path, postgres_url: str) -> Iterator[Cluster]:
    made = Cluster(tmp_path, postgres_url)
    made.start_counting()
    yield made
    made.close()


def test_a_loop_spreads_over_all_workers(cluster: Cluster) -> None:
    cluster.start_workers(3)
    id_ = cluster.start(ITEMS, 60)
    assert_each_made_once(cluster, id_, ITEMS, 60)
    assert len(cluster.counts["workers"]) == 3


def test_what_a_killed_worker_had_others_take_over_in_seconds(cluster: Cluster) -> None:
    workers = cluster.start_workers(3)
    id_ = cluster.start(ITEMS[:1200], 20, pause=600)
    driver = cluster.driver(id_)
    other = next(worker for worker in workers if worker is not driver)
    eventually(lambda: str(other.pid) in cluster.counts["workers"], "it has its part")
    with cluster.held(id_, 100):
        other.kill()
    assert_each_made_once(cluster, id_, ITEMS[:1200], 20)


def test_an_execution_survives_its_driver(cluster: Cluster) -> None:
    cluster.start_workers(2)
    id_ = cluster.start(ITEMS[:1200], 40, pause=100)
    driver = cluster.driver(id_)
    with cluster.held(id_, 100):
        driver.kill()
        made = cluster.done
    eventually(lambda: cluster.is_taken_over(id_, driver), "another drives it")
    eventually(lambda: cluster.done > made, "it goes on")
    assert_each_made_once(cluster, id_, ITEMS[:1200], 40)


def test_a_worker_that_stood_still_for_long_does_no_harm_when_it_goes_on(cluster: Cluster) -> None:
    cluster.start_workers(2)
    id_ = cluster.start(ITEMS[:1200], 40, pause=100)
    driver = cluster.driver(id_)
    with cluster.held(id_, 100):
        driver.send_signal(signal.SIGSTOP)
    eventually(lambda: cluster.is_taken_over(id_, driver), "another drives it")
    driver.send_signal(signal.SIGCONT)
    assert_each_made_once(cluster, id_, ITEMS[:1200], 40)
    assert driver.poll() is None, "it goes on as a worker"


def test_who_lost_one_of_its_executions_to_another_process_goes_on_with_the_other(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, f"{cluster.address}:{cluster.port}")
    worker = cluster.start_worker()
    lost, kept = (cluster.start(ITEMS[start : start + 400], 10, pause=100) for start in (0, 400))
    for id_ in (lost, kept):
        assert cluster.driver(id_) is worker
    with cluster.held(lost, 100):
        worker.send_signal(signal.SIGSTOP)
    # This very process takes over one of the two, and no other.
    engine = cluster.app.engine
    eventually(lambda: taken_over(engine, lost), "it can be had")
    ended = engine.wait(lost, PATIENCE)
    assert ended is not None
    assert ended.status is Status.SUCCESS, ended.fault
    worker.send_signal(signal.SIGCONT)
    assert cluster.wait(kept).status is Status.SUCCESS
    eventually(lambda: f"{lost}: another process drives it now" in cluster.logs(), "it says so")
    assert f"{kept}: another process" not in cluster.logs()
    assert worker.poll() is None
    eventually(lambda: cluster.done >= 800, "the file of the counts is as new as that")
    assert sorted(cluster.counts["done"].values()) == ITEMS[:800]
    numbers = [entry.sequence for entry in cluster.app.journal.entries(lost)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_driver_that_is_told_to_stop_hands_over_at_once(cluster: Cluster) -> None:
    cluster.start_workers(2)
    id_ = cluster.start(ITEMS[:1200], 40, pause=100)
    driver = cluster.driver(id_)
    with cluster.held(id_, 100):
        driver.send_signal(signal.SIGTERM)
    eventually(lambda: cluster.is_taken_over(id_, driver), "another drives it")
    assert driver.wait(60) == 0
    assert_each_made_once(cluster, id_, ITEMS[:1200], 40)
    assert set(cluster.counts["asked"].values()) == {1}, "what was in flight was recorded"


def test_a_worker_that_comes_later_gets_its_part(cluster: Cluster) -> None:
    cluster.start_worker()
    id_ = cluster.start(ITEMS[:600], 6, pause=50)
    with cluster.held(id_, 50):
        late = cluster.start_worker()
        cluster.await_workers()
    assert_each_made_once(cluster, id_, ITEMS[:600], 6)
    assert cluster.counts["workers"][str(late.pid)] > 0


def test_what_nobody_was_left_to_recover_is_recovered_by_who_comes_next(cluster: Cluster) -> None:
    cluster.start_workers(2)
    id_ = cluster.start(ITEMS[:600], 40, pause=100)
    with cluster.held(id_, 100):
        for worker in cluster.workers:
            worker.kill()
            worker.wait()
    cluster.start_worker()
    assert_each_made_once(cluster, id_, ITEMS[:600], 40)


def test_a_chunk_that_was_taken_from_the_queue_is_made_all_the_same(cluster: Cluster) -> None:
    import psycopg

    cluster.start_workers(2)
    id_ = cluster.start(ITEMS, 20)
    eventually(lambda: cluster.done > 50, "it is under way")
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        schema = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'oos_queue%'").fetchall()[0][0]
        connection.execute(f"SET search_path TO {schema}".encode())

        def take() -> bool:
            return connection.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'oos.carry_out'").rowcount > 0

        for _ in range(3):
            eventually(take, "a chunk is in the queue")
    assert_each_made_once(cluster, id_, ITEMS, 20)


@pytest.mark.parametrize(("how", "away"), [(signal.SIGINT, 0.5), (signal.SIGQUIT, 7.0), (signal.SIGKILL, 2.0)])
def test_executions_survive_a_database_that_is_away(
    how: signal.Signals, away: float, own_server: PostgresServer, tmp_path: Path
) -> None:
    cluster = Cluster(tmp_path, own_server.new_database())
    cluster.start_counting()
    try:
        cluster.start_workers(2)
        ids = [cluster.start(ITEMS[start : start + 500], 20) for start in (0, 500)]
        eventually(lambda: cluster.done > 100, "they are under way")
        own_server.restart(how, away=away)
        executions = [cluster.wait(id_) for id_ in ids]
        assert [each.status for each in executions] == [Status.SUCCESS] * 2
        eventually(lambda: cluster.done >= 1000, "the file of the counts is as new as that")
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
