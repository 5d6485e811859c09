"""`python -m tests.simulation --seed N` replays a seed, step by step; `--seeds N` runs many."""

import argparse
import logging
import time

from tests.simulation.simulation import Broken, Simulation


def main() -> int:
    """Run what was asked for; the exit code tells whether every promise was kept."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, help="one seed, told step by step")
    options.add_argument("--seeds", type=int, default=10_000, help="how many")
    options.add_argument("--first", type=int, default=0)
    chosen = options.parse_args()
    if chosen.seed is not None:
        execution = Simulation(chosen.seed, print).run()
        print(f"{execution.status}: {dict(execution.outputs)}")
        return 0
    logging.disable()  # what people say too late is refused, and that is told in the log
    began = time.monotonic()
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        try:
            Simulation(seed).run()
        except Broken as broken:
            print(f"seed {seed}: {broken}\n  replay it: python -m tests.simulation --seed {seed}")
            return 1
    print(f"{chosen.seeds} seeds kept every promise ({time.monotonic() - began:.0f} s)")
    return 0


raise SystemExit(main())
