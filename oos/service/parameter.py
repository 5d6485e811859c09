"""Parameters: what a request dataclass declares about each of them, for binding, checking and documentation."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from functools import cache
from typing import Any

from oos.values.json import Value
from oos.values.secret import Secret


class Form(StrEnum):
    """How a list travels in a query; JSON values may always be given as lists."""

    REPEATED = "repeated"
    """`InstanceId.1`, `InstanceId.2`, …"""
    JSON = "JSON text"
    """`["i-1", "i-2"]`"""
    COMMAS = "comma separated"
    """`m-1,m-2`"""


@dataclass(frozen=True, slots=True)
class Param:
    """What a field says about its parameter: `instance_id: Annotated[str, Param("The instance.")]`."""

    description: str = ""
    name: str = ""
    """The parameter's name where it is not the field's name in PascalCase, e.g. `OSType`."""
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    most: int | None = None
    """Most items of a list, most characters of a text."""
    pattern: str = ""
    """Regular expression that the whole text must match."""
    form: Form = Form.REPEATED

    @property
    def is_limited(self) -> bool:
        """Whether a value of the right type may still be a wrong one."""
        limits = (self.minimum, self.maximum, self.most)
        return bool(self.allowed or self.pattern) or any(limit is not None for limit in limits)


class Kind(Enum):
    """What a field holds."""

    TEXT = auto()
    INTEGER = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    SECRET = auto()
    MAYBE_SECRET = auto()
    """Text (`str | Secret`): a secret one stays secret, and one can tell."""
    LIST = auto()
    MAP = auto()
    STRUCT = auto()
    ANY = auto()


_TYPE_NAMES: Mapping[Kind, str] = {
    Kind.TEXT: "String",
    Kind.SECRET: "String",
    Kind.MAYBE_SECRET: "String",
    Kind.INTEGER: "Number",
    Kind.NUMBER: "Number",
    Kind.BOOLEAN: "Boolean",
    Kind.LIST: "List",
    Kind.MAP: "Json",
    Kind.STRUCT: "Json",
    Kind.ANY: "Json",
}

_AS_IS: Mapping[Kind, type] = {Kind.TEXT: str, Kind.INTEGER: int, Kind.NUMBER: int, Kind.BOOLEAN: bool}
"""What is taken as it is where nothing limits it; a float may be infinite."""


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter, read from a field of a request dataclass."""

    attribute: str
    name: str
    kind: Kind
    param: Param
    required: bool = False
    default: Any = None
    item: Field | None = None
    """Of a list: what its items are."""
    struct: type | None = None
    """Of a structure: its dataclass."""
    members: tuple[Field, ...] = ()
    """Of a structure: its fields."""
    as_is: type | None = None
    """Values of just this type, but for an empty text, are taken as they are: nothing about them can be wrong."""


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """What a person or a checker wants to know about a parameter."""

    name: str
    type_name: str
    """One of the five type names of the language (spec 1.2)."""
    required: bool
    default: Value
    allowed: tuple[str, ...]
    description: str
    members: tuple[ParameterInfo, ...] = ()
    """Of a map, or of the maps in a list: what stands in it."""


def parameter_name(attribute: str) -> str:
    """`instance_id` → `InstanceId`."""
    return "".join(part[:1].upper() + part[1:] for part in attribute.split("_"))


def fields_of(request_type: type) -> tuple[Field, ...]:
    """The parameters of a request dataclass, in the order of its fields."""
    return _fields_of(request_type)


@cache
def _fields_of(request_type: type) -> tuple[Field, ...]:
    hints = typing.get_type_hints(request_type, include_extras=True)
    return tuple(_field(each, hints[each.name]) for each in dataclasses.fields(request_type))


def names_of(request_type: type) -> frozenset[str]:
    """The names of the parameters of a request dataclass."""
    return _names_of(request_type)


@cache
def _names_of(request_type: type) -> frozenset[str]:
    return frozenset(field.name for field in _fields_of(request_type))


@cache
def parameters_of(request_type: type) -> tuple[ParameterInfo, ...]:
    """What there is to know about the parameters of a request, required ones first."""
    return tuple(_info(each) for each in sorted(fields_of(request_type), key=lambda each: not each.required))


def _field(declared: dataclasses.Field[Any], hint: Any) -> Field:
    param = Param()
    if typing.get_origin(hint) is typing.Annotated:
        hint, *notes = typing.get_args(hint)
        param = next((note for note in notes if isinstance(note, Param)), param)
    missing = dataclasses.MISSING
    default: Any = None
    if declared.default is not missing:
        default = declared.default
    elif declared.default_factory is not missing:
        default = declared.default_factory()
    required = declared.default is missing and declared.default_factory is missing
    name = param.name or parameter_name(declared.name)
    return _typed(Field(declared.name, name, Kind.ANY, param, required, default), hint)


def _typed(field: Field, hint: Any) -> Field:
    if isinstance(hint, types.UnionType) and set(typing.get_args(hint)) == {str, Secret}:
        return dataclasses.replace(field, kind=Kind.MAYBE_SECRET)
    if isinstance(hint, types.UnionType):
        (hint,) = (each for each in typing.get_args(hint) if each is not type(None))
    if hint is Any:
        return field
    origin = typing.get_origin(hint)
    if origin is tuple:
        of, more = typing.get_args(hint)
        assert more is Ellipsis, f"{field.attribute}: a list is written tuple[X, ...]"
        item = _typed(Field("", field.name, Kind.ANY, dataclasses.replace(field.param, most=None)), of)
        return dataclasses.replace(field, kind=Kind.LIST, item=item)
    if origin in (Mapping, dict):
        return dataclasses.replace(field, kind=Kind.MAP)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return dataclasses.replace(field, kind=Kind.STRUCT, struct=hint, members=fields_of(hint))
    kinds = {str: Kind.TEXT, int: Kind.INTEGER, float: Kind.NUMBER, bool: Kind.BOOLEAN, Secret: Kind.SECRET}
    assert hint in kinds, f"{field.attribute}: a parameter cannot be a {hint}"
    as_is = None if field.param.is_limited else _AS_IS.get(kinds[hint])
    return dataclasses.replace(field, kind=kinds[hint], as_is=as_is)


def _info(field: Field) -> ParameterInfo:
    members = field.item.members if field.item is not None else field.members
    return ParameterInfo(
        field.name,
        _TYPE_NAMES[field.kind],
        field.required,
        _plain(field.default),
        field.param.allowed,
        field.param.description,
        tuple(map(_info, members)),
    )


def _plain(default: Any) -> Value:
    if isinstance(default, Secret):
        return None
    if isinstance(default, tuple):
        return [_plain(item) for item in default]
    if dataclasses.is_dataclass(default):
        return None
    return default
