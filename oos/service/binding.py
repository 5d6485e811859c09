"""Binding: the parameters of a call, loosely typed as callers and templates write them, to a typed request."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from oos.diagnostics import did_you_mean
from oos.service.errors import InvalidParameter, MissingParameter, Unsupported
from oos.service.parameter import Field, Form, Kind, ParameterInfo, fields_of, names_of, parameters_of
from oos.service.schema import Schema, response_schema
from oos.values.json import Value, json_text, type_name
from oos.values.secret import MASK, Secret, reveal

__all__ = ["Others", "ParameterInfo", "Schema", "bind", "is_among", "locate", "parameters_of", "response_schema"]

Request = TypeVar("Request")

Path = tuple[str | int, ...]
"""Where a flattened parameter belongs: names of fields, and numbers in lists."""

_NUMBER = re.compile(r"\d+")
_SHORT = 60
"""Longest value that an error repeats."""


class Others(msgspec.Struct, frozen=True):
    """Parameters of the service that the request has no field for; `NetworkInterface*` stands for a whole family."""

    ignored: Collection[str] = ()
    """Taken, and left alone."""
    refused: Collection[str] = ()
    """Answered with *not supported* when they ask for something."""


NO_OTHERS: Final = Others()


def bind(request_type: type[Request], parameters: Mapping[str, Value], others: Others = NO_OTHERS) -> Request:
    """The request that these parameters spell.

    Names are matched exactly first, then without regard to case; lists also by their plural, and in the flattened
    spellings of RPC (`Tag.1.Key`) and of templates (`Tag1Key`, spec 1.6). A null is a parameter not given, and so is
    an empty text where no text is wanted. Raises MissingParameter, InvalidParameter, Unsupported.
    """
    if None in parameters.values():
        parameters = {name: value for name, value in parameters.items() if value is not None}
    return _build(request_type, fields_of(request_type), parameters, others, "")


def is_among(name: str, names: Collection[str]) -> bool:
    """Whether a parameter, however it is spelled, is one of these: `SystemDisk.Size` is `SystemDiskSize`."""
    plain = _plain(name)
    return any(plain == _plain(each) or (each[-1] == "*" and plain.startswith(_plain(each[:-1]))) for each in names)


def _asks_for_something(value: Value) -> bool:
    if isinstance(value, Secret):
        value = value.reveal()
    return value not in (None, "", False, 0, [], {}) and str(value).casefold() not in ("false", "0")


def _plain(name: str) -> str:
    return re.sub(r"[.\d]", "", name).casefold()


def _build(
    struct: type[Request], fields: tuple[Field, ...], given: Mapping[str, Value], others: Others, prefix: str
) -> Request:
    values: dict[str, Any] = {}
    # Nearly always each name is spelled as it is declared.
    found = given if given.keys() <= names_of(struct) else _arrange(fields, given, others, prefix)
    for field in fields:
        value = found.get(field.name)
        if value.__class__ is field.as_is and value != "":
            values[field.attribute] = value
            continue
        if _is_absent(field, value):
            if field.required:
                raise MissingParameter(f"{prefix}{field.name}")
            continue
        values[field.attribute] = _convert(field, value, f"{prefix}{field.name}", others)
    return struct(**values)


def _is_absent(field: Field, value: Value) -> bool:
    if value is None:
        return True
    if (value.reveal() if isinstance(value, Secret) else value) != "":
        return False
    free_text = (
        field.kind in (Kind.TEXT, Kind.SECRET, Kind.MAYBE_SECRET)
        and not field.param.allowed
        and not field.param.pattern
    )
    return field.required or not free_text


# names


def _arrange(fields: tuple[Field, ...], given: Mapping[str, Value], others: Others, prefix: str) -> dict[str, Value]:
    """The given values by the name of their field, flattened ones put together."""
    parts: dict[str, list[tuple[Path, Value]]] = {}
    for name, value in given.items():
        path = locate(name, fields)
        if path is not None:
            first, *rest = path
            parts.setdefault(str(first), []).append((tuple(rest), value))
        elif is_among(f"{prefix}{name}", others.refused):
            if _asks_for_something(value):
                raise Unsupported(f"The parameter {prefix}{name} cannot be honoured here.")
        elif not is_among(f"{prefix}{name}", others.ignored):
            hint = did_you_mean(name, [field.name for field in fields])
            message = f"There is no parameter {prefix}{name}" + (f"; {hint}" if hint else ".")
            raise InvalidParameter(f"{prefix}{name}", message)
    return {name: _gather(each, f"{prefix}{name}") for name, each in parts.items()}


def locate(name: str, fields: Sequence[Field]) -> Path | None:
    """The path of a parameter's name, or None when no field fits."""
    for field in fields:
        if field.name == name:
            return (field.name,)
    folded = name.casefold()
    for field in fields:
        known = field.name.casefold()
        if folded == known or (field.kind is Kind.LIST and folded == f"{known}s"):
            return (field.name,)
    for field in sorted(fields, key=lambda each: -len(each.name)):
        for spelling in (field.name.casefold(), f"{field.name.casefold()}s"):
            if folded.startswith(spelling):
                rest = _descend(field, name[len(spelling) :])
                if rest:
                    return (field.name, *rest)
    return None


