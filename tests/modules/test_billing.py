"""What instances cost: told from the price file; what would have to be sold is refused."""

from __future__ import annotations

from typing import Any

import pytest

import oos_billing
import oos_instance
from oos.inventory.prices import Prices, SavingsRate, SpotPrice, TypePrice
from oos.values.time import parse_instant
from tests.modules.world import TYPE, World

SPOT = (
    SpotPrice(parse_instant("2026-01-01T00:00:00Z"), 0.03),
    SpotPrice(parse_instant("2026-01-10T00:00:00Z"), 0.05, "lab-a"),
    SpotPrice(parse_instant("2026-01-20T00:00:00Z"), 0.04),
)
PRICES = Prices(
    "EUR",
    {TYPE: TypePrice(TYPE, 0.1, SPOT)},
    (SavingsRate(0.6, "ecs", "ecs.g1", "All Upfront", 3), SavingsRate(0.75, "ecs")),
)


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_billing.MODULE), prices=PRICES)


def history(world: World, **conditions: Any) -> list[tuple[str, float, str]]:
    given = {"InstanceType": TYPE, "ZoneId": "lab-a", "EndTime": "2026-01-31T00:00:00Z", **conditions}
    rows = world.call("DescribeSpotPriceHistory", **given)["SpotPrices"]["SpotPriceType"]
    return [(each["ZoneId"], each["SpotPrice"], each["Timestamp"][:10]) for each in rows]


def test_spot_prices_are_told_newest_first_with_what_held_when_the_period_began(world: World) -> None:
    assert history(world) == [
        ("lab-a", 0.04, "2026-01-20"),
        ("lab-a", 0.05, "2026-01-10"),
        ("lab-a", 0.03, "2026-01-01"),
    ]
    assert history(world, StartTime="2026-01-15T00:00:00Z") == [
        ("lab-a", 0.04, "2026-01-20"),
        ("lab-a", 0.05, "2026-01-15"),
    ]
    assert history(world, ZoneId="lab-b") == [("lab-b", 0.04, "2026-01-20"), ("lab-b", 0.03, "2026-01-01")]
    assert len(history(world, ZoneId="")) == 5
    assert history(world, Offset=2) == [("lab-a", 0.03, "2026-01-01")]
    assert history(world, InstanceType="ecs.g1.large") == []


@pytest.mark.parametrize(
    ("conditions", "code"),
    [
        ({"InstanceType": "ecs.none"}, "InvalidInstanceType.NotFound"),
        ({"ZoneId": "none"}, "InvalidZoneId.NotFound"),
        ({"StartTime": "soon"}, "InvalidParameter.StartTime"),
    ],
)
def test_what_has_no_price_is_named(world: World, conditions: dict[str, Any], code: str) -> None:
    assert world.refusal("DescribeSpotPriceHistory", **{"InstanceType": TYPE, **conditions}).code == code


def test_without_a_price_file_nobody_invents_prices() -> None:
    world = World((oos_billing.MODULE,))
    for name, given in (
        ("DescribeSpotPriceHistory", {"InstanceType": TYPE}),
        ("DescribeSavingsPlanPrice", {"CommittedAmount": 1}),
    ):
        refused = world.refusal(name, **given)
        assert (refused.code, "price_file" in refused.message) == ("OperationDenied.NotSupported", True)


def test_a_savings_plan_is_priced_by_the_first_rate_that_fits(world: World) -> None:
    for years, paid in ((3, 3 * 8760 * 2 * 0.6), (1, 8760 * 2 * 0.75)):
        told = world.call("DescribeSavingsPlanPrice", CommittedAmount="2", InstanceTypeFamily="ecs.g1", Period=years)
        price = told["PriceInfo"]["Price"]
        assert (price["Currency"], price["TradePrice"]) == ("EUR", round(paid, 2))
        assert round(price["OriginalPrice"] - price["DiscountPrice"], 2) == price["TradePrice"]
    refused = world.refusal("DescribeSavingsPlanPrice", CommittedAmount=2, PlanType="universal")
    assert refused.code == "OperationDenied.NotSupported"


def test_instances_are_paid_for_by_use_and_stay_so(world: World) -> None:
    id = world.run()
    world.call("ModifyInstanceChargeType", InstanceIds=f'["{id}"]', InstanceChargeType="PostPaid")
    prepaid = world.refusal("ModifyInstanceChargeType", InstanceIds=[id])
    assert prepaid.code == "OperationDenied.NotSupported"
    assert world.refusal("RenewInstance", InstanceId=id, Period=1).code == "ChargeTypeViolation"
    world.call("ModifyInstanceAutoRenewAttribute", InstanceId=id, AutoRenew=False)
    for given in ({"AutoRenew": True}, {"RenewalStatus": "AutoRenewal"}):
        assert world.refusal("ModifyInstanceAutoRenewAttribute", InstanceId=id, **given).code == "ChargeTypeViolation"
    told = world.call("DescribeInstanceAutoRenewAttribute", InstanceId=id)["InstanceRenewAttributes"]
    assert [each["RenewalStatus"] for each in told["InstanceRenewAttribute"]] == ["Normal"]
    assert world.refusal("ModifyInstanceChargeType", InstanceIds=["i-none"]).code == "InvalidInstanceId.NotFound"


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("CreateSavingsPlan", {"CommittedAmount": 1}),
        ("PurchaseReservedInstancesOffering", {"InstanceType": TYPE}),
    ],
)
def test_nothing_is_sold(world: World, name: str, given: dict[str, Any]) -> None:
    assert world.refusal(name, **given).code == "OperationDenied.NotSupported"
    assert world.call("DescribeReservedInstances")["TotalCount"] == 0
