"""Ways between the networks of a VPC: rules of the host, which libvirt knows nothing of."""

from __future__ import annotations

from oos.adapters.libvirt.host_programs import LibvirtHostPrograms, installed
from oos.adapters.libvirt.routing_script import HOOK, LOOK, Bridged, read_ways, routing_script, ways_between
from oos.fleet.errors import HypervisorFailed


class LibvirtRouting(LibvirtHostPrograms):
    """A host that gives the networks of a VPC ways to each other, and to no others."""

    def _route(self, networks: tuple[Bridged, ...]) -> None:
        """Have exactly these networks routed, now and after each start of the host; a look tells that it is so."""
        try:
            script = routing_script(networks)
        except ValueError as error:
            raise HypervisorFailed(self._host.name, str(error)) from error
        wanted = ways_between(networks)
        self._run(installed(HOOK, script, is_needed=bool(wanted)), "giving the networks of its VPCs ways to each other")
        try:
            there = read_ways(self._run(LOOK, "looking at its rules"))
        except (ValueError, KeyError, TypeError) as error:
            raise HypervisorFailed(self._host.name, f"its nft answers strangely: {error}") from error
        if there != wanted:
            raise HypervisorFailed(self._host.name, "it was told the ways between its networks, and has others")
