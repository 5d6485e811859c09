"""A real host is emptied by the runbook, which is killed while a guest is on its way, and resumed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from oos.fleet.errors import AgentFailed, AgentUnavailable
from oos.fleet.instance import Instance, Power
from tests.fleet.real_world import RealWorld
from tests.fleet.test_moving import boot
from tests.fleet.two_hosts import TwoHosts
from tests.fleet.world import World

pytestmark = pytest.mark.real

RUNBOOK = Path(__file__).parents[2] / "runbooks/host-evacuate.yml"
COUNT = "i=0; while :; do i=$((i+1)); echo $i >/root/counter.new; mv /root/counter.new /root/counter; sleep 0.1; done"
SECONDS = 120


@pytest.fixture
def environment(two_real: TwoHosts, tmp_path: Path) -> dict[str, str]:
    assert isinstance(two_real.first, RealWorld)
    directory = two_real.first.zone.directory
    return {
        **os.environ,
        "OOS_INVENTORY": str(directory / "inventory.yml"),
        "OOS_LAB_DIR": str(directory),
        "XDG_STATE_HOME": str(tmp_path),
    }


def oos(environment: dict[str, str], *words: str) -> Any:
    """What a command says, as JSON."""
    argv = [sys.executable, "-m", "oos.cli", *words, "-o", "json"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def copies(hosts: TwoHosts, instance_id: str) -> Sequence[Instance]:
    both = (*hosts.first.hypervisor.instances(), *hosts.second.hypervisor.instances())
    return [each for each in both if each.id == instance_id]


def test_a_host_is_emptied_though_its_emptier_is_killed(two_real: TwoHosts, environment: dict[str, str]) -> None:
    first, second = two_real.first, two_real.second
    before = (two_real.traces(first), two_real.traces(second))
    guest = first.run(first.make().id)
    second.made.append(guest.id)
    disk_id = guest.disk_ids[0]
    first.hypervisor.guest_execute(guest.id, ["/bin/sh", "-c", COUNT])
    first.until(lambda: _counted(first, guest.id) > 0)
    booted, counted = boot(first, guest.id), _counted(first, guest.id)

    argv = [sys.executable, "-m", "oos.cli", "run", str(RUNBOOK), "-p", "hostId=lab-1"]
    emptier = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    first.until(lambda: any(each.id == guest.id for each in second.hypervisor.instances()))
    emptier.kill()
    emptier.wait()

    found = copies(two_real, guest.id)
    assert len([each for each in found if each.power is Power.RUNNING]) <= 1
    assert [each.id for each in two_real.fleet.instances()].count(guest.id) == 1

    # On a machine that let us wait for too long it was done before it was killed.
    if oos(environment, "execution", "show", "last")["Status"] != "Success":
        assert oos(environment, "execution", "resume", "last")["Status"] == "Success"
    (there,) = copies(two_real, guest.id)
    assert (there.host, there.power, there.moving_from) == ("lab-2", Power.RUNNING, "")
    assert two_real.traces(first) == before[0]
    assert two_real.traces(second) == {*before[1], guest.id, disk_id}
    # The guest never stopped: its program goes on counting, and its agent answers.
    second.until(lambda: _counted(second, guest.id) > counted)
    assert boot(second, guest.id) == booted
    (host,) = oos(environment, "api", "OOS", "DescribeHosts", 'HostIds=["lab-1"]')["Hosts"]["Host"]
    assert (host["AutoPlacement"], host["RunningAmount"]) == ("off", 0)
    second.clean_up(second.made)


def _counted(world: World, instance_id: str) -> int:
    """How far the program in the guest has counted; 0 before it begins, and while its agent is being found again."""
    try:
        return int(world.read(instance_id, "counter"))
    except (AgentFailed, AgentUnavailable):
        return 0
