"""Real guests for tests: one lab for a whole session, shared by all its workers, gone when the session ends.

A test that uses `lab` is marked `real`. Real tests take turns, also those of different workers: guests need the
processors. (pytest-xdist's `--dist loadgroup` would say this, but 3.8 does nothing under pytest 9.2.)

    pytestmark = pytest.mark.real

The labs of a session that was killed are ended by the next one: their directory is named after its process.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from oos.lab.config import LabConfig
from oos.lab.doctor import State, examine, observe
from oos.lab.lab import down, up
from oos.lab.locking import locked
from oos.lab.process import ProcessIdentity, boot_id, identify, is_alive

STATE = Path(__file__).parent.parent / ".state"
LABS = STATE / "test-labs"
CACHE = STATE / "lab-cache"
VARIABLE = "OOS_TEST_LABS"
"""Tells workers the directory of their session's labs."""
TURN_SECONDS = 3600.0


def pytest_configure(config: pytest.Config) -> None:
    """The session's own process names the directory, and ends what dead sessions left."""
    if _is_worker(config):
        return
    me = identify(os.getpid())
    assert me is not None
    os.environ[VARIABLE] = str(LABS / f"{me.pid}.{me.start_time}")
    for session in LABS.glob("*.*"):
        if not _lives(session):
            end_session(session)


def pytest_unconfigure(config: pytest.Config) -> None:
    """However the tests went, the session's labs go."""
    if not _is_worker(config):
        end_session(Path(os.environ[VARIABLE]))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real tests first: so one worker begins with them, and the other, with the rest, need not wait for a turn."""
    items.sort(key=lambda item: item.get_closest_marker("real") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A real test waits for its turn before its fixtures are made."""
    if item.get_closest_marker("real") is None:
        return (yield)
    with locked(Path(os.environ[VARIABLE]) / "turn.lock", timeout=TURN_SECONDS):
        return (yield)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _lives(session: Path) -> bool:
    pid, _, start = session.name.partition(".")
    return is_alive(ProcessIdentity(int(pid), int(start), boot_id()))


def end_session(session: Path) -> None:
    """End every lab of a session."""
    if not session.exists():
        return
    for path in session.iterdir():
        if path.is_dir():
            down(lab_in(path), _quiet)
    shutil.rmtree(session)


def lab_in(directory: Path) -> LabConfig:
    """A lab in this directory, with the cache that all tests share."""
    return LabConfig(directory, CACHE)


def _quiet(_: str) -> None:
    """Tests show nothing while a lab comes up."""


@pytest.fixture(scope="session")
def able_host() -> None:
    """Skips where the doctor says that no guest can run."""
    config = lab_in(Path(os.environ[VARIABLE]) / "shared")
    missing = [finding for finding in examine(observe(config)) if finding.state is State.MISSING]
    if missing:
        pytest.skip("; ".join(f"{finding.subject}: {finding.detail}: {finding.remedy}" for finding in missing))


@pytest.fixture(scope="session")
def lab(able_host: None) -> LabConfig:
    """The session's lab, up, with its guests web-1 and web-2. Leave them as you find them."""
    config = lab_in(Path(os.environ[VARIABLE]) / "shared")
    up(config, _quiet)
    return config


@pytest.fixture
def own_lab(able_host: None, request: pytest.FixtureRequest) -> Iterator[Callable[..., LabConfig]]:
    """Makes labs, not up yet, that belong to this test alone, to be broken at will."""
    made: list[LabConfig] = []

    def make(*guests: str) -> LabConfig:
        name = f"{os.getpid()}-{abs(hash(request.node.nodeid)) % 10**6}-{len(made)}"
        config = LabConfig(Path(os.environ[VARIABLE]) / name, CACHE, guests=guests)
        made.append(config)
        return config

    yield make
    for config in made:
        down(config, _quiet)
