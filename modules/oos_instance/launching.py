"""Launching: what RunInstances takes from launch templates and deployment sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oos.fleet.identity import made_instance_id
from oos.fleet.instance import InstanceSpec
from oos.service.context import Context
from oos.service.deployment_sets import DEPLOYMENT_SETS, join_set, members
from oos.service.errors import InvalidParameter, NotFound
from oos.service.key_pairs import load_key_pair
from oos.service.launch_templates import find_launch_template, find_version
from oos.values.json import Value
from oos_instance.decide import Together


def completed(context: Context, given: Mapping[str, Value]) -> Mapping[str, Value]:
    """The given parameters, and those of the launch template that they name: what is given counts.

    A structure that is given, such as SystemDisk, takes the place of the whole one in the template.
    """
    id, name = _text(given, "LaunchTemplateId"), _text(given, "LaunchTemplateName")
    if not (id or name):
        return given
    template = find_launch_template(context.registry, context.region, id=id, name=name)
    if template is None:
        raise NotFound("InvalidLaunchTemplate.NotFound", f"The specified launch template {id or name} does not exist.")
    version = find_version(context.registry, template, _number(_text(given, "LaunchTemplateVersion")))
    if version is None:
        wanted = _text(given, "LaunchTemplateVersion") or template.default_version
        message = f"The launch template {template.name} has no version {wanted}."
        raise NotFound("InvalidLaunchTemplateVersion.NotFound", message)
    kept = {name: value for name, value in version.data.items() if not _is_given(name, value, given)}
    return {**kept, **given}


def _text(given: Mapping[str, Value], wanted: str) -> str:
    value = next((value for name, value in given.items() if name.casefold() == wanted.casefold()), None)
    return "" if value is None else str(value)


def _number(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise InvalidParameter("LaunchTemplateVersion", f"The parameter LaunchTemplateVersion is no number: {text!r}.")
    return int(text)


def _is_given(name: str, kept: Value, given: Mapping[str, Value]) -> bool:
    """Whether a parameter is given: whole, in its plural, or part by part (`SystemDiskSize`, `Tag.1.Key`)."""
    folded = name.casefold()
    for each, value in given.items():
        if value is None or not each.casefold().startswith(folded):
            continue
        rest = each[len(name) :]
        if rest.casefold() in ("", "s") or rest[0] == "." or rest[0].isdigit() or isinstance(kept, dict):
            return True
    return False


def public_key_of(context: Context, name: str) -> str:
    """The public key of a key pair; empty without a name. Raises NotFound."""
    if not name:
        return ""
    pair = load_key_pair(context.registry, context.region, name)
    if pair is None:
        raise NotFound("InvalidKeyPair.NotFound", f"The specified key pair {name} does not exist.")
    return pair.public_key


def together(context: Context, set_id: str) -> Together | None:
    """The deployment set that new instances join, and who is in it. Raises NotFound."""
    if not set_id:
        return None
    known = DEPLOYMENT_SETS.load(context.registry, set_id)
    if known is None or known.region != context.region:
        raise NotFound("InvalidDeploymentSetId.NotFound", f"The specified deployment set {set_id} does not exist.")
    inside = frozenset(id for id, of in members(context.registry).items() if of == set_id)
    return Together(set_id, known.strategy, inside)


def join(context: Context, set_id: str, specs: Sequence[InstanceSpec]) -> None:
    """Write down, before they are made, that the instances are in the set: a crash in between loses no member."""
    for spec in specs if set_id else ():
        join_set(context.registry, set_id, made_instance_id(spec.token))
