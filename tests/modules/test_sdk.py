"""Requests and responses held against the models of the official SDKs, which are the clients of many users."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from oos.service.binding import is_among
from oos.service.call import COMMON, UNDERSTOOD
from oos.service.operation import Operation
from oos.service.parameter import Field, Kind, fields_of
from oos.service.schema import Schema, response_schema
from tests.modules.executions import whole_catalog
from tests.modules.sdk import PACKAGES, Model, request_model, response_model
from tests.modules.yaml_table import load_table

OPERATIONS = [each for each in whole_catalog().operations() if each.service.casefold() in PACKAGES]
OURS = load_table("extensions.yml")
"""What the SDKs do not know, on purpose."""

PAGING = ("PageNumber", "PageSize", "MaxResults", "NextToken")
"""Both ways of paging go with every listing."""


def title(operation: Operation) -> str:
    return f"{operation.service}.{operation.name}"


@pytest.mark.parametrize("operation", OPERATIONS, ids=title)
def test_a_response_fills_the_model_of_the_sdk(operation: Operation) -> None:
    model = response_model(operation.service, operation.name)
    if model is None:
        assert title(operation) in OURS["operations"]
        return
    strange = set(_strange(response_schema(operation.response), model, ""))
    assert strange == set(OURS["responses"].get(title(operation), ()))


def _strange(ours: Schema, sdk: Model, path: str) -> Iterator[str]:
    """What a response of ours has that the model does not have, or has as another type."""
    if "Any" in (ours.type_name, sdk.type_name):
        return
    if ours.type_name != sdk.type_name:
        yield f"{path} is {ours.type_name}, not {sdk.type_name}"
        return
    if ours.item is not None and sdk.item is not None:
        yield from _strange(ours.item, sdk.item, f"{path}[]")
    for name, member in ours.members.items() if sdk.members else ():
        if name in sdk.members:
            yield from _strange(member, sdk.members[name], f"{path}.{name}")
        else:
            yield f"{path}.{name}"


@pytest.mark.parametrize("operation", OPERATIONS, ids=title)
def test_every_parameter_is_one_of_the_sdk(operation: Operation) -> None:
    model = request_model(operation.service, operation.name)
    if model is None:
        assert title(operation) in OURS["operations"]
        return
    ours = set(_unknown(fields_of(operation.request), model, ""))
    assert ours == set(OURS["parameters"].get(title(operation), ()))
    known = list(_flat(model, ""))
    for name in (*operation.ignores, *operation.refuses):
        assert any(is_among(each, [name]) for each in known), f"{name} is no parameter of the SDK"


def _unknown(fields: Iterable[Field], model: Model, path: str) -> Iterator[str]:
    """Parameters of ours that the model does not have."""
    for field in fields:
        inside = _member(model, field)
        if inside is None:
            if path or field.name not in PAGING:
                yield f"{path}{field.name}"
            continue
        item = field.item or field
        if item.kind is Kind.STRUCT:
            yield from _unknown(item.members, inside.item or inside, f"{path}{field.name}.")


def _member(model: Model, field: Field) -> Model | None:
    return model.members.get(field.name) or model.members.get(f"{field.name}s")


@pytest.mark.parametrize("operation", OPERATIONS, ids=title)
def test_every_parameter_of_the_sdk_is_taken_ignored_or_refused(operation: Operation) -> None:
    model = request_model(operation.service, operation.name)
    if model is None:
        return
    ours = list(_own(fields_of(operation.request), ""))
    stated = (*operation.ignores, *operation.refuses, *COMMON, *UNDERSTOOD)
    missing = [each for each in _flat(model, "") if not is_among(each, [*ours, *stated])]
    assert missing == []


def _own(fields: Iterable[Field], path: str) -> Iterator[str]:
    for field in fields:
        yield f"{path}{field.name}"
        item = field.item or field
        if item.kind is Kind.STRUCT:
            yield from _own(item.members, f"{path}{field.name}.")
        elif item.kind is Kind.MAP or item.kind is Kind.ANY:
            yield f"{path}{field.name}*"


def _flat(model: Model, path: str) -> Iterator[str]:
    """Every parameter by its whole name: `SystemDisk.Size`."""
    for name, member in model.members.items():
        inside = member.item or member
        if inside.members:
            yield from _flat(inside, f"{path}{name}.")
        else:
            yield f"{path}{name}"
