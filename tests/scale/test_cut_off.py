"""Three workers on wires of their own, one killed, one cut off, the database restarted, under a loop of 2,000 items."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import PostgresServer, binaries
from tests.scale.cluster import Cluster, assert_each_made_once, eventually
from tests.scale.network import HUB, Network
from tests.scale.test_workers import ITEMS

WIDTH = 60


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network()
    yield made
    made.close()


@pytest.fixture
def server(network: Network) -> Iterator[PostgresServer]:
    """A server on the hub."""
    if binaries() is None:
        pytest.skip("no PostgreSQL server is installed: apt-get install postgresql")
    made = PostgresServer({"listen_addresses": HUB}, network.hub)
    (made.data / "pg_hba.conf").write_text("local all all trust\nhost all all 10.77.0.0/24 trust\n")
    made.start()
    yield made
    made.remove()


@pytest.fixture
def cluster(tmp_path: Path, network: Network, server: PostgresServer) -> Iterator[Cluster]:
    """Three workers, each on a host of its own, with the counting service on the hub."""
    url = server.new_database()
    made = Cluster(tmp_path, url, seconds=0.05, port=7777)
    made.address = HUB
    made.start_counting(network.hub)
    name = url.partition("@/")[2].partition("?")[0]
    for number in range(3):
        made.start_worker(network.host(number), f"postgresql://oos@{HUB}/{name}")
    made.await_workers()
    yield made
    made.close()


def test_one_worker_killed_one_cut_off_and_the_database_restarted(
    cluster: Cluster, network: Network, server: PostgresServer
) -> None:
    id_ = cluster.start(ITEMS, WIDTH, pause=1000)
    driver = cluster.driver(id_)
    others = [worker for worker in cluster.workers if worker is not driver]
    eventually(lambda: all(str(worker.pid) in cluster.counts["workers"] for worker in others), "all take part")
    with cluster.held(id_, 100):
        others[0].kill()
        network.cut(cluster.workers.index(others[1]))
    done = cluster.done
    eventually(lambda: cluster.done > done + 200, "the driver goes on alone")
    server.restart()
    network.mend(cluster.workers.index(others[1]))
    assert_each_made_once(cluster, id_, ITEMS, WIDTH)
    assert others[1].poll() is None
    assert driver.poll() is None


def test_a_driver_that_is_cut_off_is_taken_over_and_writes_nothing_more(cluster: Cluster, network: Network) -> None:
    id_ = cluster.start(ITEMS, WIDTH, pause=200)
    driver = cluster.driver(id_)
    with cluster.held(id_, 200):
        network.cut(cluster.workers.index(driver))
    eventually(lambda: cluster.is_taken_over(id_, driver), "another drives it")
    done = cluster.done
    eventually(lambda: cluster.done > done + 100, "it goes on")
    network.mend(cluster.workers.index(driver))
    assert_each_made_once(cluster, id_, ITEMS, WIDTH)
    # It comes back as a worker like the others.
    made = cluster.counts["workers"][str(driver.pid)]
    second = cluster.start([f"again-{number}" for number in range(1000)], WIDTH)
    cluster.wait(second)
    eventually(lambda: cluster.done >= len(ITEMS) + 1000, "the file of the counts is as new as that")
    assert driver.poll() is None
    assert cluster.counts["workers"][str(driver.pid)] > made
