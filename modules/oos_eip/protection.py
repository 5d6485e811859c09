"""Protection from deletion: of elastic addresses, bandwidth packages and NAT gateways."""

from __future__ import annotations

from dataclasses import replace

from oos.service.context import Context
from oos.service.elastic_addresses import (
    keep_address,
    keep_gateway,
    keep_package,
    load_addresses,
    load_gateways,
    load_packages,
)
from oos.service.errors import NotFound
from oos_eip import decide, packages, requests, responses


def deletion_protection(context: Context, request: requests.DeletionProtection) -> responses.Nothing:
    """Protect an elastic address, a bandwidth package or a NAT gateway from deletion, or no longer."""
    registry, id, wanted = context.registry, request.instance_id, request.protection_enable
    match request.type:
        case "EIP":
            address = decide.require(load_addresses(registry, context.region), id)
            keep_address(registry, replace(address, is_protected=wanted))
        case "CBWP":
            package = packages.require(load_packages(registry, context.region), id)
            keep_package(registry, replace(package, is_protected=wanted))
        case _:
            gateways = [each for each in load_gateways(registry, context.region) if each.id == id]
            if not gateways:
                raise NotFound("InvalidNatGatewayId.NotFound", f"The specified NAT gateway {id} does not exist.")
            keep_gateway(registry, replace(gateways[0], is_protected=wanted))
    return {}
