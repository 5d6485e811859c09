"""Handing over: an execution that this process started, and will not outlive, gets another that drives it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from oos.app.settings import environment_of

if TYPE_CHECKING:
    from oos.app.app import App

log = logging.getLogger(__name__)

SERVED_SECONDS: Final = 10.0
"""How long whoever serves may take to take it up; oos serve looks twice a second."""
STARTED_SECONDS: Final = 10.0
"""How long a process of its own may take to start."""
LOOK_SECONDS: Final = 0.02


class HandOver:
    """Hands executions over: to `oos serve` or a worker where one is, to a process of its own where none is."""

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, execution_id: str) -> None:
        """Have somebody drive a new execution; one that somebody drives, or has driven, is left as it is."""
        app = self._app
        if self._is_taken(execution_id):
            return
        served = app.presence.anybody() or (app.shared is not None and app.shared.dispatcher.helpers() > 0)
        if served and self._becomes_taken(execution_id, SERVED_SECONDS):
            return
        self._start_carrier(execution_id)
        if not self._becomes_taken(execution_id, STARTED_SECONDS):
            log.warning("%s is started, and nobody drives it yet: oos execution resume %s", execution_id, execution_id)

    def _is_taken(self, execution_id: str) -> bool:
        app = self._app
        return app.locks.is_owned(execution_id) or next(iter(app.journal.entries(execution_id, 1)), None) is not None

    def _becomes_taken(self, execution_id: str, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not self._is_taken(execution_id):
            if time.monotonic() > end:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def _start_carrier(self, execution_id: str) -> None:
        settings = self._app.settings
        folder = settings.state_dir / "logs"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{execution_id}.log"
        try:
            output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                subprocess.Popen(
                    [sys.executable, "-m", "oos.app.carry", execution_id],
                    env={**os.environ, **environment_of(settings)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            finally:
                os.close(output)
        except OSError as error:
            log.warning("%s: no process to drive it can be started (%s)", execution_id, error.strerror)
