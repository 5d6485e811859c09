"""More kills than the suite has time for: `python -m tests.crash [--all] [--seeds N] [--jobs N] [RUNBOOK…]`.

`--all` kills at every write of the journal, before it, in it and after it: the process of each story (`stories.py`),
and in memory that of every rehearsal of every runbook and product action. `--weather N` lets calls of the hypervisor
fail besides, in all ways, by N seeds of each rehearsal; `--first SEED --weather 1 RUNBOOK` replays one.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.crash.killing import Kill, Scene, Zygote, every_kill, kills_of, wrongs
from tests.crash.rehearsed import action_files, faults_at, plays, runbook_files
from tests.crash.stories import STORIES, Story
from tests.crash.weather import broken


def main() -> int:
    """Kill as was asked for; how many runs ended otherwise than undisturbed ones."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--all", action="store_true", help="at every write")
    options.add_argument("--rehearsals", action="store_true", help="in memory alone, at every write")
    options.add_argument("--weather", type=int, default=0, metavar="N", help="N seeds of faults on each rehearsal")
    options.add_argument("--first", type=int, default=0, help="the first of those seeds")
    options.add_argument("--seeds", type=int, default=20, help="how many runs of each, at writes and at instants")
    options.add_argument("--seed", type=int, default=None, help="this one alone")
    options.add_argument("--jobs", type=int, default=1, help="how many stories at once")
    options.add_argument("runbooks", nargs="*")
    chosen = options.parse_args()
    wanted = [story for story in STORIES if not chosen.runbooks or story.runbook in chosen.runbooks]
    seeds = range(chosen.seeds) if chosen.seed is None else [chosen.seed]
    bad = 0
    if chosen.weather:
        bad += weather(chosen.runbooks, range(chosen.first, chosen.first + chosen.weather))
    if chosen.all or chosen.rehearsals:
        bad += rehearsals(chosen.runbooks)
    if not (chosen.rehearsals or chosen.weather):
        with ThreadPoolExecutor(chosen.jobs) as pool:
            bad += sum(pool.map(lambda story: killed(story, seeds, at_every_write=chosen.all), wanted))
    print(f"{bad} wrong", flush=True)
    return min(bad, 100)


def rehearsals(runbooks: Iterable[str]) -> int:
    """Kill rehearsals at every write; how many ended otherwise."""
    bad = count = 0
    for play in plays(_chosen(runbooks)):
        for place, told in faults_at(play):
            count += 1
            bad += bool(told)
            if told:
                print(f"{play}: {place}: {'; '.join(told)}", flush=True)
    print(f"rehearsals: {count} kills", flush=True)
    return bad


def weather(runbooks: Iterable[str], seeds: Iterable[int]) -> int:
    """Carry rehearsals out under faults; how many broke a promise."""
    bad = count = 0
    for play in plays(_chosen(runbooks)):
        for seed in seeds if not play.case.faults else ():
            count += 1
            told, was = broken(play, seed)
            bad += bool(told)
            if told:
                print(f"{play}: seed {seed}: {'; '.join(told)}\n  {'; '.join(was)}", flush=True)
    print(f"weather: {count} runs", flush=True)
    return bad


def _chosen(runbooks: Iterable[str]) -> list[Path]:
    chosen = [path for path in runbook_files() if path.name.replace(".rehearsal", "") in runbooks]
    return chosen or [*runbook_files(), *action_files()]


def killed(story: Story, seeds: Iterable[int], *, at_every_write: bool) -> int:
    """Kill the process of one story again and again; how many runs ended otherwise."""
    bad = count = 0
    zygote = Zygote()
    with tempfile.TemporaryDirectory() as name:
        scene = Scene(story, Path(name), zygote)
        for kills in _deaths(scene, seeds, at_every_write=at_every_write):
            count += 1
            try:
                outcome = scene.run(kills)
                told = wrongs(scene.undisturbed, outcome)
                said = outcome.said.err if told else ""
            except AssertionError as failure:
                told, said = [str(failure)], ""
            if told:
                bad += 1
                print(f"{story.runbook}: {', '.join(map(str, kills))}: {'; '.join(told)} {said}", flush=True)
    zygote.close()
    print(f"{story.runbook}: {count} runs, {bad} wrong", flush=True)
    return bad


def _deaths(scene: Scene, seeds: Iterable[int], *, at_every_write: bool) -> Iterator[tuple[Kill, ...]]:
    if at_every_write:
        yield from ((kill,) for kill in every_kill(scene))
    for seed in seeds:
        yield kills_of(seed, scene)


if __name__ == "__main__":
    raise SystemExit(main())
