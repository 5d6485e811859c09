"""Arguments: the values that are given for parameters, coerced to their types and held against their constraints."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Final, Literal

from oos.diagnostics import Diagnostic, DiagnosticError, did_you_mean
from oos.template import codes, limits
from oos.template.expression import Expression, Reference, ReferenceKind, Scope
from oos.template.folding import fold
from oos.template.functions.function import FunctionError, described, printed, read_number
from oos.template.model import Parameter, Template
from oos.template.suggestions import Suggestions
from oos.values.json import Value, equals, json_text
from oos.values.secret import Secret, holds_secret, reveal

_COSTLY: Final = re.compile(r"\)[*+{?]|\\\d|\(\?P=")
"""Repeated groups and references back, which can make a pattern try exponentially many ways."""
_UNBOUNDED: Final = re.compile(r"[*+]|\{\d*,\d*\}")
SOURCE: Final = "parameters"
"""How diagnostics of arguments call the text they speak of."""


def bind_arguments(
    template: Template,
    given: Mapping[str, Value],
    scope: Scope,
    *,
    unknown: Literal["error", "warn"] = "error",
) -> dict[str, Value]:
    """The value of every parameter of the template.

    Defaults may refer to pseudo parameters, which `scope` gives, and to other parameters. Null counts as not
    given. A value of a NoEcho parameter becomes a Secret. Arguments for no parameter are faults, or with
    `unknown="warn"` left out (child actions, spec 10, 22). Raises DiagnosticError with every fault at once.
    """
    faults: list[Diagnostic] = []
    arguments = _match(template, given, faults if unknown == "error" else [])
    bound: dict[str, Value] = {}
    for parameter in template.parameters.values():
        if parameter.name in arguments:
            value = arguments[parameter.name]
            faults.extend(faults_of_argument(parameter, value))
            bound[parameter.name] = _kept(parameter, value)
    defaults = _Defaults(template, bound, scope, faults)
    for parameter in template.parameters.values():
        if parameter.name not in bound:
            if parameter.default is None:
                faults.append(_missing(parameter))
            else:
                defaults.value_of(parameter)
    if faults:
        raise DiagnosticError(faults)
    return {name: bound[name] for name in template.parameters}


def unknown_arguments(template: Template, given: Mapping[str, Value]) -> tuple[Diagnostic, ...]:
    """Arguments for no parameter."""
    faults: list[Diagnostic] = []
    _match(template, given, faults)
    return tuple(faults)


def coerce(type_name: str, value: Value) -> Value:
    """The value as the declared type keeps it (spec 1.2). Raises ValueError with the reason."""
    if value is None:
        return None
    if isinstance(value, Secret):
        return Secret(coerce(type_name, value.reveal()))
    match type_name:
        case "String":
            return printed(value)
        case "Number":
            number = read_number(value) if isinstance(value, str) else value
            if isinstance(number, int | float) and not isinstance(number, bool):
                return number
        case "Boolean":
            if isinstance(value, bool):
                return value
            if isinstance(value, str) and value.strip().casefold() in ("true", "false"):
                return value.strip().casefold() == "true"
        case "List":
            return _coerce_list(value)
        case _:
            return _coerce_json(value)
    raise FunctionError(f"{described(value)} is not a {type_name}")


def _coerce_list(value: Value) -> Value:
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                read = json.loads(value)
            except (ValueError, RecursionError) as error:
                raise FunctionError(f"{described(value)} is not JSON text of a List: {error}") from None
            return read
        return [part.strip() for part in value.split(",")] if value.strip() else []
    if isinstance(value, dict):
        raise FunctionError(f"{described(value)} is not a List")
    return [value]


def _coerce_json(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise FunctionError(f"{described(value)} is not JSON text: {error}") from None


def faults_of_argument(parameter: Parameter, value: Value) -> list[Diagnostic]:
    """What is wrong with a value that is given for a parameter."""
    plain = reveal(value)
    if holds_secret(value):
        parameter = dataclasses.replace(parameter, no_echo=True)  # messages must not tell it either
    try:
        coerced = coerce(parameter.type, plain)
    except FunctionError as error:
        if _is_empty_default(parameter, plain):
            return []
        reason = f"the value is not a {parameter.type}" if parameter.no_echo else str(error)
        return [_fault(codes.ARGUMENT_KIND, parameter, reason, f"give a {parameter.type}")]
    if _is_default(parameter, coerced):
        return []
    return [*_allowed(parameter, coerced), *_pattern(parameter, coerced), *_bounds(parameter, coerced)]


def _allowed(parameter: Parameter, value: Value) -> list[Diagnostic]:
    if parameter.allowed_values is None:
        return []
    allowed = [_or_same(parameter.type, each) for each in parameter.allowed_values]
    if any(equals(value, each) for each in allowed):
        return []
    if isinstance(value, list) and all(any(equals(item, each) for each in parameter.allowed_values) for item in value):
        return []  # forms offer the values for each item of a list
    shown = ", ".join(printed(each) for each in parameter.allowed_values)
    near = did_you_mean(value, map(str, allowed)) if isinstance(value, str) and not parameter.no_echo else ""
    hint = near if near.startswith("did") else f"allowed are {shown}"
    return [_fault(codes.NOT_ALLOWED, parameter, f"{_shown(parameter, value)} is not allowed", hint)]


def _pattern(parameter: Parameter, value: Value) -> list[Diagnostic]:
    if parameter.allowed_pattern is None or not isinstance(value, str):
        return []
    if len(value) > limits.PATTERN_INPUT:
        message = f"has more than {limits.PATTERN_INPUT:,} characters, too many to hold against its pattern"
        return [_fault(codes.PATTERN, parameter, message)]
    try:
        matches = _matches(parameter.allowed_pattern, value)
    except limits.Stopped as error:
        message = f"AllowedPattern cannot be held against this value: {error}"
        return [_fault(codes.TOO_COSTLY, parameter, message)]
    except (re.error, ValueError, RecursionError, OverflowError):
        return []  # check warns of a pattern that cannot be read
    if matches:
        return []
    message = f"{_shown(parameter, value)} does not match {parameter.allowed_pattern}"
    return [_fault(codes.PATTERN, parameter, message)]


def _matches(pattern: str, value: str) -> bool:
    """Whether the whole value matches. Patterns that could take for ever run with a deadline."""
    compiled = re.compile(pattern)
    if not _COSTLY.search(pattern) and len(_UNBOUNDED.findall(pattern)) <= 2:
        return compiled.fullmatch(value) is not None
    from oos.template import bounded  # here, because few patterns need it

    return bounded.matches(pattern, value)


def _bounds(parameter: Parameter, value: Value) -> list[Diagnostic]:
    faults = []
    if isinstance(value, str):
        low, high = parameter.min_length, parameter.max_length
        if (low is not None and len(value) < low) or (high is not None and len(value) > high):
            message = f"has {len(value)} characters, but must have {_between(low, high)}"
            faults.append(_fault(codes.LENGTH, parameter, message))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        least, most = parameter.min_value, parameter.max_value
        if (least is not None and value < least) or (most is not None and value > most):
            message = f"{_shown(parameter, value)} must be {_between(least, most)}"
            faults.append(_fault(codes.BOUNDS, parameter, message))
    return faults


def _between(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"


def _shown(parameter: Parameter, value: Value) -> str:
    if parameter.no_echo:
        return "***"
    text = json_text(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_default(parameter: Parameter, value: Value) -> bool:
    """Whether the value is the default; the author's own default needs no constraint."""
    if parameter.default is None or not parameter.default.is_literal:
        return False
    return equals(value, _or_same(parameter.type, parameter.default.raw))


