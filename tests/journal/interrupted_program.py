"""A process whose main thread appends beside another, and is interrupted again and again: `... JOURNAL`.

It prints `main N` and `other N` for what is acknowledged, and `interrupted` each time.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from oos.adapters.sql import SqlJournal
from oos.journal.chain import entry_hash, first_hash
from oos.journal.port import Batch, Entry


def say(line: str) -> None:
    """One line, whole, whatever the other thread says."""
    os.write(1, f"{line}\n".encode())


def drive(journal: SqlJournal, name: str) -> None:
    """Append from where the journal ends: who was interrupted does not know whether its last entry is kept."""
    sequence, head = 0, first_hash(name)
    for entry in journal.entries(name):
        sequence, head = entry.sequence, entry.hash
    while True:
        sequence += 1
        head = entry_hash(head, sequence, "", b"x")
        journal.append(Batch([Entry(name, sequence, "", b"x", head)]))
        say(f"{name} {sequence}")


if __name__ == "__main__":
    opened = SqlJournal(sys.argv[1])
    threading.Thread(target=drive, args=(opened, "other"), daemon=True).start()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    while True:
        try:
            drive(opened, "main")
        except KeyboardInterrupt:
            say("interrupted")
