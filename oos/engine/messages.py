"""Messages: what a task sends to a web address or by mail (spec 4.3, 4.4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from oos.engine.faults import TaskFault
from oos.execution.begin import approval_wait
from oos.execution.conclude import Unmet, look_again, succeeded
from oos.execution.events import TaskFailed, TaskSucceeded, TaskWaiting
from oos.execution.kinds import property_of
from oos.execution.rules import Rule, RulesInvalid, read_rules, unmet
from oos.execution.scope import ExecutionScope
from oos.service.messenger import HttpRequest, HttpResponse, Mail, MessageFailed, Messenger
from oos.template.selector import SelectorError
from oos.values.identifiers import client_token
from oos.values.json import Value, json_text
from oos.values.secret import reveal

if TYPE_CHECKING:
    from oos.engine.perform import Call
    from oos.engine.surroundings import Surroundings

Outcome: TypeAlias = TaskSucceeded | TaskFailed | TaskWaiting

SECONDS: Final = 30.0
LATER: Final = frozenset({408, 425, 429})
"""Statuses below 500 after which another try may succeed (RFC 9110, RFC 6585)."""


class Messages:
    """Carries out the tasks that send something."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def notify(self, call: Call, scope: ExecutionScope) -> Outcome:
        """ACS::Notify: the message is delivered, or the task fails; it is never silently lost."""
        link = _is_true(property_of(call.task, "AppendExecutionLink", scope), default=False)
        kind = str(reveal(property_of(call.task, "NotifyType", scope)) or "").casefold()
        mail = reveal(property_of(call.task, "Mail", scope))
        if kind == "mail" or (not kind and mail):
            return self._sent(call, scope, lambda: self._mail(call, _map(mail, "Mail"), link=link))
        hook = _map(reveal(property_of(call.task, "WebHook", scope)), "WebHook")
        return self._sent(call, scope, lambda: self._hook(call, hook, None, link=link))

    def ask_approvers(self, call: Call, scope: ExecutionScope) -> Outcome:
        """ACS::Approve with a web hook: those who shall approve are told; then the wait begins."""
        waiting = approval_wait(call.task, scope, self._around.now())
        if not isinstance(waiting, TaskWaiting):
            failure = waiting.events[0]
            assert isinstance(failure, TaskFailed)
            return failure
        hook = _map(reveal(property_of(call.task, "WebHook", scope)), "WebHook")
        link = _is_true(property_of(call.task, "AppendExecutionLink", scope), default=True)
        default = {
            "ExecutionId": call.execution.id,
            "TemplateName": call.execution.start.template_name,
            "TaskName": call.task.name,
            "Approvers": waiting.approvers,
            "MinRequiredApprovals": waiting.required,
        }
        sent = self._sent(call, scope, lambda: self._hook(call, hook, default, link=link))
        return waiting if isinstance(sent, TaskSucceeded) else sent

    def http(self, call: Call, scope: ExecutionScope) -> Outcome:
        """ACS::ExecuteHttpRequest: one answer, held against rules where there are any."""

        def value(name: str) -> Any:
            return reveal(property_of(call.task, name, scope))

        wait, check = value("WaitFor"), value("CheckFor")
        try:
            rules = read_rules(wait or check, "WaitFor" if wait else "CheckFor") if wait or check else ()
        except RulesInvalid as error:
            raise TaskFault("InvalidRules", str(error)) from error
        headers = _headers(value("Headers"))
        headers.setdefault("Idempotency-Key", call.context.token)
        body = _body(value("Body"), headers)
        url = _with_query(str(value("URL") or ""), value("Query"))
        method = str(value("Method") or "POST").upper()
        request = HttpRequest(method, url, headers, body, _seconds(value("Timeout")))
        now, item = self._around.now, call.action.item
        try:
            response = self._messenger().request(request)
            problem = _broken(rules, response)
            if response.status >= HTTPStatus.BAD_REQUEST and (problem or not rules):
                problem = _refusal(response)
        except MessageFailed as error:
            if not wait or not error.again:
                raise TaskFault("HttpRequestFailed", str(error)) from error
            return look_again(call.task, scope, Unmet(str(error), code="HttpRequestFailed"), call.polls, now(), item)
        if not problem:
            keep = method != "GET" or call.task.name in call.execution.template.needs_response
            return succeeded(call.task, _content(response), scope, now(), item=item, keep_response=keep)
        if wait:
            return look_again(call.task, scope, Unmet(problem, code="RetriesUsedUp"), call.polls, now(), item)
        raise TaskFault("CheckFailed" if rules else f"HttpStatus.{response.status}", problem)

    def _sent(self, call: Call, scope: ExecutionScope, send: Any) -> Outcome:
        """Send; again later where that may help."""
        now, item = self._around.now, call.action.item
        try:
            send()
        except MessageFailed as error:
            problem = Unmet(f"not delivered: {error}", code="NotifyFailed")
            if not error.again:
                return TaskFailed(at=now(), task=call.task.name, item=item, code="NotifyFailed", message=str(problem))
            return look_again(call.task, scope, problem, call.polls, now(), item)
        return TaskSucceeded(at=now(), task=call.task.name, item=item)

    def _messenger(self) -> Messenger:
        messenger = self._around.messenger
        if messenger is None:
            raise TaskFault("UnsupportedAction", "this process has no way to send messages")
        return messenger

    def _hook(self, call: Call, hook: Mapping[str, Value], default: Value, *, link: bool) -> None:
        """Raises MessageFailed, TaskFault."""
        uri = str(hook.get("URI") or hook.get("Uri") or hook.get("URL") or "")
        if not uri:
            raise TaskFault("InvalidWebHook", "WebHook needs a URI")
        content = hook.get("Content", default)
        if content is None:
            raise TaskFault("InvalidWebHook", "WebHook needs Content")
        if link:
            content = with_link(content, self._around.link(call.execution.id))
        headers = _headers(hook.get("Headers"))
        headers.setdefault("Idempotency-Key", call.context.token)
        body = _body(content, headers)
        response = self._messenger().request(HttpRequest("POST", uri, headers, body, SECONDS))
        said = _content(response)
        if response.status >= HTTPStatus.MULTIPLE_CHOICES:
            again = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status in LATER
            raise MessageFailed(_refusal(response), again=again)
        if isinstance(said, dict) and said.get("errcode") not in (None, 0):
            # DingTalk and its like answer 200 and say in the body that they took nothing.
            raise MessageFailed(f"answered errcode {said['errcode']}: {said.get('errmsg', '')}", again=False)

    def _mail(self, call: Call, mail: Mapping[str, Value], *, link: bool) -> None:
        """Raises MessageFailed, TaskFault."""
        fields = {str(name).casefold(): value for name, value in mail.items()}

        def first(*names: str) -> Value:
            return next((fields[name] for name in names if fields.get(name) not in (None, "", [])), None)

        host = str(first("host", "smtphost", "server") or "")
        user = str(first("account", "user", "username") or "")
        sender = str(first("from", "sender") or user)
        recipients = _addresses(first("to", "receivers", "recipients"))
        if not host or not sender or not recipients:
            raise TaskFault("InvalidMail", "Mail needs Host, From (or Account) and To")
        try:
            port = int(str(first("port") or 25))
        except ValueError:
            raise TaskFault("InvalidMail", f"the Port of Mail is a number, not {first('port')!r}") from None
        text = str(first("content", "text", "body") or "")
        if link:
            text = str(with_link(text, self._around.link(call.execution.id)))
        token = client_token("mail", call.context.token)
        self._messenger().mail(
            Mail(
                host=host,
                port=port,
                sender=sender,
                recipients=recipients,
                carbon_copies=_addresses(first("cc")),
                subject=str(first("subject", "title") or f"{call.execution.start.template_name}: {call.task.name}"),
                text=text,
                user=user,
                password=str(first("password") or ""),
                encryption=str(first("encryption") or "").casefold(),
                message_id=f"<{token}@oos.invalid>",
            )
        )


