"""Time of a rehearsal: an engine without threads on a clock that jumps from one thing to the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from oos.engine.engine import Engine
from oos.engine.runtime import Job, Message

TURNS: Final = 1_000_000
"""After so many turns at one instant, something goes round in circles."""


class JumpingRuntime:
    """The Runtime port on the thread of whoever turns it: jobs run one after another, in the order they were given."""

    def __init__(self) -> None:
        self._inbox: list[Message] = []
        self._jobs: deque[Job] = deque()
        self._patience: Callable[[], float] = lambda: 0.0
        self._received = 0
        self._looks = 0

    def post(self, message: Message) -> None:
        """Have the engine run this in its next turn."""
        self._inbox.append(message)

    def receive(self) -> list[Message]:
        """All messages there are; waiting is left to whoever turns."""
        messages, self._inbox = self._inbox, []
        self._received = len(messages)
        return messages

    def submit(self, job: Job) -> None:
        """Keep a job until this instant's turn is over."""
        self._jobs.append(job)

    def launch(self, turn: Callable[[], bool], patience: Callable[[], float]) -> None:  # noqa: ARG002 (see settle)
        """Whoever owns the time turns the engine."""
        self._patience = patience

    def seconds(self) -> float:
        """Later each time it is asked, so that whatever is looked for now and then is looked for in every turn."""
        self._looks += 1
        return float(self._looks)

    def processor_seconds(self) -> float:
        """Nothing here takes time."""
        return 0.0

    def close(self, patience: float) -> None:
        """There is nobody to wait for."""

    def settle(self, engine: Engine, due: Callable[[], bool]) -> None:
        """Turn until there is nothing to do at this instant. Raises what a job raises that nothing may answer."""
        for _ in range(TURNS):
            if not engine.go_on():
                return
            while self._jobs:
                self.post(self._jobs.popleft()())
            if not (self._inbox or self._received or due()) and self._patience() > 0:
                return
        raise AssertionError("the engine turned a million times without time passing")
