"""Operations on networks and the cards in them."""

from __future__ import annotations

from oos.service.context import Context
from oos.service.guest import addresses_of
from oos.service.paging import page_of
from oos.service.tags import changes_of_all, tags_after
from oos_network import decide, requests, responses


def describe_network_interfaces(context: Context, request: requests.DescribeNetworkInterfaces) -> responses.Interfaces:
    """List the network cards of instances, with the addresses that their guests tell."""
    tags = {id: tags_after({}, changes) for id, changes in changes_of_all(context.registry).items()}
    found = decide.selected(decide.placed(context.fleet.instances(context.region)), tags, request)
    if request.primary_ip_address or request.private_ip_address is not None:
        asked = zip(found, addresses_of(context, [each.instance for each in found]), strict=True)
        found = [each for each, addresses in asked if decide.has_address(each, addresses, request)]
    page = page_of(found, request, lambda each: (each.instance.id, f"{each.number:04d}"), most=500)
    addresses = addresses_of(context, [each.instance for each in page.items])
    shapes = [
        decide.interface_shape(each, own, tags.get(each.card.id, {}))
        for each, own in zip(page.items, addresses, strict=True)
    ]
    return {"NetworkInterfaceSets": {"NetworkInterfaceSet": shapes}, **page.fields}
