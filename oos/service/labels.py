"""Labels of instances: changed by reading, changing and writing them, one writer at a time."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from typing import Final

from oos.fleet.instance import Instance, Labels
from oos.service.context import Context

# libvirt replaces the whole metadata element, so two writers at once would each lose the other's change. The locks
# keep the threads of this process apart; a few are enough, and instances share them.
_LOCKS: Final = tuple(threading.Lock() for _ in range(64))


def change_labels(context: Context, instance_id: str, change: Callable[[Labels], Labels]) -> Instance:
    """Change the labels of an instance, and give it as it is then. Raises InstanceAbsent, HostUnreachable."""
    with _LOCKS[zlib.crc32(instance_id.encode()) % len(_LOCKS)]:
        hypervisor, instance = context.fleet.of_instance(instance_id, context.region)
        wanted = change(instance.labels)
        return instance if wanted == instance.labels else hypervisor.label(instance_id, wanted)
