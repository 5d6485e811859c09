"""From a response to an outcome: outputs, and the tests of WaitFor and CheckFor. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from oos.diagnostics import Diagnostic, DiagnosticError
from oos.execution.events import NO_ITEM, TaskFailed, TaskSucceeded, TaskWaiting
from oos.execution.kinds import property_of
from oos.execution.retry import DEFAULT, RetryPolicy
from oos.execution.scope import ExecutionScope
from oos.execution.status import WaitReason
from oos.template.expression import Expression
from oos.template.selector import compile_selector, select_output
from oos.values.json import Value, equals, json_text
from oos.values.secret import Secret, holds_secret, reveal

if TYPE_CHECKING:
    from oos.template.model import Task

SHOWN = 200
"""How many characters of an observed value a message shows."""


def outputs_of(task: Task, response: Value, scope: ExecutionScope) -> dict[str, Value]:
    """The declared outputs of a task, selected from its response (spec 1.7). Raises DiagnosticError."""
    outputs: dict[str, Value] = {}
    if holds_secret(response):
        response = reveal(response)
    for output in task.outputs:
        program = output.selector.evaluate(scope)
        selector = compile_selector(str(reveal(program)))
        value = select_output(output.type, selector, response)
        outputs[output.name] = Secret(value) if isinstance(program, Secret) else value
    return outputs


@dataclass(frozen=True, slots=True)
class Desire:
    """What a WaitFor or CheckFor wants to see."""

    selector: str
    desired: list[Value] | None
    not_desired: list[Value] | None
    stop_retry: list[Value]

    def observed(self, response: Value) -> list[Value]:
        """The selected values; one null when nothing is selected (spec 10, 6)."""
        return compile_selector(self.selector).all(reveal(response)) or [None]

    def met_by(self, values: list[Value]) -> bool:
        """Whether all selected values are as wanted; both tests must hold where both are given (spec 10, 8)."""
        wanted = self.desired is None or all(_among(value, self.desired) for value in values)
        unwanted = self.not_desired is not None and any(_among(value, self.not_desired) for value in values)
        return wanted and not unwanted

    def hopeless(self, values: list[Value]) -> bool:
        """Whether looking again is of no use."""
        return any(_among(value, self.stop_retry) for value in values)


def desire_of(task: Task, scope: ExecutionScope) -> Desire:
    """What the task wants to see, evaluated. Raises DiagnosticError."""

    def values(name: str) -> list[Value] | None:
        value = reveal(property_of(task, name, scope))
        return value if value is None or isinstance(value, list) else [value]

    selector = task.properties.get("PropertySelector")
    return Desire(
        selector=str(reveal(selector.evaluate(scope))) if selector is not None else ".",
        desired=values("DesiredValues"),
        not_desired=values("NotDesiredValues"),
        stop_retry=values("StopRetryValues") or [],
    )


def conclude_look(
    task: Task, scope: ExecutionScope, response: Value, looks: int, now: datetime, item: int
) -> TaskWaiting | TaskFailed | None:
    """What one look of a WaitFor or CheckFor brings; None when the wish is met. `looks` counts those before this one.

    Raises DiagnosticError.
    """
    desire = desire_of(task, scope)
    values = desire.observed(response)
    if desire.met_by(values):
        return None
    seen = values[0] if len(values) == 1 else values
    shown = f"saw {_short(seen)}"
    if desire.hopeless(values):
        message = f"{shown}, which ends the wait; wanted {_wanted(desire)}"
        return TaskFailed(at=now, task=task.name, item=item, code="StopRetryValueReached", message=message)
    observed = seen if len(json_text(seen)) <= SHOWN else None
    return look_again(task, scope, Unmet(shown, f"wanted {_wanted(desire)}", observed), looks, now, item)


def conclude_error(
    task: Task, scope: ExecutionScope, code: str, message: str, looks: int, now: datetime, item: int
) -> TaskWaiting | TaskFailed:
    """What a look brings that found nobody to answer: another look, as long as there are retries."""
    return look_again(task, scope, Unmet(message, code=code), looks, now, item)


@dataclass(frozen=True, slots=True)
class Unmet:
    """What a look saw instead of what was wanted."""

    shown: str
    wanted: str = ""
    observed: Value = None
    code: str = ""
    """Of the error that came in place of an answer."""

    def __str__(self) -> str:
        return f"{self.shown}; {self.wanted}" if self.wanted else self.shown


def look_again(
    task: Task, scope: ExecutionScope, unmet: Unmet, looks: int, now: datetime, item: int
) -> TaskWaiting | TaskFailed:
    """The wait for another look, or the failure when there are no retries left. Raises DiagnosticError."""
    policy = retry_policy(task, scope)
    if looks >= policy.retries:
        code = unmet.code or ("RetriesUsedUp" if policy.retries else "CheckFailed")
        after = f"after {looks + 1} looks: " if looks else ""
        return TaskFailed(at=now, task=task.name, item=item, code=code, message=f"{after}{unmet}")
    return TaskWaiting(
        at=now,
        task=task.name,
        item=item,
        reason=WaitReason.RETRY,
        until=now + policy.wait_before(looks + 1),
        polls=looks + 1,
        observed=unmet.observed,
        note=str(unmet),
    )


RETRIES = {"acs::checkfor": 0, "acs::notify": 4, "acs::approve": 4}
"""How often tasks look again that say nothing of it: a message is sent again after 2, 4, 8 and 16 seconds."""


def retry_policy(task: Task, scope: ExecutionScope) -> RetryPolicy:
    """How often the task looks: a CheckFor once, unless it says otherwise (spec 10, 30). Raises DiagnosticError."""
    retry = task.retry
    default = RETRIES.get(task.action.casefold(), DEFAULT.retries)
    return RetryPolicy(
        retries=int(_number(retry.retries, default, scope)),
        delay_type=str(_evaluated(retry.delay_type, scope) or DEFAULT.delay_type),
        delay=_number(retry.delay, DEFAULT.delay, scope),
        back_off=_number(retry.back_off, DEFAULT.back_off, scope),
        max_interval=_number(retry.max_retry_interval, DEFAULT.max_interval, scope),
    )


def _evaluated(value: object, scope: ExecutionScope) -> Value:
    return reveal(value.evaluate(scope)) if isinstance(value, Expression) else value


def _number(value: object, default: float, scope: ExecutionScope) -> float:
    found = _evaluated(value, scope)
    try:
        return default if found in (None, "") else float(found)
    except (TypeError, ValueError):
        problem = f"a retry field must be a number, not {_short(found)}"
        raise DiagnosticError([Diagnostic("OOS310", problem, scope.execution.template.template.source.name)]) from None


def _among(value: Value, wanted: list[Value]) -> bool:
    return any(equals(value, each) for each in wanted)


def _wanted(desire: Desire) -> str:
    parts = []
    if desire.desired is not None:
        parts.append(" or ".join(_short(each) for each in desire.desired))
    if desire.not_desired is not None:
        parts.append("not " + " nor ".join(_short(each) for each in desire.not_desired))
    return ", ".join(parts) or "something else"


def _short(value: Value) -> str:
    text = json_text(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def succeeded(
    task: Task, response: Value, scope: ExecutionScope, now: datetime, *, item: int = NO_ITEM, keep_response: bool
) -> TaskSucceeded:
    """The good outcome of a task, with its outputs. Raises DiagnosticError."""
    outputs = outputs_of(task, response, scope)
    return TaskSucceeded(
        at=now, task=task.name, item=item, outputs=outputs, response=response if keep_response else None
    )
