"""The clock of commands: carries on those that repeat, by the clock or at starts of their guests.

What is due is claimed in the registry, one run for each moment or start. So several processes may look at once, and one
that died may be followed by another: nothing is begun twice.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from oos.app.looking import look_now_and_then
from oos.journal.port import JournalFailed
from oos.service.call import invoke
from oos.service.errors import ApiError
from oos.service.repeating_commands import OPERATION, RepeatingCommand, repeating_commands

if TYPE_CHECKING:
    import threading

    from oos.app.app import App

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
STARTS_SECONDS: Final = 5.0
"""How often the guests of a command that follows their starts are asked whether they have started anew."""
AT_ONCE: Final = 16


class CommandClock:
    """Looks at commands that repeat, each on a thread of its own: a guest that hangs delays no other command."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._under_way: dict[str, Future[None]] = {}
        self._looked: dict[str, float] = {}
        """When this process looked at those that follow starts."""

    def run(self, stopping: threading.Event) -> None:
        """Look now and then, until told to stop; calls that are out come to their end."""
        with ThreadPoolExecutor(AT_ONCE, "commands that repeat") as pool:
            look_now_and_then(lambda: self.look(pool), stopping, "commands that repeat", LOOK_SECONDS)
            pool.shutdown(cancel_futures=True)

    def look(self, pool: Executor) -> None:
        """Carry on each command that this process is not at already. Raises JournalFailed."""
        self._under_way = {id: each for id, each in self._under_way.items() if not each.done()}
        commands = list(repeating_commands(self._app.registry))
        moment = time.monotonic()
        there = {each.invocation_id for each in commands}
        self._looked = {id: at for id, at in self._looked.items() if id in there}
        for command in commands:
            id = command.invocation_id
            if id in self._under_way:
                continue
            if command.follows_starts:
                if moment - self._looked.get(id, -STARTS_SECONDS) < STARTS_SECONDS:
                    continue
                self._looked[id] = moment
            self._under_way[id] = pool.submit(self._carry_on, command)

    def _carry_on(self, command: RepeatingCommand) -> None:
        operation = self._app.catalog.operation(*OPERATION)
        if operation is None:
            # The module that has it is not installed.
            return
        context = self._app.context(f"continue/{command.invocation_id}", region=command.region)
        try:
            response = invoke(operation, {"InvokeId": command.invocation_id}, context)
        except (ApiError, JournalFailed) as failure:
            log.warning("the command %s that repeats was not carried on: %s", command.invocation_id, failure)
            return
        begun = response["Begun"]
        if begun:
            log.info("%s: %s", command.invocation_id, begun)
