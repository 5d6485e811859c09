"""The hypervisor of a libvirt URI: all halves of the port in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from oos.adapters.libvirt.accounts import LibvirtAccounts
from oos.adapters.libvirt.attaching import LibvirtAttaching
from oos.adapters.libvirt.events import Watch
from oos.adapters.libvirt.grouping import LibvirtGrouping
from oos.adapters.libvirt.importing import LibvirtImporting
from oos.adapters.libvirt.moving import LibvirtMoving
from oos.adapters.libvirt.reshaping import LibvirtReshaping
from oos.adapters.libvirt.statistics import read_statistics
from oos.fleet.hypervisor import Subscription
from oos.fleet.instance import InstanceEvent
from oos.fleet.statistics import InstanceStatistics


class LibvirtHypervisor(
    LibvirtMoving, LibvirtAttaching, LibvirtReshaping, LibvirtAccounts, LibvirtImporting, LibvirtGrouping
):
    """A host under libvirt; see LibvirtHost for what varies."""

    def watch(self, listener: Callable[[InstanceEvent], None]) -> Subscription:
        return Watch(self._connection, listener)

    def statistics(self) -> Mapping[str, InstanceStatistics]:
        now = self._now
        return self._connection.call(self._host.name, "reading statistics", lambda conn: read_statistics(conn, now()))

    def close(self) -> None:
        self._connection.close()
