"""The Journal port on an SQL database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from oos.adapters.sql.database import Conflict, Database, open_database
from oos.adapters.sql.dialect import Cursor
from oos.adapters.sql.statements import insert_of_many
from oos.execution.status import Status
from oos.journal.port import (
    Batch,
    Entry,
    ExecutionFilter,
    Firing,
    JournalDamaged,
    JournalFailed,
    SequenceTaken,
    Signal,
    Soundness,
    StartedAlready,
    Summary,
)
from oos.values.identifiers import root_execution_id
from oos.values.typed import decode_as

if TYPE_CHECKING:
    from oos.adapters.sql.leases import LeaseLocks

ENTRIES_AT_ONCE: Final = 200
"""Entries are read in portions: a reader that takes its time holds no transaction, and little memory."""

ROWS_AT_ONCE: Final = 50
"""Entries that SQLite takes in one statement. More at once gain nothing."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
END_OF_TIME: Final = 2**63 - 1
BEFORE_ALL: Final = -(2**31)
"""Below every sequence number, even one that somebody made up."""


class SqlJournal:
    """The Journal port on a database, which may be shared with the registry.

    With leases, it takes entries only of executions whose lease this process holds.
    """

    def __init__(self, database: Database | str | Path, leases: LeaseLocks | None = None) -> None:
        self._database = database if isinstance(database, Database) else open_database(database)
        self._leases = leases
        self._sql = self._database.statements

    def append(self, batch: Batch) -> None:
        """Commit a batch durably, or nothing of it."""
        entries, sql = batch.entries, self._sql
        summaries = [_summary_row(each) for each in batch.summaries]
        contents = list(batch.contents)
        answered = [(number,) for number in batch.signals_done]
        leases, takes_lists = self._leases, self._database.dialect.takes_lists
        roots = {root_execution_id(entry.execution_id) for entry in entries} if leases is not None else ()

        def write(cursor: Cursor) -> None:
            if leases is not None and roots:
                leases.check(cursor, roots)
            if entries and takes_lists:
                cursor.execute(sql.add_entries, [list(column) for column in zip(*entries, strict=True)])
            elif entries:
                _add_rows(cursor, sql.add_entries, entries)
            if summaries:
                cursor.executemany(sql.put_summary, summaries)
            if contents:
                cursor.executemany(sql.add_content, contents)
            if answered:
                cursor.executemany(sql.answer_signal, answered)

        if not (entries or summaries or contents or answered):
            return
        try:
            self._database.write(write)
        except Conflict as conflict:
            raise self._refusal(batch, conflict) from None

    def entries(self, execution_id: str, after: int = 0) -> Iterator[Entry]:
        """The entries of one execution in order, those after a sequence number."""
        while True:
            rows = self._database.read(self._sql.entries, (execution_id, after, ENTRIES_AT_ONCE))
            for row in rows:
                yield Entry(*row)
            if len(rows) < ENTRIES_AT_ONCE:
                return
            after = rows[-1][1]

    def family(self, root_id: str) -> list[str]:
        """The ids of an execution and all its descendants that have entries."""
        found = [root_id] if self._database.read(self._sql.entries, (root_id, BEFORE_ALL, 1)) else []
        for id_ in self._ids_after(f"{root_id}."):
            if not id_.startswith(f"{root_id}."):
                break
            found.append(id_)
        return found

    def summary(self, execution_id: str) -> Summary | None:
        """What is known of an execution, or None."""
        rows = self._database.read(self._sql.summary, (execution_id,))
        return _summary(rows[0]) if rows else None

    def started_with(self, client_token: str) -> str | None:
        """The id of the execution that a client token started, or None."""
        rows = self._database.read(self._sql.execution_by_token, (client_token,))
        return rows[0][0] if rows else None

    def summaries(self, filter_: ExecutionFilter) -> list[Summary]:
        """Executions, newest first."""
        started, id_ = END_OF_TIME, ""
        if filter_.before:
            rows = self._database.read(self._sql.summary, (filter_.before,))
            if not rows:
                return []
            started, id_ = rows[0][6], filter_.before
        page = (started, started, id_, *_statuses(filter_), _pattern(filter_.template_name), filter_.limit)
        if filter_.parent_id is None:
            rows = self._database.read(self._sql.summaries, page)
        else:
            rows = self._database.read(self._sql.summaries_of_parent, (filter_.parent_id, *page))
        return [_summary(row) for row in rows]

    def unfinished(self, root_id: str) -> list[str]:
        """The ids of an execution and its descendants that have a summary which is not final."""
        return [id_ for (id_,) in self._database.read(self._sql.unfinished, (root_id,))]

    def due(self, until: datetime, limit: int) -> list[str]:
        """Roots of which something is due at an instant or before, the longest due first."""
        return [id_ for id_, _ in self._database.read(self._sql.due, (_microseconds(until), limit))]

    def signalled(self) -> list[str]:
        """Roots to which something was said that is not answered."""
        return [id_ for (id_,) in self._database.read(self._sql.signalled, ())]

    def execution_ids(self) -> Iterator[str]:
        """Every execution that has entries: for the audit."""
        return self._ids_after("")

    def content(self, digest: str) -> bytes | None:
        """A thing of the content store, or None."""
        rows = self._database.read(self._sql.content, (digest,))
        return rows[0][0] if rows else None

    def soundness(self) -> Soundness:
        """What the database finds when it reads all of itself. Raises JournalFailed."""
        return self._database.soundness()

    def send(self, execution_id: str, payload: bytes) -> int:
        """Leave a signal for the driver of an execution; its number."""
        row = (execution_id, root_execution_id(execution_id), payload)

        def write(cursor: Cursor) -> int:
            cursor.execute(self._sql.send_signal, row)
            number = int(cursor.fetchall()[0][0])
            self._database.dialect.ring(cursor, row[1])
            return number

        return self._database.write(write)

    def signals(self, root_ids: Iterable[str], after: int) -> list[Signal]:
        """Signals for these executions or their descendants, not yet answered, with a number above `after`."""
        roots = frozenset(root_ids)
        narrowed = (list(roots), after) if self._database.dialect.takes_lists else (after,)
        rows = self._database.read(self._sql.signals, narrowed)
        return [Signal(number, id_, payload) for number, id_, payload, root_id in rows if root_id in roots]

    def close(self) -> None:
        """Let go of the database. Harmless twice."""
        self._database.close()

    def _ids_after(self, id_: str) -> Iterator[str]:
        while True:
            ((next_id,),) = self._database.read(self._sql.next_execution, (id_,))
            if next_id is None:
                return
            if not isinstance(next_id, str):
                # SQLite keeps bytes in a column of texts, and sorts them behind all texts.
                raise JournalDamaged(f"events stand under {next_id!r}, which is no execution")
            yield next_id
            id_ = next_id

    def _refusal(self, batch: Batch, conflict: Conflict) -> Exception:
        """Which row of a refused batch exists. The journal only grows, so it can be asked afterwards."""
        tokens: dict[str, str] = {}
        for summary in batch.summaries:
            if token := summary.client_token:
                known = self.started_with(token) or tokens.setdefault(token, summary.execution_id)
                if known != summary.execution_id:
                    return StartedAlready(known)
        places: set[tuple[str, int]] = set()
        for entry in batch.entries:
            place = (entry.execution_id, entry.sequence)
            if place in places or self._database.read(self._sql.entry_place, place):
                return SequenceTaken(*place)
            places.add(place)
        return JournalFailed(*conflict.args)


