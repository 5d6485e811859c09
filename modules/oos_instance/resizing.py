"""Decisions about what an instance becomes: its size, its host name, its passwords. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from oos.fleet.instance import Instance, InstanceSize, Labels, Power
from oos.inventory.model import InstanceType
from oos.service.errors import InvalidParameter, Refused
from oos_instance.decide import status_of, wrong_status
from oos_instance.requests import CpuOptions, ModifyInstanceAttribute

_HOST_NAME: Final = re.compile(
    r"(?=.{2,64}\Z)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


def labels_after(labels: Labels, request: ModifyInstanceAttribute) -> Labels:
    """The labels with what the request gives in place of what was there."""
    protection = request.deletion_protection
    return replace(
        labels,
        name=labels.name if request.instance_name is None else request.instance_name,
        description=labels.description if request.description is None else request.description,
        deletion_protection=labels.deletion_protection if protection is None else protection,
    )


def require_groups(instance: Instance, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The groups that its first card shall be in; none where that is not asked. Raises Refused for leaving all."""
    if wanted is None:
        return ()
    if not wanted:
        message = f"{instance.id} would be in no security group; then nothing would be filtered."
        raise Refused("InstanceLastSecurityGroup", message)
    if not instance.interfaces:
        raise Refused("InvalidOperation.NoNetworkInterface", f"{instance.id} has no network card.")
    return tuple(dict.fromkeys(wanted))


def require_host_name(name: str) -> None:
    """Raise InvalidParameter for what is no host name (RFC 1123, 2 to 64 characters)."""
    if not _HOST_NAME.fullmatch(name):
        message = f"{name!r} is no host name: 2 to 64 letters, digits and hyphens, in parts between periods."
        raise InvalidParameter("HostName", message, code="InvalidHostName.Malformed")


def require_guest(instance: Instance, what: str) -> None:
    """Raise Refused for an instance whose guest cannot be asked to do something, as it does not run."""
    if instance.power is not Power.RUNNING:
        raise wrong_status(instance, f"its guest {what}, so it must run")


def require_stopped(instance: Instance, what: str) -> None:
    """Raise Refused unless the instance is off."""
    if instance.power is not Power.STOPPED:
        raise wrong_status(instance, f"stop it before {what}")


def size_of(type: InstanceType, instance: Instance) -> InstanceSize:
    """The size that this type is. Raises Refused while the instance is not off."""
    require_stopped(instance, "it is resized")
    return InstanceSize(type.cpu, type.memory_mib, type.id)


def size_with_cpus(options: CpuOptions, instance: Instance, type: InstanceType | None) -> InstanceSize:
    """The size with processors laid out so. Raises InvalidParameter, Refused."""
    require_stopped(instance, "its processors are laid out anew")
    most = instance.cpu if type is None else type.cpu
    threads = options.threads_per_core or 1
    cores = options.core or max(1, most // threads)
    if cores * threads > most:
        message = f"{cores} cores of {threads} threads are more than the {most} processors of {instance.id}."
        raise InvalidParameter("CpuOptions.Core", message, code="InvalidCpuOptions.ValueNotSupported")
    return InstanceSize(cores * threads, instance.memory_mib, instance.instance_type, threads)


def require_sized(instance: Instance, size: InstanceSize) -> None:
    """Raise Refused when the instance, looked at again, is not what it should have become."""
    if (instance.cpu, instance.memory_mib) != (size.cpu, size.memory_mib):
        message = (
            f"The instance {instance.id} ({instance.name}, {status_of(instance.power)}) has {instance.cpu} processors "
            f"and {instance.memory_mib} MiB, not {size.cpu} and {size.memory_mib}."
        )
        raise Refused("OperationConflict", message)
