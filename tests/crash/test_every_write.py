"""Every rehearsal of every runbook, killed at writes of the journal, ends as an undisturbed one does.

At some writes of each here; at all of them, and those of all product actions: `python -m tests.crash --rehearsals`.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from oos.rehearsal.read import ENDING
from tests.crash.rehearsed import faults_at, plays, runbook_files

WHOLLY = ("snapshot-rotation", "disk-rollback", "protected-change", "quarantine", "image-retire")
"""Of these the first rehearsal is killed at every write."""
SOME = 2


@pytest.mark.parametrize("path", runbook_files(), ids=lambda path: path.name.removesuffix(ENDING))
def test_a_rehearsal_that_is_killed_ends_as_if_nothing_had_happened(path: Path) -> None:
    wrong = []
    for number, play in enumerate(plays([path])):
        if not number and path.name.removesuffix(ENDING) in WHOLLY:
            writes = None
        else:
            last = play.undisturbed.writes
            writes = sorted(Random(str(play)).sample(range(1, last + 1), min(SOME, last)))
        wrong += [f"{play}: {place}: {told}" for place, told in faults_at(play, writes) if told]
    assert not wrong, "\n".join(wrong)
