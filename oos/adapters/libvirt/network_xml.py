"""Network XML read into values, written, and changed in one place at a time.

https://libvirt.org/formatnetwork.html
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from xml.dom import minidom
from xml.sax.saxutils import quoteattr

from oos.adapters.libvirt.domain_xml import parse_xml
from oos.adapters.libvirt.routing_script import Bridged
from oos.fleet.network import Network, NetworkLabels, NetworkSpec
from oos.inventory.model import Host
from oos.values.time import format_instant, parse_instant

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAMESPACE: Final = "urn:oos:network:1"
_BRIDGE_LETTERS: Final = 12
"""The kernel cuts names of devices after 15 letters."""


@dataclass(frozen=True, slots=True)
class NetworkNote:
    """Everything that is remembered about a network; one made by others has an empty note."""

    labels: NetworkLabels = field(default_factory=NetworkLabels)
    vpc_id: str = ""
    vpc_cidr: str = ""
    token: str = ""
    created: str = ""


def new_network_xml(name: str, spec: NetworkSpec) -> str:
    """The XML of a network of ours: translation outwards, DHCP for all addresses but the host's own. Pure."""
    network = ipaddress.IPv4Network(spec.cidr)
    gateway = network[1]
    created = format_instant(spec.created) if spec.created else ""
    note = _written(NetworkNote(spec.labels, spec.vpc_id, spec.vpc_cidr, spec.token, created))
    bridge = f"vs{name.rsplit('-', 1)[-1][:_BRIDGE_LETTERS]}"
    # Without spanning tree the bridge forwards at once; there is nothing to make a loop with.
    return f"""\
<network>
  <name>{name}</name>
  <metadata>{note}</metadata>
  <forward mode='nat'/>
  <bridge name='{bridge}' stp='off' delay='0'/>
  <ip address='{gateway}' prefix='{network.prefixlen}'>
    <dhcp><range start='{network[2]}' end='{network[-2]}'/></dhcp>
  </ip>
</network>
"""


def read_network(xml: str, host: Host, *, is_active: bool) -> Network:
    """The values in a network's XML."""
    root = parse_xml(xml)
    note = _read_note(root.find("metadata"))
    ip = _ipv4(root)
    dhcp = ip.find("dhcp") if ip is not None else None
    return Network(
        name=root.findtext("name", ""),
        host=host.name,
        zone=host.zone,
        region=host.region,
        cidr=_cidr(ip),
        gateway=ip.get("address", "") if ip is not None else "",
        has_dhcp=dhcp is not None,
        is_active=is_active,
        labels=note.labels,
        vpc_id=note.vpc_id,
        vpc_cidr=note.vpc_cidr,
        reservations={
            each.get("mac", "").lower(): each.get("ip", "")
            for each in (dhcp.iterfind("host") if dhcp is not None else ())
            if each.get("mac")
        },
        created=parse_instant(note.created) if note.created else None,
        token=note.token,
    )


def read_bridged(xml: str) -> Bridged | None:
    """The network as the host's kernel knows it; None for one without a bridge, or without addresses of the host."""
    root = parse_xml(xml)
    bridge, cidr = root.find("bridge"), _cidr(_ipv4(root))
    if bridge is None or not bridge.get("name") or not cidr:
        return None
    return Bridged(bridge.get("name", ""), cidr, _read_note(root.find("metadata")).vpc_id)


def _ipv4(root: Element) -> Element | None:
    return next((each for each in root.iterfind("ip") if each.get("family", "ipv4") == "ipv4"), None)


def _cidr(ip: Element | None) -> str:
    if ip is None or not ip.get("address"):
        return ""
    width = ip.get("prefix") or ip.get("netmask") or "24"
    return str(ipaddress.IPv4Interface(f"{ip.get('address')}/{width}").network)


def with_labels(xml: str, labels: NetworkLabels, vpc_cidr: str = "") -> str:
    """The XML with these labels, and this range of its VPC; every other word stays as it was.

    Raises ValueError for what XML cannot hold.
    """
    note = _read_note(parse_xml(xml).find("metadata"))
    changed = NetworkNote(labels, note.vpc_id, vpc_cidr or note.vpc_cidr, note.token, note.created)
    # The document object model keeps prefixes of foreign namespaces, which an element tree would rename.
    with minidom.parseString(xml) as document, minidom.parseString(_written(changed)) as written:  # noqa: S318 (libvirtd made it, and we)
        network, element = document.documentElement, written.documentElement
        assert network is not None
        assert element is not None
        holder = next(
            (each for each in network.childNodes if isinstance(each, minidom.Element) and each.tagName == "metadata"),
            None,
        )
        if holder is None:
            holder = document.createElement("metadata")
            network.appendChild(holder)
        for child in list(holder.childNodes):
            if isinstance(child, minidom.Element) and child.namespaceURI == NAMESPACE:
                holder.removeChild(child)
        holder.appendChild(document.importNode(element, True))
        return str(network.toxml())


def _written(note: NetworkNote) -> str:
    facts = {
        "name": note.labels.name,
        "description": note.labels.description,
        "vpc": note.vpc_id,
        "vpc-cidr": note.vpc_cidr,
        "token": note.token,
        "created": note.created,
    }
    attributes = "".join(f" {name}={quoted(value)}" for name, value in facts.items() if value)
    return f'<oos:network xmlns:oos="{NAMESPACE}"{attributes}/>'


def quoted(value: str) -> str:
    """A text as the value of an attribute. Raises ValueError for characters that XML cannot hold."""
    if any((ord(letter) < 0x20 and letter not in "\t\n\r") or letter in "\ufffe\uffff" for letter in value):
        raise ValueError(f"{value!r} holds a character for which XML has no room")
    return quoteattr(value, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _read_note(metadata: Element | None) -> NetworkNote:
    element = metadata.find(f"{{{NAMESPACE}}}network") if metadata is not None else None
    if element is None:
        return NetworkNote()
    return NetworkNote(
        NetworkLabels(element.get("name", ""), element.get("description", "")),
        element.get("vpc", ""),
        element.get("vpc-cidr", ""),
        element.get("token", ""),
        element.get("created", ""),
    )
