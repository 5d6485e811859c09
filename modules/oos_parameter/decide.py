"""Decisions about stored parameters: whether a value fits, which are meant, how one is described. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from oos.service.errors import InvalidParameter
from oos.service.shape import instant
from oos.service.stored_parameters import ParameterHead, ParameterVersion
from oos.service.tags import MOST_TAGS
from oos.values.json import Value, json_text
from oos.values.secret import MASK, Secret
from oos_parameter import responses
from oos_parameter.requests import LONGEST

_CONSTRAINTS = ("AllowedValues", "AllowedPattern", "MinLength", "MaxLength")


def require_constraints(constraints: Mapping[str, Value] | None) -> str:
    """The constraints as JSON text. Raises InvalidParameter for what is none."""
    for name, value in (constraints or {}).items():
        wanted: type | tuple[type, ...] = {"AllowedValues": list, "AllowedPattern": str}.get(name, int)
        if name not in _CONSTRAINTS or not isinstance(value, wanted) or isinstance(value, bool):
            message = f"Constraints hold {', '.join(_CONSTRAINTS)}; {name}={json_text(value)} is none of them."
            raise InvalidParameter("Constraints", message)
        if name == "AllowedPattern":
            try:
                re.compile(str(value))
            except re.error as error:
                raise InvalidParameter("Constraints", f"AllowedPattern cannot be read: {error}.") from error
    return json_text(dict(constraints)) if constraints else ""


def require_fitting(value: str | Secret, type: str, constraints: str) -> None:
    """Raise InvalidParameter for a value that its constraints forbid; a secret one is not shown."""
    text = str(value.reveal()) if isinstance(value, Secret) else value
    shown = MASK if isinstance(value, Secret) else repr(text)
    rules: Mapping[str, Any] = msgspec.json.decode(constraints) if constraints else {}
    parts = [part.strip() for part in text.split(",")] if type == "StringList" else [text]
    if len(text) > LONGEST:
        raise InvalidParameter("Value", f"The value has {len(text)} characters; at most {LONGEST} are allowed.")
    for part in parts:
        if "AllowedValues" in rules and part not in rules["AllowedValues"]:
            raise InvalidParameter("Value", f"The value {shown} is not among {json_text(rules['AllowedValues'])}.")
        if "AllowedPattern" in rules and re.fullmatch(rules["AllowedPattern"], part) is None:
            raise InvalidParameter("Value", f"The value {shown} does not match {rules['AllowedPattern']}.")
        if not rules.get("MinLength", 0) <= len(part) <= rules.get("MaxLength", LONGEST):
            bounds = f"{rules.get('MinLength', 0)} to {rules.get('MaxLength', LONGEST)}"
            raise InvalidParameter("Value", f"The value {shown} has {len(part)} characters, not {bounds}.")


def tags_of(tags: Mapping[str, Value] | None) -> dict[str, str]:
    """Tags of a request as text. Raises InvalidParameter for too many."""
    found = {key: str(value) for key, value in (tags or {}).items()}
    if len(found) > MOST_TAGS:
        raise InvalidParameter("Tags", f"{len(found)} tags are too many; at most {MOST_TAGS} are allowed.")
    return found


def is_below(name: str, path: str, *, recursive: bool) -> bool:
    """Whether a name lies below a path; directly, unless recursive."""
    prefix = f"{path.strip('/')}/" if path.strip("/") else ""
    plain = name.strip("/")
    if not plain.startswith(prefix):
        return False
    return recursive or "/" not in plain[len(prefix) :]


def has_tags(head: ParameterHead, wanted: Mapping[str, Value] | None) -> bool:
    """Whether a parameter has all the wanted tags."""
    return all(head.tags.get(key) == str(value) for key, value in (wanted or {}).items())


def stored_shape(head: ParameterHead, version: ParameterVersion) -> responses.StoredShape:
    """A parameter without its value."""
    return {
        "Id": head.id,
        "Name": head.name,
        "Type": head.type,
        "Description": head.description,
        "Constraints": head.constraints,
        "ParameterVersion": version.number,
        "CreatedBy": head.created_by,
        "CreatedDate": instant(head.created),
        "UpdatedBy": version.by,
        "UpdatedDate": instant(version.at),
        "ShareType": "Private",
        "ResourceGroupId": head.resource_group,
        "Tags": dict(head.tags),
    }


def updated_shape(head: ParameterHead, version: ParameterVersion) -> responses.UpdatedShape:
    """A parameter in the answer of UpdateParameter."""
    shape: dict[str, Any] = {**stored_shape(head, version), "Tags": json_text(dict(head.tags))}
    return shape  # type: ignore[return-value]  # the same fields, with the tags as text


def whole_shape(head: ParameterHead, version: ParameterVersion, value: Value) -> responses.WholeShape:
    """A parameter with its value."""
    return {**stored_shape(head, version), "Value": value}


def path_shape(head: ParameterHead, version: ParameterVersion, value: Value) -> responses.PathShape:
    """A parameter of GetParametersByPath."""
    whole = whole_shape(head, version, value)
    return {
        "Id": whole["Id"],
        "Name": whole["Name"],
        "Type": whole["Type"],
        "Description": whole["Description"],
        "Constraints": whole["Constraints"],
        "ParameterVersion": whole["ParameterVersion"],
        "CreatedBy": whole["CreatedBy"],
        "CreatedDate": whole["CreatedDate"],
        "UpdatedBy": whole["UpdatedBy"],
        "UpdatedDate": whole["UpdatedDate"],
        "ShareType": whole["ShareType"],
        "Value": whole["Value"],
    }


def listed_shape(head: ParameterHead, version: ParameterVersion) -> responses.ListedShape:
    """A parameter of ListParameters."""
    return {
        "Id": head.id,
        "Name": head.name,
        "Type": head.type,
        "Description": head.description,
        "ParameterVersion": str(version.number),
        "CreatedBy": head.created_by,
        "CreatedDate": instant(head.created),
        "UpdatedBy": version.by,
        "UpdatedDate": instant(version.at),
        "ShareType": "Private",
        "ResourceGroupId": head.resource_group,
        "Tags": dict(head.tags),
    }
