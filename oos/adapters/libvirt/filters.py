"""Security groups on libvirt: nwfilters. https://libvirt.org/html/libvirt-libvirt-nwfilter.html"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import methodcaller

from oos.adapters.libvirt.card_filter import CardFilter
from oos.adapters.libvirt.connection import Handle, LibvirtFailed, code_of, libvirt
from oos.adapters.libvirt.filter_xml import (
    GROUP_NAME,
    card_xml,
    group_xml,
    joined,
    left,
    other_references,
    read_card,
    read_group,
    references,
    with_filter,
)
from oos.adapters.libvirt.interfaces import LibvirtInterfaces
from oos.fleet.errors import HypervisorFailed, SecurityGroupAbsent, WrongState
from oos.fleet.firewall import GroupFilter
from oos.fleet.instance import Instance, interface_id
from oos.fleet.network import InterfaceSpec


class LibvirtFilters(LibvirtInterfaces):
    """The half of the port that is about security groups."""

    def group_filters(self) -> tuple[GroupFilter, ...]:
        return tuple(read_group(xml) for name, xml in self._filters() if GROUP_NAME.fullmatch(name))

    def put_group_filter(self, wanted: GroupFilter) -> None:
        with self._alone_with(wanted.id):
            xml = self._filter_xml(wanted.id)
            if xml is None or read_group(xml) != wanted:
                try:
                    self._define_filter(wanted.id, group_xml(wanted))
                except ValueError as error:
                    raise HypervisorFailed(wanted.id, str(error)) from error

    def remove_group_filter(self, group_id: str) -> None:
        with self._alone_with(group_id):
            if self._filter_xml(group_id) is None:
                return
            cards = {interface_id(card.mac): each for each in self.instances() for card in each.interfaces}
            for name, xml in self._filters():
                if group_id in references(xml):
                    # Of a card that was unplugged, or whose instance was removed, the filter may be left over.
                    if name in cards:
                        raise WrongState(group_id, f"in use by {cards[name].id}", "its cards must leave it first")
                    self._forget_filter(name)
            self._forget_filter(group_id)

    def attach_interface(self, instance_id: str, spec: InterfaceSpec) -> Instance:
        if spec.security_group_ids:
            self._define_card_filter(interface_id(spec.mac), spec.security_group_ids)
        return super().attach_interface(instance_id, spec)

    def detach_interface(self, instance_id: str, mac: str) -> Instance:
        after = super().detach_interface(instance_id, mac)
        self._forget_card_filters([mac])
        return after

    def set_security_groups(self, instance_id: str, mac: str, group_ids: Sequence[str]) -> Instance:
        wanted = tuple(dict.fromkeys(group_ids))
        with self._alone_with(instance_id):
            self._require_card(instance_id, mac)
            name = interface_id(mac)
            cards = [(flag, xml, read_card(xml)) for flag, xml in self._card_texts(instance_id, mac)]
            others = self._others(name, [card for _, _, card in cards])
            if wanted:
                self._define_card_filter(name, wanted, others)
            for flag, xml, card in cards:
                changed = joined(card, name, wanted) if wanted else left(card, next(iter(others), ""))
                if not _is_same(card, changed):
                    self._ask(
                        instance_id,
                        "changing its security groups",
                        methodcaller("updateDeviceFlags", with_filter(xml, changed), flag),
                    )
            if not wanted:
                self._forget_filter(name)
            return self.instance(instance_id)

    def _others(self, name: str, cards: Sequence[CardFilter]) -> tuple[str, ...]:
        """The filters of others' making that a card refers to, or did before it joined a group."""
        found = [card.name for card in cards if card.name and not card.is_ours]
        xml = self._filter_xml(name) if any(card.is_ours for card in cards) else None
        return tuple(dict.fromkeys([*found, *(other_references(xml) if xml is not None else ())]))

    def _define_card_filter(self, name: str, group_ids: Sequence[str], others: Sequence[str] = ()) -> None:
        """A card's own filter, which refers to those of its groups. Raises SecurityGroupAbsent."""
        for group_id in group_ids:
            if self._filter_xml(group_id) is None:
                raise SecurityGroupAbsent(group_id)
        self._define_filter(name, card_xml(name, group_ids, others))

    # filters

    def _filters(self) -> list[tuple[str, str]]:
        try:
            return self._connection.call(self._host.name, "listing its filters", _list_filters)
        except LibvirtFailed as failed:
            # A driver that cannot filter (libvirt's test driver, say) has no filters.
            if failed.code == libvirt.VIR_ERR_NO_SUPPORT:
                return []
            raise

    def _filter_xml(self, name: str) -> str | None:
        try:
            return self._connection.call(name, "looking", lambda conn: str(conn.nwfilterLookupByName(name).XMLDesc(0)))
        except LibvirtFailed as failed:
            if failed.code in (libvirt.VIR_ERR_NO_NWFILTER, libvirt.VIR_ERR_NO_SUPPORT):
                return None
            raise

    def _define_filter(self, name: str, xml: str) -> None:
        self._connection.call(name, "defining its filter", lambda conn: conn.nwfilterDefineXML(xml))

    def _forget_filter(self, name: str) -> None:
        try:
            self._connection.call(
                name, "forgetting its filter", lambda conn: conn.nwfilterLookupByName(name).undefine()
            )
        except LibvirtFailed as failed:
            if failed.code != libvirt.VIR_ERR_NO_NWFILTER:
                raise

    def _forget_card_filters(self, macs: Iterable[str]) -> None:
        """Forget the filters of cards that are gone."""
        for mac in macs:
            self._forget_filter(interface_id(mac))


def _list_filters(conn: Handle) -> list[tuple[str, str]]:
    found = []
    for each in conn.listAllNWFilters(0):
        try:
            found.append((str(each.name()), str(each.XMLDesc(0))))
        except libvirt.libvirtError as error:
            # It went away since the list was made.
            if code_of(error) != libvirt.VIR_ERR_NO_NWFILTER:
                raise
    return found


def _is_same(one: CardFilter, other: CardFilter) -> bool:
    """Whether two references say the same; libvirt keeps parameters in an order of its own."""
    return one.name == other.name and sorted(one.parameters) == sorted(other.parameters)
