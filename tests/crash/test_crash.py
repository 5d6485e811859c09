"""Each runbook, its process killed at chosen writes of the journal and at instants, does everything once.

More than the suite has time for: `python -m tests.crash --seeds 100`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from oos.cli import exits
from tests.crash.killing import STORIES, Kill, Scene, Story, Zygote, kills_of
from tests.crash.mortal_program import HOW, TORN

FULLY = 4
"""So many of the stories are killed in several ways; the suite has time for one kill of the others."""


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    made = Zygote()
    yield made
    made.close()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.runbook)
def test_a_runbook_whose_process_is_killed_ends_as_if_nothing_had_happened(
    story: Story, tmp_path: Path, zygote: Zygote
) -> None:
    scene = Scene(story, tmp_path, zygote)
    wanted, number = scene.undisturbed, STORIES.index(story)
    assert wanted.said.code in (exits.SUCCESS, exits.PARTLY, exits.FAILED), wanted.said
    chosen = [(Kill(max(1, wanted.writes // 2), HOW[number % 3]),)]
    if number < FULLY:
        chosen += [
            (Kill(wanted.writes // 2 + 1, TORN),),
            (Kill(seconds=wanted.seconds * 0.6),),
            kills_of(number, scene),
        ]
    died = []
    for kills in chosen:
        outcome = scene.run(kills)
        died += outcome.kills
        where = f"{' '.join(map(str, kills))}: {outcome.said}"
        assert outcome.said.code == wanted.said.code, where
        assert outcome.fleet == wanted.fleet, where
        assert outcome.effects == wanted.effects, where
    assert died, "it was killed, and not at its end"
