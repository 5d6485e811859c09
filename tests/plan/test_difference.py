"""Differences between two looks at the same things."""

from __future__ import annotations

from oos.plan.difference import NEW, differences
from oos.plan.model import Change, Difference, Thing


def things(*found: Thing) -> dict[tuple[str, str], Thing]:
    return {(each.kind, each.id): each for each in found}


def test_only_the_facts_that_differ_are_told() -> None:
    before = Thing("instance", "i-12345678", "web-1", {"power": "Running", "cpu": 1})
    after = Thing("instance", "i-12345678", "web-1", {"power": "Stopped", "cpu": 1, "description": "off"})
    assert differences(things(before), things(after)) == (
        Difference(
            Change.UPDATE,
            "instance",
            "i-12345678",
            "web-1",
            {"power": "Running"},
            {"power": "Stopped", "description": "off"},
        ),
    )


def test_ids_of_things_that_would_be_made_are_not_told() -> None:
    instance = Thing("instance", "i-12345678", "web-1", {"disks": ["vda d-aaaaaaaa"]})
    disk = Thing("disk", "d-bbbbbbbb", "d-bbbbbbbb", {"size": "1 GiB"})
    grown = Thing("instance", "i-12345678", "web-1", {"disks": ["vda d-aaaaaaaa", "vdb d-bbbbbbbb"]})
    made, changed = differences(things(instance), things(grown, disk))
    assert (made.change, made.id, made.name) == (Change.CREATE, "", NEW)
    assert changed.after == {"disks": ["vda d-aaaaaaaa", f"vdb {NEW}"]}


def test_what_goes_is_told_with_what_it_was() -> None:
    disk = Thing("disk", "d-bbbbbbbb", "old", {"size": "1 GiB"})
    (gone,) = differences(things(disk), {})
    assert gone == Difference(Change.DELETE, "disk", "d-bbbbbbbb", "old", {"size": "1 GiB"}, {})


def test_what_stays_as_it_is_is_not_told() -> None:
    disk = Thing("disk", "d-bbbbbbbb", "old", {"size": "1 GiB"})
    assert differences(things(disk), things(disk)) == ()
