"""Networking: what else instances are asked about: the VPC of their network, and what their first card may carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oos.fleet.instance import Instance
from oos.fleet.network import Bandwidth
from oos.service.address_translation import KILOBYTES_OF_A_MEGABIT
from oos.service.context import Context
from oos.service.elastic_addresses import ELASTIC_ADDRESSES, ElasticAddress
from oos.values.identifiers import is_resource_id
from oos_instance.responses import EipAddress, InstanceShape


@dataclass(frozen=True, slots=True)
class Networking:
    """What is known of the networks that some instances are in."""

    vpcs: Mapping[tuple[str, str], str]
    """VPC by zone and network."""
    addresses: Mapping[str, ElasticAddress]
    """Elastic and public addresses by the instance that has them."""

    def vpc_of(self, instance: Instance) -> str:
        """The VPC of the first card's network; networks made by others are in none."""
        return self.vpcs.get((instance.zone, instance.interfaces[0].network), "") if instance.interfaces else ""

    def has_one_of(self, instance: Instance, elastic: Sequence[str] | None, public: Sequence[str] | None) -> bool:
        """Whether an instance has one of these elastic addresses, and one of these public ones; None asks nothing."""
        address = self.addresses.get(instance.id)
        if address is None:
            return False
        return (elastic is None or (not address.is_public and address.address in elastic)) and (
            public is None or (address.is_public and address.address in public)
        )

    def networked(self, shape: InstanceShape, instance: Instance) -> InstanceShape:
        """The shape of an instance, with what is known of its networking."""
        address = self.addresses.get(instance.id)
        has_public = address is not None and address.is_public
        elastic: EipAddress = {"AllocationId": "", "IpAddress": "", "InternetChargeType": ""}
        if address is not None and not has_public:
            elastic = {
                "AllocationId": address.id,
                "IpAddress": address.address,
                "InternetChargeType": address.charge_type,
            }
        inbound, outbound = _megabits(instance, address if has_public else None)
        return {
            **shape,
            "EipAddress": elastic,
            "PublicIpAddress": {"IpAddress": [address.address] if address is not None and has_public else []},
            "InternetMaxBandwidthIn": inbound,
            "InternetMaxBandwidthOut": outbound,
            "VpcAttributes": {**shape["VpcAttributes"], "VpcId": self.vpc_of(instance)},
        }


def _megabits(instance: Instance, public: ElasticAddress | None) -> tuple[int, int]:
    """What it may carry, towards it and from it: by its public address, else by its first card."""
    if public is not None:
        return public.inbound or public.bandwidth, public.bandwidth
    bandwidth = instance.interfaces[0].bandwidth if instance.interfaces else Bandwidth()
    return bandwidth.inbound // KILOBYTES_OF_A_MEGABIT, bandwidth.outbound // KILOBYTES_OF_A_MEGABIT


def networking_of(context: Context, instances: Sequence[Instance]) -> Networking:
    """What is known of the networks of these instances; hosts are asked only where a network of ours is among them."""
    ours = any(is_resource_id(card.network, "vsw") for each in instances for card in each.interfaces)
    networks = context.fleet.networks(context.region) if ours else ()
    given = ELASTIC_ADDRESSES.of_region(context.registry, context.region)
    return Networking(
        {(each.zone, each.name): each.vpc_id for each in networks},
        {each.holder.id: each for each in given if each.holder is not None},
    )