def _descend(field: Field, rest: str) -> Path | None:
    """The path inside a field of what is left of a name; dots may be there or dropped."""
    if rest == "":
        return ()
    plain = rest.removeprefix(".")
    match field.kind:
        case Kind.LIST:
            number = _NUMBER.match(plain)
            assert field.item is not None
            inner = _descend(field.item, plain[number.end() :]) if number else None
            return None if number is None or inner is None else (int(number.group()), *inner)
        case Kind.STRUCT:
            return locate(plain, field.members)
        case Kind.MAP if rest.startswith(".") and plain:
            return (plain,)
        case _:
            return None


def _gather(parts: list[tuple[Path, Value]], name: str) -> Value:
    """The one value that these parts are."""
    if len(parts) == 1 and parts[0][0] == ():
        return parts[0][1]
    if any(path == () for path, _ in parts):
        raise InvalidParameter(name, f"The parameter {name} is given more than once.")
    groups: dict[str | int, list[tuple[Path, Value]]] = {}
    for (first, *rest), value in parts:
        groups.setdefault(first, []).append((tuple(rest), value))
    gathered = {key: _gather(each, f"{name}.{key}") for key, each in groups.items()}
    if all(isinstance(key, int) for key in gathered):
        return [gathered[key] for key in sorted(gathered, key=int)]
    return {str(key): value for key, value in gathered.items()}


# values


def _convert(field: Field, value: Value, name: str, others: Others) -> Any:
    match field.kind:
        case Kind.ANY:
            return value
        case Kind.SECRET:
            return Secret(_text(field, reveal(value), name, secret=True))
        case Kind.MAYBE_SECRET if isinstance(value, Secret):
            return Secret(_text(field, reveal(value), name, secret=True))
        case Kind.MAP:
            return _map(value, name)
        case Kind.STRUCT:
            assert field.struct is not None
            return _build(field.struct, field.members, _map(value, name), others, f"{name}.")
        case Kind.LIST:
            return _list(field, value, name, others)
    secret = isinstance(value, Secret)
    value = reveal(value)
    match field.kind:
        case Kind.BOOLEAN:
            return _boolean(value, name, secret=secret)
        case Kind.INTEGER | Kind.NUMBER:
            return _number(field, value, name, secret=secret)
        case _:
            return _text(field, value, name, secret=secret)


