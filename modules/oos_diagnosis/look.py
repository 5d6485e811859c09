"""Looking at an instance from all sides: its host, its agent, its guest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from oos.fleet.errors import AgentFailed, AgentUnavailable, DiskAbsent, FleetError
from oos.fleet.instance import Power
from oos.fleet.storage import SnapshotStatus
from oos.service.context import Context
from oos_diagnosis.checks import Observation

if TYPE_CHECKING:
    from oos.fleet.hypervisor import Hypervisor
    from oos.fleet.instance import Instance

_FILES: Final = {
    "routes": "/proc/net/route",
    "mounts": "/proc/mounts",
    "memory": "/proc/meminfo",
    "load": "/proc/loadavg",
}
_FILE_BYTES: Final = 1 << 18
_WAIT_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.2


def look_at(context: Context, hypervisor: Hypervisor, instance: Instance) -> Observation:
    """What is to be seen of an instance. Raises HostUnreachable."""
    locks = tuple(
        f"snapshot {each.id} of {each.disk_id} is being made ({each.progress} %)"
        for each in hypervisor.snapshots()
        if each.disk_id in instance.disk_ids and each.status is SnapshotStatus.PROGRESSING
    )
    if instance.labels.deletion_protection:
        locks = (*locks, "it is under deletion protection")
    seen = Observation(
        instance=instance,
        console=hypervisor.console(instance.id).decode(errors="replace"),
        locks=locks,
        missing_disks=tuple(id for id in instance.disk_ids if not _is_there(hypervisor, id)),
    )
    if instance.power is not Power.RUNNING:
        return replace(seen, agent_fault=f"the instance is {instance.power}")
    seen = replace(seen, addresses=hypervisor.addresses(instance.id))
    try:
        hypervisor.guest_info(instance.id)
    except (AgentUnavailable, AgentFailed) as mute:
        return replace(seen, agent_fault=str(mute))
    return _in_guest(context, hypervisor, seen)


def _is_there(hypervisor: Hypervisor, disk_id: str) -> bool:
    try:
        hypervisor.disk(disk_id)
    except DiskAbsent:
        return False
    return True


def _in_guest(context: Context, hypervisor: Hypervisor, seen: Observation) -> Observation:
    found: dict[str, str] = {}
    faults: dict[str, str] = {}
    for name, path in _FILES.items():
        try:
            content = hypervisor.guest_read(seen.instance.id, path, limit=_FILE_BYTES)
            found[name] = content.decode(errors="replace")
        except (AgentFailed, AgentUnavailable) as refused:
            faults[name] = str(refused)
    try:
        found["usage"] = _usage(context, hypervisor, seen.instance.id)
    except FleetError as refused:
        faults["usage"] = str(refused)
    return replace(
        seen,
        guest_faults=faults,
        routes=found.get("routes"),
        mounts=found.get("mounts"),
        memory=found.get("memory"),
        load=found.get("load"),
        usage=found.get("usage"),
    )


def _usage(context: Context, hypervisor: Hypervisor, instance_id: str) -> str:
    """How full the file systems of the guest are. Raises AgentFailed, AgentUnavailable."""
    pid = hypervisor.guest_execute(instance_id, ["/bin/df", "-Pk"])
    waited = 0.0
    while not (process := hypervisor.guest_process(instance_id, pid)).exited:
        if waited >= _WAIT_SECONDS:
            raise AgentFailed(instance_id, f"df did not end within {_WAIT_SECONDS:g} s")
        context.pause(_POLL_SECONDS, f"df in {instance_id}")
        waited += _POLL_SECONDS
    if not process.stdout:
        raise AgentFailed(instance_id, f"df said {process.stderr.decode(errors='replace').strip()!r}")
    return process.stdout.decode(errors="replace")
