"""The Dispatcher port on Procrastinate."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
import psycopg

from oos.adapters.dispatch.names import CARRY_OUT, DRIVE, QUEUE, STALLED, queue_schema
from oos.adapters.sql.postgres import Postgres
from oos.execution.chunks import Chunk, DispatchFailed
from oos.values.typed import convert_as

if TYPE_CHECKING:
    from procrastinate import App

COST_SECONDS: Final = 0.02
"""Measured: to send calls out, and hear of them again, takes about so long."""
COUNT_SECONDS: Final = 2.0
"""How long the number of workers is taken as known."""
FRESH: Final = timedelta(seconds=4)

_HELPERS: Final = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > clock_timestamp() - %s"

# Who could not say that it lives because the server was away gets some time once it is back.
_NOBODY_LEFT: Final = """
DELETE FROM procrastinate_jobs
WHERE task_name = %(task)s AND args->'chunk'->>'root_id' = ANY (%(roots)s) AND status = 'todo'
AND pg_postmaster_start_time() + %(stalled)s < clock_timestamp()
AND NOT EXISTS (SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > clock_timestamp() - %(stalled)s)
"""

_LIVING: Final = """
SELECT jobs.args->'chunk'
FROM procrastinate_jobs jobs LEFT JOIN procrastinate_workers workers ON workers.id = jobs.worker_id
WHERE jobs.task_name = %(task)s AND jobs.args->'chunk'->>'root_id' = ANY (%(roots)s)
AND (
    jobs.status = 'todo'
    OR (jobs.status = 'doing' AND workers.last_heartbeat > clock_timestamp() - %(stalled)s)
    OR (jobs.status = 'doing' AND pg_postmaster_start_time() + %(stalled)s > clock_timestamp())
)
"""


class QueueDispatcher:
    """Hands calls to the workers on the same database. Methods may be called from any thread."""

    def __init__(self, dialect: Postgres, *, works: bool = False) -> None:
        self.cost = COST_SECONDS
        self._dialect = dialect
        self._works = works
        """Whether this process is itself one of the workers."""
        self._guard = threading.Lock()
        self._connection: psycopg.Connection | None = None
        self._app: App | None = None
        self._helpers = 0
        self._counted = -COUNT_SECONDS

    def helpers(self) -> int:
        """How many other processes would carry out calls now; none when the queue does not answer."""
        now = time.monotonic()
        if not queue_schema() or now < self._counted + COUNT_SECONDS:
            return self._helpers
        self._counted = now
        try:
            with self._guard:
                rows = self._connected().execute(_HELPERS, (FRESH,)).fetchall()
        except psycopg.errors.UndefinedTable:
            # No worker was ever started here.
            self._helpers = 0
        except psycopg.Error:
            self._helpers = 0
        else:
            self._helpers = max(0, int(rows[0][0]) - self._works)
        return self._helpers

    def dispatch(self, chunks: Sequence[Chunk]) -> None:
        """Have each chunk carried out by some process. Raises DispatchFailed: some of it may have arrived."""
        self._defer(CARRY_OUT, [{"chunk": msgspec.to_builtins(chunk)} for chunk in chunks])

    def living(self, root_ids: Iterable[str]) -> list[Chunk]:
        """Chunks of these families that wait, or are with a process that lives. Raises DispatchFailed.

        What waits while no worker is left is taken back: it is not among them, and will not be carried out.
        """
        given = {"task": CARRY_OUT, "roots": list(root_ids), "stalled": STALLED}
        try:
            with self._guard:
                connection = self._connected()
                connection.execute(_NOBODY_LEFT, given)
                rows = connection.execute(_LIVING, given).fetchall()
        except psycopg.errors.UndefinedTable:
            return []
        except psycopg.Error as error:
            raise self._failed(error) from error
        return [convert_as(chunk, Chunk) for (chunk,) in rows]

    def drive(self, root_id: str) -> None:
        """Have some worker drive an execution, unless one is being asked already. Raises DispatchFailed."""
        from procrastinate.exceptions import AlreadyEnqueued

        try:
            self._defer(DRIVE, [{"root_id": root_id}], lock=root_id, queueing_lock=root_id)
        except AlreadyEnqueued:
            return

    def close(self) -> None:
        """Let go of the connection. Harmless twice."""
        with self._guard:
            self._disconnect()

    def _defer(self, task: str, arguments: list[dict[str, Any]], **options: Any) -> None:
        """Raises DispatchFailed, AlreadyEnqueued."""
        from procrastinate import App, SyncPsycopgConnector
        from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

        with self._guard:
            try:
                if self._app is None:
                    self._app = App(connector=SyncPsycopgConnector())
                deferrer = self._app.configure_task(task, queue=QUEUE, connection=self._connected(), **options)
                deferrer.batch_defer(*arguments)
            except AlreadyEnqueued:
                raise
            except (ConnectorException, psycopg.Error) as error:
                self._disconnect()
                raise self._failed(error.__cause__ or error) from error

    def _connected(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = self._dialect.connect(search_path=queue_schema(), synchronous_commit="off")
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _failed(self, error: BaseException) -> DispatchFailed:
        explained = self._dialect.explain(error) if isinstance(error, psycopg.Error) else str(error)
        return DispatchFailed(f"the queue: {explained}")
