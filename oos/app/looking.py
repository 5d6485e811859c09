"""Looking now and then: what the clocks of a server do until it stops."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from oos.engine.errors import EngineStopped
from oos.journal.port import JournalFailed

if TYPE_CHECKING:
    import threading

log = logging.getLogger(__name__)


def look_now_and_then(look: Callable[[], object], stopping: threading.Event, subject: str, seconds: float) -> None:
    """Look, until told to stop. Where the journal fails the server begins anew, and the next look finds what is due.

    Whatever else a look raises is logged: a clock that ended with it would be missed by nobody until it is too late.
    """
    while not stopping.is_set():
        try:
            look()
        except (JournalFailed, EngineStopped) as failure:
            log.warning("%s are not looked at: %s", subject, failure)
        except Exception:
            log.exception("%s are not looked at", subject)
        stopping.wait(seconds)
