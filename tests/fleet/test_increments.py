"""From which snapshot the next one may continue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from oos.fleet.increments import LONGEST_CHAIN, Ancestor, choose_parent

START = datetime(2026, 1, 1, tzinfo=UTC)


def chain(length: int) -> list[Ancestor]:
    """Snapshots s-0, s-1, … each the parent of the next."""
    return [
        Ancestor(f"s-{n}", START + timedelta(hours=n), 100, f"s-{n}", f"s-{n - 1}" if n else "") for n in range(length)
    ]


def chosen(size: int, ancestors: list[Ancestor], checkpoints: set[str]) -> str | None:
    parent = choose_parent(size, ancestors, checkpoints)
    return parent.id if parent else None


def test_the_first_snapshot_is_full() -> None:
    assert chosen(100, [], {"s-0"}) is None


def test_the_newest_snapshot_whose_checkpoint_stands_is_the_parent() -> None:
    assert chosen(100, chain(3), {"s-0", "s-2"}) == "s-2"
    assert chosen(100, chain(3), {"s-0", "s-1"}) == "s-1"


def test_without_a_checkpoint_the_next_one_is_full() -> None:
    assert chosen(100, chain(3), set()) is None


def test_a_resized_disk_begins_anew() -> None:
    assert chosen(200, chain(3), {"s-2"}) is None


def test_a_chain_ends_when_it_is_long() -> None:
    assert chosen(100, chain(LONGEST_CHAIN - 1), {f"s-{LONGEST_CHAIN - 2}"}) == f"s-{LONGEST_CHAIN - 2}"
    assert chosen(100, chain(LONGEST_CHAIN), {f"s-{LONGEST_CHAIN - 1}"}) is None


def test_a_broken_chain_is_not_continued() -> None:
    assert chosen(100, chain(3)[1:], {"s-2"}) is None


def test_a_ring_of_parents_ends_the_search() -> None:
    ring = [Ancestor("s-0", START, 100, "s-0", "s-1"), Ancestor("s-1", START, 100, "s-1", "s-0")]
    assert chosen(100, ring, {"s-0"}) is None
