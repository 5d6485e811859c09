"""Errands: the calls that other processes carry out for the driver, and how it gets along when they vanish."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from oos.engine.family import Live
from oos.engine.sharing import Load, Pace, chunk_size, keep_here
from oos.execution.actions import Perform
from oos.execution.chunks import Chunk, DispatchFailed, Errand, Place, Report, errand_for
from oos.values.identifiers import root_execution_id

if TYPE_CHECKING:
    from oos.engine.driver import Driver
    from oos.engine.takeover import TakeOver
    from oos.engine.word import Word

log = logging.getLogger(__name__)

REVIEW_SECONDS: Final = 1.0
"""How often the driver asks which of its chunks are still with somebody."""
SUSPICIOUS_SECONDS: Final = 3.0
"""Who could not ask for so long was cut off, and perhaps those who have the chunks were too."""
FORBEARANCE_SECONDS: Final = 6.0
"""So long after that, nothing counts as lost: a process that lives will have said so by then."""


class Errands:
    """Chunks of the families that are driven here. All but `add_duration` are for the engine's thread."""

    def __init__(self, driver: Driver, take_over: TakeOver, word: Word) -> None:
        self._driver = driver
        self._take_over = take_over
        self._word = word
        self._out: dict[Place, tuple[Errand, str]] = {}
        """Calls that are with somebody, each with the id of its chunk."""
        self._chunks: dict[str, set[Place]] = {}
        self._losses: dict[Place, int] = {}
        """How often whoever made a call was gone before it ended."""
        self._pace: Pace | None = None
        self._reviewed = 0.0
        self._forbearing_until = 0.0

    def add_duration(self, seconds: float, processor: float) -> None:
        """A call that was made here took so long. Any thread may say so: it is an estimate."""
        pace = self._pace
        self._pace = Pace(seconds, processor) if pace is None else pace.after(seconds, processor)

    def send_out(self, actions: list[tuple[Live, Perform]], here: int) -> list[tuple[Live, Perform]]:
        """Have others carry out their part of these calls; what is left is for this process."""
        dispatcher = self._driver.around.dispatcher
        # What a call may touch is counted by the process that makes it: with that guard, one process makes them all.
        if dispatcher is None or len(actions) + here <= 1 or self._driver.around.guards.share is not None:
            return actions
        load = Load(here, len(self._out), dispatcher.helpers(), self._pace, self._driver.around.workers)
        kept = keep_here(len(actions), load, dispatcher.cost)
        if kept == len(actions):
            return actions
        errands = [errand_for(live.execution, action) for live, action in actions[kept:]]
        chunks = list(self._chunked([errand for errand in errands if errand is not None], load))
        for chunk in chunks:
            self._add(chunk)
        try:
            dispatcher.dispatch(chunks)
        except DispatchFailed as failed:
            # Some of it may have arrived: a review finds out what did not.
            log.warning("%s", failed)
        return actions[:kept]

    def has(self, live: Live, action: Perform) -> bool:
        """Whether a call is with somebody."""
        found = self._out.get((live.execution.id, action.task, action.item))
        return found is not None and found[0].action == action and found[0].is_wanted(live.execution)

    def take_in(self, report: Report) -> None:
        """Record what became of calls; what nobody waits for any more is passed over."""
        driver = self._driver
        for done in report.done:
            errand = done.errand
            live = driver.live(errand.execution_id)
            if live is None or not errand.is_wanted(live.execution) or driver.calls.is_under_way(errand.place):
                continue
            found = self._out.get(errand.place)
            if found is not None and found[1] != done.chunk_id:
                # It is being made again, since this one counted as lost: what is in flight stays in flight.
                continue
            self._remove(errand)
            self._losses.pop(errand.place, None)
            driver.apply(live, (*done.steps, done.outcome), ())

    def join(self, root_id: str) -> None:
        """A family was taken over: what others have of it stays with them, what they have reported is recorded."""
        dispatcher = self._driver.around.dispatcher
        if dispatcher is not None:
            try:
                # First this, then what was reported: what is neither is lost.
                for chunk in dispatcher.living([root_id]):
                    self._add(chunk)
            except DispatchFailed as failed:
                log.warning("%s", failed)
        self._word.take_reports([root_id])

    def leave(self, root_id: str) -> None:
        """A family is no longer driven here; what others have of it stays with them."""
        for id_, places in list(self._chunks.items()):
            if any(root_execution_id(place[0]) == root_id for place in places):
                del self._chunks[id_]
                for place in places:
                    self._out.pop(place, None)
        for place in [each for each in self._losses if root_execution_id(each[0]) == root_id]:
            del self._losses[place]

    def review(self, seconds: float) -> None:
        """Make calls again, or ask about them, that were with a process which is gone."""
        dispatcher = self._driver.around.dispatcher
        if dispatcher is None or not self._chunks:
            self._reviewed = seconds
            return
        if seconds < self._reviewed + REVIEW_SECONDS:
            return
        asked = frozenset(self._chunks)
        roots = {root_execution_id(place[0]) for places in self._chunks.values() for place in places}
        try:
            living = {chunk.id for chunk in dispatcher.living(roots)}
        except DispatchFailed as failed:
            log.warning("%s", failed)
            return
        if seconds > self._reviewed + SUSPICIOUS_SECONDS:
            self._forbearing_until = seconds + FORBEARANCE_SECONDS
        self._reviewed = seconds
        if seconds < self._forbearing_until:
            return
        self._word.take_reports(roots)
        for id_ in asked - living:
            self._lost(id_)

    def _lost(self, chunk_id: str) -> None:
        driver = self._driver
        for errand in [self._out[place][0] for place in self._chunks.get(chunk_id, ())]:
            self._remove(errand)
            live = driver.live(errand.execution_id)
            if live is None or not errand.is_wanted(live.execution) or driver.is_held(live):
                continue
            losses = self._losses[errand.place] = self._losses.get(errand.place, 0) + 1
            log.info("%s %s[%d]: whoever had it is gone, for the %d. time", *errand.place, losses)
            self._take_over.take_up_call(live, errand.action, driver.around.now(), losses)

    def _chunked(self, errands: list[Errand], load: Load) -> Iterator[Chunk]:
        families: dict[str, list[Errand]] = {}
        size = chunk_size(len(errands), load)
        for errand in errands:
            root_id = root_execution_id(errand.execution_id)
            if errand.place in self._losses:
                # If it is this call of which processes die, the others have nothing to do with it.
                yield Chunk(self._driver.around.chance(10).hex(), root_id, [errand])
            else:
                families.setdefault(root_id, []).append(errand)
        for root_id, own in families.items():
            for start in range(0, len(own), size):
                yield Chunk(self._driver.around.chance(10).hex(), root_id, own[start : start + size])

    def _add(self, chunk: Chunk) -> None:
        places = set()
        for errand in chunk.errands:
            live = self._driver.live(errand.execution_id)
            if live is not None and errand.is_wanted(live.execution):
                self._out[errand.place] = errand, chunk.id
                places.add(errand.place)
        if places:
            self._chunks[chunk.id] = places

    def _remove(self, errand: Errand) -> None:
        found = self._out.get(errand.place)
        if found is None or found[0] != errand:
            return
        del self._out[errand.place]
        places = self._chunks[found[1]]
        places.discard(errand.place)
        if not places:
            del self._chunks[found[1]]
