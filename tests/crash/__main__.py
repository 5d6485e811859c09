"""More kills than the suite has time for: `python -m tests.crash [--seeds N] [--seed N] [RUNBOOK…]`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.crash.killing import STORIES, Scene, Zygote, kills_of


def main() -> int:
    """Kill as the seeds have it; how many runs ended otherwise than undisturbed ones."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=20)
    options.add_argument("--seed", type=int, default=None, help="this one alone")
    options.add_argument("runbooks", nargs="*")
    chosen = options.parse_args()
    seeds = range(chosen.seeds) if chosen.seed is None else [chosen.seed]
    bad = 0
    zygote = Zygote()
    for story in STORIES:
        if chosen.runbooks and story.runbook not in chosen.runbooks:
            continue
        with tempfile.TemporaryDirectory() as name:
            scene = Scene(story, Path(name), zygote)
            for seed in seeds:
                try:
                    outcome = scene.run(kills_of(seed, scene))
                    right = (
                        outcome.said.code == scene.undisturbed.said.code
                        and outcome.fleet == scene.undisturbed.fleet
                        and outcome.effects == scene.undisturbed.effects
                    )
                    told = f"{outcome.kills} {'' if right else outcome}"
                except AssertionError as failure:
                    right, told = False, str(failure)
                bad += not right
                print(f"{story.runbook} seed {seed}: {'right' if right else 'WRONG'} {told}", flush=True)
    zygote.close()
    return bad


if __name__ == "__main__":
    raise SystemExit(main())
