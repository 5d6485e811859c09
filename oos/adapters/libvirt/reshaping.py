"""Changing what a domain is, on libvirt: its size, what is noted of its guest, its display.

https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainScreenshot
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from xml.etree import ElementTree

from oos.adapters.libvirt.connection import Handle, LibvirtFailed, code_of, libvirt
from oos.adapters.libvirt.domain_changes import with_size
from oos.adapters.libvirt.domain_xml import parse_xml, read_domain
from oos.adapters.libvirt.instances import LibvirtInstances
from oos.adapters.libvirt.picture import as_png
from oos.fleet.errors import HypervisorFailed, Incapable, WrongState
from oos.fleet.instance import Instance, InstanceSize, Power
from oos.values.identifiers import instance_id as id_of_uuid

_CHUNK: Final = 256 * 1024
_WITH_SECRETS: Final = libvirt.VIR_DOMAIN_XML_SECURE
"""libvirt leaves passwords out of XML unless asked; a definition without them would take them away."""


class LibvirtReshaping(LibvirtInstances):
    """The half of the port that changes what an instance is."""

    def resize(self, instance_id: str, size: InstanceSize) -> Instance:
        with self._alone_with(instance_id):
            power = self._domain(instance_id).power
            if power is not Power.STOPPED:
                raise WrongState(instance_id, power, "stop it before it is resized")
            flags = libvirt.VIR_DOMAIN_XML_INACTIVE | _WITH_SECRETS
            xml = self._ask(instance_id, "looking", lambda domain: str(domain.XMLDesc(flags)))
            note = read_domain(xml).note
            if size.instance_type:
                note = replace(note, instance_type=size.instance_type)
            try:
                fresh = with_size(xml, size, note)
            except ValueError as error:
                raise Incapable(instance_id, str(error)) from error
            self._require_no_saved_memory(instance_id)
            self._connection.call(instance_id, "resizing it", lambda conn: conn.defineXML(fresh))
            return self.instance(instance_id)

    def set_autostart(self, instance_id: str, starts: bool) -> None:
        self._ask(instance_id, "setting whether it starts with its host", lambda domain: domain.setAutostart(starts))

    def autostarted(self) -> frozenset[str]:
        def listed(conn: Handle) -> list[str]:
            found = conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART)
            return [str(each.UUIDString()) for each in found]

        uuids = self._connection.call(self._host.name, "listing what starts with it", listed)
        return frozenset(map(id_of_uuid, uuids))

    def remember(self, instance_id: str, *, host_name: str | None = None, key_pair: str | None = None) -> Instance:
        with self._alone_with(instance_id):
            for flag, text in self._texts(instance_id):
                noted = replace(
                    text.note,
                    host_name=text.note.host_name if host_name is None else host_name,
                    key_pair=text.note.key_pair if key_pair is None else key_pair,
                )
                if noted != text.note:
                    self._put_note(instance_id, noted, flag)
            return self.instance(instance_id)

    # its display

    def screenshot(self, instance_id: str) -> bytes:
        domain = self._domain(instance_id)
        if domain.power not in (Power.RUNNING, Power.PAUSED):
            raise WrongState(instance_id, domain.power, "it must run to show anything")
        try:
            return as_png(self._ask(instance_id, "taking a picture of its display", _picture))
        except ValueError as error:
            raise HypervisorFailed(instance_id, str(error)) from error
        except LibvirtFailed as failed:
            # QEMU without a video card: "no screens are available"; others: not supported.
            unsupported = (libvirt.VIR_ERR_OPERATION_UNSUPPORTED, libvirt.VIR_ERR_NO_SUPPORT)
            if failed.code in unsupported or "screen" in failed.cause.lower() or "video" in failed.cause.lower():
                raise Incapable(instance_id, "it has no display") from failed
            raise

    def set_display_password(self, instance_id: str, password: str) -> None:
        done = False
        for flag, secrets in self._display_texts(instance_id):
            for element in parse_xml(secrets).iterfind("devices/graphics"):
                if element.get("type") not in ("vnc", "spice"):
                    continue
                element.set("passwd", password)
                element.attrib.pop("passwdValidTo", None)
                text = ElementTree.tostring(element, encoding="unicode")
                self._ask(
                    instance_id,
                    "setting the password of its display",
                    lambda domain, text=text, flag=flag: domain.updateDeviceFlags(text, flag),  # type: ignore[misc]
                )
                done = True
        if not done:
            raise Incapable(instance_id, "it has no display that asks for a password")

    def _display_texts(self, instance_id: str) -> list[tuple[int, str]]:
        """What a domain is now and what it will be, passwords included, each with the flag that changes it."""

        def look(domain: Handle) -> list[tuple[int, str]]:
            found = []
            if domain.isActive():
                found.append((libvirt.VIR_DOMAIN_AFFECT_LIVE, str(domain.XMLDesc(_WITH_SECRETS))))
            if domain.isPersistent():
                inactive = str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | _WITH_SECRETS))
                found.append((libvirt.VIR_DOMAIN_AFFECT_CONFIG, inactive))
            return found

        return self._ask(instance_id, "looking", look)


def _picture(domain: Handle) -> bytes:
    stream = domain.connect().newStream(0)
    domain.screenshot(stream, 0, 0)
    pieces: list[bytes] = []
    try:
        while piece := stream.recv(_CHUNK):
            pieces.append(piece)
        stream.finish()
    except libvirt.libvirtError as error:
        code_of(error)
        stream.abort()
        raise
    return b"".join(pieces)
