"""Listings: pages, filters and tags."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oos.service.errors import ApiError, InvalidParameter
from oos.service.filtering import Filter, Tag, TagCondition, creation_period, has_tags, matches_name
from oos.service.paging import Paged, page_of
from oos.service.registry import MemoryRegistry
from oos.service.shape import GIB, gib, minute
from oos.service.tags import changes_of, changes_of_all, forget_tags, remove_tags, set_tags, tags_after, tags_from


def number_key(number: int) -> tuple[str, ...]:
    return (f"{number:04d}",)


@given(st.sets(st.integers(0, 500)), st.integers(1, 30), st.booleans())
def test_pages_by_token_hold_each_item_once(numbers: set[int], size: int, descending: bool) -> None:
    seen: list[int] = []
    token = ""
    while True:
        page = page_of(numbers, Paged(max_results=size, next_token=token), number_key, descending=descending)
        seen += page.items
        token = page.fields["NextToken"]
        if not token:
            break
    assert seen == sorted(numbers, reverse=descending)


@given(st.sets(st.integers(0, 500)), st.integers(1, 30))
def test_pages_by_number_hold_each_item_once(numbers: set[int], size: int) -> None:
    pages = -(-len(numbers) // size) + 1
    seen = [
        item
        for number in range(1, pages + 1)
        for item in page_of(numbers, Paged(page_number=number, page_size=size), number_key).items
    ]
    assert seen == sorted(numbers)


def test_what_is_deleted_meanwhile_hides_no_other() -> None:
    first = page_of(range(10), Paged(max_results=4), number_key)
    rest = page_of([4, 5, 6, 7], Paged(max_results=4, next_token=first.fields["NextToken"]), number_key)
    assert rest.items == (4, 5, 6, 7)


def test_a_page_is_never_larger_than_the_service_allows() -> None:
    assert len(page_of(range(500), Paged(page_size=400), number_key).items) == 100
    assert len(page_of(range(500), Paged(max_results=400), number_key, most=50).items) == 50


@pytest.mark.parametrize("token", ["nonsense", "%%%", "eyJhIjoxfQ", "bnVsbA"])
def test_a_strange_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidParameter, match="none of ours"):
        page_of(range(3), Paged(next_token=token), number_key)


@pytest.mark.parametrize(
    ("name", "wanted", "matches"),
    [
        ("web-1", "", True),
        ("web-1", "web-1", True),
        ("web-1", "web-*", True),
        ("web-1", "*-1", True),
        ("web-1", "w*b*1", True),
        ("web-1", "web", False),
        ("web-1", "Web-1", False),
        ("web.1", "web?1", False),
        ("", "*", True),
    ],
)
def test_names_match_with_wildcards(name: str, wanted: str, matches: bool) -> None:
    assert matches_name(name, wanted) is matches


def test_tags_match_by_key_and_by_value() -> None:
    tags = {"role": "web", "zone": "a"}
    assert has_tags(tags, [TagCondition(key="role"), TagCondition(key="zone", value="a")])
    assert has_tags(tags, [TagCondition(key="role", value="")])
    assert not has_tags(tags, [TagCondition(key="role", value="db")])
    assert not has_tags(tags, [TagCondition(key="owner")])


def test_a_period_of_creation_bounds_both_sides() -> None:
    period = creation_period(
        [
            Filter(key="CreationStartTime", value="2026-01-01T00:00Z"),
            Filter(key="creationEndTime", value="2026-01-02T00:00:00Z"),
        ]
    )
    assert period.holds(datetime(2026, 1, 1, 12, tzinfo=UTC))
    assert not period.holds(datetime(2026, 1, 3, tzinfo=UTC))
    assert not period.holds(datetime(2025, 1, 3, tzinfo=UTC))
    assert not period.holds(None)
    assert creation_period([]).holds(None)


@pytest.mark.parametrize("filter_", [Filter(key="Colour"), Filter(key="CreationEndTime", value="soon")])
def test_a_filter_that_is_not_understood_lets_nothing_through(filter_: Filter) -> None:
    with pytest.raises(InvalidParameter, match=r"Filter\.1"):
        creation_period([filter_])


def test_tags_set_later_lie_over_those_it_was_made_with() -> None:
    registry = MemoryRegistry()
    set_tags(registry, "s-1", {"b": "2", "c/d": "3"})
    set_tags(registry, "s-10", {"z": "9"})
    remove_tags(registry, "s-1", ["a", "never"])
    assert tags_after({"a": "1", "b": "1"}, changes_of(registry, "s-1")) == {"b": "2", "c/d": "3"}
    assert tags_after({}, changes_of_all(registry)["s-10"]) == {"z": "9"}
    forget_tags(registry, "s-1")
    assert changes_of(registry, "s-1") == {}
    assert "s-10" in changes_of_all(registry)


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([Tag(key="acs:x")], "InvalidTagKey.Malformed"),
        ([Tag(key="aliyunx")], "InvalidTagKey.Malformed"),
        ([Tag(key="http://x")], "InvalidTagKey.Malformed"),
        ([Tag(key="x", value="see https://x")], "InvalidTagValue.Malformed"),
        ([Tag(key="x"), Tag(key="x")], "Duplicate.TagKey"),
        ([Tag(key=str(number)) for number in range(21)], "InvalidTagCount"),
    ],
)
def test_tags_that_the_service_forbids_are_refused(tags: list[Tag], code: str) -> None:
    with pytest.raises(ApiError) as caught:
        tags_from(tags)
    assert caught.value.code == code


@pytest.mark.parametrize(("size", "wanted"), [(0, 0), (1, 1), (GIB, 1), (GIB + 1, 2), (40 * GIB, 40)])
def test_sizes_are_never_less_than_what_there_is(size: int, wanted: int) -> None:
    assert gib(size) == wanted


@pytest.mark.parametrize(
    ("moment", "wanted"), [(None, ""), (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04Z")]
)
def test_instants_of_instances_have_no_seconds(moment: Any, wanted: str) -> None:
    assert minute(moment) == wanted
