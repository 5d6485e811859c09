"""Protection from deletion: of elastic addresses, bandwidth packages and NAT gateways."""

from __future__ import annotations

from dataclasses import replace

from oos.service.context import Context
from oos.service.elastic_addresses import BANDWIDTH_PACKAGES, ELASTIC_ADDRESSES, NAT_GATEWAYS
from oos.service.errors import NotFound
from oos_eip import decide, packages, requests, responses


def deletion_protection(context: Context, request: requests.DeletionProtection) -> responses.Nothing:
    """Protect an elastic address, a bandwidth package or a NAT gateway from deletion, or no longer."""
    registry, id, wanted = context.registry, request.instance_id, request.protection_enable
    match request.type:
        case "EIP":
            address = decide.require(ELASTIC_ADDRESSES.of_region(registry, context.region), id)
            ELASTIC_ADDRESSES.keep(registry, replace(address, is_protected=wanted))
        case "CBWP":
            package = packages.require(BANDWIDTH_PACKAGES.of_region(registry, context.region), id)
            BANDWIDTH_PACKAGES.keep(registry, replace(package, is_protected=wanted))
        case _:
            gateways = [each for each in NAT_GATEWAYS.of_region(registry, context.region) if each.id == id]
            if not gateways:
                raise NotFound("InvalidNatGatewayId.NotFound", f"The specified NAT gateway {id} does not exist.")
            NAT_GATEWAYS.keep(registry, replace(gateways[0], is_protected=wanted))
    return {}
