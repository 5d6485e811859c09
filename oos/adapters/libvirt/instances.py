"""Instances on libvirt: listed, powered, labelled. https://libvirt.org/html/libvirt-libvirt-domain.html"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from oos.adapters.libvirt.agents import LibvirtAgents
from oos.adapters.libvirt.connection import Handle, LibvirtFailed, code_of, libvirt
from oos.adapters.libvirt.domain_xml import DomainText, read_domain
from oos.adapters.libvirt.host import Domain
from oos.adapters.libvirt.note import (
    NAMESPACE,
    PREFIX,
    RUN_NAMESPACE,
    RUN_PREFIX,
    Note,
    bare_note,
    bare_run_note,
)
from oos.fleet.errors import AgentFailed, AgentUnavailable, HypervisorFailed, WrongState
from oos.fleet.instance import GuestAddress, Instance, Labels, NetworkInterface, Power, StopMethod
from oos.fleet.moving import interrupted_handover, unfinished_move

START_SECONDS: Final = 120.0
"""A start takes half a second; the first one with a cold capability cache 12 s and more."""
CONSOLE_BYTES: Final = 65536
"""How much of a console is given."""


class LibvirtInstances(LibvirtAgents):
    """The half of the port that is about instances that are there already."""

    def instances(self) -> tuple[Instance, ...]:
        return tuple(self._as_instance(domain) for domain in self._domains())

    def instance(self, instance_id: str) -> Instance:
        return self._as_instance(self._domain(instance_id))

    def _require_no_saved_memory(self, instance_id: str) -> None:
        """A guest whose memory was saved comes back as it was; to throw that away is not what was asked."""
        if self._ask(instance_id, "looking for saved memory", lambda domain: bool(domain.hasManagedSaveImage(0))):
            raise WrongState(instance_id, "saved with its memory", "start it and stop it before it is changed")

    def _as_instance(self, domain: Domain) -> Instance:
        text, note = domain.text, domain.text.note
        return Instance(
            id=text.id,
            uuid=text.uuid,
            domain=text.name,
            host=self._host.name,
            zone=self._host.zone,
            region=self._host.region,
            power=domain.power,
            cpu=text.cpu,
            memory_mib=text.memory_mib,
            labels=note.labels,
            instance_type=note.instance_type,
            image_id=note.image_id,
            host_name=note.host_name,
            key_pair=note.key_pair,
            created=note.created,
            started=text.started if domain.power is not Power.STOPPED else None,
            interfaces=tuple(
                NetworkInterface(card.mac, card.network, card.filter.group_ids, card.bandwidth) for card in text.cards
            ),
            disk_ids=text.disk_ids,
            token=note.token,
            has_agent=domain.power is Power.RUNNING and text.agent_state == "connected",
            moving_from=text.mark.source if text.mark is not None else "",
        )

    # power

    def start(self, instance_id: str) -> None:
        domain = self._domain(instance_id)
        match domain.power:
            case Power.RUNNING | Power.STARTING:
                return
            case _ if domain.text.mark is not None:
                raise unfinished_move(instance_id, domain.text.mark.source)
            case _ if domain.is_in_handover:
                raise interrupted_handover(instance_id)
            case Power.PAUSED:
                self._ask(instance_id, "resuming", _resume)
            case _:
                self._ask(instance_id, "starting", _create, seconds=START_SECONDS)
                self._remember_start(instance_id)

    def _remember_start(self, instance_id: str) -> None:
        run_note = bare_run_note(self._now())

        def remember(domain: Handle) -> None:
            domain.setMetadata(
                libvirt.VIR_DOMAIN_METADATA_ELEMENT,
                run_note,
                RUN_PREFIX,
                RUN_NAMESPACE,
                libvirt.VIR_DOMAIN_AFFECT_LIVE,
            )

        try:
            self._ask(instance_id, "noting its start", remember)
        except LibvirtFailed as failed:
            # It is off already: there is nothing to remember.
            if failed.code != libvirt.VIR_ERR_OPERATION_INVALID:
                raise

    def stop(self, instance_id: str, method: StopMethod) -> None:
        power = self._domain(instance_id).power
        if power is Power.STOPPED:
            return
        if method is StopMethod.POWER_OFF:
            self._ask_unless_off(instance_id, "cutting its power", lambda domain: domain.destroy())
            return
        if power is Power.STOPPING:
            return
        if power is not Power.RUNNING:
            raise WrongState(instance_id, power, "it must run to be asked to stop")
        if method is StopMethod.ACPI:
            flag = libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN
            self._ask_unless_off(instance_id, "pressing its power button", lambda domain: domain.shutdownFlags(flag))
            return
        # Not libvirt's own shutdown by agent: that one waits for an answer that never comes, up to a minute.
        self._tell_agent(instance_id, "guest-shutdown", {"mode": "powerdown"})

    def _ask_unless_off(self, instance_id: str, what: str, ask: Callable[[Handle], object]) -> None:
        try:
            self._ask(instance_id, what, ask)
        except LibvirtFailed as failed:
            if failed.code != libvirt.VIR_ERR_OPERATION_INVALID or self._domain(instance_id).power is not Power.STOPPED:
                raise

    def reboot(self, instance_id: str, *, force: bool) -> None:
        domain = self._domain(instance_id)
        if domain.power is not Power.RUNNING:
            raise WrongState(instance_id, domain.power, "it must run to be restarted")
        if force:
            self._ask(instance_id, "resetting", lambda handle: handle.reset(0))
        elif domain.text.agent_state == "connected":
            self._tell_agent(instance_id, "guest-shutdown", {"mode": "reboot"})
        else:
            flag = libvirt.VIR_DOMAIN_REBOOT_ACPI_POWER_BTN
            self._ask(instance_id, "restarting", lambda handle: handle.reboot(flag))
        self._remember_start(instance_id)

    # labels

    def label(self, instance_id: str, labels: Labels) -> Instance:
        for flag, text in self._texts(instance_id):
            if text.note.labels != labels:
                self._put_note(instance_id, replace(text.note, labels=labels), flag)
        return self.instance(instance_id)

    def _texts(self, instance_id: str) -> tuple[tuple[int, DomainText], ...]:
        """What a domain is now and what it will be when it starts next, each with the flag that changes it."""
        return tuple((flag, read_domain(xml)) for flag, xml in self._xmls(instance_id))

    def _xmls(self, instance_id: str) -> list[tuple[int, str]]:
        def look(domain: Handle) -> list[tuple[int, str]]:
            found = []
            if domain.isActive():
                found.append((libvirt.VIR_DOMAIN_AFFECT_LIVE, str(domain.XMLDesc(0))))
            if domain.isPersistent():
                inactive = str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
                found.append((libvirt.VIR_DOMAIN_AFFECT_CONFIG, inactive))
            return found

        return self._ask(instance_id, "looking", look)

    def _put_note(self, instance_id: str, note: Note, flag: int) -> None:
        try:
            element = bare_note(note)
        except ValueError as error:
            raise HypervisorFailed(instance_id, str(error)) from error
        kind = libvirt.VIR_DOMAIN_METADATA_ELEMENT
        self._ask(
            instance_id,
            "writing its labels",
            lambda domain: domain.setMetadata(kind, element, PREFIX, NAMESPACE, flag),
        )

    # what it shows

    def addresses(self, instance_id: str) -> tuple[GuestAddress, ...]:
        domain = self._domain(instance_id)
        if domain.power is not Power.RUNNING:
            return ()
        if domain.text.agent_state == "connected":
            try:
                found = agent_addresses(self._agent(instance_id, "guest-network-get-interfaces"))
            except (AgentUnavailable, AgentFailed):
                found = ()
            if found:
                return found
        return self._leases(instance_id)

    def _leases(self, instance_id: str) -> tuple[GuestAddress, ...]:
        """Addresses of the lease table: after a restart of the guest it may still hold the old one."""
        source = libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE
        try:
            listed = self._ask(instance_id, "asking for leases", lambda domain: domain.interfaceAddresses(source))
        except LibvirtFailed as failed:
            # A network of somebody else's (a bridge, say) has no lease table.
            if failed.code in (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_OPERATION_UNSUPPORTED):
                return ()
            raise
        return tuple(
            GuestAddress(card["hwaddr"], each["addr"], each["prefix"])
            for card in listed.values()
            for each in card["addrs"] or ()
        )

    def console(self, instance_id: str) -> bytes:
        path = self._domain(instance_id).text.console_log
        if not path:
            return b""
        end = max(0, self._console_size(instance_id, path) - CONSOLE_BYTES)
        return self._disk_pool.read(path.rsplit("/", 1)[-1], CONSOLE_BYTES, end)

    def _console_size(self, instance_id: str, path: str) -> int:
        def look(conn: Handle) -> int:
            return int(conn.storageVolLookupByPath(path).info()[1])

        try:
            return self._connection.call(instance_id, "looking at its console", look)
        except LibvirtFailed as failed:
            # Kept outside the pools, or not kept yet.
            if failed.code == libvirt.VIR_ERR_NO_STORAGE_VOL:
                return 0
            raise


def _create(domain: Handle) -> None:
    try:
        domain.create()
    except libvirt.libvirtError as error:
        if code_of(error) != libvirt.VIR_ERR_OPERATION_INVALID or not domain.isActive():
            raise


def _resume(domain: Handle) -> None:
    if domain.state(0)[0] == libvirt.VIR_DOMAIN_PMSUSPENDED:
        domain.pMWakeup(0)
    else:
        domain.resume()


def agent_addresses(answer: Any) -> tuple[GuestAddress, ...]:
    """The addresses in an answer of the agent, loopback left out."""
    return tuple(
        GuestAddress(
            card["hardware-address"],
            address["ip-address"],
            int(address["prefix"]),
            str(card.get("name", "")),
        )
        for card in answer
        if card.get("hardware-address", "00:00:00:00:00:00") != "00:00:00:00:00:00"
        for address in card.get("ip-addresses", ())
    )
