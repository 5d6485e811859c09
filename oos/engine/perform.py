"""Performing one task or item: evaluate, call, select; whatever is raised becomes an outcome that is journaled."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from oos.diagnostics import DiagnosticError
from oos.engine.faults import TaskFault
from oos.engine.guard import SecretGuard
from oos.engine.messages import Messages
from oos.execution.actions import Perform
from oos.execution.chunks import Outcome
from oos.execution.conclude import conclude_error, conclude_look, succeeded
from oos.execution.events import TargetReported, TaskFailed, TaskSucceeded, TaskWaiting
from oos.execution.kinds import property_of
from oos.execution.model import Execution
from oos.execution.scope import ExecutionScope
from oos.execution.targets import TargetsInvalid, describe_parameters, items_of, merge_responses
from oos.execution.waits import scope_of
from oos.service.call import invoke, invoke_all_pages
from oos.service.errors import ApiError, InvalidParameter, MissingParameter, Unsupported, UnsupportedOperation
from oos.service.operation import Effect, Operation
from oos.service.target_step import TargetStep
from oos.template.offers import LISTINGS
from oos.template.selector import SelectorError
from oos.values.identifiers import client_token
from oos.values.json import Value
from oos.values.secret import Secret, redact, reveal, secrets_in

if TYPE_CHECKING:
    from oos.engine.surroundings import Surroundings
    from oos.service.context import Context
    from oos.template.model import Task

log = logging.getLogger(__name__)

UNANSWERED = 500
"""From this HTTP status on, an error says that nobody could answer; below, it is an answer."""

HOPELESS = (InvalidParameter, MissingParameter, Unsupported)
"""Errors of the request itself, which no other look at the world changes."""


class Call(msgspec.Struct, frozen=True):
    """One task or item to perform, with what it needs to know."""

    execution: Execution
    task: Task
    action: Perform
    polls: int
    context: Context


class Performer:
    """Carries out the tasks that call operations."""

    def __init__(self, around: Surroundings) -> None:
        self._catalog = around.catalog
        self._now = around.now
        self._share = around.guards.share
        self._messages = Messages(around)

    def perform(self, call: Call) -> Outcome:
        """The outcome of a task or item. Raises nothing but what ends the process."""
        scope = scope_of(call.execution, call.task.name, call.action.item, call.action.started)
        try:
            outcome, secrets = self._perform(call, scope)
        except ApiError as error:
            outcome, secrets = self._failed(call, error.code, error.message), ()
        except DiagnosticError as error:
            first = error.diagnostics[0] if error.diagnostics else error
            outcome, secrets = self._failed(call, "InvalidExpression", str(first)), ()
        except SelectorError as error:
            outcome, secrets = self._failed(call, "InvalidSelector", str(error)), ()
        except TaskFault as error:
            outcome, secrets = self._failed(call, error.code, str(error)), ()
        except Exception as error:
            log.debug("task %s of %s", call.task.name, call.execution.id, exc_info=True)
            outcome, secrets = self._failed(call, "InternalError", f"{type(error).__name__}: {error}"), ()
        known = (*secrets, *call.execution.secrets)
        if known:
            guarded = SecretGuard(known).event(outcome)
            assert isinstance(guarded, TaskSucceeded | TaskFailed | TaskWaiting)
            return guarded
        return outcome

    def _failed(self, call: Call, code: str, message: str) -> TaskFailed:
        return TaskFailed(at=self._now(), task=call.task.name, item=call.action.item, code=code, message=message)

    def _perform(self, call: Call, scope: ExecutionScope) -> tuple[Outcome, tuple[Secret, ...]]:
        match call.task.action.casefold():
            case "acs::executeapi":
                return self._execute_api(call, scope)
            case "acs::waitfor" | "acs::checkfor":
                return self._look(call, scope)
            case "acs::selecttargets":
                return self._select_targets(call, scope), ()
            case "acs::executehttprequest":
                return self._messages.http(call, scope), ()
            case "acs::notify":
                return self._messages.notify(call, scope), ()
            case "acs::approve":
                return self._messages.ask_approvers(call, scope), ()
            case other:
                raise TaskFault("UnsupportedAction", f"{other} cannot be carried out by this version")

    def _execute_api(self, call: Call, scope: ExecutionScope) -> tuple[Outcome, tuple[Secret, ...]]:
        operation, parameters = self._request(call.task, scope)
        ask = invoke_all_pages if _pages(call.task, operation, scope) else invoke
        if self._share is not None:
            self._share.allow(call.execution.id, operation, parameters, call.context)
        response = ask(operation, parameters, call.context)
        keep = operation.effect is not Effect.READS or call.task.name in call.execution.template.needs_response
        outcome = self._succeeded(call, response, scope, keep=keep)
        return outcome, secrets_in([parameters, response])

    def _look(self, call: Call, scope: ExecutionScope) -> tuple[Outcome, tuple[Secret, ...]]:
        operation, parameters = self._request(call.task, scope)
        refused: ApiError | None = None
        try:
            ask = invoke_all_pages if _pages(call.task, operation, scope) else invoke
            response = ask(operation, parameters, call.context)
        except ApiError as error:
            if error.status >= UNANSWERED:
                looked = conclude_error(
                    call.task, scope, error.code, error.message, call.polls, self._now(), call.action.item
                )
                return looked, secrets_in(parameters)
            # The selector sees the error body instead (spec 4.2): waiting for a deletion waits for an error.
            refused, response = error, error.body()
        try:
            seen = conclude_look(call.task, scope, response, call.polls, self._now(), call.action.item)
        except SelectorError:
            if refused is None:
                raise
            if isinstance(refused, HOPELESS):
                raise refused from None
            # The selector knows answers only, and there is none yet.
            seen = conclude_error(
                call.task, scope, refused.code, refused.message, call.polls, self._now(), call.action.item
            )
        if seen is None:
            keep = call.task.name in call.execution.template.needs_response
            return self._succeeded(call, response, scope, keep=keep), secrets_in([parameters, response])
        return seen, secrets_in([parameters, response])

    def _select_targets(self, call: Call, scope: ExecutionScope) -> Outcome:
        kind = str(property_of(call.task, "ResourceType", scope) or "")
        known = LISTINGS.get(kind.casefold())
        operation = self._catalog.operation(known[0], known[1]) if known else None
        if known is None or operation is None or operation.list_field is None:
            raise TaskFault("UnsupportedResourceType", f"targets of type {kind or '(none)'} cannot be selected")
        filters = reveal(property_of(call.task, "Filters", scope))
        region = str(property_of(call.task, "RegionId", scope) or call.execution.start.region)
        try:
            asked = [describe_parameters(each, region) for each in _listed(filters)]
        except TargetsInvalid as error:
            raise TaskFault("InvalidTargets", str(error)) from error
        responses = [invoke_all_pages(operation, parameters, call.context) for parameters in asked]
        merged = merge_responses(responses, operation.list_field, known[2])
        self._all_found(asked, merged, operation.list_field, known[2])
        self._few_enough(merged, operation.list_field, call.context)
        return self._succeeded(call, merged, scope, keep=call.task.name in call.execution.template.needs_response)

    def _all_found(self, asked: list[dict[str, Value]], merged: Mapping[str, Value], path: str, id_field: str) -> None:
        """A target named by its id that does not exist is a fault, never quietly left out."""
        found = {item[id_field] for item in items_of(merged, path)}
        missing = [id for parameters in asked for id in parameters.get("InstanceIds") or () if id not in found]
        if missing:
            raise TaskFault("InvalidTargets.NotFound", f"no such target: {', '.join(map(str, missing))}")

    def _few_enough(self, merged: Mapping[str, Value], path: str, context: Context) -> None:
        """More targets than one execution may touch are a fault before the first of them is touched."""
        count = len(items_of(merged, path))
        if self._share is not None and count > (most := self._share.most(context)):
            raise TaskFault("Guard.FleetShare", f"{count} targets are selected; one execution may touch {most}")

    def _request(self, task: Task, scope: ExecutionScope) -> tuple[Operation, dict[str, Value]]:
        service, api = property_of(task, "Service", scope), property_of(task, "API", scope)
        operation = self._catalog.operation(str(service), str(api))
        if operation is None:
            unsupported = UnsupportedOperation(str(service), str(api))
            raise TaskFault(unsupported.code, unsupported.message)
        parameters = property_of(task, "Parameters", scope)
        if parameters is None:
            parameters = {}
        if not isinstance(parameters, dict):
            raise TaskFault("InvalidParameters", f"Parameters must be a map, not {parameters!r}")
        return operation, {name: value for name, value in parameters.items() if value is not None}

    def _succeeded(self, call: Call, response: Value, scope: ExecutionScope, *, keep: bool) -> TaskSucceeded:
        return succeeded(call.task, response, scope, self._now(), item=call.action.item, keep_response=keep)


def _pages(task: Task, operation: Operation, scope: ExecutionScope) -> bool:
    """Whether all pages of a listing are wanted as one (spec 4.1 AutoPaging)."""
    return operation.list_field is not None and str(property_of(task, "AutoPaging", scope)).casefold() != "false"


def _listed(value: Value) -> list[Value]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def token_of(execution: Execution, action: Perform) -> str:
    """The client token of a call: the same for the same task, item and attempt, whoever makes it and how often."""
    return client_token(execution.id, action.task, action.item, action.attempt)


def step_event(told: TargetStep, action: Perform, secrets: Sequence[Secret], at: datetime) -> TargetReported:
    """What a call told of one of its targets, as it is recorded: without the secrets of its execution."""
    target, step, message = (redact(text, secrets) for text in (told.target, told.step, told.message))
    return TargetReported(
        at=at,
        task=action.task,
        item=action.item,
        target=target,
        step=step,
        status=told.status,
        changed=told.changed,
        message=message,
    )
