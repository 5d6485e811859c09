"""Each runbook, its process killed at chosen writes of the journal and at instants, does everything once.

More than the suite has time for: `python -m tests.crash --seeds 100`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.killing import TOLD, Kill, Scene, Story, kills_of
from tests.crash.mortal_program import AFTER, BEFORE, TORN


@pytest.mark.parametrize("story", TOLD, ids=lambda story: story.runbook)
def test_a_runbook_whose_process_is_killed_ends_as_if_nothing_had_happened(story: Story, tmp_path: Path) -> None:
    scene = Scene(story, tmp_path)
    assert scene.undisturbed.said.code == 0, scene.undisturbed.said
    writes, number = scene.undisturbed.writes, TOLD.index(story)
    chosen = (
        (Kill(writes // 2, TORN),),
        (Kill(writes // 2 + number % 3, AFTER if number % 2 else BEFORE),),
        (Kill(seconds=scene.undisturbed.seconds * 0.6),),
    )
    died = []
    for kills in (*chosen, kills_of(number, scene)):
        outcome = scene.run(kills)
        died += outcome.kills
        where = f"{kills}: {outcome.said}"
        assert outcome.said.code == 0, where
        assert outcome.fleet == scene.undisturbed.fleet, where
        assert outcome.effects == scene.undisturbed.effects, where
    assert len(died) >= 2, "they were killed, and not only at their end"
