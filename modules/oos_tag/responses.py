"""Responses about tags, in the shapes of ECS 2014-05-26 and Tag 2018-08-28."""

from __future__ import annotations

from typing import TypedDict


class Nothing(TypedDict):
    """A response that says only that it is done."""


class ResourceTypeCount(TypedDict, total=False):
    Instance: int
    Disk: int
    Snapshot: int
    Image: int
    Eni: int


class CountedTag(TypedDict):
    TagKey: str
    TagValue: str
    ResourceTypeCount: ResourceTypeCount


class CountedTags(TypedDict):
    Tag: list[CountedTag]


class TagsCounted(TypedDict):
    Tags: CountedTags
    TotalCount: int
    PageNumber: int
    PageSize: int


class FailureShape(TypedDict):
    Code: str
    Message: str


class FailedResource(TypedDict):
    ResourceARN: str
    Result: FailureShape


class FailedResources(TypedDict):
    FailedResource: list[FailedResource]


class ArnsTagged(TypedDict):
    FailedResources: FailedResources


class TagShape(TypedDict):
    Category: str
    Key: str
    Value: str


class ArnShape(TypedDict):
    ResourceARN: str
    Tags: list[TagShape]


class ArnsListed(TypedDict):
    TagResources: list[ArnShape]
    NextToken: str


class KeyShape(TypedDict):
    Key: str
    Category: str


class KeyShapes(TypedDict):
    Key: list[KeyShape]


class KeysListed(TypedDict):
    Keys: KeyShapes
    NextToken: str


class ValueShapes(TypedDict):
    Value: list[str]


class ValuesListed(TypedDict):
    Values: ValueShapes
    NextToken: str


class StoredKeys(TypedDict):
    Keys: list[str]
    MaxResults: int
    NextToken: str


class StoredValues(TypedDict):
    Values: list[str]
    MaxResults: int
    NextToken: str
