"""Prices: what the operator wrote down that instances cost, in a file beside the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from oos.diagnostics import Diagnostic, DiagnosticError
from oos.inventory.yaml_file import read_text, read_yaml
from oos.values.time import parse_instant
from oos.values.typed import convert_as


@dataclass(frozen=True, slots=True)
class SpotPrice:
    """What an hour of an instance type cost from an instant on, when it may be taken away."""

    since: datetime
    hourly: float
    zone: str = ""
    """Empty: in every zone."""


@dataclass(frozen=True, slots=True)
class TypePrice:
    """What an hour of an instance type costs."""

    instance_type: str
    hourly: float
    spot: tuple[SpotPrice, ...] = ()


@dataclass(frozen=True, slots=True)
class SavingsRate:
    """What is paid of the usual price when use is promised for some years."""

    factor: float
    """0.7: seventy of a hundred."""
    plan_type: str = ""
    """`ecs` or `universal`; empty: either."""
    family: str = ""
    """Family of instance types; empty: all."""
    offering: str = ""
    """`All Upfront`, `Partial Upfront` or `No Upfront`; empty: any."""
    years: int = 0
    """For so many years; 0: any number."""


@dataclass(frozen=True, slots=True)
class Prices:
    """All that is known of prices."""

    currency: str = ""
    types: Mapping[str, TypePrice] = field(default_factory=dict)
    savings: tuple[SavingsRate, ...] = ()


class _Spot(msgspec.Struct, forbid_unknown_fields=True):
    since: str
    hourly: float
    zone: str = ""


class _Type(msgspec.Struct, forbid_unknown_fields=True):
    instance_type: str
    hourly: float
    spot: list[_Spot] = []


class _Rate(msgspec.Struct, forbid_unknown_fields=True):
    factor: float
    plan_type: str = ""
    family: str = ""
    offering: str = ""
    years: int = 0


class _File(msgspec.Struct, forbid_unknown_fields=True):
    currency: str
    instance_types: list[_Type] = []
    savings: list[_Rate] = []


def load_prices(path: Path) -> Prices:
    """The prices in a YAML file. Raises DiagnosticError with the place of the fault."""
    document = read_yaml(read_text(path, "prices", "OOS908"), str(path))
    try:
        file = convert_as(document, _File)
        types = {each.instance_type: _type(each) for each in file.instance_types}
    except (msgspec.ValidationError, ValueError) as error:
        hint = "see inventory/prices.yml for every field"
        raise DiagnosticError([Diagnostic("OOS909", f"not a price file: {error}", str(path), hint=hint)]) from error
    rates = file.savings
    savings = tuple(SavingsRate(each.factor, each.plan_type, each.family, each.offering, each.years) for each in rates)
    return Prices(file.currency, types, savings)


def _type(each: _Type) -> TypePrice:
    spot = tuple(SpotPrice(parse_instant(price.since), price.hourly, price.zone) for price in each.spot)
    return TypePrice(each.instance_type, each.hourly, tuple(sorted(spot, key=lambda price: price.since)))
