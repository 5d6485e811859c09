"""Labels of instances: changed by reading, changing and writing them, one writer at a time."""

from __future__ import annotations

from collections.abc import Callable

from oos.fleet.instance import Instance, Labels
from oos.service.context import Context


def change_labels(context: Context, instance_id: str, change: Callable[[Labels], Labels]) -> Instance:
    """Change the labels of an instance, and give it as it is then. Raises InstanceAbsent, HostUnreachable.

    libvirt replaces the whole metadata element and compares nothing, so of two writers at once each would lose the
    other's change. The registry keeps all processes that share it apart.
    """
    with context.registry.alone_with(f"labels of {instance_id}"):
        hypervisor, instance = context.fleet.of_instance(instance_id, context.region)
        wanted = change(instance.labels)
        return instance if wanted == instance.labels else hypervisor.label(instance_id, wanted)
