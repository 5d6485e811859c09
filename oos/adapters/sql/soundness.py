"""Whether an SQLite file is sound: every page, table and index of it is read, and its log beyond where SQLite stops."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from oos.adapters.sql.write_ahead_log import LogState, look_at_log
from oos.journal.port import Soundness

MOST_FAULTS: Final = 50
_LOOKS: Final = 3
_PAUSE_SECONDS: Final = 0.01


def soundness_of_file(path: Path, connect: Callable[[], sqlite3.Connection], create: Sequence[str]) -> Soundness:
    """What is wrong with a file, whose tables and indexes were made by these statements. Raises sqlite3.Error."""
    faults: list[str] = []
    doubts: list[str] = []
    log = Path(f"{path}-wal")
    state = _settled(log)
    if state.is_headless:
        faults.append(f"{log}: its header was changed, and nothing that it holds is read any more")
    elif state.unread_commits > 1:
        # Each commit waits for the disk before the next is written: a crash leaves no more than one behind a tear.
        place = f"behind frame {state.read}"
        faults.append(f"{log}: damaged {place}; {state.unread_commits} commits that stand there are lost")
    elif state.unread_commits:
        doubts.append(
            f"{log}: the last commit in it is not whole: either it was torn by a power failure, and nobody was told "
            "of it; or it was damaged since, and is lost"
        )
    with closing(connect()) as connection:
        faults += (f"{path}: {fault}" for fault in _faults(connection, create))
    return Soundness(tuple(faults), tuple(doubts))


def _faults(connection: sqlite3.Connection, create: Sequence[str]) -> Iterator[str]:
    """https://www.sqlite.org/pragma.html#pragma_integrity_check; what it meets may be too broken to be told of."""
    try:
        rows = connection.execute(f"PRAGMA integrity_check({MOST_FAULTS})").fetchall()
        shape = _shape(connection)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        yield str(error)
        return
    for (said,) in rows:
        if said != "ok":
            yield " ".join(str(said).replace("*** in database main ***", "").split())
    with closing(sqlite3.connect(":memory:")) as model:
        for statement in create:
            model.execute(statement)
        wanted = _shape(model)
    for name in sorted(wanted.keys() | shape.keys()):
        if wanted.get(name) != shape.get(name):
            yield f"{name} is not as it was made" if name in wanted else f"{name} was not made by oos"


def _shape(connection: sqlite3.Connection) -> dict[str, object]:
    """Tables with their columns, indexes with what made them and whatever else there is, by name.

    Of a table not the text that made it: that differs where one was altered since.
    """
    found = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    shape: dict[str, object] = {}
    for kind, name, table, text in found:
        # What SQLite gathers for itself when somebody says ANALYZE.
        if not name.startswith("sqlite_stat"):
            made: object = "".join((text or "").split())
            if kind == "table":
                columns = connection.execute("SELECT * FROM pragma_table_info(?)", (name,)).fetchall()
                # By name: where a column stands, and its default, is another matter.
                made = sorted((column[1], column[2], column[3], column[5]) for column in columns)
            shape[name] = (kind, table, made)
    return shape


def _settled(log: Path) -> LogState:
    """The state of a log, by more looks than one where it seems broken: a process may be writing it."""
    state = look_at_log(log)
    for _ in range(_LOOKS):
        if not (state.is_headless or state.unread_commits):
            return state
        time.sleep(_PAUSE_SECONDS)
        before, state = state, look_at_log(log)
        if (before.salts, before.read) == (state.salts, state.read):
            return state
    # It grows from look to look: what did not fit was not written yet.
    return LogState()
