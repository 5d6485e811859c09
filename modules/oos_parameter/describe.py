"""Operations that show stored parameters; the value of a secret only where that is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from oos.service.context import Context
from oos.service.errors import NotFound
from oos.service.paging import Key, Slice, slice_of
from oos.service.shape import instant
from oos.service.stored_parameters import ParameterHead, ParameterVersion, Store, load_head, load_heads, load_versions
from oos.values.json import Value
from oos_parameter import decide, requests, responses
from oos_parameter.operations import head_of

HIDDEN = ""
"""What stands for the value of a secret that was not asked for."""


def get_parameter(context: Context, request: requests.GetParameter) -> responses.Whole:
    """Show a parameter with its value."""
    head, version = _found(context, Store.COMMON, request.name, request.parameter_version)
    return {"Parameter": decide.whole_shape(head, version, version.value)}


def get_secret_parameter(context: Context, request: requests.GetSecretParameter) -> responses.Whole:
    """Tell of a secret; its value only with WithDecryption, and then as a secret."""
    head, version = _found(context, Store.SECRET, request.name, request.parameter_version)
    return {"Parameter": decide.whole_shape(head, version, _opened(version, is_open=request.with_decryption))}


def _opened(version: ParameterVersion, *, is_open: bool) -> Value:
    return version.value if is_open else HIDDEN


def _found(context: Context, store: Store, name: str, number: int | None) -> tuple[ParameterHead, ParameterVersion]:
    head = head_of(context, store, name)
    versions = load_versions(context.registry, store, name)
    for version in reversed(versions):
        if number in (None, version.number):
            return head, version
    raise NotFound("EntityNotExists.ParameterVersion", f"The parameter {name} has no version {number}.")


def get_parameters(context: Context, request: requests.GetParameters) -> responses.Several:
    """Show several parameters; names that there are not are told apart."""
    found, missing = _several(context, Store.COMMON, request.names)
    shapes = [decide.whole_shape(head, version, version.value) for head, version in found]
    return {"Parameters": shapes, "InvalidParameters": missing}


def get_secret_parameters(context: Context, request: requests.GetSecretParameters) -> responses.Several:
    """Tell of several secrets; names that there are not are told apart."""
    found, missing = _several(context, Store.SECRET, request.names)
    opened = request.with_decryption
    shapes = [decide.whole_shape(head, version, _opened(version, is_open=opened)) for head, version in found]
    return {"Parameters": shapes, "InvalidParameters": missing}


def _several(
    context: Context, store: Store, names: tuple[str, ...]
) -> tuple[list[tuple[ParameterHead, ParameterVersion]], list[str]]:
    there = [name for name in dict.fromkeys(names) if load_head(context.registry, store, name) is not None]
    return [_found(context, store, name, None) for name in there], [name for name in names if name not in there]


def _newest(context: Context, store: Store) -> Iterator[tuple[ParameterHead, ParameterVersion]]:
    for head in load_heads(context.registry, store):
        versions = load_versions(context.registry, store, head.name)
        if versions:
            yield head, versions[-1]


def get_parameters_by_path(context: Context, request: requests.GetParametersByPath) -> responses.BelowPath:
    """Show the parameters below a path."""
    page = _below(context, Store.COMMON, request)
    shapes = [decide.path_shape(head, version, version.value) for head, version in page.items]
    return {"Parameters": shapes, "TotalCount": page.total, **page.fields}


def get_secret_parameters_by_path(context: Context, request: requests.GetSecretParametersByPath) -> responses.BelowPath:
    """Tell of the secrets below a path."""
    page = _below(context, Store.SECRET, request)
    opened = request.with_decryption
    shapes = [decide.path_shape(head, version, _opened(version, is_open=opened)) for head, version in page.items]
    return {"Parameters": shapes, "TotalCount": page.total, **page.fields}


def _below(
    context: Context, store: Store, request: requests.GetParametersByPath | requests.GetSecretParametersByPath
) -> Slice[tuple[ParameterHead, ParameterVersion]]:
    found = [
        each
        for each in _newest(context, store)
        if decide.is_below(each[0].name, request.path, recursive=request.recursive)
    ]
    return slice_of(found, request, lambda each: (each[0].name,))


def list_parameters(context: Context, request: requests.ListParameters) -> responses.Listed:
    """List parameters, without their values."""
    page = _listed(context, Store.COMMON, request, request.type)
    shapes = [] if request.share_type == "Public" else [decide.listed_shape(*each) for each in page.items]
    return {"Parameters": shapes, "TotalCount": page.total, **page.fields}


def list_secret_parameters(context: Context, request: requests.ListSecretParameters) -> responses.SecretsListed:
    """List secrets, without their values."""
    page = _listed(context, Store.SECRET, request, "")
    return {"Parameters": [decide.listed_shape(*each) for each in page.items], **page.fields}


def _listed(
    context: Context, store: Store, request: requests.ListSecretParameters, type: str
) -> Slice[tuple[ParameterHead, ParameterVersion]]:
    found = [
        each
        for each in _newest(context, store)
        if request.name in each[0].name
        and (not request.path or decide.is_below(each[0].name, request.path, recursive=request.recursive))
        and request.resource_group_id in ("", each[0].resource_group)
        and type in ("", each[0].type)
        and decide.has_tags(each[0], request.tags)
    ]

    def order(each: tuple[ParameterHead, ParameterVersion]) -> Key:
        head = each[0]
        return (head.name,) if request.sort_field == "Name" else (instant(head.created), head.name)

    return slice_of(found, request, order, descending=request.sort_order == "Descending")


def list_parameter_versions(context: Context, request: requests.ListParameterVersions) -> responses.Versions:
    """List the versions of a parameter, newest first."""
    return _versions(context, Store.COMMON, request, is_open=True)


def list_secret_parameter_versions(
    context: Context, request: requests.ListSecretParameterVersions
) -> responses.Versions:
    """List the versions of a secret, newest first; their values only with WithDecryption."""
    return _versions(context, Store.SECRET, request, is_open=request.with_decryption)


def _versions(
    context: Context, store: Store, request: requests.ListParameterVersions, *, is_open: bool
) -> responses.Versions:
    head = head_of(context, store, request.name)
    versions = load_versions(context.registry, store, request.name)
    page = slice_of(versions, request, lambda each: (f"{each.number:06d}",), descending=True)
    shapes: list[responses.VersionShape] = [
        {
            "ParameterVersion": each.number,
            "UpdatedBy": each.by,
            "UpdatedDate": instant(each.at),
            "Value": _opened(each, is_open=is_open),
        }
        for each in page.items
    ]
    return {
        "Id": head.id,
        "Name": head.name,
        "Type": head.type,
        "Description": head.description,
        "CreatedBy": head.created_by,
        "CreatedDate": instant(head.created),
        "ParameterVersions": shapes,
        "TotalCount": page.total,
        **page.fields,
    }
