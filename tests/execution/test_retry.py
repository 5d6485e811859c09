"""The waits of a WaitFor (spec 4.2)."""

import pytest

from oos.execution.retry import RetryPolicy


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        (RetryPolicy(), [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]),
        (RetryPolicy(delay_type="Constant", delay=20), [20] * 5),
        (RetryPolicy(delay_type="linear", delay=3, back_off=2), [5, 7, 9]),
        (RetryPolicy(max_interval=300), [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]),
        (RetryPolicy(delay_type="Constant", delay=7200), [1800]),
    ],
)
def test_the_wait_before_each_retry(policy, seconds):
    assert [policy.wait_before(retry).total_seconds() for retry in range(1, len(seconds) + 1)] == seconds


def test_the_default_waits_about_34_minutes_in_all():
    policy = RetryPolicy()
    total = sum(policy.wait_before(retry).total_seconds() for retry in range(1, policy.retries + 1))
    assert total == 2046
