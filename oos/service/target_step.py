"""A step of one target: what a call over several machines tells while it is under way, to be recorded."""

from __future__ import annotations

from typing import Self


class TargetStep(str):
    """How a step ended in one target: the words that a watcher is told, and the facts that the journal keeps.

    An operation hands it to `Context.report`. Of a playbook that dies half-way, these say where it had come to.
    """

    target: str
    step: str
    status: str
    changed: bool
    message: str

    def __new__(cls, target: str, step: str, status: str, *, changed: bool = False, message: str = "") -> Self:
        told = super().__new__(cls, f"{step}: {target}: {status}")
        told.target, told.step, told.status, told.changed, told.message = target, step, status, changed, message
        return told