def with_link(content: Value, link: str) -> Value:
    """A message with the address of the execution added, where people will see it."""
    if isinstance(content, str):
        return f"{content}\n{link}" if content else link
    if isinstance(content, dict):
        for kind, field in (("text", "content"), ("markdown", "text")):
            inner = content.get(kind)
            if isinstance(inner, dict) and isinstance(inner.get(field), str):
                return {**content, kind: {**inner, field: f"{inner[field]}\n{link}"}}
        return {**content, "ExecutionLink": link}
    return content


def _broken(rules: tuple[Rule, ...], response: HttpResponse) -> str:
    """What the rules miss in an answer, or nothing; an answer in which they cannot look misses all."""
    try:
        return unmet(rules, _content(response))
    except SelectorError as error:
        return f"the rules do not fit the answer: {error}"


def _refusal(response: HttpResponse) -> str:
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    said = response.body[:200].decode(errors="replace").strip()
    return " ".join(f"answered {response.status} {phrase}".split()) + (f": {said}" if said else "")


def _content(response: HttpResponse) -> Value:
    """The body as a value: JSON where it is JSON, else text."""
    text = response.body.decode(errors="replace")
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError):
        return text


def _headers(value: Value) -> dict[str, str]:
    if value in (None, ""):
        return {}
    if not isinstance(value, Mapping):
        raise TaskFault("InvalidHeaders", f"Headers is a map, not {value!r}")
    return {str(name): str(each) for name, each in value.items() if each is not None}


def _body(value: Value, headers: dict[str, str]) -> bytes:
    if value in (None, ""):
        return b""
    given = any(name.casefold() == "content-type" for name in headers)
    if not given:
        headers["Content-Type"] = "text/plain; charset=utf-8" if isinstance(value, str) else "application/json"
    return (value if isinstance(value, str) else json_text(value)).encode()


def _with_query(url: str, query: Value) -> str:
    if not query:
        return url
    if not isinstance(query, Mapping):
        raise TaskFault("InvalidQuery", f"Query is a map, not {query!r}")
    parts = urlsplit(url)
    pairs = [*parse_qsl(parts.query, keep_blank_values=True)]
    pairs += [(str(name), each if isinstance(each, str) else json_text(each)) for name, each in query.items()]
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def _seconds(value: Value) -> float:
    try:
        seconds = SECONDS if value in (None, "") else float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise TaskFault("InvalidTimeout", f"Timeout is 1 to 3600 seconds, not {value!r}")
    return seconds


def _map(value: Value, name: str) -> Mapping[str, Value]:
    if not isinstance(value, Mapping):
        raise TaskFault(f"Invalid{name}", f"{name} is a map, not {value!r}")
    return value


def _addresses(value: Value) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.replace(";", ",").split(",")
    return tuple(str(each).strip() for each in value if str(each).strip()) if isinstance(value, list) else ()


def _is_true(value: Value, *, default: bool) -> bool:
    text = str(reveal(value)).casefold()
    return default if value in (None, "") else text == "true"
