"""Serving: one process carries triggers, schedules and waiting executions, until it is told to stop."""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from oos.app.app import now
from oos.app.command_clock import CommandClock
from oos.app.release_clock import ReleaseClock
from oos.app.snapshot_clock import SnapshotClock
from oos.app.state_clock import StateClock
from oos.engine.errors import EngineStopped
from oos.engine.keeper import PARK, Keeper
from oos.journal.port import JournalFailed

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.engine.engine import Engine

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.5
"""How often the journal is looked at for what is due."""
LONGEST_PAUSE: Final = 30.0
"""How long to wait at most before the next try when the journal fails again and again."""
_FOR_GOOD: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""Why a directory cannot be written to, when waiting does not help."""


class Server:
    """Carries executions; `stop` may be called from a signal handler."""

    def __init__(self, app: App, tell: Callable[[str], None]) -> None:
        self._app = app
        self._tell = tell
        self._stopping = threading.Event()
        self._engine: Engine | None = None
        self._clocks: tuple[threading.Thread, ...] = ()
        app.lasts = True

    def stop(self) -> None:
        """Take up nothing more; what is in flight is recorded, then `run` ends."""
        self._stopping.set()

    def run(self, grace: float) -> bool:
        """Serve until stopped; whether everything in flight came to its end within the grace.

        Raises JournalFailed where nothing could ever be written: who serves there serves nobody.
        """
        pause = LOOK_SECONDS
        try:
            self._app.presence.announce()
        except OSError as error:
            if error.errno in _FOR_GOOD:
                raise JournalFailed(f"{self._app.settings.state_dir}: {error.strerror}") from error
            log.warning("who asks does not see that this process serves: %s", error.strerror)
        while not self._stopping.is_set():
            try:
                self._serve()
            except (JournalFailed, EngineStopped) as failure:
                # What was in flight keeps its locks until it ends (driver.py); the rest is taken up again.
                log.error("%s", failure)
                self._tell(f"the journal does not answer, next try in {pause:g} s: {failure}")
                self._stopping.wait(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
        self._app.presence.leave()
        return self._drain(grace)

    def _serve(self) -> None:
        """Until stopped. Raises JournalFailed, EngineStopped."""
        engine = self._engine = self._app.new_engine(PARK)
        keeper = self._keeper(engine)
        if not self._clocks:
            self._clocks = (
                self._clock(SnapshotClock(self._app).run, "snapshot policies"),
                self._clock(CommandClock(self._app).run, "commands that repeat"),
                self._clock(ReleaseClock(self._app).run, "releases"),
                self._clock(StateClock(self._app).run, "state configurations"),
            )
        while not self._stopping.is_set():
            if engine.failure is not None:
                raise EngineStopped(str(engine.failure)) from engine.failure
            busy = keeper.look()
            self._stopping.wait(0.0 if busy else LOOK_SECONDS)

    def _clock(self, run: Callable[[threading.Event], None], name: str) -> threading.Thread:
        thread = threading.Thread(target=run, args=(self._stopping,), name=name, daemon=True)
        thread.start()
        return thread

    def _keeper(self, engine: Engine) -> Keeper:
        return Keeper(engine, self._app.journal, now, self._app.locks)

    def _drain(self, grace: float) -> bool:
        engine = self._engine
        if engine is None or not engine.driven:
            return True
        self._tell("stopping: nothing new starts, what is in flight comes to its end")
        engine.drain()
        end = time.monotonic() + grace
        while engine.failure is None and time.monotonic() < end:
            time.sleep(0.05)
        drained = engine.failure is not None
        engine.close(1.0)
        return drained
