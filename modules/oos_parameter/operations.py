"""Operations that store parameters, common and secret ones, change them and take them away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.errors import ApiError, NotFound
from oos.service.stored_parameters import (
    ParameterHead,
    ParameterVersion,
    Store,
    add_version,
    forget_parameter,
    keep_head,
    load_head,
    load_versions,
)
from oos.values.identifiers import resource_id
from oos.values.json import Value
from oos.values.secret import Secret
from oos_parameter import decide, requests, responses


def create_parameter(context: Context, request: requests.CreateParameter) -> responses.Stored:
    """Store a parameter, for every template to read as {{ oos:name }}."""
    return _create(context, Store.COMMON, request)


def create_secret_parameter(context: Context, request: requests.CreateSecretParameter) -> responses.Stored:
    """Store a secret, sealed at rest, for every template to read as {{ oos-secret:name }}."""
    return _create(context, Store.SECRET, request)


def _create(
    context: Context, store: Store, request: requests.CreateParameter | requests.CreateSecretParameter
) -> responses.Stored:
    constraints = decide.require_constraints(request.constraints)
    decide.require_fitting(request.value, request.type, constraints)
    versions = load_versions(context.registry, store, request.name)
    if versions and versions[0].token != context.token:
        message = f"A parameter {request.name} exists already; its value can be updated."
        raise ApiError("EntityAlreadyExists.Parameter", message, status=409)
    head = load_head(context.registry, store, request.name) or ParameterHead(
        name=request.name,
        id=resource_id("p", f"{store}/{request.name}"),
        type=request.type,
        created=context.now(),
        created_by=context.caller,
        description=request.description,
        constraints=constraints,
        resource_group=request.resource_group_id,
        tags=decide.tags_of(request.tags),
    )
    keep_head(context.registry, store, head)
    made = add_version(context.registry, store, head.name, _version(context, request.value))
    return {"Parameter": decide.stored_shape(head, made)}


def _version(context: Context, value: str | Secret) -> ParameterVersion:
    return ParameterVersion(0, value, context.now(), context.caller, context.token)


def update_parameter(context: Context, request: requests.UpdateParameter) -> responses.Updated:
    """Give a parameter a new value; executions that run keep the one they started with."""
    head, made = _update(
        context,
        Store.COMMON,
        request.name,
        request.value,
        (request.description, request.resource_group_id, request.tags),
    )
    return {"Parameter": decide.updated_shape(head, made)}


def update_secret_parameter(context: Context, request: requests.UpdateSecretParameter) -> responses.Updated:
    """Give a secret a new value; executions that run keep the one they started with."""
    head, made = _update(
        context,
        Store.SECRET,
        request.name,
        request.value,
        (request.description, request.resource_group_id, request.tags),
    )
    return {"Parameter": decide.updated_shape(head, made)}


def _update(
    context: Context,
    store: Store,
    name: str,
    value: str | Secret,
    rest: tuple[str | None, str | None, Mapping[str, Value] | None],
) -> tuple[ParameterHead, ParameterVersion]:
    head = head_of(context, store, name)
    decide.require_fitting(value, head.type, head.constraints)
    made = add_version(context.registry, store, name, _version(context, value))
    description, group, tags = rest
    changed = replace(
        head,
        description=head.description if description is None else description,
        resource_group=head.resource_group if group is None else group,
        tags=head.tags if tags is None else decide.tags_of(tags),
    )
    if changed != head:
        keep_head(context.registry, store, changed)
    return changed, made


def head_of(context: Context, store: Store, name: str) -> ParameterHead:
    """The head of a parameter. Raises NotFound."""
    head = load_head(context.registry, store, name)
    if head is None:
        raise NotFound("EntityNotExists.Parameter", f"The specified parameter {name} does not exist.")
    return head


def delete_parameter(context: Context, request: requests.DeleteParameter) -> responses.Nothing:
    """Delete a parameter with all its versions."""
    return _delete(context, Store.COMMON, request.name)


def delete_secret_parameter(context: Context, request: requests.DeleteParameter) -> responses.Nothing:
    """Delete a secret with all its versions."""
    return _delete(context, Store.SECRET, request.name)


def _delete(context: Context, store: Store, name: str) -> responses.Nothing:
    key = f"{store}/{name}"
    if load_head(context.registry, store, name) is None and was_deletion_intended(context, key):
        return {}
    head_of(context, store, name)
    intend_deletion(context, key)
    forget_parameter(context.registry, store, name)
    return {}
