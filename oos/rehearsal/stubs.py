"""Stubs: operations, product actions and web addresses that answer what the rehearsal says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypedDict

import yaml

from oos.rehearsal.case import Failing, Reply
from oos.rehearsal.match import matches
from oos.service.call import risk_of_name
from oos.service.context import Context
from oos.service.errors import ApiError
from oos.service.messenger import HttpRequest, HttpResponse, Mail, MessageFailed
from oos.service.operation import ActionSource, Effect, Module, Operation, Risk
from oos.template.expression import Expression
from oos.template.model import Template
from oos.values.json import TYPE_NAMES, Value, type_name

ACTIONS: Final = "REHEARSAL"
"""The service behind product actions that are not simulated."""
LIST_FIELDS: Final[Mapping[tuple[str, str], str]] = {
    ("rds", "describedbinstances"): "Items.DBInstance",
    ("r-kvstore", "describeinstances"): "Instances.KVStoreInstance",
}
"""Listings by which SelectTargets finds resources that no module offers (spec 4.4)."""
_WHOLE: Final = re.compile(r"\{\{[^{}]*\}\}")
_READS: Final = re.compile(r"(Describe|Get|List|Query|Check|Search|Count).*", re.IGNORECASE)

Parameters = Mapping[str, Value]


@dataclass(frozen=True)
class AnyRequest:
    """A request that takes whatever it is given, and looks at none of it."""


class AnyResponse(TypedDict):
    """A response of which nothing is declared."""


class Replies:
    """The answers of one thing, in their order."""

    def __init__(self, name: str, replies: Iterable[Reply]) -> None:
        self.name = name
        self._replies = tuple(replies)
        self._used = [0] * len(self._replies)

    def next(self, parameters: Parameters) -> Value:
        """What it answers now. Raises ApiError."""
        for number, reply in enumerate(self._replies):
            if reply.when is not None and not matches(reply.when, dict(parameters)):
                continue
            if reply.times is not None and self._used[number] >= reply.times:
                continue
            self._used[number] += 1
            if reply.fails is not None:
                raise error_of(reply.fails)
            return reply.gives
        raise ApiError("Rehearsal.NoResponse", f"the rehearsal has no response of {self.name} for this", status=500)


def error_of(failing: Failing) -> ApiError:
    """The error that an answer is."""
    return ApiError(failing.code, failing.message, status=failing.status)


def stub_module(
    responses: Mapping[str, tuple[Reply, ...]], template: Template, said: Callable[[], Parameters]
) -> Module:
    """What answers in place of services and actions. `said` are the parameters of the call that is being made."""
    operations: list[Operation] = []
    actions: list[ActionSource] = []
    for name, replies in responses.items():
        if "::" in name:
            operations.append(_operation(ACTIONS, name, Replies(name, replies), said))
            actions.append(_action(name, replies, template))
        elif " " not in name:
            service, _, api = name.partition(".")
            operations.append(_operation(service, api, Replies(name, replies), said))
    return Module("rehearsal", tuple(operations), tuple(actions))


def _operation(service: str, name: str, replies: Replies, said: Callable[[], Parameters]) -> Operation:
    def answer(_context: Context, _request: AnyRequest) -> Mapping[str, Any]:
        """Answer what the rehearsal says."""
        gives = replies.next(said())
        return dict(gives) if isinstance(gives, Mapping) else {}

    reads = service == ACTIONS or _READS.fullmatch(name) is not None
    return Operation(
        service,
        name,
        AnyRequest,
        AnyResponse,
        answer,
        effect=Effect.READS if reads else Effect.CHANGES,
        risk=Risk.NORMAL if service == ACTIONS else risk_of_name(name),
        list_field=LIST_FIELDS.get((service.casefold(), name.casefold())),
        ignores=("*",),
    )


def _action(name: str, replies: tuple[Reply, ...], template: Template) -> ActionSource:
    """A product action whose outputs are what it answers; its parameters are those that the template gives it."""
    types: dict[str, str] = {}
    for task in (*template.tasks, *(inner for each in template.tasks for inner in each.loop_tasks)):
        if task.action.casefold() == name.casefold():
            types.update({key: _type_of(value, template) for key, value in task.properties.items()})
    outputs = sorted({key for each in replies if isinstance(each.gives, Mapping) for key in each.gives})
    document = {
        "FormatVersion": "OOS-2019-06-01",
        "Parameters": {each: {"Type": type_, "Default": ""} for each, type_ in types.items()},
        "Tasks": [
            {
                "Name": "answer",
                "Action": "ACS::ExecuteAPI",
                "Properties": {
                    "Service": ACTIONS,
                    "API": name,
                    "Parameters": {each: f"{{{{ {each} }}}}" for each in types},
                },
                "Outputs": {each: {"Type": "Json", "ValueSelector": f".[{json.dumps(each)}]"} for each in outputs},
            }
        ],
        "Outputs": {each: {"Type": "Json", "Value": f"{{{{ answer.{each} }}}}"} for each in outputs},
    }
    return ActionSource(name, yaml.safe_dump(document, sort_keys=False, allow_unicode=True), f"{name} (rehearsed)")


def _type_of(value: Expression, template: Template) -> str:
    """The type that keeps what a template hands over as it is, as far as the text tells it."""
    raw = value.raw
    if isinstance(raw, str) and len(value.references) == 1 and _WHOLE.fullmatch(raw):
        parameter = template.parameters.get(value.references[0].name)
        return "String" if parameter is None else parameter.type
    if isinstance(raw, dict):
        return "String" if any(key.startswith("Fn::") for key in raw) else "Json"
    return type_name(raw) if type_name(raw) in TYPE_NAMES else "String"


def without(modules: Iterable[Module], stubs: Module) -> tuple[Module, ...]:
    """The modules, without what the stubs answer in their place."""
    taken = {each.key for each in stubs.operations}
    named = {each.name.casefold() for each in stubs.actions}
    return tuple(
        replace(
            module,
            operations=tuple(each for each in module.operations if each.key not in taken),
            actions=tuple(each for each in module.actions if each.name.casefold() not in named),
        )
        for module in modules
    )


class StubMessenger:
    """The Messenger port: answers what the rehearsal says, 200 to everything else, and delivers nothing."""

    def __init__(self, responses: Mapping[str, tuple[Reply, ...]], told: Callable[[str, Value], None]) -> None:
        self._replies = {name: Replies(name, each) for name, each in responses.items() if " " in name}
        self._told = told

    def request(self, request: HttpRequest) -> HttpResponse:
        """The answer of a web address. Raises MessageFailed."""
        name = f"{request.method.upper()} {request.url}"
        body = _read(request.body)
        self._told(name, body)
        replies = self._replies.get(name) or self._replies.get(name.partition("?")[0])
        try:
            gives = {} if replies is None else replies.next(body if isinstance(body, dict) else {})
        except ApiError as error:
            raise MessageFailed(f"{request.url}: {error.message}") from error
        known = isinstance(gives, Mapping) and bool(gives) and {"status", "body"}.issuperset(gives)
        status, content = (gives.get("status", 200), gives.get("body")) if known else (200, gives)
        return HttpResponse(int(status), {}, b"" if content is None else json.dumps(content).encode())

    def mail(self, mail: Mail) -> None:
        """Take a mail."""
        self._told(f"MAIL {mail.host}", {"To": list(mail.recipients), "Subject": mail.subject, "Text": mail.text})


def _read(body: bytes) -> Value:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")
