"""Network cards on libvirt: plugged in, unplugged, limited, moved. https://libvirt.org/formatdomain.html#network-interfaces"""

from __future__ import annotations

import time
from operator import methodcaller
from typing import Final
from xml.etree import ElementTree

from oos.adapters.libvirt.card_filter import CardFilter
from oos.adapters.libvirt.connection import LibvirtFailed, Stopwatch, libvirt
from oos.adapters.libvirt.domain_xml import parse_xml
from oos.adapters.libvirt.filter_xml import joined
from oos.adapters.libvirt.instances import LibvirtInstances
from oos.adapters.libvirt.network_xml import quoted
from oos.adapters.libvirt.networks import LibvirtNetworks
from oos.fleet.errors import DeadlineExceeded, InterfaceAbsent, WrongState
from oos.fleet.instance import Instance, Power, interface_id
from oos.fleet.network import Bandwidth, InterfaceSpec

UNPLUG_SECONDS: Final = 60.0
"""How long a guest may take to let a card go."""
_PAUSE: Final = 0.1


class LibvirtInterfaces(LibvirtInstances, LibvirtNetworks):
    """The half of the port that is about network cards."""

    def attach_interface(self, instance_id: str, spec: InterfaceSpec) -> Instance:
        with self._alone_with(instance_id):
            self._require_network(spec.network)
            xml = interface_xml(spec)
            for flag, text in self._texts(instance_id):
                if not any(_same(card.mac, spec.mac) for card in text.cards):
                    self._ask(
                        instance_id,
                        "plugging in a network card",
                        methodcaller("attachDeviceFlags", xml, flag),
                    )
            return self.instance(instance_id)

    def detach_interface(self, instance_id: str, mac: str) -> Instance:
        with self._alone_with(instance_id):
            # The definition last: until it is changed, asking again finds what is left to do.
            for flag, xml in self._card_texts(instance_id, mac):
                try:
                    self._ask(
                        instance_id,
                        "unplugging a network card",
                        methodcaller("detachDeviceFlags", xml, flag),
                    )
                except LibvirtFailed as failed:
                    # A process that died had asked for it before.
                    if "already in the process of unplug" not in failed.cause:
                        raise
                if flag == libvirt.VIR_DOMAIN_AFFECT_LIVE:
                    self._wait_until_gone(instance_id, mac)
            return self.instance(instance_id)

    def _wait_until_gone(self, instance_id: str, mac: str) -> None:
        watch = Stopwatch(UNPLUG_SECONDS)
        while any(_same(card.mac, mac) for card in self._domain(instance_id).text.cards):
            if not watch.left:
                raise DeadlineExceeded(instance_id, f"unplugging the network card {mac}", watch.seconds)
            time.sleep(_PAUSE)

    def limit_interface(self, instance_id: str, mac: str, bandwidth: Bandwidth) -> Instance:
        # https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSetInterfaceParameters: 0 takes a limit away.
        wanted = {"inbound.average": bandwidth.inbound, "outbound.average": bandwidth.outbound}
        with self._alone_with(instance_id):
            self._require_card(instance_id, mac)
            for flag, text in self._texts(instance_id):
                if any(_same(card.mac, mac) and card.bandwidth != bandwidth for card in text.cards):
                    self._ask(
                        instance_id,
                        "limiting a network card",
                        methodcaller("setInterfaceParameters", mac, wanted, flag),
                    )
            return self.instance(instance_id)

    def move_interface(self, instance_id: str, mac: str, network: str) -> Instance:
        with self._alone_with(instance_id):
            self._require_network(network)
            power = self._domain(instance_id).power
            if power is not Power.STOPPED:
                raise WrongState(instance_id, power, "stop it first")
            texts = self._card_texts(instance_id, mac)
            if not texts:
                raise InterfaceAbsent(interface_id(mac))
            for flag, xml in texts:
                moved = moved_xml(xml, network)
                self._ask(
                    instance_id,
                    "moving a network card",
                    methodcaller("updateDeviceFlags", moved, flag),
                )
            return self.instance(instance_id)

    def _require_card(self, instance_id: str, mac: str) -> None:
        if not any(_same(card.mac, mac) for card in self._domain(instance_id).text.cards):
            raise InterfaceAbsent(interface_id(mac))

    def _card_texts(self, instance_id: str, mac: str) -> list[tuple[int, str]]:
        """The XML of a card where it is plugged in: now, and when the instance starts next."""
        found = []
        for flag, xml in self._xmls(instance_id):
            for card in parse_xml(xml).iterfind("devices/interface"):
                address = card.find("mac")
                if address is not None and _same(address.get("address", ""), mac):
                    found.append((flag, ElementTree.tostring(card, encoding="unicode")))
        return found


def interface_xml(spec: InterfaceSpec) -> str:
    """The XML of a further card; no guest boots from it, so it needs no ROM. Pure."""
    limits = {"inbound": spec.bandwidth.inbound, "outbound": spec.bandwidth.outbound}
    inner = "".join(f"<{name} average='{limit}'/>" for name, limit in limits.items() if limit)
    return (
        f"<interface type='network'><mac address={quoted(spec.mac)}/><source network={quoted(spec.network)}/>"
        f"<model type='virtio'/><rom enabled='no'/>{f'<bandwidth>{inner}</bandwidth>' if inner else ''}"
        f"{_filter_reference(spec)}</interface>"
    )


def _filter_reference(spec: InterfaceSpec) -> str:
    if not spec.security_group_ids:
        return ""
    reference = joined(CardFilter(), interface_id(spec.mac), spec.security_group_ids)
    parameters = "".join(
        f"<parameter name={quoted(name)} value={quoted(value)}/>" for name, value in reference.parameters
    )
    return f"<filterref filter={quoted(reference.name)}>{parameters}</filterref>"


def moved_xml(xml: str, network: str) -> str:
    """The XML of a card, plugged into another network; all else stays. Pure."""
    card = parse_xml(xml)
    card.set("type", "network")
    for source in list(card.iterfind("source")):
        card.remove(source)
    ElementTree.SubElement(card, "source", {"network": network})
    return ElementTree.tostring(card, encoding="unicode")


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()
