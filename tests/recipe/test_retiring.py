"""Which images retire, and which guests builds left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from oos.recipe.model import Base, Lock, Recipe, Stage
from oos.recipe.plan import plan_build
from oos.recipe.retiring import Candidate, Rule, abandoned, verdicts

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def image(
    number: int, status: str = "Available", family: str = "web", *, days: int = 0, by_recipe: bool = True
) -> Candidate:
    return Candidate(f"m-{number}", f"i{number}", family, status, NOW - timedelta(days=days), by_recipe)


def actions(*images: Candidate, used: tuple[str, ...] = (), **channels: str) -> dict[str, str]:
    return {each.image.id: each.action for each in verdicts(NOW, images, used, channels, Rule(keep=2))}


def test_the_newest_of_a_family_stay_and_the_others_are_deprecated_first() -> None:
    images = [image(number, days=number) for number in range(1, 5)]
    assert actions(*images) == {"m-1": "keep", "m-2": "keep", "m-3": "deprecate", "m-4": "deprecate"}
    assert actions(*images, stable="m-4")["m-4"] == "keep"


def test_what_is_deprecated_goes_when_nothing_was_made_from_it() -> None:
    assert actions(image(1, "Deprecated")) == {"m-1": "delete"}
    assert actions(image(1, "Deprecated"), used=("m-1",)) == {"m-1": "keep"}


def test_stages_wait_for_a_while_and_failures_go() -> None:
    assert actions(image(1, "Waiting", days=3), image(2, "Waiting", days=30), image(3, "CreateFailed")) == {
        "m-1": "keep",
        "m-2": "delete",
        "m-3": "delete",
    }


def test_images_that_no_recipe_made_are_none_of_its_business() -> None:
    assert actions(*(image(number, by_recipe=False) for number in range(9))) == {}


def test_guests_of_builds_that_died_are_left_for_a_day() -> None:
    guests = [("i-1", NOW - timedelta(hours=2)), ("i-2", NOW - timedelta(days=2)), ("i-3", None)]
    assert abandoned(NOW, guests) == ["i-2"]


@given(st.lists(st.tuples(st.sampled_from(["Available", "Waiting", "Deprecated"]), st.integers(0, 99)), max_size=12))
def test_keeping_more_never_retires_more(made: list[tuple[str, int]]) -> None:
    images = [image(number, status, days=days) for number, (status, days) in enumerate(made)]

    def gone(keep: int) -> set[str]:
        return {each.image.id for each in verdicts(NOW, images, (), {}, Rule(keep=keep)) if each.action != "keep"}

    assert gone(3) <= gone(2) <= gone(1)


def test_a_digest_covers_everything_before_it_and_the_lock() -> None:
    def digests(*stages: Stage, base: str = "m-1", lock: Lock | None = None) -> list[str]:
        return [each.digest for each in plan_build(Recipe("web", Base("x"), stages=stages), base, lock).steps]

    one, two = Stage("one", script="true"), Stage("two", packages=("curl", "jq=1.6"))
    first = digests(one, two)
    assert digests(one, two) == first
    assert digests(one, Stage("two", script="x"))[0] == first[0]
    assert set(digests(Stage("one", script="false"), two)).isdisjoint(first)
    assert set(digests(one, two, base="m-2")).isdisjoint(first)
    locked = plan_build(Recipe("web", Base("x"), stages=(one, two)), "m-1", Lock("m-1", {"curl": "8", "jq": "9"}))
    assert locked.steps[1].stage.packages == ("curl=8", "jq=1.6")
    assert locked.steps[1].digest != first[1]
