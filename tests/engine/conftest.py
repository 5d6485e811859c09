"""Fixtures for driving executions."""

import pytest

from tests.engine.world import World


@pytest.fixture
def world():
    made = World()
    yield made
    made.close()
