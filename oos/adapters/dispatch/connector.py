"""Procrastinate's way to the database, which waits for one that is away and begins to listen again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, TypeVar

import psycopg
import psycopg_pool
from procrastinate import PsycopgConnector
from procrastinate import connector as ports
from procrastinate.exceptions import ConnectorException
from procrastinate.sql import queries

from oos.adapters.dispatch.names import HOLD_SECONDS

log = logging.getLogger(__name__)

# Each failed attempt of the pool, which are many; what comes of them is told here.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)

T = TypeVar("T")

RETRY_SECONDS: Final = 0.5
RECONNECT_SECONDS: Final = 2.0
GETTING_SECONDS: Final = 5.0
"""How long to wait for a connection of the pool at a time."""


class PatientConnector(PsycopgConnector):
    """Queries are made again until the database answers: a worker outlives it, and its calls go on meanwhile.

    Procrastinate's own worker ends when a query fails, or goes on without its heartbeat.
    """

    def __init__(self, **parameters: Any) -> None:
        # Nothing in the queue must survive the server: so nobody waits for its disk.
        parameters["options"] = f"{parameters['options']} -c synchronous_commit=off"
        super().__init__(
            kwargs=parameters,
            min_size=1,
            max_size=4,
            timeout=GETTING_SECONDS,
            # Longer, and the pool itself would wait longer from try to try: a minute, after a minute.
            reconnect_timeout=RECONNECT_SECONDS,
        )
        self._beat = 0.0
        """When the worker last said that it lives, and was heard."""
        self._silences = 0
        """How often it was not heard for so long that others may have taken what it had."""
        self._unsteady = time.monotonic()

    @property
    def steady_for(self) -> float:
        """For how many seconds every query has been answered."""
        return time.monotonic() - self._unsteady

    def since_now(self) -> Callable[[], bool]:
        """What tells whether the others have known ever since that this worker lives: then what it took is its own."""
        silences = self._silences
        return lambda: self._silences == silences and time.monotonic() < self._beat + HOLD_SECONDS

    def _heard(self, told: float) -> None:
        if told > self._beat + HOLD_SECONDS:
            self._silences += 1
        self._beat = told

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        query_none = super().execute_query_async

        async def attempt() -> float:
            told = time.monotonic()
            await query_none(query, **arguments)
            return told

        try:
            told = await self._patiently(attempt)
        except ConnectorException as error:
            if query == queries["finish_job"] and isinstance(error.__cause__, psycopg.errors.RaiseException):
                # It counted as lost meanwhile, and was taken away.
                return
            raise
        if query == queries["update_heartbeat"]:
            self._heard(told)

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        query_one = super().execute_query_one_async

        async def attempt() -> tuple[float, dict[str, Any]]:
            told = time.monotonic()
            return told, await query_one(query, **arguments)

        told, row = await self._patiently(attempt)
        if query == queries["register_worker"]:
            self._heard(told)
        return row

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        query_all = super().execute_query_all_async
        return await self._patiently(lambda: query_all(query, **arguments))

    async def _patiently(self, query: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await query()
            except ConnectorException as error:
                if not _is_lost(error):
                    raise
                log.info("the queue: %s; trying again", error.__cause__)
            except psycopg_pool.PoolTimeout as error:
                log.info("the queue: %s; trying again", error)
            self._unsteady = time.monotonic()
            await asyncio.sleep(RETRY_SECONDS)

    async def listen_notify(self, on_notification: ports.Notify, channels: Iterable[str]) -> None:
        names = list(channels)
        while True:
            try:
                await super().listen_notify(on_notification, names)
            except ConnectorException as error:
                if not _is_lost(error):
                    raise
            await asyncio.sleep(RETRY_SECONDS)


def _is_lost(error: ConnectorException) -> bool:
    cause = error.__cause__
    if isinstance(cause, psycopg_pool.PoolTimeout):
        return True
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(("08", "57P", "53300", "25P03"))
