"""PostgreSQL: its tables, who may use it, what a lost connection and a server that is away do to those who write."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from oos.adapters.sql import SqlJournal, SqlRegistry, open_database
from oos.adapters.sql.migrate import upgrade_postgres
from oos.adapters.sql.postgres import Postgres
from oos.journal.chain import verify_chain
from oos.journal.port import Batch, ExecutionFilter, JournalAbsent, JournalFailed
from tests.postgres import PostgresServer, binaries

from .cutting_proxy import Cut, CuttingProxy
from .samples import entries_of, execution_id, summary_of
from .test_sql_crash import PROGRAM, kept

ONE = execution_id(1)


def dump(url: str) -> str:
    """The definition of every table of ours."""
    programs = binaries()
    assert programs is not None
    command = [str(programs / "pg_dump"), "--schema-only", "--schema=oos", "--no-owner", f"--dbname={url}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Newer releases put a random word around their output.
    return "\n".join(line for line in said.splitlines() if not line.startswith("\\"))


def migrate(url: str, revision: str) -> None:
    dialect = Postgres(url)
    connection = dialect.connect_writer()
    assert isinstance(connection, psycopg.Connection)
    upgrade_postgres(connection, dialect.place, 1, revision=revision)
    connection.close()


@pytest.fixture
def proxy(postgres_server: PostgresServer) -> Iterator[CuttingProxy]:
    with CuttingProxy(postgres_server.directory) as made:
        yield made


@pytest.fixture
def cut_url(postgres_url: str, proxy: CuttingProxy, postgres_server: PostgresServer) -> str:
    """The database, through the proxy."""
    return postgres_url.replace(str(postgres_server.directory), proxy.directory)


# tables


def test_migrations_make_the_same_tables_as_the_statements(postgres_server: PostgresServer) -> None:
    migrated, made = postgres_server.new_database(), postgres_server.new_database()
    migrate(migrated, "head")
    open_database(made).close()
    assert dump(migrated) == dump(made)
    open_database(migrated).close()


def test_a_journal_of_the_first_revision_is_brought_up_to_date_and_keeps_what_it_holds(postgres_url: str) -> None:
    migrate(postgres_url, "0001")
    with Postgres(postgres_url).connect() as connection:
        for entry in entries_of(ONE, 3):
            row = (entry.execution_id, entry.sequence, entry.path, entry.payload, entry.hash)
            connection.execute("INSERT INTO events VALUES (%s, %s, %s, %s, %s)", row)
        connection.execute(
            "INSERT INTO signals (execution_id, root_id, payload, done) VALUES ('a', 'a', '1', 1), ('a', 'a', '2', 0)"
        )
    with pytest.raises(JournalFailed, match="a command that writes brings an older one up to date"):
        open_database(postgres_url, read_only=True)
    with ThreadPoolExecutor(3) as pool:
        journals = list(pool.map(lambda _: SqlJournal(postgres_url), range(3)))
    for journal in journals:
        assert list(journal.entries(ONE)) == entries_of(ONE, 3)
        assert [each.payload for each in journal.signals(["a"], 0)] == [b"2"]
        journal.close()


def test_many_processes_and_threads_that_open_a_new_journal_at_once_all_succeed(postgres_url: str) -> None:
    program = (
        "import sys; from oos.adapters.sql import SqlJournal; from oos.journal.port import Batch;"
        "journal = SqlJournal(sys.argv[1]); journal.append(Batch(contents=[(sys.argv[2], b'x')])); journal.close()"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, postgres_url, str(number)], stderr=subprocess.PIPE)
        for number in range(3)
    ]

    def use(number: int) -> None:
        journal = SqlJournal(postgres_url)
        journal.append(Batch(contents=[(str(number), b"x")]))
        journal.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(use, range(3, 6)))
    assert [process.communicate(timeout=60)[1].decode() for process in running] == [""] * 3
    journal = SqlJournal(postgres_url)
    assert [journal.content(str(number)) for number in range(6)] == [b"x"] * 6
    journal.close()


def test_other_tables_in_the_database_do_not_matter_and_are_left_alone(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE events (text TEXT)")
    journal = SqlJournal(postgres_url)
    journal.append(Batch(entries_of(ONE, 1)))
    journal.close()
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM public.events").fetchone() == (0,)


def test_another_program_s_schema_of_our_name_is_refused(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE SCHEMA oos; CREATE TABLE oos.notes (text TEXT)")
    for read_only in (False, True):
        with pytest.raises(JournalFailed, match="it is not a journal of oos, its tables are notes"):
            open_database(postgres_url, read_only=read_only)


def test_a_journal_of_a_newer_oos_is_refused_and_left_alone(postgres_url: str) -> None:
    SqlJournal(postgres_url).close()
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE oos.alembic_version SET version_num = '9999'")
    with pytest.raises(JournalFailed, match="it was written by a newer oos"):
        open_database(postgres_url)
    with pytest.raises(JournalFailed, match="its tables are of revision 9999"):
        open_database(postgres_url, read_only=True)


def test_a_journal_opened_for_reading_writes_nothing_and_is_absent_where_there_is_none(postgres_url: str) -> None:
    with pytest.raises(JournalAbsent):
        open_database(postgres_url, read_only=True)
    writer = SqlJournal(postgres_url)
    reader = SqlJournal(open_database(postgres_url, read_only=True))
    writer.append(Batch(entries_of(ONE, 3), [summary_of(ONE)]))
    assert list(reader.entries(ONE)) == entries_of(ONE, 3)
    assert [each.execution_id for each in reader.summaries(ExecutionFilter())] == [ONE]
    with pytest.raises(JournalFailed, match="reading only"):
        reader.append(Batch(entries_of(ONE, 1, after=3)))
    writer.close()
    reader.close()


def test_lists_and_families_are_answered_by_indexes(postgres_url: str) -> None:
    SqlJournal(postgres_url).close()
    dialect = Postgres(postgres_url)
    sql = dialect.statements
    samples = {
        "entries": ("x", 0, 1),
        "next_execution": ("x",),
        "summaries": (0, 0, "x", *["x"] * 9, "x", 1),
        "summaries_of_parent": ("x", 0, 0, "x", *["x"] * 9, "x", 1),
        "execution_by_token": ("x",),
        "due": (0, 1),
        "unfinished": ("x",),
        "signals": (["x"], 0),
        "documents": ("x", "x", "x", 1),
    }
    with dialect.connect(enable_seqscan="off", enable_sort="off") as connection:
        for name, parameters in samples.items():
            rows = connection.execute(f"EXPLAIN {getattr(sql, name)}".encode(), parameters).fetchall()
            plan = " ".join(row[0] for row in rows)
            assert "Index" in plan, name
            assert "Seq Scan" not in plan, name


# who may use it


def test_a_password_in_the_url_is_refused_and_not_shown() -> None:
    for url in ("postgresql://ada:canary-77@db/oos", "postgresql://ada@db/oos?password=canary-77"):
        with pytest.raises(JournalFailed, match=r"password file") as refused:
            open_database(url)
        assert "canary-77" not in str(refused.value)


def test_a_url_that_cannot_be_read_is_refused_without_being_shown() -> None:
    with pytest.raises(JournalFailed, match="the URL cannot be read") as refused:
        open_database("postgresql://ada:canary-77@db/oos?colour=red")
    assert "canary-77" not in str(refused.value)


def test_the_password_comes_from_the_password_file(
    own_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_server.execute("CREATE ROLE ada LOGIN PASSWORD 'canary-77'")
    own_server.execute("CREATE DATABASE ada OWNER ada")
    (own_server.data / "pg_hba.conf").write_text("local all all scram-sha-256\n")
    own_server.restart()
    url = f"postgresql://ada@/ada?host={own_server.directory}"
    passwords = tmp_path / "passwords"
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    with pytest.raises(JournalFailed, match="there is no password in the password file") as refused:
        open_database(url)
    assert f"postgresql://ada@{own_server.directory}/ada" in str(refused.value)
    passwords.write_text("*:*:*:ada:canary-77\n")
    passwords.chmod(0o600)
    journal = SqlJournal(url)
    journal.append(Batch(entries_of(ONE, 1)))
    assert list(journal.entries(ONE)) == entries_of(ONE, 1)
    journal.close()


def test_a_server_that_is_not_there_is_named_at_once(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(JournalFailed, match=rf"journal postgresql://{tmp_path}/oos: it cannot be reached"):
        open_database(f"postgresql:///oos?host={tmp_path}")
    assert time.monotonic() - began < 30


# lost connections


def test_a_commit_that_the_server_never_heard_of_is_made_again(cut_url: str, proxy: CuttingProxy) -> None:
    journal = SqlJournal(cut_url)
    proxy.cut(Cut.BEFORE, Cut.BEFORE)
    journal.append(Batch(entries_of(ONE, 3), [summary_of(ONE, client_token="t")]))
    assert proxy.pending == 0
    assert list(journal.entries(ONE)) == entries_of(ONE, 3)
    journal.close()


def test_a_commit_whose_answer_was_lost_is_not_made_twice(cut_url: str, proxy: CuttingProxy) -> None:
    database = open_database(cut_url)
    journal, registry = SqlJournal(database), SqlRegistry(database)
    proxy.cut(Cut.AFTER)
    journal.append(Batch(entries_of(ONE, 3), [summary_of(ONE, client_token="t")]))
    proxy.cut(Cut.AFTER)
    number = journal.send(ONE, b"said once")
    proxy.cut(Cut.AFTER)
    assert registry.add("lock", "one", {"by": "me"})
    proxy.cut(Cut.AFTER, Cut.BEFORE)
    assert registry.remove("lock", "one")
    assert registry.add("lock", "two", {})
    assert proxy.pending == 0
    assert list(journal.entries(ONE)) == entries_of(ONE, 3)
    assert [(each.number, each.payload) for each in journal.signals([ONE], 0)] == [(number, b"said once")]
    database.close()


def test_a_transaction_that_hangs_in_the_server_is_ended(cut_url: str, proxy: CuttingProxy) -> None:
    journal = SqlJournal(cut_url)
    proxy.cut(Cut.HANGING)
    began = time.monotonic()
    journal.append(Batch(entries_of(ONE, 3)))
    assert time.monotonic() - began < 30
    assert list(journal.entries(ONE)) == entries_of(ONE, 3)
    journal.close()


# a server that is away


def test_writers_and_readers_wait_for_a_server_that_is_away(own_server: PostgresServer) -> None:
    url = own_server.new_database()
    journal = SqlJournal(url)
    journal.append(Batch(entries_of(ONE, 1)))
    own_server.stop()
    with ThreadPoolExecutor(3) as pool:
        written = [pool.submit(journal.append, Batch(entries_of(execution_id(n), 2))) for n in (2, 3)]
        read = pool.submit(lambda: list(journal.entries(ONE)))
        time.sleep(1)
        assert not read.done()
        assert not any(each.done() for each in written)
        own_server.start()
        assert read.result(60) == entries_of(ONE, 1)
        for each in written:
            each.result(60)
    assert list(journal.entries(execution_id(3))) == entries_of(execution_id(3), 2)
    journal.close()


def test_a_journal_that_is_closed_waits_no_longer(own_server: PostgresServer) -> None:
    journal = SqlJournal(own_server.new_database())
    own_server.stop()
    with ThreadPoolExecutor(2) as pool:
        written = pool.submit(journal.append, Batch(entries_of(ONE, 1)))
        read = pool.submit(lambda: list(journal.entries(ONE)))
        time.sleep(0.3)
        journal.close()
        for each in (written, read):
            with pytest.raises(JournalFailed, match="cannot be reached"):
                each.result(60)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
def test_a_server_that_is_restarted_again_and_again_loses_and_doubles_nothing(
    how: signal.Signals, own_server: PostgresServer
) -> None:
    url = own_server.new_database()
    threads = 4
    process = subprocess.Popen([sys.executable, str(PROGRAM), url, str(threads)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    acknowledged: dict[int, int] = {}
    counts = threading.Semaphore(0)

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            thread, sequence = line.split()
            acknowledged[int(thread)] = int(sequence)
            counts.release()

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(3):
        for _ in range(20):
            assert counts.acquire(timeout=30), "the writers stand still"
        own_server.restart(how)
    for _ in range(20):
        assert counts.acquire(timeout=30), "the writers stand still"
    assert process.poll() is None
    process.kill()
    process.wait(10)
    reader.join(10)
    process.stdout.close()
    found = kept(url, threads)
    for thread in range(threads):
        assert found[thread] >= acknowledged.get(thread, 0)


def test_a_process_that_stands_still_in_a_transaction_keeps_no_rows_from_others(postgres_url: str) -> None:
    database = open_database(postgres_url)
    other = SqlJournal(postgres_url)
    stands, goes_on = threading.Event(), threading.Event()
    tries = []

    def stand_still(cursor: object) -> None:
        cursor.executemany(database.statements.add_content, [("d", b"x")])  # type: ignore[attr-defined]  # a Cursor
        tries.append(1)
        stands.set()
        goes_on.wait(20)

    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(database.write, stand_still)
        assert stands.wait(10)
        other.append(Batch(contents=[("d", b"x")]))
        goes_on.set()
        written.result(10)
    assert len(tries) == 2
    other.close()
    database.close()


def test_a_message_may_hold_what_the_database_cannot(postgres_url: str) -> None:
    journal = SqlJournal(postgres_url)
    journal.append(Batch([], [summary_of(ONE, message="it said \0\0 and § and 💾")]))
    summary = journal.summary(ONE)
    assert summary is not None
    assert summary.message == "it said \ufffd\ufffd and § and 💾"
    journal.close()


def test_every_chain_is_whole_after_threads_and_processes_wrote_at_once(postgres_url: str) -> None:
    journals = [SqlJournal(postgres_url) for _ in range(3)]

    def drive(number: int) -> None:
        written = entries_of(execution_id(number), 60)
        for place in range(0, 60, 3):
            journals[number % 3].append(Batch(written[place : place + 3], contents=[("same", b"x")]))

    with ThreadPoolExecutor(9) as pool:
        list(pool.map(drive, range(9)))
    for number in range(9):
        count, _, fault = verify_chain(execution_id(number), journals[0].entries(execution_id(number)))
        assert (count, fault) == (60, None)
    for journal in journals:
        journal.close()
