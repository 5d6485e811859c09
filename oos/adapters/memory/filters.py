"""Simulated security groups: kept as a host keeps them, and asked what they let through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oos.adapters.memory.networks import SimulatedNetworks
from oos.fleet.errors import HypervisorFailed, SecurityGroupAbsent, WrongState
from oos.fleet.firewall import Direction, Flow, GroupFilter, Policy, decide_by_filters
from oos.fleet.instance import Instance


class SimulatedFilters(SimulatedNetworks):
    """The half of the port that is about security groups."""

    def group_filters(self) -> tuple[GroupFilter, ...]:
        with self._call("group_filters", ""), self._lock:
            return tuple(self.state.group_filters.values())

    def put_group_filter(self, wanted: GroupFilter) -> None:
        with self._call("put_group_filter", wanted.id), self._lock:
            if any(step.mac and step.direction is Direction.EGRESS for step in wanted.rules):
                raise HypervisorFailed(wanted.id, "what goes out cannot be filtered by the MAC address that it goes to")
            if self.state.group_filters.get(wanted.id) != wanted:
                with self._change():
                    self.state.group_filters[wanted.id] = wanted
                    self._count("put_group_filter", wanted.id)

    def remove_group_filter(self, group_id: str) -> None:
        with self._call("remove_group_filter", group_id), self._lock:
            for each in self.state.instances.values():
                if any(group_id in card.security_group_ids for card in each.interfaces):
                    raise WrongState(group_id, f"in use by {each.id}", "its cards must leave it first")
            if group_id in self.state.group_filters:
                with self._change():
                    del self.state.group_filters[group_id]
                    self._count("remove_group_filter", group_id)

    def set_security_groups(self, instance_id: str, mac: str, group_ids: Sequence[str]) -> Instance:
        with self._call("set_security_groups", instance_id, mac), self._lock:
            card = self._card(instance_id, mac)
            self._require_groups(group_ids)
            wanted = tuple(dict.fromkeys(group_ids))
            if card.security_group_ids != wanted:
                self._replace_card(instance_id, replace(card, security_group_ids=wanted), "set_security_groups")
            return self._instance(instance_id)

    def _require_groups(self, group_ids: Sequence[str]) -> None:
        for group_id in group_ids:
            if group_id not in self.state.group_filters:
                raise SecurityGroupAbsent(group_id)

    def lets_through(self, instance_id: str, flow: Flow) -> bool:
        """Whether the first card of an instance lets this connection begin."""
        with self._lock:
            filters = [
                self.state.group_filters[group_id]
                for card in self._instance(instance_id).interfaces[:1]
                for group_id in card.security_group_ids
            ]
            return decide_by_filters(filters, flow) is Policy.ACCEPT
