"""Simulated networks, and the cards in them."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import replace

from oos.adapters.memory.state import plain_network
from oos.adapters.memory.translating import SimulatedTranslating
from oos.fleet.errors import HypervisorFailed, InterfaceAbsent, NetworkAbsent, SecurityGroupAbsent, WrongState
from oos.fleet.identity import made_network_name
from oos.fleet.instance import Instance, NetworkInterface, Power, interface_id
from oos.fleet.network import Bandwidth, InterfaceSpec, Network, NetworkLabels, NetworkSpec


class SimulatedNetworks(SimulatedTranslating):
    """The half of the port that is about networks and network cards."""

    def networks(self) -> tuple[Network, ...]:
        with self._call("networks", ""), self._lock:
            return tuple(self._network(name) for name in self.state.networks)

    def network(self, name: str) -> Network:
        with self._call("network", name):
            return self._network(name)

    def _network(self, name: str) -> Network:
        with self._lock:
            if name not in self.state.networks:
                raise NetworkAbsent(name)
            return self.state.network_details.get(name) or plain_network(name, self._host)

    def make_network(self, spec: NetworkSpec) -> Network:
        name = made_network_name(spec.token)
        with self._call("make_network", name, spec.token), self._lock:
            if name not in self.state.networks:
                cidr = ipaddress.IPv4Network(spec.cidr)
                for each in map(self._network, self.state.networks):
                    if each.cidr and ipaddress.IPv4Network(each.cidr).overlaps(cidr):
                        raise HypervisorFailed(f"network {name}", f"{cidr} is already in use by {each.name}")
                made = Network(
                    name=name,
                    host=self._host.name,
                    zone=self._host.zone,
                    region=self._host.region,
                    cidr=str(cidr),
                    gateway=str(cidr[1]),
                    has_dhcp=True,
                    labels=spec.labels,
                    vpc_id=spec.vpc_id,
                    vpc_cidr=spec.vpc_cidr,
                    created=spec.created,
                    token=spec.token,
                )
                with self._change():
                    self.state.networks.append(name)
                    self.state.network_details[name] = made
                    self._count("make_network", spec.token)
            return self._network(name)

    def label_network(self, name: str, labels: NetworkLabels, vpc_cidr: str = "") -> Network:
        with self._call("label_network", name), self._lock:
            network = self._network(name)
            wanted = replace(network, labels=labels, vpc_cidr=vpc_cidr or network.vpc_cidr)
            if network != wanted:
                self._keep_network(wanted, "label_network")
            return self._network(name)

    def remove_network(self, name: str) -> None:
        with self._call("remove_network", name), self._lock:
            if name not in self.state.networks:
                return
            users = [each.id for each in self.state.instances.values() if name in _networks_of(each)]
            if users:
                raise WrongState(f"network {name}", f"in use by {users[0]}", "take its network cards out first")
            with self._change():
                self.state.networks.remove(name)
                self.state.network_details.pop(name, None)
                self._count("remove_network", name)

    def reserve_address(self, network: str, mac: str, address: str) -> None:
        with self._call("reserve_address", network, mac), self._lock:
            known = self._network(network)
            if not known.has_dhcp:
                raise WrongState(f"network {network}", "without DHCP", "it gives no addresses")
            wanted = {
                card: kept for card, kept in known.reservations.items() if card != mac.lower() and kept != address
            }
            if address:
                wanted[mac.lower()] = address
            if wanted != known.reservations:
                self._keep_network(replace(known, reservations=wanted), "reserve_address")

    def _keep_network(self, network: Network, method: str) -> None:
        with self._change():
            self.state.network_details[network.name] = network
            self._count(method, network.name)

    def has_way(self, source: str, target: str) -> bool:
        """Whether what is in one network can begin connections to what is in another: within one, or within a VPC."""
        with self._lock:
            vpc_id = self._network(source).vpc_id
            return source == target or bool(vpc_id and vpc_id == self._network(target).vpc_id)

    # network cards

    def attach_interface(self, instance_id: str, spec: InterfaceSpec) -> Instance:
        with self._call("attach_interface", instance_id, spec.mac), self._lock:
            instance = self._instance(instance_id)
            self._network(spec.network)
            if not any(card.mac.lower() == spec.mac.lower() for card in instance.interfaces):
                for group_id in spec.security_group_ids:
                    if group_id not in self.state.group_filters:
                        raise SecurityGroupAbsent(group_id)
                card = NetworkInterface(spec.mac, spec.network, spec.security_group_ids, spec.bandwidth)
                self._put_cards(instance, (*instance.interfaces, card), "attach_interface", spec.mac)
            return self._instance(instance_id)

    def detach_interface(self, instance_id: str, mac: str) -> Instance:
        with self._call("detach_interface", instance_id, mac), self._lock:
            instance = self._instance(instance_id)
            left = tuple(card for card in instance.interfaces if card.mac.lower() != mac.lower())
            if left != instance.interfaces:
                self._put_cards(instance, left, "detach_interface", mac)
            return self._instance(instance_id)

    def limit_interface(self, instance_id: str, mac: str, bandwidth: Bandwidth) -> Instance:
        with self._call("limit_interface", instance_id, mac), self._lock:
            card = self._card(instance_id, mac)
            if card.bandwidth != bandwidth:
                self._replace_card(instance_id, replace(card, bandwidth=bandwidth), "limit_interface")
            return self._instance(instance_id)

    def move_interface(self, instance_id: str, mac: str, network: str) -> Instance:
        with self._call("move_interface", instance_id, mac), self._lock:
            self._network(network)
            instance = self._instance(instance_id)
            if instance.power is not Power.STOPPED:
                raise WrongState(instance_id, instance.power, "stop it first")
            card = self._card(instance_id, mac)
            if card.network != network:
                self._replace_card(instance_id, replace(card, network=network), "move_interface")
            return self._instance(instance_id)

    def _card(self, instance_id: str, mac: str) -> NetworkInterface:
        for card in self._instance(instance_id).interfaces:
            if card.mac.lower() == mac.lower():
                return card
        raise InterfaceAbsent(interface_id(mac))

    def _replace_card(self, instance_id: str, card: NetworkInterface, method: str) -> None:
        instance = self._instance(instance_id)
        cards = tuple(card if each.id == card.id else each for each in instance.interfaces)
        self._put_cards(instance, cards, method, card.mac)

    def _put_cards(self, instance: Instance, cards: tuple[NetworkInterface, ...], method: str, mac: str) -> None:
        with self._change():
            self.state.instances[instance.id] = replace(instance, interfaces=cards)
            self._count(method, mac)

    def _address(self, card: NetworkInterface) -> tuple[str, int]:
        """The address that DHCP gives a card: the one that is reserved, else one that stays the same for the card."""
        try:
            network = self._network(card.network)
        except NetworkAbsent:
            network = plain_network(card.network, self._host)
        reserved = network.reservations.get(card.mac.lower())
        cidr = ipaddress.IPv4Network(network.cidr or plain_network(card.network, self._host).cidr)
        if reserved is not None:
            return reserved, cidr.prefixlen
        digits = int.from_bytes(hashlib.sha256(card.mac.encode()).digest()[:4])
        return str(cidr[2 + digits % (cidr.num_addresses - 3)]), cidr.prefixlen


def _networks_of(instance: Instance) -> set[str]:
    return {card.network for card in instance.interfaces}
