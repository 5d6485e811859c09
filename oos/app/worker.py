"""A worker: drives executions, and carries out calls for those that drive others, until it is told to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from oos.app.app import now
from oos.app.serve import Server
from oos.diagnostics import Diagnostic, DiagnosticError
from oos.engine.errors import EngineError, EngineStopped, OwnedElsewhere
from oos.engine.keeper import Keeper
from oos.journal.port import JournalFailed

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.engine.engine import Engine
    from oos.execution.model import Execution

log = logging.getLogger(__name__)

CANARY: Final = ("installation", "key")
"""Where something is kept that the key of this installation opens, and no other."""


class Worker(Server):
    """One of many processes, on any number of hosts, that share a database; `stop` is for signal handlers too."""

    def __init__(self, app: App, tell: Callable[[str], None]) -> None:
        """Raises DiagnosticError when there is no database to share, or the key is another installation's."""
        super().__init__(app, tell)
        if app.shared is None:
            hint = 'set database = "postgresql://…" in oos.toml, or OOS_DATABASE'
            raise DiagnosticError(
                [Diagnostic("OOS916", "workers need a database that they share", "settings", hint=hint)]
            )
        self._shared = app.shared
        self._shared.works = True
        _same_key(app)

    def run(self, grace: float) -> bool:
        """Work until stopped; whether everything in flight came to its end within the grace."""
        from oos.adapters.dispatch.worker import QueueWorker
        from oos.engine.carrier import Carrier

        app = self._app
        carrier = Carrier(app.surroundings(), app.template_cache, self._lend)
        queue = QueueWorker(self._shared.dialect, carrier.carry_out, self._drive, app.settings.workers)
        queue.start()
        drained = super().run(grace)
        carried = queue.stop(grace)
        carrier.close(1.0)
        return drained and carried

    def _keeper(self, engine: Engine) -> Keeper:
        return Keeper(engine, self._app.journal, now, self._app.locks, self._shared.dispatcher)

    def _lend(self, execution_id: str) -> Execution | None:
        return None if self._engine is None else self._engine.lend(execution_id)

    def _drive(self, root_id: str) -> None:
        """Drive an execution that some worker found to be free. If it is not any more, or fails us, others find it."""
        engine = self._engine
        if engine is None or self._stopping.is_set():
            return
        try:
            engine.resume(root_id, by="")
        except (OwnedElsewhere, EngineStopped):
            return
        except (EngineError, DiagnosticError, JournalFailed) as error:
            log.error("%s cannot be taken up: %s", root_id, error)


def _same_key(app: App) -> None:
    """See that secrets which other workers seal can be opened here. Raises DiagnosticError."""
    from oos.values.secret import MASK, Secret, reveal

    app.registry.add(*CANARY, {"sealed": Secret("a key that opens this is the right one")})
    known = app.registry.get(*CANARY)
    if known is not None and reveal(known["sealed"]) == MASK:
        path = app.settings.state_dir / "key"
        raise DiagnosticError(
            [
                Diagnostic(
                    "OOS915",
                    "the key is not the one with which secrets in this database are sealed",
                    str(path),
                    hint="copy the file from a host that uses the database already",
                )
            ]
        )
