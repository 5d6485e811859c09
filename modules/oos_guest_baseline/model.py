"""Checks of a guest, as the file `checks.yml` holds them, and the script that carries them out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec

from oos.values.typed import convert_as

BY_HAND = 'fail "a person has to mend it"'
FOLDER = Path(__file__).parent


class Severity(StrEnum):
    """How bad it is when a check fails."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"
    CRITICAL = "Critical"

    @property
    def weight(self) -> int:
        """What it counts in a score."""
        return {Severity.LOW: 1, Severity.MEDIUM: 3, Severity.HIGH: 5, Severity.CRITICAL: 10}[self]


class Mode(StrEnum):
    """What is done with a check."""

    CHECK = "Check"
    FIX = "Fix"
    UNDO = "Undo"


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is looked at."""

    id: str
    title: str
    severity: str
    rationale: str
    check: str
    fix: str = ""

    @property
    def rank(self) -> Severity:
        """The severity as a value."""
        return Severity(self.severity.capitalize())


@cache
def checks() -> tuple[Check, ...]:
    """Every check, in the order of the file."""
    import yaml

    text = (FOLDER / "checks.yml").read_text(encoding="utf-8")
    return convert_as(yaml.load(text, yaml.CSafeLoader), tuple[Check, ...])


def prelude() -> str:
    """What every check is written with."""
    return (FOLDER / "prelude.sh").read_text(encoding="utf-8")


def part_of(check: Check, number: int) -> str:
    """What a script does about one check, behind the prelude and the mode."""
    lines = [
        f"check_{number}() {{\n{check.check}\n}}",
        f"fix_{number}() {{\n{check.fix or BY_HAND}\n}}",
        f"ID={check.id} KEPT=$KEPT_ALL/{check.id}",
        f"judge {number}",
    ]
    return "\n".join(lines)


def script_of(chosen: Sequence[Check], mode: Mode) -> str:
    """The shell script that checks, fixes or undoes; it prints one line for each check."""
    parts = [part_of(each, number) for number, each in enumerate(chosen)]
    return "\n".join([prelude(), f"MODE={mode}", *parts]) + "\n"