def _is_empty_default(parameter: Parameter, value: Value) -> bool:
    """Whether the value is empty text and so is the default: whatever the type, it means nothing and stays."""
    return bool(value == "") and parameter.default is not None and bool(parameter.default.raw == "")


def _or_same(type_name: str, value: Value) -> Value:
    try:
        return coerce(type_name, value)
    except FunctionError:
        return value


def _kept(parameter: Parameter, value: Value) -> Value:
    """The value as it is kept: coerced, and secret when the parameter does not echo."""
    coerced = value if _is_empty_default(parameter, value) else _or_same(parameter.type, value)
    return Secret(coerced) if parameter.no_echo and coerced is not None else coerced


def _match(template: Template, given: Mapping[str, Value], faults: list[Diagnostic]) -> dict[str, Value]:
    """The given values by the names of parameters, exact spelling first; null counts as not given."""
    folded = fold(template.parameters)
    suggestions = Suggestions()
    matched: dict[str, Value] = {}
    others: dict[str, Value] = {}
    for name, value in given.items():
        if name in template.parameters:
            matched[name] = value
        elif name.casefold() in folded:
            others[folded[name.casefold()]] = value
        else:
            hint = suggestions.did_you_mean(name, template.parameters) or "the template has no parameters"
            faults.append(codes.UNKNOWN_ARGUMENT.nowhere(SOURCE, f"there is no parameter {name}", hint))
    return {name: value for name, value in {**others, **matched}.items() if value is not None}


def _missing(parameter: Parameter) -> Diagnostic:
    hint = f"give it with -p {parameter.name}=VALUE"
    return codes.MISSING_ARGUMENT.nowhere(SOURCE, f"the parameter {parameter.name} has no value", hint)


def _fault(code: codes.Code, parameter: Parameter, message: str, hint: str = "") -> Diagnostic:
    own = parameter.constraint_description
    if isinstance(own, dict):
        own = own.get("en") or next((text for text in own.values() if isinstance(text, str)), None)
    hint = own if isinstance(own, str) and own and code is not codes.ARGUMENT_KIND else hint
    return code.nowhere(SOURCE, f"the parameter {parameter.name}: {message}", hint)


class _Defaults:
    """The scope in which defaults are evaluated: other parameters, and the pseudo parameters of another scope."""

    def __init__(self, template: Template, bound: dict[str, Value], scope: Scope, faults: list[Diagnostic]) -> None:
        self._template = template
        self._bound = bound
        self._scope = scope
        self._faults = faults
        self._pending: set[str] = set()
        self._folded = fold(template.parameters)

    def value_of(self, parameter: Parameter) -> Value:
        """The value of a parameter; its default is evaluated when needed."""
        if parameter.name in self._bound:
            return self._bound[parameter.name]
        if parameter.default is None:
            return None
        if parameter.name in self._pending:
            message = f"the default of {parameter.name} needs itself"
            self._faults.append(codes.CYCLE.nowhere(SOURCE, message, codes.CYCLE.remedy))
            return None
        self._pending.add(parameter.name)
        self._bound[parameter.name] = value = self._evaluated(parameter, parameter.default)
        return value

    def _evaluated(self, parameter: Parameter, default: Expression) -> Value:
        try:
            value = default.evaluate(self)
        except DiagnosticError as error:
            self._faults.extend(error.diagnostics)
            return None
        return _kept(parameter, value)

    def lookup(self, reference: Reference) -> Value:
        if reference.kind not in (ReferenceKind.PARAMETER, ReferenceKind.NAME):
            return self._scope.lookup(reference)
        name = reference.name if reference.name in self._template.parameters else None
        name = name or self._folded.get(reference.name.casefold())
        return None if name is None else self.value_of(self._template.parameters[name])

    def condition(self, name: str) -> Value:
        return self._scope.condition(name)
