"""Compiles the tables and queries to SQL text: `python -m oos.adapters.sql.compile` writes it beside this file."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any, Final, cast

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    any_,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy import cast as cast_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql import ClauseElement

from oos.adapters.sql.schema import contents, documents, events, executions, metadata, signals
from oos.adapters.sql.statements import HEADER, Statements, statements_path
from oos.execution.status import Status

DIALECTS: Final[dict[str, Dialect]] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    # Not the dialect of a driver: those cast every parameter, which the server can infer.
    "postgresql": cast(Any, PGDialect)(paramstyle="format"),
}

STATUS_PLACES: Final = tuple(f"status_{number}" for number in range(len(Status)))
"""A list of statuses has this many places in a statement; a shorter list repeats its last."""

CHANGING: Final = ("status", "updated", "ended", "waiting", "message", "due", "firing")
"""What a later summary of an execution changes."""

Query = tuple[ClauseElement, tuple[str, ...]]
"""A statement and the order in which its parameters are given."""


def queries(dialect: str) -> dict[str, Query]:
    """Every statement that reads or writes, by its name in `Statements`."""
    return {
        "add_entries": (_add_many(dialect, events), _names(events)),
        "entries": (
            select(events)
            .where(events.c.execution_id == bindparam("execution_id"), events.c.sequence > bindparam("after"))
            .order_by(events.c.sequence)
            .limit(bindparam("count"))
            .offset(literal_column("0")),
            ("execution_id", "after", "count"),
        ),
        "entry_place": (
            select(events.c.sequence).where(
                events.c.execution_id == bindparam("execution_id"), events.c.sequence == bindparam("sequence")
            ),
            ("execution_id", "sequence"),
        ),
        # A step of a loose scan: the ids of n executions cost n steps, not a look at each of their entries.
        "next_execution": (
            select(func.min(events.c.execution_id)).where(events.c.execution_id > bindparam("execution_id")),
            ("execution_id",),
        ),
        "put_summary": (_put(dialect, executions, CHANGING), _names(executions)),
        "summary": (
            select(executions).where(executions.c.execution_id == bindparam("execution_id")),
            ("execution_id",),
        ),
        "summaries": _summaries(),
        "summaries_of_parent": _summaries("parent_id"),
        "unfinished": (
            select(executions.c.execution_id)
            .where(executions.c.root_id == bindparam("root_id"), executions.c.ended.is_(None))
            .order_by(executions.c.execution_id),
            ("root_id",),
        ),
        "due": (
            select(executions.c.root_id, func.min(executions.c.due).label("first"))
            .where(executions.c.due <= bindparam("until"))
            .group_by(executions.c.root_id)
            .order_by(literal_column("first"), executions.c.root_id)
            .limit(bindparam("count"))
            .offset(literal_column("0")),
            ("until", "count"),
        ),
        "signalled": (
            select(signals.c.root_id).distinct().order_by(signals.c.root_id),
            (),
        ),
        "execution_by_token": (
            # The second condition lets the partial index answer.
            select(executions.c.execution_id).where(
                executions.c.client_token == bindparam("client_token"),
                executions.c.client_token != literal_column("''"),
            ),
            ("client_token",),
        ),
        "add_content": (_add(dialect, contents), _names(contents)),
        "content": (select(contents.c.bytes).where(contents.c.digest == bindparam("digest")), ("digest",)),
        "send_signal": (
            signals.insert()
            .values({name: bindparam(name) for name in ("execution_id", "root_id", "payload")})
            .returning(signals.c.number),
            ("execution_id", "root_id", "payload"),
        ),
        # What it said is in the journal by now.
        "answer_signal": (signals.delete().where(signals.c.number == bindparam("signal")), ("signal",)),
        "signals": _signals(dialect),
        "get_document": (select(documents.c.body).where(*_document()), ("kind", "key")),
        "put_document": (_put(dialect, documents, ("body",)), _names(documents)),
        "add_document": (_add(dialect, documents), _names(documents)),
        "remove_document": (documents.delete().where(*_document()), ("kind", "key")),
        "documents": (
            select(documents.c.key, documents.c.body)
            .where(
                documents.c.kind == bindparam("kind"),
                documents.c.key >= bindparam("prefix"),
                documents.c.key > bindparam("after"),
            )
            .order_by(documents.c.key)
            .limit(bindparam("count"))
            .offset(literal_column("0")),
            ("kind", "prefix", "after", "count"),
        ),
    }


def compile_statements(dialect: str) -> str:
    """The text of all statements of a dialect, each below its name."""
    compiled = {name: _compile(DIALECTS[dialect], *query) for name, query in queries(dialect).items()}
    # Alembic's own table, as it makes it: a database that is made from this text is one that Alembic knows.
    version = Table(
        "alembic_version",
        MetaData(),
        Column("version_num", String(32), nullable=False),
        PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
    )
    compiled["revision"] = _compile(DIALECTS[dialect], select(version.c.version_num), ())
    compiled["stamp"] = _compile(DIALECTS[dialect], version.insert(), ("version_num",))
    blocks = [(field.name, compiled[field.name]) for field in fields(Statements) if field.name != "create"]
    for table in (*metadata.sorted_tables, version):
        blocks.append(("create", _text(CreateTable(table), DIALECTS[dialect])))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        blocks += [("create", _text(CreateIndex(index), DIALECTS[dialect])) for index in indexes]
    heading = "-- Compiled from schema.py by compile.py; a test compares. Do not edit.\n"
    return heading + "".join(f"\n{HEADER}{name}\n{text}\n" for name, text in blocks)


def _names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


def _document() -> tuple[ColumnElement[bool], ...]:
    return documents.c.kind == bindparam("kind"), documents.c.key == bindparam("key")


def _summaries(*equal: str) -> Query:
    """A page of a list of executions; for one parent there is an index, so it is a statement of its own."""
    table = executions
    started, id_ = table.c.started, table.c.execution_id
    query = (
        select(table)
        .where(
            *(table.c[name] == bindparam(name) for name in equal),
            # The page begins below an instant and an id; the first condition is the one that an index answers.
            started <= bindparam("started"),
            (started < bindparam("started_before")) | (id_ < bindparam("id_before")),
            table.c.status.in_([bindparam(name) for name in STATUS_PLACES]),
            func.lower(table.c.template_name).like(bindparam("pattern"), escape="\\"),
        )
        .order_by(started.desc(), id_.desc())
        .limit(bindparam("count"))
        .offset(literal_column("0"))
    )
    return query, (*equal, "started", "started_before", "id_before", *STATUS_PLACES, "pattern", "count")


def _signals(dialect: str) -> Query:
    """Signals above a number. PostgreSQL, which many hosts ask, gives those of some roots alone; SQLite all of them."""
    query = select(signals.c.number, signals.c.execution_id, signals.c.payload, signals.c.root_id).order_by(
        signals.c.number
    )
    above = signals.c.number > bindparam("after")
    if dialect == "sqlite":
        return query.where(above), ("after",)
    return query.where(signals.c.root_id == any_(bindparam("roots")), above), ("roots", "after")


def _insert(dialect: str, table: Table) -> Any:
    match dialect:
        case "sqlite":
            return sqlite.insert(table)
        case "postgresql":
            return postgresql.insert(table)
        case _:
            raise ValueError(f"no insert with a rule for conflicts in {dialect}")


def _put(dialect: str, table: Table, changing: tuple[str, ...]) -> ClauseElement:
    insert = _insert(dialect, table)
    changed: ClauseElement = insert.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: insert.excluded[name] for name in changing},
    )
    return changed


def _add(dialect: str, table: Table) -> ClauseElement:
    added: ClauseElement = _insert(dialect, table).on_conflict_do_nothing()
    return added


def _add_many(dialect: str, table: Table) -> ClauseElement:
    """New rows. PostgreSQL takes many in one statement, each column as a list: a fifth of the time of one by one."""
    if dialect == "sqlite":
        return table.insert()
    columns = [func.unnest(cast_(bindparam(column.name), ARRAY(column.type))) for column in table.columns]
    added: ClauseElement = table.insert().from_select([column.name for column in table.columns], select(*columns))
    return added


def _compile(dialect: Dialect, query: ClauseElement, order: tuple[str, ...]) -> str:
    compiled: Any = query.compile(dialect=dialect)
    given = tuple(compiled.positiontup or ())
    text = _text(query, dialect)
    assert given == order, f"parameters {given}, expected {order}: {text}"
    return text


def _text(element: ClauseElement, dialect: Dialect) -> str:
    text = str(element.compile(dialect=dialect)).strip()
    return re.sub(r"[ \t]+\n", "\n", text).replace("\t", "    ")


if __name__ == "__main__":
    for name in DIALECTS:
        statements_path(name).write_text(compile_statements(name))
