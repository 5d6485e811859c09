"""Start-up: `oos --help` and `oos template validate` beside an interpreter that imports click alone (DESIGN 11)."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from pathlib import Path

ROUNDS = 15
RUNBOOK = Path(__file__).parents[2] / "runbooks" / "snapshot-rotation.yml"
OOS = "import sys; from oos.cli.main import main; sys.argv[0] = 'oos'; main()"

COMMANDS = {
    "python + click": [sys.executable, "-c", "import click; click.Command('x')"],
    "oos --help": [sys.executable, "-c", OOS, "--help"],
    "oos template validate": [sys.executable, "-c", OOS, "template", "validate", str(RUNBOOK)],
}


def cpu_ms(command: list[str]) -> float:
    """Processor time of one run, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main() -> None:
    """Measure in turns, so that a busy moment hits all alike, and print ratios of medians."""
    runs: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            runs[name].append(cpu_ms(command))
    medians = {name: statistics.median(times) for name, times in runs.items()}
    base = medians["python + click"]
    for name, median in medians.items():
        print(f"{name:<28}{median:>8.0f} ms CPU{median / base:>8.2f} ×")
    print("  bar: oos --help below 2 × python + click")


if __name__ == "__main__":
    main()
