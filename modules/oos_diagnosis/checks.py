"""What is wrong with an instance, from what was observed of it. Pure.

Each metric is a question; its issues are the answers that want somebody's attention.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from oos.fleet.instance import GuestAddress, Instance, Power


class Severity(StrEnum):
    """How bad it is, in the words of ECS, mildest first."""

    UNKNOWN = "Unknown"
    """It could not be looked at."""
    NORMAL = "Normal"
    INFO = "Info"
    WARN = "Warn"
    CRITICAL = "Critical"


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong."""

    id: str
    severity: Severity
    detail: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of an instance; None where it could not be looked at."""

    instance: Instance
    agent_fault: str = ""
    """Why the agent does not answer."""
    addresses: tuple[GuestAddress, ...] = ()
    routes: str | None = None
    """`/proc/net/route` of the guest."""
    mounts: str | None = None
    """`/proc/mounts` of the guest."""
    usage: str | None = None
    """What `df -Pk` says in the guest."""
    memory: str | None = None
    """`/proc/meminfo` of the guest."""
    load: str | None = None
    """`/proc/loadavg` of the guest."""
    console: str = ""
    locks: tuple[str, ...] = ()
    """What holds the instance or its disks: snapshots in progress, a suspended processor."""
    missing_disks: tuple[str, ...] = ()
    """Ids of disks whose volume is not there."""
    guest_faults: Mapping[str, str] = field(default_factory=dict)
    """By what was looked at: why the guest did not tell."""


FULL_PERCENT: Final = 90
VERY_FULL_PERCENT: Final = 98
LITTLE_MEMORY_PERCENT: Final = 5
LOAD_PER_CPU: Final = 4.0
_NO_DISKS: Final = frozenset({"tmpfs", "devtmpfs", "overlay", "udev", "none", "shm", "run", "tmp", "dev", "squashfs"})


def power(seen: Observation) -> Iterator[Issue]:
    """Whether the instance runs."""
    now = seen.instance.power
    if now is Power.PAUSED:
        cause = "it stands still: suspended by somebody, or stopped because a write of its failed"
        yield Issue("Instance.Suspended", Severity.CRITICAL, cause)
    elif now is not Power.RUNNING:
        yield Issue("Instance.NotRunning", Severity.CRITICAL, f"it is {now}")


def agent(seen: Observation) -> Iterator[Issue]:
    """Whether the guest agent answers."""
    if seen.agent_fault:
        yield Issue("Agent.NotAnswering", Severity.CRITICAL, seen.agent_fault)


def network(seen: Observation) -> Iterator[Issue]:
    """Whether each network card has an address, and the guest a default route."""
    if not seen.instance.interfaces:
        yield Issue("Network.NoInterface", Severity.CRITICAL, "it has no network card")
    if seen.instance.power is not Power.RUNNING:
        return
    for card in seen.instance.interfaces:
        if not any(each.mac.casefold() == card.mac.casefold() and _is_routed(each.address) for each in seen.addresses):
            detail = f"the card {card.mac} in {card.network or 'no network'} has no address"
            yield Issue("Network.NoAddress", Severity.CRITICAL, detail)
    if seen.routes is not None and not any(_is_default(line) for line in seen.routes.splitlines()[1:]):
        yield Issue("Network.NoDefaultRoute", Severity.WARN, "the guest has no default route")


def _is_routed(address: str) -> bool:
    return not ipaddress.ip_address(address).is_link_local


def _is_default(line: str) -> bool:
    words = line.split()
    return len(words) > 7 and words[1] == "00000000" and words[7] == "00000000"


def disk(seen: Observation) -> Iterator[Issue]:
    """Whether the disks are there, writable, and have room."""
    for id in seen.missing_disks:
        yield Issue("Disk.Missing", Severity.CRITICAL, f"the volume of {id} is not there")
    for line in (seen.mounts or "").splitlines():
        device, place, kind, options = (*line.split(), "", "", "", "")[:4]
        is_medium = kind in ("iso9660", "squashfs", "udf")
        if device.startswith("/dev/") and "ro" in options.split(",") and not is_medium:
            yield Issue("Disk.ReadOnly", Severity.CRITICAL, f"{place} is mounted read-only")
    for line in (seen.usage or "").splitlines()[1:]:
        words = line.split()
        if len(words) < 6 or words[0] in _NO_DISKS or not words[4].rstrip("%").isdigit():
            continue
        percent = int(words[4].rstrip("%"))
        if percent >= FULL_PERCENT:
            severity = Severity.CRITICAL if percent >= VERY_FULL_PERCENT else Severity.WARN
            yield Issue("Disk.Full", severity, f"{words[5]} is {percent} % full")


def memory(seen: Observation) -> Iterator[Issue]:
    """Whether the guest has memory left."""
    facts = {name: int(rest.split()[0]) for name, rest in _colons(seen.memory or "") if rest.split()}
    total, free = facts.get("MemTotal", 0), facts.get("MemAvailable")
    if total and free is not None and free * 100 < total * LITTLE_MEMORY_PERCENT:
        detail = f"{free // 1024} of {total // 1024} MiB are available"
        yield Issue("Memory.Exhausted", Severity.WARN, detail)


def _colons(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        yield name, rest


def load(seen: Observation) -> Iterator[Issue]:
    """Whether far more waits for the processors than they can do."""
    words = (seen.load or "").split()
    if words and float(words[0]) > LOAD_PER_CPU * seen.instance.cpu:
        yield Issue("Load.High", Severity.WARN, f"a load of {words[0]} on {seen.instance.cpu} processors")


def console(seen: Observation) -> Iterator[Issue]:
    """Whether the serial console tells of a crash or of programs that were killed for want of memory."""
    for words, id, severity in (
        ("Kernel panic", "Console.KernelPanic", Severity.CRITICAL),
        ("Out of memory: Killed process", "Console.OutOfMemory", Severity.WARN),
        ("I/O error, dev ", "Console.DiskError", Severity.WARN),
        ("Remounting filesystem read-only", "Console.RemountedReadOnly", Severity.CRITICAL),
    ):
        line = next((line for line in reversed(seen.console.splitlines()) if words in line), None)
        if line is not None:
            yield Issue(id, severity, line.strip()[:200])


def lock(seen: Observation) -> Iterator[Issue]:
    """Whether something holds the instance or its disks."""
    for held in seen.locks:
        yield Issue("Lock.Held", Severity.INFO, held)


@dataclass(frozen=True, slots=True)
class Metric:
    """A question to an instance."""

    id: str
    category: str
    name: str
    ask: Callable[[Observation], Iterator[Issue]]
    in_guest: bool = False
    needs: tuple[str, ...] = ()
    """What of the observation it cannot do without."""


METRICS: Final = (
    Metric("Instance.Power", "Instance", "The instance runs", power),
    Metric("Instance.Console", "Instance", "The console tells of no crash", console),
    Metric("Instance.Lock", "Instance", "Nothing holds the instance or its disks", lock),
    Metric("GuestOS.Agent", "GuestOS", "The guest agent answers", agent),
    Metric("GuestOS.Network", "Network", "Cards have addresses, and there is a default route", network),
    Metric("GuestOS.Disk", "Disk", "Disks are there, writable, and have room", disk, True, ("mounts", "usage")),
    Metric("GuestOS.Memory", "GuestOS", "There is memory left", memory, True, ("memory",)),
    Metric("GuestOS.Load", "GuestOS", "The processors keep up", load, True, ("load",)),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A metric, answered."""

    metric: Metric
    severity: Severity
    issues: tuple[Issue, ...]


def diagnose(seen: Observation) -> tuple[Finding, ...]:
    """Every metric, answered; Unknown where nothing was found and something could not be looked at."""
    return tuple(_answer(metric, seen) for metric in METRICS)


def _answer(metric: Metric, seen: Observation) -> Finding:
    issues = tuple(metric.ask(seen))
    if issues:
        return Finding(metric, worst(each.severity for each in issues), issues)
    unseen = [name for name in metric.needs if getattr(seen, name) is None]
    if not unseen:
        return Finding(metric, Severity.NORMAL, ())
    causes = dict.fromkeys(seen.guest_faults.get(name, "it could not be asked") for name in unseen)
    issue = Issue(f"{metric.id}.NotSeen", Severity.UNKNOWN, "; ".join(causes))
    return Finding(metric, Severity.UNKNOWN, (issue,))


def worst(severities: Iterator[Severity]) -> Severity:
    """The worst of some severities; Normal of none. What was not seen is no fault of the instance."""
    order = list(Severity)
    found = max(severities, key=order.index, default=Severity.NORMAL)
    return Severity.NORMAL if found is Severity.UNKNOWN else found
