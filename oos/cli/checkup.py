"""The checkup of the fleet: whether each host of the inventory answers, has its pools, and its agents answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from oos.cli.words import counted
from oos.fleet.errors import DeadlineExceeded, FleetError, HostUnreachable
from oos.fleet.instance import Instance, Power
from oos.lab.doctor import Finding, State
from oos.service.many import at_once

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.fleet.hypervisor import Hypervisor
    from oos.inventory.model import Host

MOST_NAMED: Final = 5


def checkup(app: App) -> tuple[Finding, ...]:
    """What was found of each host of every region. Raises DiagnosticError for an inventory that cannot be read."""
    hosts = [host for region in app.inventory.regions for zone in region.zones for host in zone.hosts]
    return tuple(finding for found in at_once(lambda host: _of_host(app, host), hosts) for finding in found)


def answers(findings: Sequence[Finding]) -> bool:
    """Whether nothing is missing of the fleet."""
    return all(finding.state is not State.MISSING for finding in findings)


def _of_host(app: App, host: Host) -> list[Finding]:
    name = f"host {host.name}"
    if host.maintenance:
        return [Finding(name, State.LIMITED, "in maintenance: it is left out of everything", "nothing to do")]
    hypervisor = app.fleet.hypervisor(host)
    try:
        instances = hypervisor.instances()
    except (HostUnreachable, DeadlineExceeded) as error:
        return [_unreachable(app, host, error)]
    except FleetError as error:
        return [Finding(name, State.MISSING, str(error), f"look at it: virsh -c '{host.uri}' list --all")]
    found = Finding(name, State.FINE, f"{host.uri} answers, {counted(len(instances), 'instance')}")
    return [found, _pools(hypervisor, host), _agents(hypervisor, host, instances)]


def _unreachable(app: App, host: Host, error: HostUnreachable | DeadlineExceeded) -> Finding:
    name = f"host {host.name}"
    cause = error.cause if isinstance(error, HostUnreachable) else str(error)
    if is_of_the_lab(app, host):
        return Finding(name, State.LIMITED, "the lab is down", "oos lab up")
    if app.settings.inventory is None:
        remedy = "name your hosts in an inventory (inventory/example.yml), or install libvirt here"
        return Finding(name, State.LIMITED, f"no hypervisor answers here: {cause}", remedy)
    return Finding(name, State.MISSING, f"does not answer: {cause}", f"try it by hand: virsh -c '{host.uri}' list")


def is_of_the_lab(app: App, host: Host) -> bool:
    """Whether the host is the one that `oos lab up` makes."""
    from oos.inventory.lab import lab_runtime

    return str(lab_runtime(app.settings.lab_directory.resolve())) in host.uri


def _pools(hypervisor: Hypervisor, host: Host) -> Finding:
    """Whether every pool can be listed: each is asked for what is kept in it."""
    asked: dict[str, Callable[[], object]] = {
        host.pools.disks: hypervisor.disks,
        host.pools.snapshots: hypervisor.snapshots,
        host.pools.images: hypervisor.images,
    }
    name = f"pools of {host.name}"
    faults = []
    for ask in asked.values():
        try:
            ask()
        except FleetError as error:
            faults.append(str(error))
    if faults:
        remedy = f"make it, or name another in the inventory: virsh -c '{host.uri}' pool-list --all"
        return Finding(name, State.MISSING, "; ".join(dict.fromkeys(faults)), remedy)
    return Finding(name, State.FINE, ", ".join(asked))


def _agents(hypervisor: Hypervisor, host: Host, instances: Sequence[Instance]) -> Finding:
    running = sorted((each for each in instances if each.power is Power.RUNNING), key=lambda each: each.name)
    silent = [each for each, fine in zip(running, at_once(_answering(hypervisor), running), strict=True) if not fine]
    name = f"agents of {host.name}"
    if not running:
        return Finding(name, State.FINE, "no instance runs")
    if not silent:
        return Finding(name, State.FINE, f"{len(running)} of {len(running)} guests answer")
    named = ", ".join(each.name or each.id for each in silent[:MOST_NAMED])
    more = f" and {len(silent) - MOST_NAMED} more" if len(silent) > MOST_NAMED else ""
    remedy = "install and start qemu-guest-agent there: without it no commands, and no frozen snapshots"
    detail = f"{len(running) - len(silent)} of {len(running)} guests answer; not {named}{more}"
    return Finding(name, State.LIMITED, detail, remedy)


def _answering(hypervisor: Hypervisor) -> Callable[[Instance], bool]:
    def ask(instance: Instance) -> bool:
        try:
            hypervisor.guest_info(instance.id)
        except FleetError:
            return False
        return True

    return ask
