"""Each runbook, its process killed at chosen writes of the journal and at instants, does everything once.

More than the suite has time for: `python -m tests.crash --seeds 100`, or `--all` for every write.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from oos.cli import exits
from oos.rehearsal.read import ENDING
from tests.crash.killing import Kill, Scene, Zygote, kills_of, wrongs
from tests.crash.mortal_program import HOW, TORN
from tests.crash.stories import RUNBOOKS, STORIES, Story

FULLY = 2
"""So many of the stories are killed in several ways; the suite has time for one kill of the others."""


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    made = Zygote()
    yield made
    made.close()


def test_every_runbook_has_a_story() -> None:
    shipped = {path.name for path in RUNBOOKS.glob("*.yml") if not path.name.endswith(ENDING)}
    assert sorted(story.runbook for story in STORIES) == sorted(shipped)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.runbook)
def test_a_runbook_whose_process_is_killed_ends_as_if_nothing_had_happened(
    story: Story, tmp_path: Path, zygote: Zygote
) -> None:
    scene = Scene(story, tmp_path, zygote)
    wanted, number = scene.undisturbed, STORIES.index(story)
    assert wanted.said.code in (exits.SUCCESS, exits.FAILED, exits.DEADLINE), wanted.said
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
        told = wrongs(wanted, outcome)
        assert not told, f"{' '.join(map(str, kills))}: {told}: {outcome.said}"
    assert died, "it was killed, and not at its end"