def _add_rows(cursor: Cursor, insert: str, entries: Sequence[Entry]) -> None:
    """Insert entries, as many as possible with a statement: a row then costs three quarters of what it costs alone."""
    place = 0
    while len(entries) - place >= ROWS_AT_ONCE:
        rows = entries[place : place + ROWS_AT_ONCE]
        cursor.execute(insert_of_many(insert, ROWS_AT_ONCE), [*chain.from_iterable(rows)])
        place += ROWS_AT_ONCE
    if place < len(entries):
        cursor.executemany(insert, entries[place:])


def _summary_row(summary: Summary) -> tuple[Any, ...]:
    return (
        summary.execution_id,
        summary.root_id,
        summary.parent_id,
        summary.template_name,
        # The value, not the member: drivers of databases take plain text only.
        summary.status.value,
        summary.by,
        _microseconds(summary.started),
        _microseconds(summary.updated),
        None if summary.ended is None else _microseconds(summary.ended),
        str(summary.waiting),
        # PostgreSQL keeps no NUL in a text, and the message of a failed command may hold one.
        summary.message.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        summary.client_token,
        summary.region,
        None if summary.due is None else _microseconds(summary.due),
        summary.category,
        None if summary.firing is None else msgspec.json.encode(summary.firing),
    )


def _summary(row: Sequence[Any]) -> Summary:
    """Raises JournalDamaged: what stands in the row can be anything, where the file was damaged or changed by hand."""
    try:
        return _summary_of(row)
    except (ValueError, TypeError, OverflowError) as error:
        raise JournalDamaged(f"{row[0]}: its row in the list of executions cannot be read: {error}") from error


def _summary_of(row: Sequence[Any]) -> Summary:
    id_, root_id, parent_id, template_name, status, by, started, updated, ended, waiting, message, token, region = row[
        :13
    ]
    due, category, firing = row[13:]
    return Summary(
        execution_id=id_,
        root_id=root_id,
        parent_id=parent_id,
        template_name=template_name,
        status=Status(status),
        by=by,
        started=_instant(started),
        updated=_instant(updated),
        ended=None if ended is None else _instant(ended),
        waiting=waiting,
        message=message,
        client_token=token,
        region=region,
        due=None if due is None else _instant(due),
        category=category,
        firing=None if firing is None else decode_as(firing, Firing),
    )


def _statuses(filter_: ExecutionFilter) -> tuple[str, ...]:
    """As many statuses as the statement has places."""
    wanted = [status.value for status in dict.fromkeys(filter_.statuses or Status)]
    return (*wanted, *wanted[-1:] * (len(Status) - len(wanted)))


def _pattern(part: str) -> str:
    """What LIKE takes for a part of a lower-case name."""
    lower = part.encode().lower().decode()
    for special in ("\\", "%", "_"):
        lower = lower.replace(special, f"\\{special}")
    return f"%{lower}%"


def _microseconds(instant: datetime) -> int:
    return (instant - EPOCH) // MICROSECOND


def _instant(microseconds: int) -> datetime:
    return EPOCH + microseconds * MICROSECOND