def _list(field: Field, value: Value, name: str, others: Others) -> tuple[Any, ...]:
    assert field.item is not None
    secret = isinstance(value, Secret)
    value = value.reveal() if isinstance(value, Secret) else value
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            value = _json(text, list, name, secret=secret)
        elif field.param.form is Form.COMMAS:
            value = [part.strip() for part in text.split(",") if part.strip()]
    items = list(value) if isinstance(value, list | tuple) else [value]
    most = field.param.most
    if most is not None and len(items) > most:
        raise InvalidParameter(name, f"The parameter {name} has {len(items)} items; at most {most} are allowed.")
    if secret:
        items = [Secret(item) for item in items]
    for number, item in enumerate(items, 1):
        if item is None:
            raise InvalidParameter(name, f"Item {number} of the parameter {name} is null.")
    return tuple(_convert(field.item, item, f"{name}.{number}", others) for number, item in enumerate(items, 1))


def _map(value: Value, name: str) -> Mapping[str, Value]:
    if isinstance(value, Secret):
        return {key: Secret(item) for key, item in _open_map(value.reveal(), name, secret=True).items()}
    return _open_map(value, name, secret=False)


def _open_map(value: Value, name: str, *, secret: bool) -> Mapping[str, Value]:
    if isinstance(value, str):
        value = _json(value, dict, name, secret=secret)
    if not isinstance(value, Mapping):
        raise _wrong(name, "a map", value, secret=secret)
    return value


def _json(text: str, wanted: type, name: str, *, secret: bool) -> Any:
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise InvalidParameter(name, f"The parameter {name} is not valid JSON: {error}.") from error
    if not isinstance(value, wanted):
        raise _wrong(name, "a JSON map" if wanted is dict else "a JSON list", value, secret=secret)
    return value


def _boolean(value: Value, name: str, *, secret: bool) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().casefold() in ("true", "false"):
        return value.strip().casefold() == "true"
    raise _wrong(name, "true or false", value, secret=secret)


def _number(field: Field, value: Value, name: str, *, secret: bool) -> int | float:
    number: Value = value
    if isinstance(value, str):
        try:
            number = float(value) if "." in value or "e" in value.casefold() else int(value)
        except ValueError:
            raise _wrong(name, "a number", value, secret=secret) from None
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise _wrong(name, "a number", value, secret=secret)
    if field.kind is Kind.INTEGER and number != int(number):
        raise _wrong(name, "a whole number", value, secret=secret)
    least, most = field.param.minimum, field.param.maximum
    if (least is not None and number < least) or (most is not None and number > most):
        raise _wrong(name, _bounds(least, most), value, secret=secret)
    return int(number) if field.kind is Kind.INTEGER else number


def _bounds(least: float | None, most: float | None) -> str:
    if most is None:
        return f"at least {least:g}"
    return f"at most {most:g}" if least is None else f"from {least:g} to {most:g}"


def _text(field: Field, value: Value, name: str, *, secret: bool) -> str:
    if isinstance(value, list | dict):
        text = json_text(value)
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = str(value)
    shown = MASK if secret else repr(text) if len(text) <= _SHORT else f"a text of {len(text)} characters"
    if field.param.allowed:
        by_folded = {each.casefold(): each for each in field.param.allowed}
        if text not in field.param.allowed and text.casefold() not in by_folded:
            allowed = ", ".join(field.param.allowed)
            raise InvalidParameter(name, f"The parameter {name} must be one of {allowed}, not {shown}.")
        text = text if text in field.param.allowed else by_folded[text.casefold()]
    if field.param.most is not None and len(text) > field.param.most:
        raise InvalidParameter(
            name, f"The parameter {name} has {len(text)} characters; at most {field.param.most} are allowed."
        )
    if field.param.pattern and re.fullmatch(field.param.pattern, text) is None:
        raise InvalidParameter(name, f"The parameter {name} must match {field.param.pattern}, not {shown}.")
    return text


def _wrong(name: str, wanted: str, value: Value, *, secret: bool = False) -> InvalidParameter:
    text = MASK if secret else json_text(value)
    shown = text if len(text) <= _SHORT else f"a {type_name(value)}"
    return InvalidParameter(name, f"The parameter {name} must be {wanted}, not {shown}.")
