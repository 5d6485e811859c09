"""Executions on a world of simulated hosts: product actions and runbooks carried out by the engine itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from oos.adapters.memory_journal import MemoryJournal
from oos.app.orchestration import EngineOrchestrator
from oos.app.reading import ExecutionReader
from oos.app.templates import TemplateFinder
from oos.engine.engine import Engine, Surroundings
from oos.engine.ports import StartRequest
from oos.engine.templates import TemplateCache
from oos.execution.model import Execution
from oos.execution.status import SafetyCheck
from oos.journal.codec import Codec
from oos.service.catalog import Catalog, installed_modules
from oos.service.stored_parameters import stored_value
from tests.engine.world import ListAnchor, MemoryLocks, NoSealer, Story, finished
from tests.modules.world import World

RUNBOOKS = Path(__file__).parents[2] / "runbooks"

_numbers = iter(range(1, 1 << 62))


def runbooks() -> list[Path]:
    """The runbooks of the repository, without their rehearsals."""
    return sorted(path for path in RUNBOOKS.glob("*.yml") if not path.name.endswith(".rehearsal.yml"))


class Runner:
    """An engine over a world."""

    def __init__(self, world: World, journal: MemoryJournal | None = None) -> None:
        self.world = world
        self.journal = journal or MemoryJournal()
        self.cache = TemplateCache(world.catalog)
        codec = Codec(NoSealer)
        finder = TemplateFinder(world.catalog, lambda: world.registry, (RUNBOOKS,))
        self.engine = Engine(
            Surroundings(
                catalog=world.catalog,
                journal=self.journal,
                codec=codec,
                locks=MemoryLocks(),
                anchor=ListAnchor(),
                templates=finder,
                context=lambda start, token, cancelled, report: world.context(
                    token, cancelled=cancelled, report=report
                ),
                store=lambda names: {name: stored_value(world.registry, name) for name in names},
                now=lambda: datetime.now(UTC),
                chance=lambda count: next(_numbers).to_bytes(count, "big"),
            ),
            self.cache,
            Story(),
        )
        reader = ExecutionReader(self.journal, codec, self.cache)
        world.orchestrator = EngineOrchestrator(
            lambda: self.engine, reader, self.cache, finder, world.catalog, lambda: datetime.now(UTC)
        )

    def run(self, text: str, name: str = "test.yml", **parameters: Any) -> Execution:
        """Start a template and wait for its end."""
        return finished(self.engine, self.engine.start(self.request(text, name, **parameters)))

    def request(self, text: str, name: str = "test.yml", **parameters: Any) -> StartRequest:
        """A request to start a template; nobody is asked about high risks."""
        return StartRequest(
            template=self.cache.checked(text, name),
            parameters=parameters,
            by="tester",
            region="lab",
            safety_check=SafetyCheck.SKIP,
        )

    def action(self, name: str, **parameters: Any) -> Execution:
        """Carry out a product action."""
        source = self.world.catalog.action(name)
        assert source is not None, name
        return self.run(source.text, source.path, **parameters)

    def runbook(self, name: str, **parameters: Any) -> Execution:
        """Carry out a runbook of the repository."""
        path = RUNBOOKS / name
        return self.run(path.read_text(encoding="utf-8"), str(path), **parameters)


@contextmanager
def runner(world: World) -> Iterator[Runner]:
    """An engine that ends with the test."""
    made = Runner(world)
    try:
        yield made
    finally:
        made.engine.close()


def whole_catalog() -> Catalog:
    """Everything that is installed."""
    return Catalog(installed_modules())


def sample_of(text: str) -> str:
    """The template that the sample in an action's description stands for."""
    description = yaml.safe_load(text)["Description"]["en"]
    tasks = description.split("Sample:\n", 1)[1]
    return f"FormatVersion: OOS-2019-06-01\nTasks:\n{tasks}"


def succeeded(execution: Execution) -> dict[str, Any]:
    """The outputs of an execution that must have succeeded."""
    assert execution.status == "Success", execution.fault
    return dict(execution.outputs)


def failed(execution: Execution) -> str:
    """The message of an execution that must have failed."""
    assert execution.status == "Failed", execution.outputs
    assert execution.fault is not None
    return execution.fault.message
