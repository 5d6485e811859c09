"""What a process needs beside the journal where several hosts share it: leases, others who carry out calls, a bell."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from oos.adapters.dispatch.dispatcher import QueueDispatcher
from oos.adapters.locks import ExecutionLocks
from oos.adapters.sql import Database
from oos.adapters.sql.bell import Bell
from oos.adapters.sql.leases import LeaseLocks, host_identity
from oos.adapters.sql.postgres import Postgres


class SharedDatabase:
    """A PostgreSQL that several hosts share, as one process uses it."""

    def __init__(self, database: Database, files: ExecutionLocks, folder: Path, process: str) -> None:
        dialect = database.dialect
        assert isinstance(dialect, Postgres)
        self.dialect = dialect
        self.leases = LeaseLocks(database, files, host_identity(folder), process)
        self.works = False
        """Whether this process is a worker; set before the first engine is made."""
        self._bell: Bell | None = None

    @cached_property
    def dispatcher(self) -> QueueDispatcher:
        """The way to the workers."""
        return QueueDispatcher(self.dialect, works=self.works)

    def listen(self, heard: Callable[[str], None]) -> None:
        """Call with the id of each family to which something is said, from now on; nobody else is called any more."""
        if self._bell is not None:
            self._bell.close()
        self._bell = Bell(self.dialect, heard)

    def close(self) -> None:
        """Give up leases and connections."""
        if self._bell is not None:
            self._bell.close()
        dispatcher = self.__dict__.get("dispatcher")
        if dispatcher is not None:
            dispatcher.close()
        self.leases.close()
