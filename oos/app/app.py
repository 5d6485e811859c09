"""The app: one object that has everything a door needs; each part is made when it is first asked for."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from oos.app.settings import Settings
from oos.app.templates import TemplateFinder
from oos.app.watching import Watching
from oos.service.catalog import Catalog

if TYPE_CHECKING:
    from pathlib import Path

    from oos.adapters.locks import ExecutionLocks
    from oos.adapters.presence import Presence
    from oos.adapters.sealing import FileSealer
    from oos.adapters.sql import Database
    from oos.adapters.sql.leases import LeaseLocks
    from oos.adapters.ssh.pool import SshPool
    from oos.adapters.watchman import ProcessWatchman
    from oos.app.orchestration import EngineOrchestrator
    from oos.app.shared import SharedDatabase
    from oos.audit.anchors import AnchorRecord
    from oos.engine.engine import Engine
    from oos.engine.ports import Watcher
    from oos.engine.surroundings import Surroundings
    from oos.engine.templates import TemplateCache
    from oos.execution.events import ExecutionStarted
    from oos.fleet.fleet import Fleet
    from oos.fleet.guest import Guest
    from oos.inventory.model import Inventory, SshAccess
    from oos.journal.codec import Codec
    from oos.journal.port import Journal
    from oos.service.context import Context
    from oos.service.registry import Registry
    from oos.template.check import CheckedTemplate


class App:
    """Ports wired to adapters, for one set of settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._watching = Watching()
        self._engine: Engine | None = None
        self.lasts = False
        """Whether this process drives what operations start; one that may end sooner hands it over."""

    @property
    def watcher(self) -> Watcher | None:
        """Who is told as executions go on; from when it is set, whether or not an engine is there already."""
        return self._watching.watcher

    @watcher.setter
    def watcher(self, watcher: Watcher | None) -> None:
        self._watching.watcher = watcher

    @cached_property
    def catalog(self) -> Catalog:
        """What the installed modules offer."""
        import os

        from oos.app.catalog_index import installed_catalog

        return installed_catalog(os.environ)

    @cached_property
    def inventory(self) -> Inventory:
        """What there is to manage. Raises DiagnosticError."""
        from oos.inventory.lab import lab_runtime
        from oos.inventory.load import load_inventory, local_inventory

        settings = self.settings
        if settings.inventory is None:
            return local_inventory(settings.libvirt_uri)
        lab = settings.lab_directory.resolve()
        variables = {
            "OOS_STATE_DIR": str(settings.state_dir),
            "OOS_LAB_DIR": str(lab),
            "OOS_LAB_RUN": str(lab_runtime(lab)),
        }
        return load_inventory(settings.inventory, variables)

    @property
    def region(self) -> str:
        """The region in which executions start unless told otherwise."""
        return self.settings.region or self.inventory.default_region

    @cached_property
    def fleet(self) -> Fleet:
        """The hosts of the inventory."""
        from oos.adapters.hypervisors import open_hypervisor
        from oos.fleet.fleet import Fleet

        return Fleet(self.inventory, open_hypervisor, self._reach)

    def _reach(self, access: SshAccess) -> Guest:
        from oos.adapters.ssh.guest import SshGuest

        return SshGuest(self._ssh_pool, access)

    @cached_property
    def _ssh_pool(self) -> SshPool:
        from oos.adapters.ssh.pool import SshPool

        return SshPool()

    @cached_property
    def journal(self) -> Journal:
        """The record of executions. Raises JournalFailed."""
        from oos.adapters.sql import SqlJournal

        return SqlJournal(self._database, None if self.shared is None else self.shared.leases)

    @cached_property
    def record(self) -> Journal:
        """The journal as it lies, for the audit: only read, so that no trace is lost. Raises JournalFailed."""
        from oos.adapters.memory_journal import MemoryJournal
        from oos.adapters.sql import SqlJournal, open_database
        from oos.journal.port import JournalAbsent, JournalOutdated

        try:
            return SqlJournal(open_database(self._database_url, read_only=True))
        except JournalAbsent:
            return MemoryJournal()
        except JournalOutdated:
            return self.journal

    @cached_property
    def registry(self) -> Registry:
        """What libvirt cannot hold. Raises JournalFailed."""
        from oos.adapters.sql import SqlRegistry

        return SqlRegistry(self._database, self._sealer)

    @cached_property
    def codec(self) -> Codec:
        """Events as bytes, secrets sealed with this installation's key."""
        from oos.journal.codec import Codec

        return Codec(self._sealer)

    @cached_property
    def templates(self) -> TemplateFinder:
        """Templates by name."""
        return TemplateFinder(self.catalog, lambda: self.registry, self.settings.runbooks)

    @cached_property
    def template_cache(self) -> TemplateCache:
        """Checked templates by their text."""
        from oos.engine.templates import TemplateCache

        return TemplateCache(self.catalog)

    @property
    def process(self) -> str:
        """What this process is called in the record."""
        return f"{socket.gethostname()}:{os.getpid()}"

    @cached_property
    def locks(self) -> ExecutionLocks | LeaseLocks:
        """Who drives which execution. Raises JournalFailed."""
        return self._lock_files if self.shared is None else self.shared.leases

    @property
    def engine(self) -> Engine:
        """What drives executions in this process: the one that was made last."""
        return self._engine or self.new_engine(None)

    def new_engine(self, park: timedelta | None) -> Engine:
        """An engine; `park` is how long an execution must have nothing to do to be let go of until then."""
        from oos.engine.engine import Engine

        engine = self._engine = Engine(self.surroundings(park), self.template_cache, self._watching)
        if self.shared is not None:
            self.shared.listen(engine.hurry)
        return engine

    def surroundings(self, park: timedelta | None = None) -> Surroundings:
        """What an engine of this installation acts through."""
        from oos.adapters.happenings import FleetSources
        from oos.adapters.messenger import NetworkMessenger
        from oos.app.guards import guards_of
        from oos.engine.surroundings import Surroundings

        return Surroundings(
            catalog=self.catalog,
            journal=self.journal,
            codec=self.codec,
            locks=self.locks,
            anchor=self.anchor,
            templates=self.templates,
            context=self.execution_context,
            store=self.stored_parameters,
            now=now,
            chance=secrets.token_bytes,
            account=self.settings.account,
            process=self.process,
            workers=self.settings.workers,
            messenger=NetworkMessenger(),
            guards=guards_of(self),
            sources=FleetSources(lambda: self.fleet, lambda: self.registry, self.journal, now),
            park=park,
            dispatcher=self.shared.dispatcher if self.shared is not None else None,
        )

    @cached_property
    def orchestrator(self) -> EngineOrchestrator:
        """What operations start, list and steer executions through."""
        from oos.app.hand_over import HandOver
        from oos.app.orchestration import EngineOrchestrator
        from oos.app.reading import ExecutionReader

        reader = ExecutionReader(self.journal, self.codec, self.template_cache)
        hand_over = None if self.lasts else HandOver(self)
        return EngineOrchestrator(
            lambda: self.engine, reader, self.template_cache, self.templates, self.catalog, now, hand_over
        )

    @cached_property
    def presence(self) -> Presence:
        """Who serves on this host."""
        from oos.adapters.presence import Presence

        return Presence(self.settings.state_dir / "locks" / "serving")

    @cached_property
    def watchman(self) -> ProcessWatchman:
        """Who takes back changes that are not confirmed."""
        from oos.adapters.watchman import ProcessWatchman
        from oos.app.watch import written_settings

        return ProcessWatchman(self.settings.state_dir, written_settings(self.settings))

    @cached_property
    def anchor(self) -> Any:
        """Where heads of chains are written outside the journal."""
        from oos.adapters.anchor import FileAnchor

        return FileAnchor(self.settings.state_dir / "anchors.ndjson")

    def anchored(self, path: Path | None = None, public_key: Path | None = None) -> AnchorRecord:
        """All heads that were anchored, here or in copies kept elsewhere. Raises AnchorFailed."""
        from oos.adapters.anchor import read_anchors

        return read_anchors(path or self.settings.state_dir / "anchors.ndjson", public_key)

    @cached_property
    def calendar(self) -> Callable[[datetime], tuple[str, datetime | None] | None]:
        """The change calendar of the site."""
        from oos.app.guards import calendar_of

        return calendar_of(self.settings.guards)

    @property
    def cache(self) -> Path:
        """Where this machine keeps what can be made again."""
        return self.settings.state_dir / "cache"

    def context(self, token: str, *, region: str = "", report: Callable[[str], None] | None = None) -> Context:
        """The context of an operation that a person calls by hand."""
        from oos.service.context import Context

        return Context(
            fleet=self.fleet,
            registry=self.registry,
            region=region or self.region,
            token=token,
            caller=self.settings.user,
            account=self.settings.account,
            now=now,
            report=report or _silent,
            orchestrator=self.orchestrator,
            watchman=self.watchman,
            cache=self.cache,
            closed=self.calendar,
        )

    def execution_context(
        self, start: ExecutionStarted, token: str, cancelled: threading.Event, report: Callable[[str], None]
    ) -> Context:
        """The context of an operation that an execution calls."""
        from oos.service.context import Context

        return Context(
            fleet=self.fleet,
            registry=self.registry,
            region=start.region,
            token=token,
            caller=start.by,
            account=start.account,
            now=now,
            report=report,
            cancelled=cancelled,
            orchestrator=self.orchestrator,
            watchman=self.watchman,
            cache=self.cache,
            closed=self.calendar,
        )

    def stored_parameters(self, names: Iterable[str]) -> dict[str, Any]:
        """Values of the parameter store (spec 1.11). Raises DiagnosticError for a name that is not there."""
        from oos.diagnostics import Diagnostic, DiagnosticError
        from oos.service.stored_parameters import stored_value

        values = {name: stored_value(self.registry, name) for name in names}
        missing = [name for name, value in values.items() if value is None]
        if missing:
            raise DiagnosticError(
                [Diagnostic("OOS930", f"the parameter store has no {name}", "parameters") for name in missing]
            )
        return values

    def open_template(self, name: str, version: str = "") -> CheckedTemplate:
        """The checked template that a person named by path or name. Raises DiagnosticError."""
        title, text = self.templates.open(name, version)
        return self.template_cache.checked(text, title)

    def close(self) -> None:
        """Let go of what was opened."""
        if self._engine is not None:
            self._engine.close()
        for name in ("fleet", "_ssh_pool", "shared", "_database"):
            part = self.__dict__.get(name)
            if part is not None:
                part.close()

    @cached_property
    def _database(self) -> Database:
        """One for journal and registry: what both write at once shares a commit."""
        from oos.adapters.sql import open_database

        self.settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return open_database(self._database_url)

    @property
    def _database_url(self) -> str | Path:
        return self.settings.database or self.settings.state_dir / "oos.db"

    @cached_property
    def _lock_files(self) -> ExecutionLocks:
        from oos.adapters.locks import ExecutionLocks

        return ExecutionLocks(self.settings.state_dir / "locks", self.process)

    @cached_property
    def shared(self) -> SharedDatabase | None:
        """What there is beside the journal where several hosts share it. Raises JournalFailed."""
        if not self.settings.database:
            return None
        from oos.app.shared import SharedDatabase

        return SharedDatabase(self._database, self._lock_files, self.settings.state_dir / "locks", self.process)

    def _sealer(self) -> FileSealer:
        from oos.adapters.sealing import FileSealer

        return FileSealer(self.settings.state_dir / "key")


def _silent(message: str) -> None:
    """Progress that nobody watches."""


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)
