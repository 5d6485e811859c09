"""The price file of an inventory."""

from __future__ import annotations

from pathlib import Path

import pytest

from oos.diagnostics import DiagnosticError
from oos.inventory.load import load_inventory

INVENTORY = """
regions: [{id: home, zones: [{id: home-a, hosts: [{name: h, uri: 'test:///default'}]}]}]
price_file: prices.yml
"""

PRICES = """
currency: EUR
instance_types:
  - instance_type: ecs.g1.large
    hourly: 0.1
    spot: [{since: '2026-02-01T00:00:00Z', hourly: 0.05}, {since: '2026-01-01T00:00:00Z', hourly: 0.03}]
savings: [{factor: 0.7}]
"""


def write(folder: Path, prices: str | None) -> Path:
    if prices is not None:
        (folder / "prices.yml").write_text(prices)
    path = folder / "inventory.yml"
    path.write_text(INVENTORY)
    return path


def test_prices_are_read_from_the_file_beside_the_inventory(tmp_path: Path) -> None:
    prices = load_inventory(write(tmp_path, PRICES), {}).prices
    assert prices.currency == "EUR"
    spot = prices.types["ecs.g1.large"].spot
    assert [each.hourly for each in spot] == [0.03, 0.05]
    assert prices.savings[0].factor == 0.7


def test_an_inventory_without_a_price_file_has_no_prices(tmp_path: Path) -> None:
    path = write(tmp_path, None)
    path.write_text(INVENTORY.replace("price_file: prices.yml", ""))
    assert not load_inventory(path, {}).prices.types


@pytest.mark.parametrize(
    ("prices", "code"),
    [
        (None, "OOS908"),
        ("{", "OOS901"),
        ("currency: EUR\nodd: 1", "OOS909"),
        (PRICES.replace("2026-02-01T00:00:00Z", "soon"), "OOS909"),
    ],
)
def test_a_price_file_that_cannot_be_used_is_told(tmp_path: Path, prices: str | None, code: str) -> None:
    with pytest.raises(DiagnosticError) as told:
        load_inventory(write(tmp_path, prices), {})
    (fault,) = told.value.diagnostics
    assert (fault.code, fault.source) == (code, str(tmp_path / "prices.yml"))
