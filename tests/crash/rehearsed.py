"""Rehearsals whose process is killed at writes of its journal: they must end as undisturbed ones do.

Every runbook and product action has rehearsals, so every one of them is killed here. Time and order are those of the
rehearsal, nothing depends on chance: what fails fails again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from oos.adapters.memory.faults import SimulatedCrash
from oos.adapters.memory_journal import MemoryJournal
from oos.app.templates import TemplateFinder
from oos.diagnostics import DiagnosticError
from oos.engine.templates import TemplateCache
from oos.journal.port import Batch
from oos.rehearsal.case import Case, Mishap
from oos.rehearsal.observed import observe
from oos.rehearsal.performance import perform
from oos.rehearsal.read import ENDING, read_cases
from oos.rehearsal.rehearse import request_of, template_of
from oos.rehearsal.stage import Find, Stage
from oos.rehearsal.world import world_of
from oos.service.registry import MemoryRegistry
from oos.template.parse import parse
from tests.rehearsal.trying import CATALOG, MODULES

ROOT: Final = Path(__file__).parents[2]
BEFORE: Final = "before"
AFTER: Final = "after"


class DyingJournal(MemoryJournal):
    """Dies at some of its writes: before it is kept, or after. A torn write is one that is not kept."""

    def __init__(self, deaths: Mapping[int, str]) -> None:
        super().__init__(on_append=lambda _: self._die(BEFORE), on_appended=lambda _: self._die(AFTER))
        self.writes = 0
        self.died = 0
        self._deaths = deaths

    def append(self, batch: Batch) -> None:
        """One more write."""
        self.writes += 1
        super().append(batch)

    def _die(self, how: str) -> None:
        if self._deaths.get(self.writes) == how:
            self.died += 1
            raise SimulatedCrash(f"killed {how} write {self.writes}")


@dataclass(frozen=True, slots=True)
class End:
    """How a rehearsal ended, in all that must be the same whoever dies."""

    observed: Mapping[str, Any]
    effects: Mapping[str, int]
    """Of the hosts, each by what it was done to, or by its token."""
    writes: int
    died: int


@dataclass(frozen=True)
class Play:
    """One case of a file of rehearsals, ready to be carried out again and again."""

    path: Path
    case: Case
    title: str
    text: str
    find: Find
    cache: TemplateCache

    @cached_property
    def undisturbed(self) -> End:
        """The end when nothing goes wrong but what the case has for it."""
        return self.carried_out({})

    @property
    def usable_in_the_end(self) -> frozenset[str]:
        """Disks with a snapshot that can be restored, when nothing goes wrong."""
        snapshots = self.undisturbed.observed["fleet"]["snapshots"]
        return frozenset(each["disk"] for each in snapshots if each["status"] == "accomplished")

    def __str__(self) -> str:
        return f"{self.path.name.removesuffix(ENDING)}: {self.case.name}"

    def carried_out(self, deaths: Mapping[int, str]) -> End:
        """The end, when processes die at these writes."""
        stage = Stage(self.case, MODULES, parse(self.text, self.title), self.find, world_of(self.case))
        journal = stage.journal = DyingJournal(deaths)
        cache = TemplateCache(stage.catalog) if self.case.given.responses else self.cache
        request = request_of(self.case, self.title, cache.checked(self.text, self.title))
        performance = perform(stage, request, cache)
        effects = Counter({key: n for host in stage.hosts.values() for key, n in host.state.effects.items()})
        observed = {**observe(stage, performance), "unheard": performance.unheard}
        return End(observed, effects, journal.writes, journal.died)


def plays(paths: Iterable[Path]) -> Iterator[Play]:
    """The cases of files that start anything."""
    find = TemplateFinder(CATALOG, MemoryRegistry, (ROOT / "runbooks",)).find
    cache = TemplateCache(CATALOG)
    for path in paths:
        file = read_cases(path.read_text(encoding="utf-8"), str(path))
        title, text = template_of(file, find)
        for case in file.cases:
            play = Play(path, case, title, text, find, cache)
            dies_already = any(
                fault.mishap is Mishap.CRASH or fault.mishap is Mishap.CRASH_AFTER for fault in case.faults
            )
            if not dies_already and not case.given.templates and _starts(play):
                yield play


def _starts(play: Play) -> bool:
    try:
        return bool(play.undisturbed.writes)
    except DiagnosticError:
        return False


def runbook_files() -> list[Path]:
    """The rehearsals of the runbooks."""
    return sorted((ROOT / "runbooks").glob(f"*{ENDING}"))


def action_files() -> list[Path]:
    """The rehearsals of the product actions."""
    return sorted((ROOT / "modules").glob(f"*/actions/*{ENDING}"))


KEPT: Final = ("status", "code", "message", "outputs", "fleet", "unheard")
"""What is compared of what is observed. Calls are made again, and that takes its time."""


AGAIN: Final = frozenset({"set_guest_password"})
"""Effects that may take place again: the same, whoever does it."""
OTHERWISE: Final = frozenset(
    {
        # The watchman takes the change back whether its maker lives or not; only the living one tells why.
        "security-baseline: a change that cuts a probe is taken back",
        # Nobody can tell whether a guest without an agent was restarted, and so it is not restarted twice.
        "ACS.ECS.InstallCloudAssistant: where it was installed the guest is restarted",
        # Looks are counted by each process.
        "ACS.ECS.StartInstance: a host that is gone for a minute after the start is waited for",
    }
)
"""Cases that may end in other words, or otherwise, and why; never with other effects."""


def faults_at(play: Play, writes: Iterable[int] | None = None) -> Iterator[tuple[str, list[str]]]:
    """Deaths before and after each of these writes (or all), and what came to be otherwise."""
    wanted = play.undisturbed
    for write in range(1, wanted.writes + 1) if writes is None else writes:
        for how in (BEFORE, AFTER):
            came = play.carried_out({write: how})
            told = differences(wanted, came, effects_alone=str(play) in OTHERWISE)
            yield f"{how} write {write} of {wanted.writes}", told


def differences(wanted: End, came: End, *, effects_alone: bool = False) -> list[str]:
    """What is not as it would have been undisturbed."""
    told = [
        f"{name}: {came.observed.get(name)!r}, undisturbed {wanted.observed.get(name)!r}"
        for name in KEPT
        if not effects_alone and came.observed.get(name) != wanted.observed.get(name)
    ]
    if not came.died:
        told.append("it was not killed")
    for key in sorted(wanted.effects.keys() | came.effects.keys()):
        if key.split(" ", 1)[0] not in AGAIN and wanted.effects.get(key, 0) != came.effects.get(key, 0):
            told.append(f"effect {key}: {came.effects.get(key, 0)} times, undisturbed {wanted.effects.get(key, 0)}")
    return told
