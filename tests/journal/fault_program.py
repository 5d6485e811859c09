"""What a journal says and keeps when the world fails it: `python fault_program.py FAULT FOLDER`.

Each fault is played in a process of its own, most of them on a file system of its own (see test_sql_faults.py).
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from oos.adapters.sql import SqlJournal, open_database
from oos.journal.chain import entry_hash, first_hash
from oos.journal.port import Batch, Entry, JournalFailed

ID = "exec-00000000000000000001"


def mount(folder: Path, options: str) -> None:
    """A small file system of our own over the folder."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)


def fill(journal: SqlJournal) -> tuple[list[Entry], str]:
    """Append until it fails: what was acknowledged, and what the failure says."""
    kept: list[Entry] = []
    head = first_hash(ID)
    while True:
        batch = []
        for sequence in range(len(kept) + 1, len(kept) + 4):
            head = entry_hash(head, sequence, "", b"x" * 3000)
            batch.append(Entry(ID, sequence, "", b"x" * 3000, head))
        try:
            journal.append(Batch(batch, contents=[(f"c{len(kept)}", b"y")]))
        except JournalFailed as failed:
            assert journal.content(f"c{len(kept)}") is None
            return kept, str(failed)
        kept += batch


def disk_full(folder: Path) -> str:
    """The disk fills up, is freed again, and the same journal goes on."""
    mount(folder, "size=600k")
    filler = folder / "filler"
    filler.write_bytes(b"f" * 150_000)
    journal = SqlJournal(folder / "oos.db")
    kept, message = fill(journal)
    assert len(kept) > 10
    assert list(journal.entries(ID)) == kept
    filler.unlink()
    sequence = len(kept) + 1
    after = Entry(ID, sequence, "", b"after", entry_hash(kept[-1].hash, sequence, "", b"after"))
    journal.append(Batch([after]))
    assert list(journal.entries(ID)) == [*kept, after]
    journal.close()
    assert list(SqlJournal(folder / "oos.db").entries(ID)) == [*kept, after]
    return message


def file_too_large(folder: Path) -> str:
    """The process may not write so large a file."""
    journal = SqlJournal(folder / "oos.db")
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    kept, message = fill(journal)
    assert list(journal.entries(ID)) == kept
    return message


def read_only(folder: Path) -> str:
    """The file system is read-only: reading goes well, writing is refused."""
    mount(folder, "size=2m")
    journal = SqlJournal(folder / "oos.db")
    entry = Entry(ID, 1, "", b"x", entry_hash(first_hash(ID), 1, "", b"x"))
    journal.append(Batch([entry]))
    journal.close()
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    reader = SqlJournal(open_database(folder / "oos.db", read_only=True))
    assert list(reader.entries(ID)) == [entry]
    return refused(lambda: SqlJournal(folder / "oos.db"))


def read_only_folder(folder: Path) -> str:
    """There is no journal yet, and none can be made."""
    mount(folder, "size=2m,ro")
    return refused(lambda: SqlJournal(folder / "oos.db"))


def out_of_descriptors(folder: Path) -> str:
    """The process has no file descriptor left: what is open goes on writing."""
    journal = SqlJournal(folder / "oos.db")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, most))
    taken = []
    try:
        while True:
            taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        message = refused(lambda: list(journal.entries(ID)))
        entry = Entry(ID, 1, "", b"x", entry_hash(first_hash(ID), 1, "", b"x"))
        journal.append(Batch([entry]))
    for descriptor in taken:
        os.close(descriptor)
    assert list(journal.entries(ID)) == [entry]
    return message


def refused(act: Callable[[], object]) -> str:
    """What the journal says when it refuses."""
    try:
        act()
    except JournalFailed as failed:
        return str(failed)
    raise AssertionError("it was not refused")


if __name__ == "__main__":
    faults = (disk_full, file_too_large, read_only, read_only_folder, out_of_descriptors)
    fault = {each.__name__: each for each in faults}[sys.argv[1]]
    print(fault(Path(sys.argv[2])))
