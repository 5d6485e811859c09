"""The tables: their text, their migrations, and what happens when they are not the ones we know."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from oos.adapters.sql import SqlJournal, open_database
from oos.adapters.sql.compile import DIALECTS, compile_statements
from oos.adapters.sql.migrate import newest_revision, upgrade_sqlite
from oos.adapters.sql.sqlite import Sqlite
from oos.adapters.sql.statements import REVISION, statements_path
from oos.journal.port import Batch, ExecutionFilter, JournalAbsent, JournalFailed, Soundness

from .samples import entries_of, execution_id, summary_of

ONE = execution_id(1)


def tables_in(path: Path) -> dict[str, str]:
    """Every table and index with its definition, blanks aside."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: "".join(sql.split()) for name, sql in rows}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_statements_are_those_that_the_tables_give(dialect: str) -> None:
    assert statements_path(dialect).read_text() == compile_statements(dialect)


def test_the_statements_fit_the_newest_migration() -> None:
    assert newest_revision() == REVISION


def test_migrations_make_the_same_tables_as_the_statements(tmp_path: Path) -> None:
    migrated, made = tmp_path / "migrated.db", tmp_path / "made.db"
    connection = sqlite3.connect(migrated, isolation_level=None)
    upgrade_sqlite(connection, migrated)
    connection.close()
    open_database(made).close()
    assert tables_in(migrated) == tables_in(made)
    open_database(migrated).close()


def test_a_journal_of_the_first_revision_is_brought_up_to_date_and_keeps_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "oos.db"
    connection = sqlite3.connect(path, isolation_level=None)
    upgrade_sqlite(connection, path, revision="0001")
    for entry in entries_of(ONE, 3):
        row = (entry.execution_id, entry.sequence, entry.path, entry.payload, entry.hash)
        connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", row)
    connection.execute(
        "INSERT INTO executions VALUES (?, ?, '', 'snapshot-rotation', 'Running', 'ada', 5, 5, NULL, '', '', '', '')",
        (ONE, ONE),
    )
    connection.close()
    with pytest.raises(JournalFailed, match="a command that writes brings an older one up to date"):
        open_database(path, read_only=True)
    with ThreadPoolExecutor(3) as pool:
        journals = list(pool.map(lambda _: SqlJournal(path), range(3)))
    for journal in journals:
        assert journal.soundness() == Soundness()
        assert list(journal.entries(ONE)) == entries_of(ONE, 3)
        summary = journal.summary(ONE)
        assert summary is not None
        assert (summary.template_name, summary.by) == ("snapshot-rotation", "ada")
        journal.close()
    open_database(tmp_path / "new.db").close()
    assert tables_in(path).keys() == tables_in(tmp_path / "new.db").keys()


def test_processes_and_threads_that_migrate_at_once_all_succeed(tmp_path: Path) -> None:
    path = tmp_path / "oos.db"
    program = (
        "import sys; from pathlib import Path; from oos.adapters.sql.sqlite import Sqlite;"
        "dialect = Sqlite(Path(sys.argv[1])); dialect.upgrade(dialect.connect_writer())"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(2)]

    def migrate(_: int) -> None:
        connection = (dialect := Sqlite(path)).connect_writer()
        dialect.upgrade(connection)
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate, range(2)))
    assert [process.wait(60) for process in running] == [0, 0]
    open_database(path).close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "oos.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE signals (number INTEGER)")
    before = tables_in(path)
    with pytest.raises(JournalFailed, match=r"oos\.db.*signals"):
        upgrade_sqlite(connection, path)
    connection.close()
    assert tables_in(path) == before


