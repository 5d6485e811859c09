"""Snapshot rotation of eight real guests, beside the shell loop that an administrator would write, by turns.

Both freeze the guest, take an increment and a checkpoint at that moment, thaw, wait for the job, check the volume, keep
three of each disk, make the increment whole that stood on what goes, and drop its checkpoint. The loop writes nothing
down, tells nobody, and could not go on after it was killed. Bar: 1.2 × (issue 6).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from oos.app.app import App
from oos.engine.ports import StartRequest
from oos.execution.status import SafetyCheck
from oos.lab.config import LabConfig
from oos.lab.doctor import State, examine, observe
from oos.lab.guests import REGION, opened_app
from oos.lab.lab import down, up

GUESTS = tuple(f"r-{number}" for number in range(1, 9))
KEEP = 3
RUNBOOK = Path(__file__).parents[2] / "runbooks" / "snapshot-rotation.yml"
CACHE = Path(__file__).parents[2] / ".state" / "lab-cache"

LOOP = r"""
set -eu
uri=$1 domain=$2 stamp=$3; cd "$4/$domain"
v() { virsh -q -c "$uri" "$@"; }
device=$(v domblklist --details "$domain" | awk '$2 == "disk" { print $3; exit }')
size=$(v domblkinfo "$domain" "$device" | awk '/Capacity/ { print $2 }')
last=$(ls -- *.qcow2 2>/dev/null | tail -n 1)
mode='backupmode="full"'
if [ -n "$last" ]; then
  qemu-img create -q -f qcow2 -b "$PWD/$last" -F qcow2 "$stamp.qcow2" "$size"
  mode="backupmode='incremental' incremental='${last%.qcow2}'"
else
  qemu-img create -q -f qcow2 "$stamp.qcow2" "$size"
fi
cat >backup.xml <<X
<domainbackup mode='push'><disks><disk name='$device' backup='yes' type='file' $mode>
<driver type='qcow2'/><target file='$PWD/$stamp.qcow2'/></disk></disks></domainbackup>
X
cat >checkpoint.xml <<X
<domaincheckpoint><name>$stamp</name><disks><disk name='$device' checkpoint='bitmap'/></disks></domaincheckpoint>
X
v domfsfreeze "$domain" >/dev/null
v backup-begin "$domain" backup.xml checkpoint.xml --reuse-external >/dev/null || { v domfsthaw "$domain"; exit 1; }
v domfsthaw "$domain" >/dev/null
while v backup-dumpxml "$domain" >/dev/null 2>&1; do sleep 0.1; done
v domjobinfo "$domain" --completed | grep -q 'Operation: *Backup'
qemu-img check -q "$stamp.qcow2"
[ -z "$last" ] || v checkpoint-delete "$domain" "${last%.qcow2}" >/dev/null
set -- *.qcow2
if [ $# -gt %KEEP% ]; then
  qemu-img convert -O qcow2 "$2" whole
  qemu-img check -q whole
  qemu-img rebase -u -b "$PWD/$2" -F qcow2 "$3"
  mv whole "$2"
  rm "$1"
fi
""".replace("%KEEP%", str(KEEP))


def can_run(config: LabConfig) -> str:
    """Why no guest can run here; empty when they can."""
    missing = [each for each in examine(observe(config)) if each.state is State.MISSING]
    return "; ".join(f"{each.subject}: {each.detail}" for each in missing)


def by_hand(config: LabConfig, domains: Sequence[str], folder: Path, stamp: str) -> None:
    """The loop, over all domains at once. Raises CalledProcessError."""
    started = []
    for domain in domains:
        (folder / domain).mkdir(parents=True, exist_ok=True)
        argv = ["sh", "-c", LOOP, "loop", config.uri, domain, stamp, str(folder)]
        started.append(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    failed = [(each.communicate()[0], each.returncode) for each in started]
    assert not any(code for _, code in failed), failed


def by_us(app: App) -> None:
    """The runbook, journaled, as `oos run` and `oos serve` carry it out."""
    parameters: dict[str, Any] = {
        "keep": KEEP,
        "rateControl": {"Mode": "Concurrency", "Concurrency": len(GUESTS), "MaxErrors": 0},
    }
    request = StartRequest(
        template=app.template_cache.checked(RUNBOOK.read_text(encoding="utf-8"), str(RUNBOOK)),
        parameters=parameters,
        by="bench",
        region=REGION,
        template_name=str(RUNBOOK),
        safety_check=SafetyCheck.SKIP,
    )
    execution = app.engine.wait(app.engine.start(request))
    assert execution is not None
    assert execution.status == "Success", execution.fault


def by_a_process(config: LabConfig) -> None:
    """The same by the command line. Raises CalledProcessError."""
    environment = {
        **os.environ,
        "OOS_STATE_DIR": str(config.directory / "state"),
        "OOS_INVENTORY": str(config.directory / "inventory.yml"),
    }
    rate = json.dumps({"Mode": "Concurrency", "Concurrency": len(GUESTS), "MaxErrors": 0})
    given = ["-p", f"keep:={KEEP}", "-p", f"rateControl:={rate}", "--region", REGION, "--yes"]
    argv = [sys.executable, "-m", "oos.cli", "run", str(RUNBOOK), *given]
    subprocess.run(argv, env=environment, check=True, capture_output=True)


@contextmanager
def lab(config: LabConfig) -> Iterator[None]:
    """Eight guests, gone in the end."""
    up(config, lambda told: None)
    try:
        yield
    finally:
        down(config, lambda told: None)


def measure(rounds: int) -> None:
    """Rotate by turns, and print the medians of those rounds in which something is deleted, and their ratio."""
    with tempfile.TemporaryDirectory(prefix="oos-bench-") as name:
        config = LabConfig(Path(name) / "lab", CACHE, guests=GUESTS)
        why_not = can_run(config)
        if why_not:
            print(f"on guests: not measured: {why_not}")
            return
        with lab(config), opened_app(config) as app:
            domains = [each.domain for each in app.fleet.instances(REGION)]
            ours: list[float] = []
            hand: list[float] = []
            process: list[float] = []
            for number in range(KEEP + rounds):
                ours.append(_seconds(by_us, app))
                hand.append(_seconds(by_hand, config, domains, config.directory / "by-hand", f"c-{number:04d}"))
                process.append(_seconds(by_a_process, config))
            volumes = config.directory / "by-hand" / domains[0]
            assert len(list(volumes.glob("*.qcow2"))) == KEEP
            assert len(app.fleet.snapshots(REGION)) == KEEP * len(GUESTS)
    mine, theirs = statistics.median(ours[KEEP:]), statistics.median(hand[KEEP:])
    print(f"{len(GUESTS)} guests by hand           {theirs:>8.2f} s   {_each(hand)}")
    print(f"{len(GUESTS)} guests by the runbook    {mine:>8.2f} s   {_each(ours)}")
    print(f"  as a process of its own  {statistics.median(process[KEEP:]):>8.2f} s   {_each(process)}")
    print(f"ratio                      {mine / theirs:>8.2f} ×   bar: 1.2 ×")


def _seconds(work: Callable[..., None], *arguments: Any) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def _each(times: Sequence[float]) -> str:
    return " ".join(f"{each:.2f}" for each in times)
