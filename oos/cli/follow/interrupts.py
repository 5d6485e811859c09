"""Interrupts: the first signal lets what is in flight end and be recorded, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, Self

from oos.cli import exits

CODES: Final = {
    signal.SIGINT: exits.SIGINT,
    signal.SIGTERM: exits.SIGTERM,
    signal.SIGHUP: exits.HANG_UP,
}
SHOW_CURSOR: Final = "\x1b[?25h"


class Interrupts:
    """Watches for signals while it is entered. Only the main thread may enter it."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._before: dict[signal.Signals, Any] = {}
        self.exit_code = exits.SUCCESS
        """Once a signal came: what the command should end with."""
        self.asking = False
        """Whether a question is open, which a signal must break off."""

    def __enter__(self) -> Self:
        for number in CODES:
            self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, _: FrameType | None) -> None:
        code = CODES[signal.Signals(number)]
        if self.exit_code:
            if sys.stderr.isatty():
                os.write(sys.stderr.fileno(), SHOW_CURSOR.encode())
            os._exit(code)
        self.exit_code = code
        self._stop()
        if self.asking:
            raise KeyboardInterrupt
