"""Networks on libvirt: listed, made, labelled, removed. https://libvirt.org/html/libvirt-libvirt-network.html"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from oos.adapters.libvirt.connection import Handle, LibvirtFailed, code_of, libvirt
from oos.adapters.libvirt.network_xml import new_network_xml, quoted, read_bridged, read_network, with_labels
from oos.adapters.libvirt.routing import LibvirtRouting
from oos.adapters.libvirt.routing_script import Bridged
from oos.adapters.libvirt.translating import LibvirtTranslating
from oos.fleet.errors import HypervisorFailed, NetworkAbsent, WrongState
from oos.fleet.identity import made_network_name
from oos.fleet.network import Network, NetworkLabels, NetworkSpec

T = TypeVar("T")


class LibvirtNetworks(LibvirtTranslating, LibvirtRouting):
    """The half of the port that is about networks."""

    def networks(self) -> tuple[Network, ...]:
        return tuple(read_network(xml, self._host, is_active=is_active) for xml, is_active in self._listed())

    def _listed(self) -> list[tuple[str, bool]]:
        """The XML of every network, and whether it is up."""
        try:
            return self._connection.call(self._host.name, "listing its networks", _list_networks)
        except LibvirtFailed as failed:
            # A libvirt without a network driver: its guests are on bridges that others made.
            if failed.code == libvirt.VIR_ERR_NO_SUPPORT:
                return []
            raise

    def network(self, name: str) -> Network:
        xml, is_active = self._ask_network(name, "looking", _describe)
        return read_network(xml, self._host, is_active=is_active)

    def make_network(self, spec: NetworkSpec) -> Network:
        name = made_network_name(spec.token)
        with self._alone_with(name):
            try:
                found = self.network(name)
            except NetworkAbsent:
                self._define_network(name, _checked(name, lambda: new_network_xml(name, spec)))
                found = self.network(name)
            # Each is looked at: a crash may have come between any two.
            self._ask_network(name, "having it start with the host", lambda network: network.setAutostart(1))
            if not found.is_active:
                self._start_network(name)
            if spec.vpc_id:
                self._route_all()
            return self.network(name)

    def _define_network(self, name: str, xml: str) -> None:
        self._connection.call(_target(name), "defining it", lambda conn: conn.networkDefineXML(xml))

    def _start_network(self, name: str) -> None:
        try:
            self._ask_network(name, "starting it", lambda network: network.create())
        except LibvirtFailed as failed:
            if failed.code == libvirt.VIR_ERR_OPERATION_INVALID and self.network(name).is_active:
                return
            self._ask_network(name, "undefining it", lambda network: network.undefine())
            raise

    def label_network(self, name: str, labels: NetworkLabels, vpc_cidr: str = "") -> Network:
        with self._alone_with(name):
            now = self.network(name)
            if now.labels != labels or vpc_cidr not in ("", now.vpc_cidr):
                inactive = self._ask_network(name, "looking", _inactive_xml)
                self._define_network(name, _checked(name, lambda: with_labels(inactive, labels, vpc_cidr)))
            return self.network(name)

    def remove_network(self, name: str) -> None:
        with self._alone_with(name):
            users = [each.id for each in self._domains() if any(card.network == name for card in each.text.cards)]
            if users:
                raise WrongState(_target(name), f"in use by {users[0]}", "take its network cards out first")
            with suppress(NetworkAbsent):
                self._ask_network(name, "taking it down", _destroy)
                self._ask_network(name, "undefining it", lambda network: network.undefine())
            self._route_all()

    def _route_all(self) -> None:
        """Ways between the networks that are there now: the same act after a crash, a loss or a change.

        Where the inventory does not say how to run a program, networks are as libvirt keeps them.
        """
        if self._host.uplink is None:
            return
        with self._alone_with("ways between networks"):
            networks = self._bridged()
            while True:
                self._route(networks)
                # Another process may have made or removed one meanwhile: the later of the two puts it right.
                before, networks = networks, self._bridged()
                if networks == before:
                    return

    def _bridged(self) -> tuple[Bridged, ...]:
        found = (read_bridged(xml) for xml, _ in self._listed())
        return tuple(sorted((each for each in found if each is not None), key=lambda each: each.bridge))

    def reserve_address(self, network: str, mac: str, address: str) -> None:
        with self._alone_with(network):
            if not self.network(network).has_dhcp:
                raise WrongState(_target(network), "without DHCP", "addresses can be reserved only where it gives them")
            card = quoted(mac.lower())
            wanted = f"<host mac={card} ip={quoted(address)}/>"
            for flag, xml in self._ask_network(network, "looking", _texts):
                found = read_network(xml, self._host, is_active=True).reservations
                for other, reserved in found.items():
                    if (other == mac.lower()) != (reserved == address):
                        self._update_reservation(
                            network, libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE, f"<host mac={quoted(other)}/>", flag
                        )
                if address and found.get(mac.lower()) != address:
                    self._update_reservation(network, libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, wanted, flag)

    def _update_reservation(self, network: str, command: int, xml: str, flag: int) -> None:
        section = libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST
        self._ask_network(
            network, "reserving an address", lambda handle: handle.update(command, section, -1, xml, flag)
        )

    def _require_network(self, name: str) -> None:
        """Raises NetworkAbsent."""
        self._ask_network(name, "looking", lambda network: network.name())

    def _ask_network(self, name: str, what: str, ask: Callable[[Handle], T]) -> T:
        """Ask a network something, or make it change one thing. Raises NetworkAbsent."""
        try:
            return self._connection.call(_target(name), what, lambda conn: ask(conn.networkLookupByName(name)))
        except LibvirtFailed as failed:
            if failed.code == libvirt.VIR_ERR_NO_NETWORK:
                raise NetworkAbsent(name) from failed
            raise


def _target(name: str) -> str:
    return f"network {name}"


def _checked(name: str, written: Callable[[], str]) -> str:
    try:
        return written()
    except ValueError as error:
        raise HypervisorFailed(_target(name), str(error)) from error


def _list_networks(conn: Handle) -> list[tuple[str, bool]]:
    found = []
    for network in conn.listAllNetworks(0):
        try:
            found.append(_describe(network))
        except libvirt.libvirtError as error:
            # It went away since the list was made.
            if code_of(error) != libvirt.VIR_ERR_NO_NETWORK:
                raise
    return found


def _describe(network: Handle) -> tuple[str, bool]:
    # Labels are written into the definition; that of a running network shows them only when it starts again.
    return _inactive_xml(network), bool(network.isActive())


def _inactive_xml(network: Handle) -> str:
    return str(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE if network.isPersistent() else 0))


def _texts(network: Handle) -> list[tuple[int, str]]:
    """What a network is now and what it will be when it starts next, each with the flag that changes it."""
    found = []
    if network.isActive():
        found.append((libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE, str(network.XMLDesc(0))))
    if network.isPersistent():
        found.append((libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG, _inactive_xml(network)))
    return found


def _destroy(network: Handle) -> None:
    if network.isActive():
        network.destroy()
