"""A Procrastinate worker as its manual shows it: `python -m tests.bench.procrastinate_peer URL SLOTS`.

Its jobs do what the items of our loops do: nothing, or 10 ms of waiting; and their outcomes are kept, each in a row.
"""

from __future__ import annotations

import asyncio
import sys

from procrastinate import App, PsycopgConnector

QUEUE = "bench"
TABLE = "CREATE TABLE outcomes (number int PRIMARY KEY, value text)"
KEEP = "INSERT INTO outcomes VALUES (%(number)s, %(value)s)"


def make_app(url: str) -> App:
    """The two tasks."""
    app = App(connector=PsycopgConnector(conninfo=url))

    async def keep(number: int) -> None:
        await app.connector.execute_query_async(KEEP, number=number, value=str(number))

    @app.task(name="noop", queue=QUEUE)
    async def noop(number: int) -> None:
        await keep(number)

    @app.task(name="nap", queue=QUEUE)
    async def nap(number: int) -> None:
        await asyncio.sleep(0.01)
        await keep(number)

    return app


async def work(url: str, slots: int) -> None:
    """Take jobs until told to stop."""
    app = make_app(url)
    async with app.open_async():
        await app.run_worker_async(queues=[QUEUE], concurrency=slots)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], int(sys.argv[2])))
