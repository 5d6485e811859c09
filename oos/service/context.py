"""What an operation is given besides its request: the fleet, the registry, its token, the time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from oos.service.errors import Cancelled, Unsupported
from oos.service.registry import Registry
from oos.values.secret import Secret, redact

if TYPE_CHECKING:
    from oos.fleet.fleet import Fleet
    from oos.service.operation import Operation
    from oos.service.orchestration import Orchestrator
    from oos.service.watchman import Watchman
    from oos.values.json import Value


def _silent(message: str) -> None:
    """Progress that nobody watches."""


def _unheard(operation: Operation, parameters: Mapping[str, Value]) -> None:
    """A call that nobody listens for."""


def wait(cancelled: threading.Event, seconds: float) -> None:
    """Time passes, unless the caller loses interest."""
    cancelled.wait(seconds)


def _present() -> datetime:
    return datetime.now(UTC)


def _never_closed(at: datetime) -> tuple[str, datetime | None] | None:  # noqa: ARG001 (the shape of a calendar)
    """A site without a change calendar."""
    return None


class Context(msgspec.Struct, frozen=True):
    """The surroundings of one call of an operation. One is made for each call: a Struct is made at once."""

    fleet: Fleet
    registry: Registry
    region: str
    token: str
    """Client token of the call. The request's own `ClientToken`, where given, is already in it."""
    caller: str = "root"
    account: str = "1000000000000000"
    now: Callable[[], datetime] = _present
    report: Callable[[str], None] = _silent
    """Tells a watcher how far the call has come, in a few words. A `TargetStep` is recorded, too."""
    orchestrator: Orchestrator | None = None
    """Whoever carries out executions; None in a rehearsal, which starts and steers nothing."""
    watchman: Watchman | None = None
    """Who takes back changes that are not confirmed; None where nobody does."""
    secrets: tuple[Secret, ...] = ()
    """The secrets that the caller knows of: those of its execution, and those of the request itself."""
    cancelled: threading.Event = msgspec.field(default_factory=threading.Event)
    """Set when the caller no longer wants the outcome; long waits look at it."""
    sleep: Callable[[threading.Event, float], None] = wait
    """How time passes; in a rehearsal it takes none."""
    cache: Path | None = None
    """A directory of this machine for what can be made again; None where nothing is made on it: in a rehearsal."""
    closed: Callable[[datetime], tuple[str, datetime | None] | None] = _never_closed
    """Why changes may not start at an instant, and when they may, by the calendar of the site; None: they may."""
    called: Callable[[Operation, Mapping[str, Value]], None] = _unheard
    """Hears of each call just before it is made, with the parameters as they were given."""

    @property
    def orchestration(self) -> Orchestrator:
        """Whoever carries out executions. Raises Unsupported where nobody does."""
        if self.orchestrator is None:
            raise Unsupported("No executions are carried out here: this is a rehearsal, a plan, or a catalog alone.")
        return self.orchestrator

    @property
    def watch(self) -> Watchman:
        """Who takes back changes that are not confirmed. Raises Unsupported where nobody does."""
        if self.watchman is None:
            raise Unsupported("Nobody here would take back a change that is not confirmed; so none is made.")
        return self.watchman

    def redact(self, text: str) -> str:
        """Mask the secrets that the caller knows of in text that will be kept, such as a command's output."""
        return redact(text, self.secrets) if self.secrets else text

    def knowing(self, secrets: Iterable[Secret]) -> Context:
        """These surroundings, of a caller that knows these secrets too."""
        more = tuple(secrets)
        return msgspec.structs.replace(self, secrets=(*self.secrets, *more)) if more else self

    def in_region(self, region: str) -> Context:
        """These surroundings, of a call in another region."""
        return msgspec.structs.replace(self, region=region)

    def under(self, token: str) -> Context:
        """These surroundings, of a call with another client token."""
        return msgspec.structs.replace(self, token=token)

    def pause(self, seconds: float, waiting_for: str) -> None:
        """Wait between two looks at the world. Raises Cancelled when nobody wants the outcome any more."""
        if not self.cancelled.is_set():
            self.sleep(self.cancelled, seconds)
        if self.cancelled.is_set():
            raise Cancelled(waiting_for)
