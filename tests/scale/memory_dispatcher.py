"""Other processes to carry out calls, in this one: an honest dispatcher that loses, doubles and kills when told to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oos.engine.carrier import Carrier
from oos.execution.chunks import Chunk, DispatchFailed
from tests.engine.world import World


class Helper:
    """A process that carries out chunks until it dies."""

    def __init__(self, world: World) -> None:
        self.lives = True
        self.carried: list[Chunk] = []
        self.carrier = Carrier(world.surroundings(), world.cache, lambda id_: None)

    def die(self) -> None:
        """Report nothing any more, and begin nothing."""
        self.lives = False
        self.carrier.close(0)


class MemoryDispatcher:
    """The Dispatcher port: chunks go round among the helpers."""

    def __init__(self, world: World, helpers: int = 2) -> None:
        self.cost = 0.0
        self.all = [Helper(world) for _ in range(helpers)]
        self.losing = self.doubling = 0
        self.silent = False
        """Whether nobody can say where chunks are."""
        self.driven: list[str] = []
        self._with: dict[str, tuple[Chunk, Helper]] = {}
        self._turn = 0

    def helpers(self) -> int:
        return sum(helper.lives for helper in self.all)

    def dispatch(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            if self.losing:
                self.losing -= 1
                continue
            self._give(chunk)
            if self.doubling:
                self.doubling -= 1
                self._give(chunk)

    def living(self, root_ids: Iterable[str]) -> list[Chunk]:
        if self.silent:
            raise DispatchFailed("nobody can say where the calls are")
        roots = frozenset(root_ids)
        return [chunk for chunk, helper in self._with.values() if helper.lives and chunk.root_id in roots]

    def drive(self, root_id: str) -> None:
        self.driven.append(root_id)

    def close(self) -> None:
        for helper in self.all:
            helper.die()

    def _give(self, chunk: Chunk) -> None:
        living = [helper for helper in self.all if helper.lives]
        self._turn += 1
        helper = living[self._turn % len(living)]
        helper.carried.append(chunk)
        self._with[chunk.id] = chunk, helper

        def over() -> None:
            if helper.lives:
                self._with.pop(chunk.id, None)

        helper.carrier.carry_out(chunk, lambda: helper.lives, over)
