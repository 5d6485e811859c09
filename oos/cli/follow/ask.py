"""Questions: what an execution waits for, put to the person at the terminal."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import click

from oos.cli.words import wait_note, wait_words
from oos.execution.events import NO_ITEM, ExecutionHeld, Notified, TaskWaiting
from oos.execution.status import NotifyType, WaitReason


@dataclass(frozen=True, slots=True)
class Question:
    """Something that only a person can answer."""

    execution_id: str
    task: str
    item: int
    label: str
    """What the loop item is called; empty without one."""
    reason: WaitReason
    note: str
    waits: str = ""
    """The wait in words, where more is known of it than its reason."""

    @property
    def text(self) -> str:
        """The question in a line."""
        where = f"{self.task}[{self.item + 1}] {self.label}" if self.item != NO_ITEM else self.task or "the execution"
        note = f": {self.note}" if self.note else ""
        return f"{where} {self.waits or f'waits {wait_words(self.reason)}{note}'}"


def question_of_held(id_: str, event: ExecutionHeld) -> Question:
    """The question that an execution puts which is held as a whole."""
    return Question(id_, "", NO_ITEM, "", event.reason, event.note)


def question_of(id_: str, event: TaskWaiting, label: str) -> Question:
    """The question that a wait puts."""
    return Question(id_, event.task, event.item, label, event.reason, event.note, wait_note(event))


_APPROVE: Final = {"a": NotifyType.APPROVE, "r": NotifyType.REJECT}

CHOICES: Final[Mapping[WaitReason, Mapping[str, NotifyType]]] = {
    WaitReason.APPROVAL: _APPROVE,
    WaitReason.PAUSE: _APPROVE,
    WaitReason.HIGH_RISK: _APPROVE,
    WaitReason.BATCH: _APPROVE,
    WaitReason.FAILURE: {"t": NotifyType.RETRY_TASK, "s": NotifyType.SKIP_TASK, "r": NotifyType.REJECT},
    WaitReason.DEAD_LETTER: {"t": NotifyType.RETRY_TASK, "r": NotifyType.REJECT},
    WaitReason.INTERRUPTED: {"t": NotifyType.RETRY_TASK, "s": NotifyType.SKIP_TASK, "r": NotifyType.REJECT},
    WaitReason.DEBUG: {"e": NotifyType.EXECUTE_TASK, "s": NotifyType.SKIP_TASK, "r": NotifyType.REJECT},
}
"""What can be answered, by the letter that is typed."""


def choices_for(reason: WaitReason) -> Mapping[str, NotifyType]:
    """What can be answered to a wait of this kind, by the letter that is typed."""
    return CHOICES.get(reason, _APPROVE)


WORDS: Final = {
    NotifyType.APPROVE: "[a]pprove",
    NotifyType.REJECT: "[r]eject",
    NotifyType.RETRY_TASK: "[t]ry again",
    NotifyType.SKIP_TASK: "[s]kip",
    NotifyType.EXECUTE_TASK: "[e]xecute",
}
LATER: Final = "l"
LOOK_SECONDS: Final = 0.2
"""How often it is looked whether somebody else has answered."""

VERBS: Final = {
    NotifyType.APPROVE: "approve",
    NotifyType.REJECT: "reject",
    NotifyType.RETRY_TASK: "retry",
    NotifyType.SKIP_TASK: "skip",
    NotifyType.EXECUTE_TASK: "step",
}
"""By which verb of `oos execution` the same is said from elsewhere."""


def ask(question: Question, by: str, at: datetime, is_open: Callable[[], bool]) -> Notified | None:
    """Put the question; None when the person leaves it open, or when somebody else has answered meanwhile.

    Raises EOFError when the terminal is gone, KeyboardInterrupt.
    """
    choices = choices_for(question.reason)
    words = ", ".join([*(WORDS[each] for each in choices.values()), "decide [l]ater"])
    click.secho(f"? {question.text}", fg="yellow", err=True)
    letter = ""
    while letter not in choices:
        typed = _read_line(f"  {words}: ", is_open)
        letter = LATER if typed is None else typed.strip().casefold()[:1]
        if letter == LATER:
            return None
    note = _read_line("  note: ", is_open)
    if note is None:
        return None
    return Notified(at=at, type=choices[letter], by=by, note=note.strip(), task=question.task, item=question.item)


def _read_line(prompt: str, is_open: Callable[[], bool]) -> str | None:
    """A line typed at the terminal; None when the question is closed before it comes. Raises EOFError."""
    click.echo(prompt, nl=False, err=True)
    while not select.select([0], [], [], LOOK_SECONDS)[0]:
        if not is_open():
            click.echo("(answered)", err=True)
            return None
    # The terminal gives one line at a time; what Python might have buffered would not wake `select`.
    line = os.read(0, 4096)
    if not line:
        raise EOFError
    return line.decode(errors="replace")


def commands_for(question: Question) -> list[str]:
    """The commands that answer the question from elsewhere."""
    item = f" --item {question.item + 1}" if question.item != NO_ITEM else ""
    verbs = [VERBS[each] for each in choices_for(question.reason).values()]
    return [f"oos execution {verb} {question.execution_id}{item}" for verb in verbs]
