"""What is assumed: what somebody says of the world, where a twin cannot know it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from oos.app.templates import read_template
from oos.diagnostics import DiagnosticError
from oos.rehearsal.case import Given
from oos.rehearsal.fields import Fields, Report
from oos.rehearsal.read import read_events
from oos.rehearsal.read_given import read_commands, read_responses
from oos.rehearsal.tree import read_tree
from oos.schedule.pattern import Happening
from oos.values.json import Value


@dataclass(frozen=True, slots=True)
class Assumed:
    """What somebody says of the world, where a twin cannot know it."""

    given: Given = field(default_factory=Given)
    """What commands in guests print, and what services and addresses answer."""
    events: tuple[Happening | Value, ...] = ()
    """What fires triggers, once they listen."""


def read_assumptions(path: Path, region: str) -> Assumed:
    """What a file says that a plan is to assume: `commands`, `responses` and `events`, as a rehearsal has them.

    Raises DiagnosticError with every fault.
    """
    tree = read_tree(read_template(path), str(path))
    report = Report(str(path))
    fields = Fields(report, tree, "a file of assumptions")
    given = Given(commands=read_commands(fields), responses=read_responses(fields))
    assumed = Assumed(given, read_events(fields, region))
    fields.close()
    if report.faults:
        raise DiagnosticError(report.faults)
    return assumed
