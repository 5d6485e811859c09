"""Carries one execution to its end, in a process of its own: `python -m oos.app.carry EXECUTION`, settings in OOS_*."""

from __future__ import annotations

import logging
import signal
import sys
from typing import Final

from oos.app.app import App
from oos.app.settings import load_settings
from oos.engine.errors import EngineStopped, OwnedElsewhere

INTERRUPTED: Final = 9


def carry(app: App, execution_id: str) -> int:
    """Drive an execution until it has ended, or SIGTERM has let what was in flight come to its end; an exit code."""
    engine = app.engine
    signal.signal(signal.SIGTERM, lambda *_: engine.drain())
    try:
        engine.resume(execution_id, by="")
        engine.wait(execution_id)
    except OwnedElsewhere:
        # Whoever serves was faster.
        return 0
    except EngineStopped as stopped:
        print(stopped, file=sys.stderr)
        return INTERRUPTED
    return 0


def main() -> int:
    """Carry the execution that the command line names."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    app = App(load_settings({}))
    try:
        return carry(app, sys.argv[1])
    finally:
        app.close()


if __name__ == "__main__":
    sys.exit(main())
