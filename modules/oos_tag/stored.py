"""What OOS keeps and can be tagged: templates and parameters; tags and resource groups are in their heads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from oos.service import stored_parameters, stored_templates
from oos.service.errors import NotFound, Refused
from oos.service.registry import Registry
from oos.service.stored_parameters import ParameterHead, Store
from oos.service.stored_templates import TemplateHead
from oos.service.tags import MOST_TAGS

Tags = Mapping[str, str]
Head = TemplateHead | ParameterHead


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of what is stored: how all heads are found, and how one is written."""

    title: str
    heads: Callable[[Registry], Iterator[Head]]
    keep: Callable[[Registry, Any], None]


def _parameters(store: Store) -> Kind:
    return Kind(
        "Parameter",
        lambda registry: stored_parameters.load_heads(registry, store),
        lambda registry, head: stored_parameters.keep_head(registry, store, head),
    )


KINDS: Final[Mapping[str, Kind]] = {
    "template": Kind("Template", stored_templates.load_heads, stored_templates.keep_head),
    "parameter": _parameters(Store.COMMON),
    "secretparameter": _parameters(Store.SECRET),
}


def find(registry: Registry, resource_type: str, id: str) -> Head:
    """The head of a template or parameter, by name or id. Raises NotFound."""
    kind = KINDS[resource_type]
    head = next((each for each in kind.heads(registry) if id in (each.name, each.id)), None)
    if head is None:
        raise NotFound(f"EntityNotExists.{kind.title}", f"The specified {resource_type} {id} does not exist.")
    return head


def keep_tags(registry: Registry, resource_type: str, head: Head, tags: Tags) -> None:
    """Give a template or parameter these tags, in place of those that it has. Raises Refused for too many."""
    if len(tags) > MOST_TAGS:
        message = f"{head.name} would have {len(tags)} tags; at most {MOST_TAGS} are allowed."
        raise Refused("QuotaExceed.TagsPerResource", message)
    KINDS[resource_type].keep(registry, replace(head, tags=dict(tags)))


def keep_group(registry: Registry, resource_type: str, head: Head, group: str) -> None:
    """Put a template or parameter into a resource group."""
    KINDS[resource_type].keep(registry, replace(head, resource_group=group))


def tagged(registry: Registry, resource_type: str = "") -> Iterator[tuple[str, Head]]:
    """Everything of one kind, or of all: its kind, and its head with the tags it has."""
    for name, kind in KINDS.items():
        if resource_type in ("", name):
            for head in kind.heads(registry):
                yield name, head
