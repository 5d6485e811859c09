"""Failures of the world beneath the fleet; each names its target."""

from __future__ import annotations


class FleetError(Exception):
    """Something about a host, or about what is on it, failed."""


class HostUnreachable(FleetError):
    """A host does not answer; what is on it is unknown, not absent."""

    def __init__(self, host: str, cause: str) -> None:
        super().__init__(f"host {host} is unreachable: {cause}")
        self.host = host
        self.cause = cause


class DeadlineExceeded(FleetError):
    """A call took longer than it may."""

    def __init__(self, target: str, what: str, seconds: float) -> None:
        super().__init__(f"{target}: {what} did not end within {seconds:g} s")
        self.target = target


class HypervisorFailed(FleetError):
    """The hypervisor refused or failed; `cause` is what it said."""

    def __init__(self, target: str, cause: str) -> None:
        super().__init__(f"{target}: {cause}")
        self.target = target
        self.cause = cause


class PoolFull(HypervisorFailed):
    """No space is left in a storage pool, or on the disk below it."""


class AgentUnavailable(FleetError):
    """The guest agent of an instance does not answer."""

    def __init__(self, instance: str, cause: str) -> None:
        super().__init__(f"the guest agent of {instance} does not answer: {cause}")
        self.target = instance
        self.cause = cause


class MachineUnreachable(AgentUnavailable):
    """A machine cannot be reached over SSH."""

    def __init__(self, machine: str, cause: str) -> None:
        FleetError.__init__(self, f"{machine} cannot be reached over SSH: {cause}")
        self.target = machine
        self.cause = cause


class AgentFailed(FleetError):
    """The guest agent answered with an error."""

    def __init__(self, instance: str, cause: str) -> None:
        super().__init__(f"the guest agent of {instance} refused: {cause}")
        self.target = instance
        self.cause = cause


class WrongState(FleetError):
    """The thing is in a state in which this cannot be done."""

    def __init__(self, target: str, state: str, wanted: str) -> None:
        super().__init__(f"{target} is {state}; {wanted}")
        self.target = target
        self.state = state


class Incapable(FleetError):
    """The thing cannot do this, as it is made: asking again will not help."""

    def __init__(self, target: str, cause: str) -> None:
        super().__init__(f"{target}: {cause}")
        self.target = target
        self.cause = cause


class AbsentError(FleetError):
    """There is no such thing on any reachable host."""

    kind = "thing"

    def __init__(self, id: str) -> None:
        super().__init__(f"there is no {self.kind} {id}")
        self.id = id


class InstanceAbsent(AbsentError):
    kind = "instance"


class DiskAbsent(AbsentError):
    kind = "disk"


class SnapshotAbsent(AbsentError):
    kind = "snapshot"


class ImageAbsent(AbsentError):
    kind = "image"


class NetworkAbsent(AbsentError):
    kind = "network"


class NoUplink(FleetError):
    """The inventory does not say how a host could translate elastic addresses."""

    def __init__(self, host: str) -> None:
        super().__init__(f"host {host} translates no elastic addresses: the inventory gives it no uplink")
        self.host = host


class InterfaceAbsent(AbsentError):
    kind = "network interface"


class SecurityGroupAbsent(AbsentError):
    kind = "security group"
