"""Looking again and again, on a thread of its own, until nobody wants to hear of it any more."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from oos.fleet.errors import FleetError
from oos.fleet.hypervisor import Subscription
from oos.journal.port import JournalFailed
from oos.service.errors import ApiError

log = logging.getLogger(__name__)


class Poll:
    """Calls a look every few seconds. A look that fails is made again: what happened in between is seen then."""

    def __init__(self, name: str, seconds: float, look: Callable[[], None]) -> None:
        self._name = name
        self._seconds = seconds
        self._look = look
        self._closed = threading.Event()
        self.looked = threading.Event()
        """Set after the first look: what happens from then on is seen."""
        threading.Thread(target=self._run, name=f"looking at {name}", daemon=True).start()

    def close(self) -> None:
        """Look no more. Harmless twice."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._look()
                self.looked.set()
            except (FleetError, ApiError, JournalFailed) as error:
                log.warning("%s: %s", self._name, error)
            self._closed.wait(self._seconds)


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Several that end together."""

    parts: tuple[Subscription, ...]

    def close(self) -> None:
        """Hear no more of any. Harmless twice."""
        for part in self.parts:
            part.close()


def changed(before: dict[str, str], after: dict[str, str]) -> Iterable[str]:
    """Keys whose value is another one, or that came or went."""
    return (key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
