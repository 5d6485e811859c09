"""Responses about prefix lists, in ECS's shapes."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from oos.service.filtering import TagShapes


class MadeList(TypedDict):
    PrefixListId: str


class PrefixListShape(TypedDict):
    PrefixListId: str
    PrefixListName: str
    Description: str
    AddressFamily: str
    MaxEntries: int
    AssociationCount: int
    CreationTime: str
    ResourceGroupId: str
    Tags: TagShapes


class PrefixListShapes(TypedDict):
    PrefixList: list[PrefixListShape]


class PrefixLists(TypedDict):
    PrefixLists: PrefixListShapes
    NextToken: NotRequired[str]


class EntryShape(TypedDict):
    Cidr: str
    Description: str


class EntryShapes(TypedDict):
    Entry: list[EntryShape]


class PrefixListAttributes(TypedDict):
    PrefixListId: str
    PrefixListName: str
    Description: str
    AddressFamily: str
    MaxEntries: int
    CreationTime: str
    Entries: EntryShapes


class Association(TypedDict):
    ResourceId: str
    ResourceType: str


class AssociationShapes(TypedDict):
    PrefixListAssociation: list[Association]


class Associations(TypedDict):
    PrefixListAssociations: AssociationShapes
    NextToken: NotRequired[str]
