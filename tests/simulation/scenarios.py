"""Scenarios: templates to be run under a seed, and what must come of them however they are disturbed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from oos.execution.status import Mode, Status
from tests.engine.templates import PARENT, PRODUCT, SEQUENCE
from tests.engine.test_inner_loops import NESTED, SIMPLE
from tests.engine.test_loops import FAILING, mixed
from tests.engine.test_triggers import TIMER

ACTIONS = (("ACS::TEST::MakeThing", PRODUCT),)


@dataclass(frozen=True)
class Scenario:
    """A template with its arguments, and its end."""

    name: str
    text: str
    parameters: dict[str, Any] = field(default_factory=dict)
    mode: Mode = Mode.AUTOMATIC
    status: Status = Status.SUCCESS
    outputs: dict[str, Any] | None = None
    """None: whatever it is."""
    may_be_cancelled: bool = False


WAITING = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: make
    Action: ACS::ExecuteAPI
    Properties: {Service: TEST, API: Make, Parameters: {Name: first}}
  - {Name: nap, Action: 'ACS::Sleep', Properties: {Duration: 1H}}
  - {Name: ask, Action: 'ACS::Approve', Properties: {MinRequiredApprovals: 2}}
  - Name: again
    Action: ACS::WaitFor
    Retries: 20
    DelayType: Constant
    Delay: 60
    Properties:
      Service: TEST
      API: Count
      Parameters: {Name: x}
      PropertySelector: '.Value > 2'
      DesiredValues: [true]
  - {Name: pause, Action: 'ACS::Pause'}
  - Name: last
    Action: ACS::ExecuteAPI
    Properties: {Service: TEST, API: Make, Parameters: {Name: last}}
"""

ONCE = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: once
    Action: ACS::ExecuteAPI
    Properties: {Service: TEST, API: Once, Parameters: {Name: only}}
  - Name: make
    Action: ACS::ExecuteAPI
    Properties: {Service: TEST, API: Make, Parameters: {Name: after}}
"""


def _loop(random: Random) -> Scenario:
    count = random.randint(0, 12)
    failing = random.randint(0, 3)
    names = [f"item{number}" for number in range(count)]
    for _ in range(min(failing, count)):
        place = random.randrange(count)
        names[place] = names[place].upper()
    failing = sum(name.isupper() for name in names)
    most = random.choice([0, 1, 2, "50%", "100%"])
    allowed = most if isinstance(most, int) else -(-count * int(most[:-1]) // 100)
    rate_control: dict[str, Any] = {"MaxErrors": most}
    if random.random() < 0.5:
        rate_control |= {"Mode": "Concurrency", "Concurrency": random.randint(1, 5)}
        if random.random() < 0.5:
            rate_control["RampUp"] = [1, 2]
    else:
        rate_control |= {"Mode": "Batch", "Batch": [1, random.randint(1, 4)], "ConcurrencyInBatches": [1, 3]}
        rate_control["BatchPauseOption"] = random.choice(["Automatic", "FirstBatchPause", "EveryBatchPause"])
    over = failing > allowed
    return Scenario(
        "loop",
        FAILING,
        {"items": mixed(*names), "rateControl": rate_control},
        status=Status.FAILED if over else Status.SUCCESS,
        outputs=None if over else {"names": [None if name.isupper() else name for name in names]},
    )


def _trigger(random: Random) -> Scenario:
    policy = random.choice(["Start", "Skip", "Queue"])
    text = TIMER.replace("MORE", f", OverlapPolicy: {policy}")
    if random.random() < 0.5:
        nap = "  - {Name: nap, Action: 'ACS::Sleep', Properties: {Duration: 90M}}\n"
        text = text.replace("  - Name: make", f"{nap}  - Name: make")
    return Scenario("trigger", text, {"end": "2026-01-01T18:30:00Z"}, outputs={})


CHOICES: tuple[Callable[[Random], Scenario], ...] = (
    _loop,
    _loop,
    _trigger,
    lambda _: Scenario("sequence", SEQUENCE, outputs={"names": ["thing", "thing-2"]}),
    lambda _: Scenario("children", PARENT, outputs={"all": ["x", "y", "z"]}),
    lambda _: Scenario("inner loop", SIMPLE, outputs={"made": [f"p-around-{name}+" for name in "abc"]}),
    lambda _: Scenario("nested loops", NESTED, outputs={"all": [["p1", "p2"]] * 3}),
    lambda _: Scenario("waiting", WAITING, outputs={}),
    lambda _: Scenario("in doubt", ONCE, outputs={}),
    lambda _: Scenario("debug", SEQUENCE, mode=Mode.DEBUG, outputs={"names": ["thing", "thing-2"]}),
    lambda random: Scenario("cancelled", random.choice([PARENT, SIMPLE, WAITING]), may_be_cancelled=True),
)


def scenario_of(random: Random) -> Scenario:
    """The scenario that a seed draws."""
    return random.choice(CHOICES)(random)
