"""Requests about prefix lists: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import Tag, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Param

ListId = Annotated[str, Param("The prefix list.")]
MOST_ENTRIES = 200
_NAME = r"(?!https?://).{2,}"
_FAMILIES = ("IPv4", "IPv6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A range of a list."""

    cidr: Annotated[str, Param("The range.")]
    description: Annotated[str, Param("What it is.", most=32)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedEntry:
    """A range to take from a list."""

    cidr: Annotated[str, Param("The range.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePrefixList:
    """A list to be made."""

    address_family: Annotated[str, Param("Version of IP of all its ranges.", allowed=_FAMILIES)]
    max_entries: Annotated[int, Param("Ranges that it may have.", minimum=1, maximum=MOST_ENTRIES)]
    prefix_list_name: Annotated[str, Param("Name.", most=128, pattern=_NAME)]
    description: Annotated[str, Param("Description.", most=256)] = ""
    entry: Annotated[tuple[Entry, ...], Param("Its ranges.", most=MOST_ENTRIES)] = ()
    resource_group_id: Annotated[str, Param("Resource group.")] = ""
    tag: Annotated[tuple[Tag, ...], Param("Tags.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribePrefixLists(Paged):
    """Which lists to list; conditions that are given must all hold."""

    prefix_list_id: Annotated[tuple[str, ...] | None, Param("Only these.", most=100)] = None
    prefix_list_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    address_family: Annotated[str, Param("Version of IP.", allowed=_FAMILIES)] = ""
    resource_group_id: Annotated[str, Param("Resource group.")] = ""
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribePrefixListAttributes:
    """Which list to describe."""

    prefix_list_id: ListId


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribePrefixListAssociations(Paged):
    """Of which list to tell who names it."""

    prefix_list_id: ListId


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyPrefixList:
    """What to change about a list; rules that name it follow."""

    prefix_list_id: ListId
    prefix_list_name: Annotated[str | None, Param("New name; it stays when not given.", most=128, pattern=_NAME)] = None
    description: Annotated[str | None, Param("New description; it stays when not given.", most=256)] = None
    add_entry: Annotated[tuple[Entry, ...], Param("Ranges to add.", most=MOST_ENTRIES)] = ()
    remove_entry: Annotated[tuple[RemovedEntry, ...], Param("Ranges to take away.", most=MOST_ENTRIES)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePrefixList:
    """Which list to delete; no rule may name it."""

    prefix_list_id: ListId
