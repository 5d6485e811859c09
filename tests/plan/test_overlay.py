"""An overlay reads as one registry, and what lies below never changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oos.plan.overlay import OverlayRegistry
from oos.service.registry import MemoryRegistry

KEYS = st.sampled_from(["a/1", "a/2", "b/1"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.integers(0, 3)),
        st.tuples(st.just("add"), KEYS, st.integers(0, 3)),
        st.tuples(st.just("remove"), KEYS, st.just(0)),
    ),
    max_size=12,
)


def carried_out(registry: MemoryRegistry | OverlayRegistry, steps: list[tuple[str, str, int]]) -> list[object]:
    """What each step answered."""
    answers: list[object] = []
    for verb, key, value in steps:
        match verb:
            case "put":
                registry.put("tag", key, {"Value": value})
            case "add":
                answers.append(registry.add("tag", key, {"Value": value}))
            case _:
                answers.append(registry.remove("tag", key))
    return answers


def content(registry: MemoryRegistry | OverlayRegistry, prefix: str = "") -> list[object]:
    return [(key, dict(document)) for key, document in registry.items("tag", prefix)]


@given(before=STEPS, steps=STEPS)
def test_an_overlay_answers_as_a_registry_that_everything_was_written_to(
    before: list[tuple[str, str, int]], steps: list[tuple[str, str, int]]
) -> None:
    below, plain = MemoryRegistry(), MemoryRegistry()
    carried_out(below, before)
    carried_out(plain, before)
    as_it_was = content(below)
    overlay = OverlayRegistry(below)
    assert carried_out(overlay, steps) == carried_out(plain, steps)
    for prefix in ("", "a/", "b/"):
        assert content(overlay, prefix) == content(plain, prefix)
    for key in ("a/1", "a/2", "b/1", "c"):
        assert overlay.get("tag", key) == plain.get("tag", key)
    assert content(below) == as_it_was
    changed = {key for _, key, _, _ in overlay.changes()}
    assert changed == {key for key in ("a/1", "a/2", "b/1") if below.get("tag", key) != plain.get("tag", key)}
