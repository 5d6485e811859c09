"""One owner an execution on any number of hosts: leases in the database, and what the journal takes from whom."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from oos.adapters.locks import ExecutionLocks
from oos.adapters.sql import SqlJournal, open_database
from oos.adapters.sql.database import Database
from oos.adapters.sql.dialect import Cursor
from oos.adapters.sql.leases import LeaseLocks, host_identity
from oos.adapters.sql.postgres import Postgres
from oos.adapters.sql.renewal import LEASE
from oos.engine.ports import Locks
from oos.journal.port import Batch, LeaseLost, OwnedElsewhere
from tests.postgres import PostgresServer

from .samples import entries_of, execution_id

ONE, TWO = execution_id(1), execution_id(2)
LEASE_SECONDS = LEASE.total_seconds()
PATIENCE = 60.0

HOLD = (
    "import sys, time; from pathlib import Path; from tests.journal.test_leases import Host;"
    "host = Host(sys.argv[1], Path(sys.argv[2])); host.locks.acquire(sys.argv[3]); print('held', flush=True);"
    "time.sleep(600)"
)

WRITE_SLOWLY = """
import sys, time
from contextlib import nullcontext
from pathlib import Path
from oos.journal.port import LeaseLost
from tests.journal.test_leases import Host

host = Host(sys.argv[1], Path(sys.argv[2]))
host.locks.acquire(sys.argv[3])

def write(cursor):
    with cursor.connection.pipeline() if sys.argv[4] == "pipeline" else nullcontext():
        host.locks.check(cursor, [sys.argv[3]])
        if sys.argv[4] == "between":
            cursor.executemany(host.database.statements.add_content, [("d", b"x")])
        print("writing", flush=True)
        time.sleep(5)

try:
    host.database.write(write)
except LeaseLost:
    print("lost")
