"""A process that drives made-up executions until it is killed: `python driver_program.py JOURNAL THREADS`.

It goes on where the journal ends, and prints `thread sequence` once a batch is acknowledged.
"""

from __future__ import annotations

import os
import sys
import threading

from oos.adapters.sql import SqlJournal
from oos.journal.chain import entry_hash, first_hash
from oos.journal.port import Batch, Entry

BATCH = 7
"""So many entries at once: fewer were a torn batch."""


def drive(journal: SqlJournal, number: int) -> None:
    """Append batch after batch."""
    id_ = f"exec-{number:020x}"
    sequence, head = 0, first_hash(id_)
    for entry in journal.entries(id_):
        sequence, head = entry.sequence, entry.hash
    while True:
        entries = []
        for _ in range(BATCH):
            sequence += 1
            payload = b"x" * (sequence * 37 % 3000)
            head = entry_hash(head, sequence, "", payload)
            entries.append(Entry(id_, sequence, "", payload, head))
        journal.append(Batch(entries, contents=[(f"{number}-{sequence}", b"y" * 500)]))
        os.write(1, f"{number} {sequence}\n".encode())


if __name__ == "__main__":
    opened = SqlJournal(sys.argv[1])
    for thread in range(int(sys.argv[2])):
        threading.Thread(target=drive, args=(opened, thread)).start()
