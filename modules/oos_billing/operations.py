"""Operations on what instances cost, and how they are paid for: by use, as a hypervisor has no other way."""

from __future__ import annotations

from datetime import datetime, timedelta

from oos.service.context import Context
from oos.service.errors import InvalidParameter, NotFound, Unsupported
from oos.service.paging import page_of
from oos.values.time import parse_instant
from oos_billing import decide, requests, responses

_NOTHING_SOLD = "Nothing is sold here: the instances run on hosts of your own."


def renew_instance(context: Context, request: requests.RenewInstance) -> responses.Order:
    """Pay for an instance longer; refused, as none here is paid for in advance."""
    instance = context.fleet.of_instance(request.instance_id, context.region)[1]
    raise decide.prepaid_only(instance.id)


def modify_instance_charge_type(
    context: Context, request: requests.ModifyInstanceChargeType
) -> responses.ChargeTypeChanged:
    """Have instances paid for by use, as they are; in advance is refused."""
    for id in request.instance_ids:
        context.fleet.of_instance(id, context.region)
    if request.instance_charge_type == "PrePaid":
        raise Unsupported(f"InstanceChargeType=PrePaid cannot be honoured. {_NOTHING_SOLD}")
    fees: list[responses.FeeShape] = [{"InstanceId": id, "Fee": "0", "Currency": ""} for id in request.instance_ids]
    return {"OrderId": "", "FeeOfInstances": {"FeeOfInstance": fees}}


def modify_instance_auto_renew_attribute(
    context: Context, request: requests.ModifyInstanceAutoRenewAttribute
) -> responses.Nothing:
    """Have instances not paid for longer by themselves, as they are; the contrary is refused."""
    for id in request.instance_id:
        context.fleet.of_instance(id, context.region)
    if request.renewal_status == "AutoRenewal" or (request.auto_renew and not request.renewal_status):
        raise decide.prepaid_only(request.instance_id[0])
    return {}


def describe_instance_auto_renew_attribute(
    context: Context, request: requests.DescribeInstanceAutoRenewAttribute
) -> responses.RenewAttributes:
    """Tell of instances that they are not paid for longer by themselves."""
    found = [
        each.id
        for each in context.fleet.instances(context.region)
        if (request.instance_id is None or each.id in request.instance_id) and request.renewal_status in ("", "Normal")
    ]
    page = page_of(found, request, lambda id: (id,))
    shapes: list[responses.RenewShape] = [
        {"InstanceId": id, "AutoRenewEnabled": False, "Duration": 0, "PeriodUnit": "", "RenewalStatus": "Normal"}
        for id in page.items
    ]
    return {
        "InstanceRenewAttributes": {"InstanceRenewAttribute": shapes},
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def describe_spot_price_history(context: Context, request: requests.DescribeSpotPriceHistory) -> responses.SpotPrices:
    """Tell what an hour of an instance type cost, as the price file of the inventory says, newest first."""
    prices = context.fleet.inventory.prices
    if request.instance_type not in context.fleet.inventory.instance_types:
        message = f"The specified instance type {request.instance_type} does not exist."
        raise NotFound("InvalidInstanceType.NotFound", message)
    price = prices.types.get(request.instance_type)
    if not prices.types:
        raise Unsupported("The inventory names no price file (price_file).")
    region = context.fleet.inventory.region(context.region)
    zones = [zone.id for zone in region.zones] if region is not None else []
    if request.zone_id and request.zone_id not in zones:
        raise NotFound("InvalidZoneId.NotFound", f"The specified zone {request.zone_id} does not exist.")
    end = _instant("EndTime", request.end_time) or context.now()
    start = _instant("StartTime", request.start_time) or end - timedelta(days=30)
    wanted = [request.zone_id] if request.zone_id else zones
    rows = [] if price is None else decide.spot_rows(price, wanted, start, end)
    shown = rows[request.offset : request.offset + decide.PAGE]
    following = request.offset + len(shown)
    return {
        "SpotPrices": {"SpotPriceType": shown},
        "Currency": prices.currency,
        "NextOffset": following if following < len(rows) else 0,
    }


def _instant(name: str, text: str) -> datetime | None:
    try:
        return parse_instant(text) if text else None
    except ValueError as error:
        raise InvalidParameter(name, f"The parameter {name} is {error}.") from error


def describe_savings_plan_price(context: Context, request: requests.DescribeSavingsPlanPrice) -> responses.PlanPrice:
    """Tell what a promise of use would cost, as the price file of the inventory says."""
    found = decide.plan_price(context.fleet.inventory.prices, request)
    if found is None:
        raise Unsupported("The price file of the inventory (price_file) has no rate that fits this savings plan.")
    return found


def create_savings_plan(_context: Context, _request: requests.CreateSavingsPlan) -> responses.MadePlan:
    """Promise to use; refused, as nothing is sold here."""
    raise Unsupported(f"A savings plan cannot be made. {_NOTHING_SOLD}")


def purchase_reserved_instances_offering(
    _context: Context, _request: requests.PurchaseReservedInstancesOffering
) -> responses.Reserved:
    """Reserve instances; refused, as nothing is sold here."""
    raise Unsupported(f"Instances cannot be reserved. {_NOTHING_SOLD}")


def describe_reserved_instances(
    _context: Context, request: requests.DescribeReservedInstances
) -> responses.ReservedInstances:
    """List reserved instances: there are none."""
    return {
        "ReservedInstances": {"ReservedInstance": []},
        "TotalCount": 0,
        "PageNumber": request.page_number,
        "PageSize": request.page_size,
    }