def test_a_journal_of_a_newer_oos_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "oos.db"
    SqlJournal(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(JournalFailed, match=r"oos\.db: it was written by a newer oos"):
        open_database(path)
    with pytest.raises(JournalFailed, match=r"oos\.db: its tables are of revision 9999"):
        open_database(path, read_only=True)


def test_another_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE notes (text TEXT)")
    connection.commit()
    connection.close()
    for read_only in (False, True):
        with pytest.raises(JournalFailed, match=r"notes\.db: it is not a journal of oos, its tables are notes"):
            open_database(path, read_only=read_only)
    assert list(tables_in(path)) == ["notes"]


def test_a_database_of_another_kind_is_refused() -> None:
    with pytest.raises(JournalFailed, match=r"postgresql://… or sqlite:///PATH"):
        open_database("mysql://ada:canary-77@db/x")


def test_opening_an_up_to_date_journal_imports_neither_sqlalchemy_nor_alembic(tmp_path: Path) -> None:
    program = (
        "import sys; from oos.adapters.sql import SqlJournal; SqlJournal(sys.argv[1]).close();"
        "print([name for name in ('sqlalchemy', 'alembic', 'cryptography') if name in sys.modules])"
    )
    for _ in ("made", "opened"):
        command = [sys.executable, "-c", program, f"sqlite:///{tmp_path}/oos.db"]
        assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "[]\n"


def test_many_processes_that_open_a_new_journal_at_once_all_succeed(tmp_path: Path) -> None:
    program = (
        "import sys; from oos.adapters.sql import SqlJournal; from oos.journal.port import Batch;"
        "journal = SqlJournal(sys.argv[1]); journal.append(Batch(contents=[(sys.argv[2], b'x')])); journal.close()"
    )
    for round_ in range(3):
        path = tmp_path / f"{round_}.db"
        running = [
            subprocess.Popen([sys.executable, "-c", program, str(path), str(number)], stderr=subprocess.PIPE)
            for number in range(4)
        ]
        faults = [process.communicate(timeout=60)[1].decode() for process in running]
        assert faults == [""] * len(running)
        journal = SqlJournal(path)
        assert [journal.content(str(number)) for number in range(4)] == [b"x"] * 4
        journal.close()


def test_many_threads_that_open_a_new_journal_at_once_all_succeed(tmp_path: Path) -> None:
    def use(number: int) -> None:
        journal = SqlJournal(tmp_path / "oos.db")
        journal.append(Batch(entries_of(execution_id(number), 3)))
        journal.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(use, range(6)))
    assert list(SqlJournal(tmp_path / "oos.db").execution_ids()) == [execution_id(number) for number in range(6)]


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    journal = SqlJournal(tmp_path / "new" / "oos.db")
    journal.append(Batch(entries_of(ONE, 1)))
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
    journal.close()
    assert modes == {"oos.db": 0o600, "oos.db-wal": 0o600, "oos.db-shm": 0o600}


def test_a_journal_opened_for_reading_sees_what_another_writes_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "oos.db"
    writer = SqlJournal(path)
    reader = SqlJournal(open_database(path, read_only=True))
    writer.append(Batch(entries_of(ONE, 3), [summary_of(ONE)]))
    assert list(reader.entries(ONE)) == entries_of(ONE, 3)
    assert [each.execution_id for each in reader.summaries(ExecutionFilter())] == [ONE]
    with pytest.raises(JournalFailed, match="reading only"):
        reader.append(Batch(entries_of(ONE, 1, after=3)))
    writer.close()
    assert len(list(reader.entries(ONE))) == 3
    reader.close()


def test_a_journal_that_was_never_written_is_absent_to_a_reader(tmp_path: Path) -> None:
    with pytest.raises(JournalAbsent, match=r"oos\.db"):
        open_database(tmp_path / "oos.db", read_only=True)
    (tmp_path / "oos.db").touch()
    with pytest.raises(JournalAbsent, match=r"oos\.db"):
        open_database(tmp_path / "oos.db", read_only=True)


def test_lists_and_families_are_answered_by_indexes(tmp_path: Path) -> None:
    journal = SqlJournal(tmp_path / "oos.db")
    sql = open_database(tmp_path / "oos.db").statements
    journal.close()
    connection = sqlite3.connect(tmp_path / "oos.db")
    for statement, count in (
        (sql.entries, 3),
        (sql.next_execution, 1),
        (sql.summaries, 14),
        (sql.summaries_of_parent, 15),
        (sql.execution_by_token, 1),
        (sql.signals, 1),
        (sql.documents, 4),
    ):
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", [1] * count))
        assert "SEARCH" in plan
        assert "TEMP B-TREE" not in plan
    connection.close()
