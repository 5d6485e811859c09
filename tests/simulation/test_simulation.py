"""Thousands of seeds: limits hold, nothing takes effect twice, every run ends as an undisturbed one does."""

import logging
from collections import Counter

import pytest

from tests.simulation.simulation import Simulation

SEEDS = 3000
AT_ONCE = 250


@pytest.fixture(autouse=True)
def silence():
    """What people say too late is refused, and that is told in the log, thousands of times."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_every_seed_keeps_the_promises(first):
    for seed in range(first, first + AT_ONCE):
        try:
            Simulation(seed).run()
        except Exception as broken:
            raise AssertionError(f"{broken}; replay it: python -m tests.simulation --seed {seed}") from broken


def test_the_seeds_disturb_what_they_should():
    """A simulation in which nothing goes wrong proves nothing."""
    crashes, resumed, cancelled = 0, 0, 0
    names = Counter()
    for seed in range(100):
        simulation = Simulation(seed)
        simulation.run()
        crashes += simulation.crashes
        resumed += simulation.watched.resumed
        cancelled += simulation.cancelled
        names[simulation.scenario.name] += 1
    assert crashes > 100
    assert resumed > 50
    assert len(names) >= 8
    assert cancelled > 2


def test_a_seed_is_the_same_story_each_time():
    stories = []
    for _ in range(2):
        story = []
        Simulation(7, story.append).run()
        stories.append(story)
    assert stories[0] == stories[1]
