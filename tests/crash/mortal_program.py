"""The command line, in a process that kills itself at a write of its journal.

`python -m tests.crash.mortal_program WRITE before|torn|after ARGUMENT…`: the arguments are those of `oos`. *Torn* is in
the middle: the rows are written, and the transaction is open. How many writes there were is left in the file `writes`.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from pathlib import Path
from typing import Any

from oos.adapters import sql
from oos.adapters.sql import SqlJournal
from oos.adapters.sql.dialect import Cursor
from oos.cli.main import main
from oos.journal.port import Batch

NEVER = 1 << 30
"""A write that no run comes to."""
BEFORE, TORN, AFTER = HOW = ("before", "torn", "after")


def die() -> None:
    """What `kill -9` does, here and now."""
    os.kill(os.getpid(), signal.SIGKILL)


def mortal(write: int, how: str) -> type[SqlJournal]:
    """A journal whose process dies at a certain write."""

    class MortalJournal(SqlJournal):
        writes = 0

        def append(self, batch: Batch) -> None:
            MortalJournal.writes += 1
            due = MortalJournal.writes == write
            if due and how == BEFORE:
                die()
            if due and how == TORN:
                self._die_in_the_next_transaction()
            super().append(batch)
            if due and how == AFTER:
                die()

        def _die_in_the_next_transaction(self) -> None:
            database: Any = self._database
            write_whole = database.write

            def write_half(job: Any) -> Any:
                def half(cursor: Cursor) -> None:
                    job(cursor)
                    die()

                return write_whole(half)

            database.write = write_half

    return MortalJournal


if __name__ == "__main__":
    write, how, *arguments = sys.argv[1:]
    journal: Any = mortal(int(write), how)
    sql.SqlJournal = journal  # type: ignore[misc]  # what the app opens
    atexit.register(lambda: Path("writes").write_text(str(journal.writes)))
    sys.argv = ["oos", *arguments]
    sys.exit(main())
