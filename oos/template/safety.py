"""Safety: references pasted into jq programs, and secrets that flow into what is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from oos.source import NOWHERE, Span
from oos.template import codes
from oos.template.expression import Expression
from oos.template.findings import Finding
from oos.template.infer import Environment, outline
from oos.template.model import Parameter, Task
from oos.template.reference import LOOP_ITEM, Reference, ReferenceKind
from oos.template.terms import Call, Choose, Combination, Entries, Items, Lookup, Negation, Term, Text

_MESSAGES: Final = frozenset({"ACS::Notify", "ACS::Approve"})
_CREDENTIALS: Final = frozenset(
    ("uri", "url", "headers", "host", "port", "account", "user", "username", "password", "passwd", "secret", "token")
)
"""Parts of a WebHook or a Mail that only who delivers the message sees."""
_SHOWN_PROPERTIES: Final = ("Name", "Description", "Tags", "Tag")
"""Endings of properties whose values everybody sees who lists the resource."""
_COMPARES: Final = frozenset({"Fn::Equals", "Fn::ContainsSubString", "Fn::IsIpInCIDR"})


def pasted_references(program: Term, known: Environment, span: Span, *, is_function: bool) -> Iterator[Finding]:
    """References whose text becomes part of a jq program (issue: quoting hazard of public templates)."""
    for reference in _pasted(program, known):
        name = reference.name if reference.kind is ReferenceKind.PARAMETER else reference.field or "item"
        where = span if reference.span == NOWHERE else reference.span
        if is_function:
            safe = f"Fn::Jq: [First, '.{name} as ${name} | .data | …', {{{name}: '{{{{ {reference} }}}}', data: …}}]"
        else:
            escaped = f"{{'Fn::Escape': ['{{{{ {reference} }}}}', json]}}"
            safe = f"Fn::Sub: ['… \"${{{name}}}\" …', {{{name}: {escaped}}}], or Fn::Jq with the data as an argument"
        message = f"the text of {reference} becomes part of a jq program; a quote in it breaks the program"
        yield Finding(codes.PASTED_INTO_JQ, where, message, f"hand it over as data: {safe}")


def _pasted(term: Term, known: Environment) -> Iterator[Reference]:
    match term:
        case Text():
            for part in term.parts:
                if isinstance(part, Reference) and _may_hold_quotes(part, known):
                    yield part
        case Call() if term.function.name == "Fn::Sub" and isinstance(term.argument, Items):
            template, *variables = term.argument.terms
            yield from _pasted(template, known)
            for each in variables:
                if isinstance(each, Entries):
                    for _, value in each.terms:
                        yield from _pasted_whole(value, known)
        case Call() if term.function.name in ("Fn::Join", "Fn::Replace"):
            for inner in term.argument.inner():
                for each in inner.inner() if isinstance(inner, Items | Entries) else (inner,):
                    yield from _pasted_whole(each, known)
        case Choose():
            for branch in (term.then, term.otherwise):
                if branch is not None:
                    yield from _pasted(branch, known)
        case _:
            return


def _pasted_whole(term: Term, known: Environment) -> Iterator[Reference]:
    if isinstance(term, Lookup):
        if _may_hold_quotes(term.reference, known):
            yield term.reference
    else:
        yield from _pasted(term, known)


def _may_hold_quotes(reference: Reference, known: Environment) -> bool:
    """Whether the value could be text with quotes in it; numbers, booleans and JSON cannot break a program."""
    if reference.kind is ReferenceKind.PSEUDO and reference.name != LOOP_ITEM:
        return False
    if reference.kind is ReferenceKind.PARAMETER and reference.name in known.harmless:
        return False
    if reference.kind is ReferenceKind.OUTPUT and (reference.name, reference.field) in known.plain:
        return False
    return outline(Lookup(reference), known).may_be("String")


def shown_secrets(expression: Expression, parameters: Mapping[str, Parameter], what: str) -> Iterator[Finding]:
    """Secrets that flow into something that people see of an execution, where they are masked."""
    yield from _flowing(expression.term, parameters, f"{what}, where it is shown as ***", expression.span)


def _told_secrets(term: Term, parameters: Mapping[str, Parameter], what: str, span: Span) -> Iterator[Finding]:
    """Secrets that leave the execution with a call or a message: whoever sees what it made can read them."""
    yield from _flowing(term, parameters, f"{what}, where others can read it", span)


def _flowing(term: Term, parameters: Mapping[str, Parameter], where_to: str, span: Span) -> Iterator[Finding]:
    for reference in _secrets(term, parameters):
        where = span if reference.span == NOWHERE else reference.span
        message = f"the secret {reference} flows into {where_to}"
        yield Finding(codes.SECRET_SHOWN, where, message, codes.SECRET_SHOWN.remedy)


def is_secret(reference: Reference, parameters: Mapping[str, Parameter]) -> bool:
    """Whether the value of a reference is a secret."""
    if reference.kind is ReferenceKind.SECRET:
        return True
    if reference.kind is not ReferenceKind.PARAMETER:
        return False
    parameter = parameters.get(reference.name)
    return parameter is not None and parameter.no_echo


def _secrets(term: Term, parameters: Mapping[str, Parameter]) -> Iterator[Reference]:
    match term:
        case Lookup():
            if is_secret(term.reference, parameters):
                yield term.reference
        case Text():
            yield from (each for each in term.parts if isinstance(each, Reference) and is_secret(each, parameters))
        case Call() if term.function.name in _COMPARES:
            return  # a comparison tells true or false
        case Negation() | Combination():
            return
        case Choose():
            for branch in (term.then, term.otherwise):
                if branch is not None:
                    yield from _secrets(branch, parameters)
        case _:
            for inner in term.inner():
                yield from _secrets(inner, parameters)


def property_secrets(
    task: Task, name: str, expression: Expression, parameters: Mapping[str, Parameter]
) -> Iterator[Finding]:
    """Secrets in a property of a task that people see: a message, a name, a tag."""
    if not any(is_secret(reference, parameters) for reference in expression.references):
        return
    span = expression.span
    if task.action in _MESSAGES:
        for term in _contents(name, expression.term):
            yield from _told_secrets(term, parameters, f"a message of {task.action}", span)
    elif name.endswith(_SHOWN_PROPERTIES):
        yield from _told_secrets(expression.term, parameters, f"the property {name}", span)
    elif name == "Parameters" and isinstance(expression.term, Entries):
        for key, term in expression.term.terms:
            if key.endswith(_SHOWN_PROPERTIES):
                yield from _told_secrets(term, parameters, f"the parameter {key}", span)


def _contents(name: str, term: Term) -> Iterator[Term]:
    """What is read of a message. Its address, headers and account are where credentials belong."""
    if name not in ("WebHook", "Mail") or not isinstance(term, Entries):
        yield term
        return
    yield from (inner for key, inner in term.terms if key.casefold() not in _CREDENTIALS)
