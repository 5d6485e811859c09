"""Hardening of a real guest: rules authorized and revoked as operations, and access that comes back after `kill -9`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oos.app.app import App
from oos.app.settings import Settings
from oos.fleet.instance import Instance
from oos.lab.config import LabConfig
from oos.lab.zone import require
from oos.service.call import invoke
from tests.fleet.real_world import RealWorld, real_world

pytestmark = pytest.mark.real

CONFIRM_SECONDS = 8
SLACK_SECONDS = 60.0
"""How much later than promised access may be back on a host under heavy load."""


@pytest.fixture
def world(lab: LabConfig) -> Iterator[RealWorld]:
    with real_world(lab) as made:
        yield made


@pytest.fixture
def guest(world: RealWorld) -> Iterator[Instance]:
    """web-1 of the lab, in no group before and after."""
    (instance,) = (each for each in world.hypervisor.instances() if each.name == "web-1")
    running = world.run(instance.id)
    yield running
    card = running.interfaces[0]
    groups = world.hypervisor.instance(running.id).interfaces[0].security_group_ids
    world.hypervisor.set_security_groups(running.id, card.mac, [])
    world.hypervisor.reserve_address(card.network, card.mac, "")
    for each in groups:
        world.hypervisor.remove_group_filter(each)


def test_access_is_back_in_time_though_whoever_cut_it_was_killed(
    world: RealWorld, guest: Instance, tmp_path: Path
) -> None:
    settings = Settings(tmp_path / "state", inventory=world.zone.directory / "inventory.yml", user="ada")
    app = App(settings)

    def call(name: str, **parameters: Any) -> Any:
        operation = app.catalog.operation("ECS", name)
        assert operation is not None
        return invoke(operation, parameters, app.context(uuid.uuid4().hex))

    try:
        group = str(call("CreateSecurityGroup", SecurityGroupName="web")["SecurityGroupId"])
        call("JoinSecurityGroup", SecurityGroupId=group, InstanceId=guest.id)
        world.until(lambda: not world.connects(None, guest, 22))
        ssh = {"IpProtocol": "tcp", "PortRange": "22/22", "SourceCidrIp": "0.0.0.0/0"}
        call("AuthorizeSecurityGroup", SecurityGroupId=group, **ssh)
        world.until(lambda: world.connects(None, guest, 22))
        rules = call("DescribeSecurityGroupAttribute", SecurityGroupId=group)["Permissions"]["Permission"]
    finally:
        app.close()
    executor = _executor(world, settings, group, rules[0]["SecurityGroupRuleId"], guest.id)
    try:
        # A guest that is slow to answer looks as if it was cut off: so the change has to stand in the file, too.
        world.until(
            lambda: executor.poll() is not None or (bool(_watched(settings)) and not world.connects(None, guest, 22))
        )
        assert executor.poll() is None, (settings.state_dir / "executor.log").read_text()
        cut = time.monotonic()
    finally:
        executor.kill()
        executor.wait()
    world.until(lambda: world.connects(None, guest, 22))
    assert time.monotonic() - cut < CONFIRM_SECONDS + SLACK_SECONDS
    (file,) = _watched(settings)
    world.until(lambda: json.loads(file.read_text())["state"] == "taken back")


def _watched(settings: Settings) -> list[Path]:
    """The files of the changes that are watched."""
    return list((settings.state_dir / "changes").glob("sc-*.json"))


def _executor(world: RealWorld, settings: Settings, group: str, rule: str, guest: str) -> subprocess.Popen[bytes]:
    """A process, where guests can be reached, that revokes the rule and then tries in vain to prove it harmless."""
    change, probe = [{"SecurityGroupId": group, "Revoke": [rule]}], [{"InstanceId": guest, "Port": 22}]
    pairs = [f"Change:={json.dumps(change)}", f"Probe:={json.dumps(probe)}"]
    pairs += [f"ConfirmSeconds={CONFIRM_SECONDS}", "ProveSeconds=600"]
    environment = {"OOS_STATE_DIR": str(settings.state_dir), "OOS_INVENTORY": str(settings.inventory)}
    # Not into the zone's process namespace: nsenter would fork, and be killed in place of the executor.
    inside = ["nsenter", f"--target={require(world.zone).init.pid}", "--net", "--"]
    argv = [sys.executable, "-m", "oos.cli", "api", "oos", "ReplaceSecurityGroupRules", *pairs, "--no-input"]
    with (settings.state_dir / "executor.log").open("wb") as said:
        return subprocess.Popen(
            [*inside, *argv],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
