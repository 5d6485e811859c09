"""Matching: maps may hold more, lists may not; patterns, absence, anything in between."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oos.rehearsal.match import differences, matches
from oos.rehearsal.tree import read_tree, tree_of

HOLD: list[tuple[Any, Any]] = [
    (1, 1.0),
    ("a", "a"),
    (None, None),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": None}, {"b": 2}),
    ({"a": None}, {"a": None}),
    ([], []),
    ([1, {"a": 1}], [1, {"a": 1, "b": 2}]),
    (["..."], [1, 2]),
    (["...", 2], [1, 2]),
    ([1, "..."], [1]),
    ([1, "...", 3, "..."], [1, 2, 3, 3]),
    ("/s-[0-9a-f]{4}/", "s-00ff"),
    ("/.*b.*/", "a\nb\nc"),
    ("/[0-9]+/", 42),
]
DIFFER: list[tuple[Any, Any]] = [
    (1, True),
    ("1", 1),
    ({"a": 1}, {"b": 1}),
    ({"a": 1}, [1]),
    ([1], [1, 2]),
    ([1], {"a": 1}),
    (["...", 1], [1, 2]),
    (["..."], "x"),
    ("/a/", "ab"),
    ("/.*/", None),
    ("/[/", "["),
    ([None], []),
]


@pytest.mark.parametrize(("wanted", "seen"), HOLD)
def test_what_holds(wanted: Any, seen: Any) -> None:
    assert list(differences(tree_of(wanted), seen)) == []


@pytest.mark.parametrize(("wanted", "seen"), DIFFER)
def test_what_differs(wanted: Any, seen: Any) -> None:
    assert not matches(tree_of(wanted), seen)


def test_each_difference_stands_at_its_expectation() -> None:
    tree = read_tree("a: {b: [1, 2]}\nc: x\nmissing: 1\n", "t")
    found = [
        (str(each.span), each.path, each.message)
        for each in differences(tree, {"a": {"b": [1, 3]}, "c": None, "missed": 0})
    ]
    assert found == [
        ("1:12", "a.b[1]", "expected 2, observed 3"),
        ("2:4", "c", 'expected "x", observed null'),
        ("3:1", "missing", "expected 1, observed no missing"),
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_everything_matches_itself(value: Any) -> None:
    assert matches(tree_of(value), value)


@given(VALUES, VALUES)
def test_a_match_of_any_two_values_ends(wanted: Any, seen: Any) -> None:
    assert matches(tree_of(wanted), seen) in (True, False)
