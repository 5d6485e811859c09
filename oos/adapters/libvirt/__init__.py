"""The libvirt adapter: a host as a libvirt URI. `import libvirt` stands in `connection.py` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oos.fleet.hypervisor import Hypervisor
    from oos.inventory.model import Host


def open_hypervisor(host: Host) -> Hypervisor:
    """The hypervisor behind the host's URI; it connects when it is first asked something."""
    # libvirt is loaded here, so that a template can be checked where there is none.
    from oos.adapters.libvirt.hypervisor import LibvirtHypervisor

    return LibvirtHypervisor(host)
