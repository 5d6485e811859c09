"""What an engine acts through: one value, made by the app."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from oos.engine.guards import Guards
from oos.engine.ports import Anchor, Dispatcher, Locks, Sources, TemplateSource
from oos.execution.events import ExecutionStarted
from oos.journal.codec import Codec
from oos.journal.port import Journal
from oos.service.messenger import Messenger

if TYPE_CHECKING:
    from oos.service.catalog import Catalog
    from oos.service.context import Context


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the engine acts through."""

    catalog: Catalog
    journal: Journal
    codec: Codec
    locks: Locks
    anchor: Anchor
    templates: TemplateSource
    context: Callable[[ExecutionStarted, str, threading.Event, Callable[[str], None]], Context]
    """Makes the context of a call: start of its execution, client token, cancelled, report."""
    store: Callable[[Iterable[str]], dict[str, Any]]
    """Values of `oos:` and `oos-secret:` names."""
    now: Callable[[], datetime]
    chance: Callable[[int], bytes]
    account: str = "1000000000000000"
    process: str = ""
    workers: int = 128
    messenger: Messenger | None = None
    """Web addresses and mail; without it such tasks fail."""
    sources: Sources | None = None
    """What fires triggers besides time; without it they fire by hand only."""
    link: Callable[[str], str] = "oos execution show {}".format
    """The address of an execution, for people."""
    guards: Guards = field(default_factory=Guards)
    park: timedelta | None = None
    """An execution that does nothing for so long is let go of until then. None: never."""
    dispatcher: Dispatcher | None = None
    """Who else carries out calls; without it the engine's own threads carry out all of them."""
