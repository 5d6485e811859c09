"""A worker of the queue: takes jobs as they come, on a thread of its own, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any, Final

import psycopg
import psycopg_pool
from procrastinate import App
from procrastinate.exceptions import ConnectorException

from oos.adapters.dispatch.connector import PatientConnector
from oos.adapters.dispatch.names import BEAT_SECONDS, CARRY_OUT, DRIVE, QUEUE, STALLED, queue_schema
from oos.adapters.dispatch.queue import install
from oos.adapters.sql.postgres import Postgres
from oos.execution.chunks import Chunk
from oos.values.typed import convert_as

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 1.0
SWEEP_SECONDS: Final = 2.0
"""How often jobs of dead workers are taken away: what they were about is found in the journal."""
POLL_SECONDS: Final = 2.0
"""How often to look for jobs of which nothing was heard."""
PRUNE_SECONDS: Final = 60.0

# Who could not say that it lives because the server was away gets some time once it is back.
_SWEEP: Final = """
DELETE FROM procrastinate_jobs
WHERE status = 'doing' AND pg_postmaster_start_time() + %(stalled)s < clock_timestamp()
AND NOT EXISTS (
    SELECT 1 FROM procrastinate_workers
    WHERE procrastinate_workers.id = procrastinate_jobs.worker_id
    AND last_heartbeat > clock_timestamp() - %(stalled)s
)
"""

CarryOut = Callable[[Chunk, Callable[[], bool], Callable[[], None]], None]
"""Carries out a chunk, given whether it is still held, and whom to tell when it is over."""


class QueueWorker:
    """Procrastinate's worker, with our two kinds of job. `stop` may be called from any thread."""

    def __init__(self, dialect: Postgres, carry_out: CarryOut, drive: Callable[[str], None], slots: int) -> None:
        self._dialect = dialect
        self._carry_out = carry_out
        self._drive = drive
        self._slots = slots
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="oos-queue", daemon=True)

    def start(self) -> None:
        """Begin to take jobs, as soon as there is a database to take them from."""
        self._thread.start()

    def stop(self, grace: float) -> bool:
        """Take no more jobs; whether those under way ended within the grace. The others find out what did not."""
        self._stopping.set()
        loop, main = self._loop, self._main
        if loop is not None and main is not None:
            loop.call_soon_threadsafe(main.cancel)
        self._thread.join(grace + RETRY_SECONDS)
        return not self._thread.is_alive()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            self._main = asyncio.create_task(self._work())
            try:
                await self._main
            except asyncio.CancelledError:
                continue
            except (ConnectorException, psycopg.Error, psycopg_pool.PoolTimeout) as error:
                log.warning("the queue: %s", error.__cause__ or error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _work(self) -> None:
        """Take jobs until cancelled, or until something goes wrong that waiting does not mend."""
        await asyncio.to_thread(install, self._dialect)
        connector = PatientConnector(**self._dialect.parameters(search_path=queue_schema()))
        app = App(connector=connector)

        @app.task(name=CARRY_OUT, queue=QUEUE)
        async def carry_out(chunk: dict[str, Any]) -> None:
            over = asyncio.Event()
            loop = asyncio.get_running_loop()

            def is_over() -> None:
                loop.call_soon_threadsafe(over.set)

            self._carry_out(convert_as(chunk, Chunk), connector.since_now(), is_over)
            await over.wait()

        @app.task(name=DRIVE, queue=QUEUE)
        async def drive(root_id: str) -> None:
            await asyncio.to_thread(self._drive, root_id)

        async with app.open_async():
            sweeper = asyncio.create_task(_sweep(connector))
            try:
                await app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=self._slots,
                    delete_jobs="always",
                    install_signal_handlers=False,
                    fetch_job_polling_interval=POLL_SECONDS,
                    abort_job_polling_interval=3600.0,
                    update_heartbeat_interval=BEAT_SECONDS,
                    stalled_worker_timeout=PRUNE_SECONDS,
                )
            finally:
                sweeper.cancel()


async def _sweep(connector: PatientConnector) -> None:
    """Take away what dead workers had, as long as nothing hints that they only could not be heard."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        if connector.steady_for > STALLED.total_seconds():
            await connector.execute_query_async(_SWEEP, stalled=STALLED)
