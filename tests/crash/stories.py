"""Stories: every runbook with what it is given and the fleet it finds, to be killed while it is carried out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from oos.adapters.hypervisors import open_hypervisor
from oos.adapters.memory.state import load_state, save_state
from oos.fleet.instance import StopMethod
from tests.cli.world import World

RUNBOOKS = Path(__file__).parents[2] / "runbooks"

Parameters = Callable[[World], Mapping[str, str]]
Prepare = Callable[[World], None]


@dataclass(frozen=True, slots=True)
class Story:
    """A runbook, what it is given, and the fleet it finds."""

    runbook: str
    parameters: Parameters = lambda world: {}
    prepare: Prepare = lambda world: None
    options: tuple[str, ...] = ()
    """Of the command line, for each of its processes."""
    beside: bool = False
    """Whether there is a second host in the zone."""


# what it finds


def _rotated(world: World) -> None:
    said = world.run("run", str(RUNBOOKS / "snapshot-rotation.yml"), "-p", "keep=1", "--yes", "--no-input")
    assert said.code == 0, said


def _stopped(world: World) -> None:
    hypervisor = open_hypervisor(world.host())
    for instance in hypervisor.instances():
        hypervisor.stop(instance.id, StopMethod.POWER_OFF)


def in_all_guests(world: World, path: str, content: bytes) -> None:
    """Have a file on every disk."""
    state = load_state(world.folder / "h1.json")
    assert state is not None
    for disk_id in state.disks:
        state.files[disk_id][path] = content
    save_state(world.folder / "h1.json", state)


def _grouped(world: World) -> None:
    """The first instance is in a security group, and there is a second one."""
    for name in ("web", "quarantine"):
        _api(world, "ecs", "CreateSecurityGroup", SecurityGroupName=name)
    group = {"SecurityGroupId": _group(world, "web")}
    _api(world, "ecs", "AuthorizeSecurityGroup", IpProtocol="TCP", PortRange="22/22", SourceCidrIp="0.0.0.0/0", **group)
    _api(world, "ecs", "JoinSecurityGroup", InstanceId=_first(world), **group)


def _image_newer(world: World) -> None:
    for number in (1, 2):
        name = f"gold-{number}"
        _api(world, "ecs", "CreateImage", InstanceId=_first(world), ImageName=name, ImageFamily="gold")


def _api(world: World, service: str, operation: str, **parameters: str) -> str:
    given = [f"{name}={value}" for name, value in parameters.items()]
    said = world.run("api", service, operation, "RegionId=sim", *given, "-o", "json")
    assert said.code == 0, said
    return said.out


def _too_close(world: World) -> None:
    """Two instances of a deployment set on one host."""
    made = _api(world, "ecs", "CreateDeploymentSet", DeploymentSetName="web")
    first, second = (each.id for each in open_hypervisor(world.host()).instances())
    name = _found("ds", made)
    change = "ModifyInstanceDeployment"
    _api(world, "ecs", change, InstanceId=first, DeploymentSetId=name)
    _api(world, "ecs", change, InstanceId=second, DedicatedHostId="h2", MigrationType="live")
    _api(world, "ecs", change, InstanceId=second, DeploymentSetId=name)
    _api(world, "ecs", change, InstanceId=second, DedicatedHostId="h1", MigrationType="live", Force="true")


# what it is given


def _found(prefix: str, text: str) -> str:
    found = re.search(rf"{prefix}-[0-9a-f]{{20}}", text)
    assert found is not None, text
    return found[0]


def _first(world: World) -> str:
    return open_hypervisor(world.host()).instances()[0].id


def _group(world: World, name: str) -> str:
    return _found("sg", _api(world, "ecs", "DescribeSecurityGroups", SecurityGroupName=name))


def _with(**parameters: str) -> Parameters:
    return lambda world: parameters


def _for_one(**parameters: str) -> Parameters:
    return lambda world: {"instanceId": _first(world), **parameters}


def _one(world: World) -> str:
    return json.dumps({"Type": "ResourceIds", "ResourceIds": [_first(world)]})


def _for_one_from_an_image(world: World) -> Mapping[str, str]:
    return _for_one(imageId=open_hypervisor(world.host()).images()[0].id)(world)


ALL = '{"Type": "All"}'
LOG = "echo once >> /log"
"""What shows afterwards how often it was carried out."""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA{} {}@example"

STORIES = (
    Story("snapshot-rotation.yml", _with(keep="1"), _rotated),
    Story("disk-rollback.yml", _for_one(agentPatience="0"), _rotated),
    Story("protected-change.yml", _with(targets=ALL, command=LOG)),
    Story("rolling-change.yml", _with(targets=ALL, command=LOG)),
    # What changes the fleet.
    Story("agent-health.yml"),
    Story("clean-disks.yml"),
    Story("deploy-file.yml", _with(targets=ALL, path="/etc/motd", content="hello")),
    Story("expand-full-disk.yml"),
    Story("golden-image-build.yml", _for_one(imageFamily="gold")),
    Story("golden-image-rollout.yml", _with(targets=ALL, imageFamily="gold"), _image_newer),
    Story("host-evacuate.yml", _with(hostId="h1"), beside=True),
    Story("image-retire.yml", _with(imageFamily="gold", keep="1", delete="true"), _image_newer),
    Story("office-hours-start.yml", prepare=_stopped),
    Story("office-hours-stop.yml"),
    Story(
        "open-port-for-a-while.yml",
        lambda world: {
            "securityGroupId": _group(world, "web"),
            "port": "5432",
            "source": "192.0.2.7",
            "duration": "PT1S",
            "reason": "debugging",
        },
        _grouped,
    ),
    Story("patch-in-waves.yml", _with(targets=ALL, patchCommand=LOG, restart="Always")),
    Story("power.yml", _with(targets=ALL, action="Restart")),
    Story(
        "quarantine.yml",
        lambda world: _for_one(securityGroupId=_group(world, "quarantine"), reason="odd logins")(world),
        _grouped,
    ),
    Story(
        "rebalance.yml",
        lambda world: {"deploymentSetId": _found("ds", _api(world, "ecs", "DescribeDeploymentSets"))},
        _too_close,
        beside=True,
    ),
    Story("replace-system-disk.yml", _for_one_from_an_image),
    Story("resize-in-waves.yml", _with(targets=ALL, instanceType="ecs.t1.small")),
    Story("restore-test.yml", _for_one(), _rotated),
    Story("retire-instance.yml", _for_one(keepUntil="2099-01-01")),
    Story("rotate-ssh-keys.yml", _with(targets=ALL, newKey=KEY.format("new", "ann"), oldKey=KEY.format("old", "bob"))),
    Story("run-command.yml", _with(targets=ALL, command=LOG)),
    Story("security-baseline.yml", _with(management='["192.0.2.0/24"]'), _grouped),
    Story("tag-hygiene.yml", _with(defaults='{"owner": "ops"}', required='{"owner": [], "env": ["test"]}')),
    # What only looks.
    Story("collect-inventory.yml"),
    Story("connectivity-check.yml", _with(goals='[{"host": "192.0.2.1", "port": 80}]')),
    Story("console-capture.yml", _with(targets=ALL)),
    Story("diagnose.yml", _with(targets=ALL)),
    Story("disk-usage.yml"),
    Story("drift-report.yml", _with(targets=ALL)),
    Story("guest-baseline.yml"),
    Story("missing-snapshots.yml"),
    Story("patch-report.yml"),
    # What goes through Ansible's processes, and takes their time.
    Story("guest-hardening.yml", lambda world: {"targets": _one(world), "checkIds": '["kernel-pointers"]'}),
    # What is armed, and waits; firings are killed in memory (rehearsed.py), where time is not that of a busy machine.
    Story("restart-on-high-cpu.yml", options=("--deadline", "2s")),
    Story("snapshot-schedule.yml", _with(cron="0 0 0 1 1 ?"), options=("--deadline", "2s")),
)
"""Every runbook. Some fail in the simulation, and put back what they did: the same, then."""
