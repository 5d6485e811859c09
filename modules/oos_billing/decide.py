"""Decisions about prices: what an hour cost when, and what a promise of use would. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from oos.inventory.prices import Prices, SavingsRate, TypePrice
from oos.service.errors import Refused
from oos.service.shape import instant
from oos_billing.requests import DescribeSavingsPlanPrice
from oos_billing.responses import PlanPrice, SpotShape

PAGE: Final = 1000
"""Most prices of one answer."""

_HOURS: Final = 365 * 24


def prepaid_only(instance_id: str) -> Refused:
    """The refusal of what is for instances that are paid for in advance: here none is."""
    message = f"The operation is not permitted: {instance_id} is paid for by use (PostPaid), as every instance here."
    return Refused("ChargeTypeViolation", message)


def spot_rows(price: TypePrice, zones: Sequence[str], start: datetime, end: datetime) -> list[SpotShape]:
    """What an hour cost in each zone, newest first: each change in the period, and what held when it began."""
    rows: list[tuple[datetime, SpotShape]] = []
    for zone in zones:
        changes = [each for each in price.spot if each.zone in ("", zone) and each.since <= end]
        for number, each in enumerate(changes):
            ended = changes[number + 1].since if number + 1 < len(changes) else None
            if ended is not None and ended <= start:
                continue
            since = max(each.since, start)
            rows.append(
                (
                    since,
                    {
                        "InstanceType": price.instance_type,
                        "ZoneId": zone,
                        "NetworkType": "vpc",
                        "IoOptimized": "optimized",
                        "OriginPrice": price.hourly,
                        "SpotPrice": each.hourly,
                        "Timestamp": instant(since),
                    },
                )
            )
    return [row for _, row in sorted(rows, key=lambda pair: (pair[0], pair[1]["ZoneId"]), reverse=True)]


def plan_price(prices: Prices, request: DescribeSavingsPlanPrice) -> PlanPrice | None:
    """What a promise of use would cost over its whole time; None when no rate fits it."""
    rate = next((each for each in prices.savings if _fits(each, request)), None)
    if rate is None:
        return None
    original = round(request.committed_amount * _HOURS * request.period, 2)
    paid = round(original * rate.factor, 2)
    return {
        "PriceInfo": {
            "Price": {
                "Currency": prices.currency,
                "OriginalPrice": original,
                "DiscountPrice": round(original - paid, 2),
                "TradePrice": paid,
            },
            "Rules": [{"RuleId": "1", "Description": f"{rate.factor:g} of the usual price"}],
        }
    }


def _fits(rate: SavingsRate, request: DescribeSavingsPlanPrice) -> bool:
    family = request.instance_type_family or request.instance_type_family_group
    return (
        rate.plan_type in ("", request.plan_type)
        and rate.family in ("", family)
        and rate.offering in ("", request.offering_type)
        and rate.years in (0, request.period)
    )
