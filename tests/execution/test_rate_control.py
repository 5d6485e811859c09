"""Rate control: the table in rate_control.yml, and what holds for every rate control."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from oos.execution.rate_control import RateControlInvalid, limits_for
from oos.execution.status import LoopMode

CASES = yaml.safe_load((Path(__file__).parent / "rate_control.yml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["rule"])
def test_rate_control(case):
    given_ = case["given"]
    if "refused" in case:
        with pytest.raises(RateControlInvalid, match=case["refused"]):
            limits_for(given_["rate_control"], given_["items"])
        return
    limits = limits_for(given_["rate_control"], given_["items"])
    assert [[each.start, each.end, each.concurrency] for each in limits.batches] == case["expected"]["batches"]
    assert limits.max_errors == case["expected"]["max_errors"]


sizes = st.one_of(st.integers(1, 50), st.integers(0, 100).map("{}%".format))


@given(st.lists(sizes, min_size=1, max_size=5), st.integers(0, 300))
def test_batches_cover_every_item_once_and_in_order(batch, items):
    limits = limits_for({"Mode": "Batch", "Batch": batch}, items)
    covered = [item for each in limits.batches for item in range(each.start, each.end)]
    assert covered == list(range(items))


@pytest.mark.parametrize(
    ("mode", "pauses"),
    [
        (LoopMode.AUTOMATIC, [False, False, False]),
        (LoopMode.FIRST_BATCH_PAUSE, [True, False, False]),
        (LoopMode.EVERY_BATCH_PAUSE, [True, True, False]),
    ],
)
def test_a_loop_pauses_between_batches_never_after_the_last(mode, pauses):
    limits = limits_for({"Mode": "Batch", "Batch": [1]}, 3, mode)
    assert [limits.pauses_after(batch) for batch in range(3)] == pauses


def test_a_pause_in_the_template_holds_unless_the_start_says_otherwise():
    rate_control = {"Mode": "Batch", "Batch": [1], "BatchPauseOption": "EveryBatchPause"}
    assert limits_for(rate_control, 2).pause is LoopMode.EVERY_BATCH_PAUSE
    assert limits_for(rate_control, 2, LoopMode.FIRST_BATCH_PAUSE).pause is LoopMode.FIRST_BATCH_PAUSE


@pytest.mark.parametrize(
    ("ramp", "succeeded", "width"),
    [([1, 2, 4], 0, 1), ([1, 2, 4], 1, 2), ([1, 2, 4], 2, 2), ([1, 2, 4], 3, 4), ([1, 2, 4], 7, 8), (["50%"], 0, 8)],
)
def test_a_ramp_up_leaves_a_step_once_as_many_items_succeeded_as_it_is_wide(ramp, succeeded, width):
    limits = limits_for({"Mode": "Concurrency", "Concurrency": 8, "RampUp": ramp}, 100)
    assert limits.width(0, succeeded) == width


@pytest.mark.parametrize("rate_control", [{"RampUp": 2}, {"Mode": "Batch", "Batch": [1], "RampUp": [1]}])
def test_a_ramp_up_that_cannot_be_followed_is_refused(rate_control):
    with pytest.raises(RateControlInvalid, match="RampUp"):
        limits_for(rate_control, 10)
