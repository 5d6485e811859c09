"""The official SDKs as a yardstick: which parameters a request has, and what a response holds."""

from __future__ import annotations

import importlib
import inspect
import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from oos.service.operation import Operation

PACKAGES: Final = {
    "ecs": "alibabacloud_ecs20140526",
    "oos": "alibabacloud_oos20190601",
    "tag": "alibabacloud_tag20180828",
    "vpc": "alibabacloud_vpc20160428",
}

_WIRE_NAME: Final = re.compile(
    r"if self\.(\w+) is not None:\s+result\['([^']+)'\]|result\['([^']+)'\] = \[\]\s+if self\.(\w+)"
)


@dataclass(frozen=True, slots=True)
class Model:
    """What a value of the SDK is: one of the type names of the language, with what is inside."""

    type_name: str
    members: Mapping[str, Model] = field(default_factory=dict)
    item: Model | None = None


ANY: Final = Model("Any")


@cache
def request_model(service: str, name: str) -> Model | None:
    """The request of an operation, by the names on the wire; None when the SDK has no such operation."""
    return _class_model(service, f"{name}Request")


@cache
def response_model(service: str, name: str) -> Model | None:
    """The response body of an operation, by the names on the wire."""
    return _class_model(service, f"{name}ResponseBody")


def filled(operation: Operation, response: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of a response when it has been through the SDK's model."""
    models = _models(operation.service)
    body = getattr(models, f"{operation.name}ResponseBody")
    return dict(body().from_map(dict(response)).to_map())


def _models(service: str) -> Any:
    return importlib.import_module(f"{PACKAGES[service.casefold()]}.models")


def _class_model(service: str, name: str) -> Model | None:
    if service.casefold() not in PACKAGES:
        return None
    found = getattr(_models(service), name, None)
    return None if found is None else _of_class(found, _models(service))


def _of_class(model: type, models: Any) -> Model:
    hints = typing.get_type_hints(model.__init__, {**vars(typing), "main_models": models})  # type: ignore[misc]
    names = {}
    for attribute, wire, listed, of in _WIRE_NAME.findall(inspect.getsource(model.to_map)):  # type: ignore[attr-defined]
        names[wire or listed] = attribute or of
    return Model("Json", {wire: _of_hint(hints[attribute], models) for wire, attribute in names.items()})


def _of_hint(hint: Any, models: Any) -> Model:
    origin = typing.get_origin(hint)
    if origin is typing.Union:
        hint = next(each for each in typing.get_args(hint) if each is not type(None))
        origin = typing.get_origin(hint)
    if origin is list:
        return Model("List", item=_of_hint(typing.get_args(hint)[0], models))
    if origin is dict:
        return Model("Json")
    names = {str: "String", int: "Number", float: "Number", bool: "Boolean"}
    if hint in names:
        return Model(names[hint])
    return _of_class(hint, models) if hasattr(hint, "to_map") else ANY
