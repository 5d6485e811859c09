"""Changes of a domain's XML that concern the machine itself: its size. Every other word stays as it was.

https://libvirt.org/formatdomain.html#cpu-allocation
"""

from __future__ import annotations

from xml.dom import minidom

from oos.adapters.libvirt.domain_xml import children_of, put_note
from oos.adapters.libvirt.note import Note
from oos.fleet.instance import InstanceSize


def with_size(xml: str, size: InstanceSize, note: Note) -> str:
    """The XML with other processors and memory, and with this note. Raises ValueError where its layout forbids that."""
    with minidom.parseString(xml) as document:  # noqa: S318 (libvirtd made it)
        domain = document.documentElement
        assert domain is not None
        _require_plain(domain)
        (count,) = children_of(domain, "vcpu") or [_added(document, domain, "vcpu")]
        if count.hasAttribute("current"):
            count.removeAttribute("current")
        _set_text(document, count, str(size.cpu))
        _set_topology(document, domain, size)
        for name in ("memory", "currentMemory"):
            for element in children_of(domain, name):
                element.setAttribute("unit", "KiB")
                _set_text(document, element, str(size.memory_mib * 1024))
        put_note(document, domain, note)
        return str(domain.toxml())


def _require_plain(domain: minidom.Element) -> None:
    """Raise ValueError for a domain whose processors or memory are laid out one by one: a size does not say where."""
    if children_of(domain, "vcpus"):
        raise ValueError("its processors are listed one by one, so their number cannot be changed alone")
    if children_of(domain, "maxMemory"):
        raise ValueError("its memory has slots, so its size cannot be changed alone")
    if any(children_of(cpu, "numa") for cpu in children_of(domain, "cpu")):
        raise ValueError("its memory is laid out in NUMA cells, so its size cannot be changed alone")
    if any(children_of(tuning, "vcpupin") for tuning in children_of(domain, "cputune")):
        raise ValueError("its processors are pinned one by one, so their number cannot be changed alone")


def _set_topology(document: minidom.Document, domain: minidom.Element, size: InstanceSize) -> None:
    """Threads of cores of one socket where that is asked; a layout of another number of processors goes."""
    for cpu in children_of(domain, "cpu"):
        for topology in children_of(cpu, "topology"):
            cpu.removeChild(topology)
    if not size.threads_per_core:
        return
    (cpu,) = children_of(domain, "cpu") or [_added(document, domain, "cpu")]
    topology = _added(document, cpu, "topology")
    facts = {"sockets": 1, "dies": 1, "cores": size.cpu // size.threads_per_core, "threads": size.threads_per_core}
    for name, number in facts.items():
        topology.setAttribute(name, str(number))


def _added(document: minidom.Document, parent: minidom.Element, name: str) -> minidom.Element:
    element = document.createElement(name)
    parent.appendChild(element)
    return element


def _set_text(document: minidom.Document, element: minidom.Element, text: str) -> None:
    for child in list(element.childNodes):
        element.removeChild(child)
    element.appendChild(document.createTextNode(text))
