"""The statements, as text that was compiled from the tables for one SQL dialect (compile.py)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Final

REVISION: Final = "0003"
"""The newest revision of the schema: the one that these statements fit."""

HEADER: Final = "-- :"
"""A line that begins so names the statement below it."""


@dataclass(frozen=True, slots=True)
class Statements:
    """Each statement by its name; its parameters are listed in compile.py."""

    add_entries: str
    """SQLite: of a row. PostgreSQL: of many rows, each column a list."""
    entries: str
    entry_place: str
    next_execution: str
    put_summary: str
    summary: str
    summaries: str
    summaries_of_parent: str
    unfinished: str
    due: str
    signalled: str
    execution_by_token: str
    add_content: str
    content: str
    send_signal: str
    answer_signal: str
    signals: str
    get_document: str
    put_document: str
    add_document: str
    remove_document: str
    documents: str
    revision: str
    stamp: str
    create: tuple[str, ...] = ()
    """What makes the tables of the newest revision in an empty database."""


def statements_path(dialect: str) -> Path:
    """Where the statements of a dialect are kept."""
    return Path(__file__).with_name(f"statements_{dialect}.sql")


@cache
def load_statements(dialect: str) -> Statements:
    """The statements of a dialect."""
    return parse_statements(statements_path(dialect).read_text())


@cache
def insert_of_many(insert: str, rows: int) -> str:
    """The statement that inserts so many rows, given the one that inserts a row of plain parameters."""
    values = insert[insert.rindex("(") :]
    return insert + f", {values}" * (rows - 1)


def parse_statements(text: str) -> Statements:
    """The statements in a text that names each of them."""
    found: dict[str, str] = {}
    create: list[str] = []
    for block in text.split(HEADER)[1:]:
        name, _, statement = block.partition("\n")
        if name == "create":
            create.append(statement.strip())
        else:
            found[name] = statement.strip()
    wanted = {field.name for field in fields(Statements)} - {"create"}
    assert found.keys() == wanted, f"statements out of date: run python -m {__package__}.compile"
    return Statements(**found, create=tuple(create))
