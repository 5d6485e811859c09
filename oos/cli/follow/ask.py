"""Questions: what an execution waits for, put to the person at the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import click

from oos.cli.words import WAITS
from oos.execution.events import NO_ITEM, Notified, TaskWaiting
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

    @property
    def text(self) -> str:
        """The question in a line."""
        where = f"{self.task}[{self.item + 1}] {self.label}" if self.item != NO_ITEM else self.task
        note = f": {self.note}" if self.note else ""
        return f"{where} waits {WAITS[self.reason]}{note}"


def question_of(id_: str, event: TaskWaiting, label: str) -> Question:
    """The question that a wait puts."""
    return Question(id_, event.task, event.item, label, event.reason, event.note)


_APPROVE: Final = {"a": NotifyType.APPROVE, "r": NotifyType.REJECT}

CHOICES: Final[Mapping[WaitReason, Mapping[str, NotifyType]]] = {
    WaitReason.APPROVAL: _APPROVE,
    WaitReason.PAUSE: _APPROVE,
    WaitReason.HIGH_RISK: _APPROVE,
    WaitReason.BATCH: _APPROVE,
    WaitReason.FAILURE: {"t": NotifyType.RETRY_TASK, "s": NotifyType.SKIP_TASK, "r": NotifyType.REJECT},
    WaitReason.INTERRUPTED: {"t": NotifyType.RETRY_TASK, "s": NotifyType.SKIP_TASK, "r": NotifyType.REJECT},
    WaitReason.DEBUG: {"e": NotifyType.EXECUTE_TASK, "s": NotifyType.SKIP_TASK, "r": NotifyType.REJECT},
}
"""What can be answered, by the letter that is typed."""

WORDS: Final = {
    NotifyType.APPROVE: "[a]pprove",
    NotifyType.REJECT: "[r]eject",
    NotifyType.RETRY_TASK: "[t]ry again",
    NotifyType.SKIP_TASK: "[s]kip",
    NotifyType.EXECUTE_TASK: "[e]xecute",
}
LATER: Final = "l"

VERBS: Final = {
    NotifyType.APPROVE: "approve",
    NotifyType.REJECT: "reject",
    NotifyType.RETRY_TASK: "retry",
    NotifyType.SKIP_TASK: "skip",
    NotifyType.EXECUTE_TASK: "step",
}
"""By which verb of `oos execution` the same is said from elsewhere."""


def ask(question: Question, by: str, at: datetime) -> Notified | None:
    """Put the question; None when the person leaves it open. Raises click.Abort, KeyboardInterrupt."""
    choices = CHOICES[question.reason]
    click.secho(f"? {question.text}", fg="yellow", err=True)
    words = ", ".join([*(WORDS[each] for each in choices.values()), "decide [l]ater"])
    letter = click.prompt(
        f"  {words}", type=click.Choice([*choices, LATER], case_sensitive=False), show_choices=False, err=True
    )
    if letter == LATER:
        return None
    note = click.prompt("  note", default="", show_default=False, err=True)
    return Notified(
        at=at,
        type=choices[letter],
        by=by,
        note=note,
        task=question.task,
        item=question.item,
    )


def commands_for(question: Question) -> list[str]:
    """The commands that answer the question from elsewhere."""
    item = f" --item {question.item + 1}" if question.item != NO_ITEM else ""
    verbs = [VERBS[each] for each in CHOICES[question.reason].values()]
    return [f"oos execution {verb} {question.execution_id}{item}" for verb in verbs]