"""


class Host:
    """A host: its folder of lock files, and its connections to the database that all share."""

    def __init__(self, url: str, folder: Path) -> None:
        self.name = folder.name
        self.database: Database = open_database(url)
        self.locks = LeaseLocks(self.database, ExecutionLocks(folder, self.name), host_identity(folder), self.name)
        self.journal = SqlJournal(self.database, self.locks)

    def close(self) -> None:
        self.locks.close()
        self.database.close()


@pytest.fixture
def host(postgres_url: str, tmp_path: Path) -> Iterator[Callable[[str], Host]]:
    """Makes hosts by name; the same name is another process on the same host."""
    made: list[Host] = []

    def make(name: str) -> Host:
        made.append(Host(postgres_url, tmp_path / name))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(params=["files", "leases"])
def locks(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Locks]:
    """Each kind of locks."""
    if request.param == "files":
        yield ExecutionLocks(tmp_path)
        return
    made = Host(request.getfixturevalue("postgres_url"), tmp_path / "a")
    yield made.locks
    made.close()


def expire(url: str, name: str) -> None:
    """Let it be as if a process had not renewed its leases for long."""
    with Postgres(url).connect() as connection:
        connection.execute(
            "UPDATE processes SET expires = clock_timestamp() - interval '1 second' WHERE name = %s", (name,)
        )


def expires(url: str, name: str) -> datetime:
    """Until when a process counts as alive, by the clock of the database."""
    with Postgres(url).connect() as connection:
        ((found,),) = connection.execute("SELECT expires FROM processes WHERE name = %s", (name,)).fetchall()
    assert isinstance(found, datetime)
    return found


def hold_elsewhere(url: str, folder: Path) -> subprocess.Popen[str]:
    """A process of its own that holds the lease."""
    command = [sys.executable, "-c", HOLD, url, str(folder), ONE]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.stdout.close()
    return process


def eventually(look: Callable[[], bool], what: str) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def seconds_until_taken(taker: Host) -> float:
    """How long it takes until the lease can be had."""
    began = time.monotonic()
    while time.monotonic() < began + PATIENCE:
        try:
            taker.locks.acquire(ONE)
        except OwnedElsewhere:
            time.sleep(0.05)
        else:
            return time.monotonic() - began
    raise AssertionError("it is never free")


# the contract of the Locks port


def test_who_is_second_is_refused_until_the_first_lets_go(locks: Locks) -> None:
    lock = locks.acquire(ONE)
    with pytest.raises(OwnedElsewhere) as refused:
        locks.acquire(ONE)
    assert refused.value.execution_id == ONE
    lock.release()
    lock.release()
    locks.acquire(ONE).release()


def test_who_lets_go_twice_takes_nothing_from_the_next(locks: Locks) -> None:
    first = locks.acquire(ONE)
    first.release()
    locks.acquire(ONE)
    first.release()
    with pytest.raises(OwnedElsewhere):
        locks.acquire(ONE)


def test_what_nobody_drives_is_told_apart(locks: Locks) -> None:
    locks.acquire(ONE)
    assert locks.free([TWO, ONE, execution_id(3)]) == [TWO, execution_id(3)]
    assert locks.free([]) == []


def test_of_many_that_want_it_at_once_one_gets_it(locks: Locks) -> None:
    def attempt(_: int) -> bool:
        try:
            locks.acquire(ONE)
        except OwnedElsewhere:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(attempt, range(12))).count(True) == 1


def test_who_holds_it_may_act(locks: Locks) -> None:
    lock = locks.acquire(ONE)
    assert lock.is_ours()
    lock.release()
    assert not lock.is_ours()


# hosts


def test_another_host_is_refused_and_told_who_drives(host: Callable[[str], Host]) -> None:
    a, b = host("a"), host("b")
    lock = a.locks.acquire(ONE)
    with pytest.raises(OwnedElsewhere, match=r"by a$"):
        b.locks.acquire(ONE)
    assert b.locks.holder(ONE) == "a"
    assert b.locks.is_owned(ONE)
    assert b.locks.free([ONE, TWO]) == [TWO]
    lock.release()
    assert seconds_until_taken(b) < LEASE_SECONDS / 2, "nobody waits for a lease that was given up"
    assert a.locks.holder(ONE) == "b"


def test_a_process_that_ends_gives_up_everything_at_once(host: Callable[[str], Host]) -> None:
    a, b = host("a"), host("b")
    a.locks.acquire(ONE)
    a.locks.acquire(TWO)
    a.close()
    b.locks.acquire(ONE)
    b.locks.acquire(TWO)


def test_on_the_same_host_what_a_killed_process_drove_is_free_at_once(
    postgres_url: str, tmp_path: Path, host: Callable[[str], Host]
) -> None:
    process = hold_elsewhere(postgres_url, tmp_path / "a")
    a = host("a")
    with pytest.raises(OwnedElsewhere):
        a.locks.acquire(ONE)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert a.locks.free([ONE]) == [ONE]
    a.locks.acquire(ONE)


def test_what_a_killed_process_on_another_host_drove_is_free_once_its_lease_is_over(
    postgres_url: str, tmp_path: Path, host: Callable[[str], Host]
) -> None:
    process = hold_elsewhere(postgres_url, tmp_path / "a")
    b = host("b")
    begun = expires(postgres_url, "a")
    eventually(lambda: expires(postgres_url, "a") > begun, "a living process renews its lease")
    process.send_signal(signal.SIGKILL)
    process.wait()
    until = expires(postgres_url, "a")
    seconds_until_taken(b)
    with Postgres(postgres_url).connect() as connection:
        ((now,),) = connection.execute("SELECT clock_timestamp()").fetchall()
    assert until < now
    assert until - begun < 10 * LEASE


def test_of_many_hosts_that_want_a_lease_that_is_over_one_gets_it(
    postgres_url: str, host: Callable[[str], Host]
) -> None:
    a, others = host("a"), [host(f"b{number}") for number in range(5)]
    a.locks.acquire(ONE)
    begin = threading.Barrier(len(others) + 1)

    def attempt(each: Host) -> bool:
        begin.wait()
        try:
            each.locks.acquire(ONE)
        except OwnedElsewhere:
            return False
        return True

    with ThreadPoolExecutor(len(others)) as pool:
        attempts = [pool.submit(attempt, each) for each in others]
        expire(postgres_url, "a")
        begin.wait()
        assert [each.result() for each in attempts].count(True) == 1


def test_each_lease_has_a_higher_number_than_all_before(host: Callable[[str], Host]) -> None:
    a = host("a")
    numbers = []
    for _ in range(5):
        lease = a.locks.acquire(ONE)
        numbers.append(lease.number)
        lease.release()
    assert numbers == sorted(set(numbers))


# what the journal takes


def test_entries_are_taken_from_who_holds_the_lease_alone(host: Callable[[str], Host]) -> None:
    a, b = host("a"), host("b")
    lock = a.locks.acquire(ONE)
    written = entries_of(ONE, 6)
    a.journal.append(Batch(written[:2]))
    with pytest.raises(LeaseLost) as refused:
        b.journal.append(Batch([*entries_of(TWO, 1), *written[2:3]], contents=[("d", b"x")]))
    assert refused.value.root_ids == (ONE, TWO)
    assert b.journal.content("d") is None
    lock.release()
    with pytest.raises(LeaseLost):
        a.journal.append(Batch(written[2:3]))
    assert list(a.journal.entries(ONE)) == written[:2]


def test_the_lease_of_a_root_holds_for_its_descendants(host: Callable[[str], Host]) -> None:
    a = host("a")
    a.locks.acquire(ONE)
    a.journal.append(Batch(entries_of(f"{ONE}.t0001.0003", 2)))
    assert a.journal.family(ONE) == [f"{ONE}.t0001.0003"]


def test_who_lost_a_lease_without_knowing_it_writes_nothing_more(
    postgres_url: str, host: Callable[[str], Host]
) -> None:
    a, b = host("a"), host("b")
    a.locks.acquire(ONE)
    a.locks.acquire(TWO)
    expire(postgres_url, "a")
    b.locks.acquire(ONE)
    b.journal.append(Batch(entries_of(ONE, 1)))
    with pytest.raises(LeaseLost) as refused:
        a.journal.append(Batch([*entries_of(ONE, 1), *entries_of(TWO, 1)]))
    assert refused.value.root_ids == (ONE,)
    a.journal.append(Batch(entries_of(TWO, 1)))
    assert list(b.journal.entries(TWO)) == entries_of(TWO, 1)


def test_who_could_not_renew_goes_on_while_nobody_took_over(postgres_url: str, host: Callable[[str], Host]) -> None:
    a, b = host("a"), host("b")
    a.locks.acquire(ONE)
    expire(postgres_url, "a")
    a.journal.append(Batch(entries_of(ONE, 1)))
    eventually(lambda: not b.locks.free([ONE]), "it renews its lease again")
    with pytest.raises(OwnedElsewhere):
        b.locks.acquire(ONE)


def test_who_takes_over_sees_all_that_was_written_before(postgres_url: str, host: Callable[[str], Host]) -> None:
    a, b = host("a"), host("b")
    a.locks.acquire(ONE)
    writing, end = threading.Event(), threading.Event()
    ended: list[str] = []

    def write_slowly(cursor: Cursor) -> None:
        a.locks.check(cursor, [ONE])
        cursor.executemany(a.database.statements.add_content, [("d", b"x")])
        writing.set()
        end.wait(2)  # not longer: who stands still in a transaction for three seconds is taken for dead
        ended.append("written")

    with ThreadPoolExecutor(2) as pool:
        written = pool.submit(a.database.write, write_slowly)
        assert writing.wait(PATIENCE)
        expire(postgres_url, "a")
        taken = pool.submit(b.locks.acquire, ONE)
        taken.add_done_callback(lambda _: ended.append("taken"))
        time.sleep(0.3)
        end.set()
        written.result(PATIENCE)
        taken.result(PATIENCE)
    assert ended == ["written", "taken"]
    assert b.journal.content("d") == b"x"


@pytest.mark.parametrize("where", ["between", "pipeline"])
def test_a_process_that_stands_still_in_a_commit_is_taken_over_and_its_commit_undone(
    postgres_url: str, tmp_path: Path, host: Callable[[str], Host], where: str
) -> None:
    """Between two statements, and among several that are sent in a row: the server waits for the next one then."""
    b = host("b")
    command = [sys.executable, "-c", WRITE_SLOWLY, postgres_url, str(tmp_path / "a"), ONE, where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGSTOP)
        try:
            seconds_until_taken(b)
        finally:
            process.send_signal(signal.SIGCONT)
        assert process.stdout.readline() == "lost\n"
    assert b.journal.content("d") is None


def test_leases_outlive_a_server_that_was_away_for_longer(own_server: PostgresServer, tmp_path: Path) -> None:
    url = own_server.new_database()
    a, b = Host(url, tmp_path / "a"), Host(url, tmp_path / "b")
    a.locks.acquire(ONE)
    own_server.restart(signal.SIGQUIT, away=LEASE_SECONDS + 1)
    with pytest.raises(OwnedElsewhere):
        b.locks.acquire(ONE)
    a.journal.append(Batch(entries_of(ONE, 1)))
    deadline = time.monotonic() + LEASE_SECONDS + 2
    while time.monotonic() < deadline:
        assert b.locks.free([ONE]) == []
        time.sleep(0.5)
    a.close()
    b.close()


def test_a_process_whose_row_was_forgotten_is_known_again(postgres_url: str, host: Callable[[str], Host]) -> None:
    a, b = host("a"), host("b")
    a.locks.acquire(ONE)
    with Postgres(postgres_url).connect() as connection:
        connection.execute("DELETE FROM processes")
    eventually(lambda: not b.locks.free([ONE]), "it makes itself known again")
    a.journal.append(Batch(entries_of(ONE, 1)))


def test_rows_of_processes_that_died_long_ago_are_removed_with_their_leases(
    postgres_url: str, host: Callable[[str], Host]
) -> None:
    a = host("a")
    a.locks.acquire(ONE)
    with Postgres(postgres_url).connect() as connection:
        connection.execute("INSERT INTO processes (name, host, expires) VALUES ('z', 'z', '2026-01-01'::timestamptz)")
        connection.execute("INSERT INTO leases (root_id, process) SELECT 'z', number FROM processes WHERE name = 'z'")
        host("b").locks.acquire(TWO)
        assert connection.execute("SELECT root_id FROM leases ORDER BY root_id").fetchall() == [(ONE,), (TWO,)]
        assert connection.execute("SELECT name FROM processes ORDER BY name").fetchall() == [("a",), ("b",)]


def test_who_was_not_heard_for_long_knows_what_it_lost_before_it_acts_again(
    host: Callable[[str], Host], postgres_url: str
) -> None:
    first, second = host("a"), host("b")
    lost, kept = first.locks.acquire(ONE), first.locks.acquire(TWO)
    with Postgres(postgres_url).connect() as connection:
        connection.execute("DELETE FROM leases WHERE root_id = %s", (ONE,))
    second.locks.acquire(ONE)
    renewal = first.locks._renewal
    heard = renewal._heard
    while renewal._heard == heard:  # now it has just renewed, and does nothing for a while
        time.sleep(0.01)
    renewal._heard -= LEASE_SECONDS
    assert not lost.is_ours()
    assert kept.is_ours()
