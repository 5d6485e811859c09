"""Responses about what instances cost: the shapes of ECS."""

from __future__ import annotations

from typing import TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class Order(TypedDict):
    OrderId: str


class FeeShape(TypedDict):
    InstanceId: str
    Fee: str
    Currency: str


class FeeShapes(TypedDict):
    FeeOfInstance: list[FeeShape]


class ChargeTypeChanged(TypedDict):
    OrderId: str
    FeeOfInstances: FeeShapes


class RenewShape(TypedDict):
    InstanceId: str
    AutoRenewEnabled: bool
    Duration: int
    PeriodUnit: str
    RenewalStatus: str


class RenewShapes(TypedDict):
    InstanceRenewAttribute: list[RenewShape]


class RenewAttributes(TypedDict):
    InstanceRenewAttributes: RenewShapes
    TotalCount: int
    PageNumber: int
    PageSize: int


class SpotShape(TypedDict):
    InstanceType: str
    ZoneId: str
    NetworkType: str
    IoOptimized: str
    OriginPrice: float
    SpotPrice: float
    Timestamp: str


class SpotShapes(TypedDict):
    SpotPriceType: list[SpotShape]


class SpotPrices(TypedDict):
    SpotPrices: SpotShapes
    Currency: str
    NextOffset: int


class PriceShape(TypedDict):
    Currency: str
    OriginalPrice: float
    DiscountPrice: float
    TradePrice: float


class RuleShape(TypedDict):
    RuleId: str
    Description: str


class PriceInfo(TypedDict):
    Price: PriceShape
    Rules: list[RuleShape]


class PlanPrice(TypedDict):
    PriceInfo: PriceInfo


class MadePlan(TypedDict):
    OrderId: str
    SavingsPlanId: str


class ReservedIds(TypedDict):
    ReservedInstanceId: list[str]


class Reserved(TypedDict):
    OrderId: str
    ReservedInstanceIdSets: ReservedIds


class ReservedShape(TypedDict):
    ReservedInstanceId: str
    InstanceType: str


class ReservedShapes(TypedDict):
    ReservedInstance: list[ReservedShape]


class ReservedInstances(TypedDict):
    ReservedInstances: ReservedShapes
    TotalCount: int
    PageNumber: int
    PageSize: int
