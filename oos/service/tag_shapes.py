"""How tags of resources are told in responses; ECS, VPC and Tag tell them alike."""

from __future__ import annotations

from typing import TypedDict


class TagResourceShape(TypedDict):
    """A tag of a resource, in the words of ECS, VPC and Tag."""

    ResourceId: str
    ResourceType: str
    TagKey: str
    TagValue: str


class TagResourceShapes(TypedDict):
    TagResource: list[TagResourceShape]


class TagResourcesListed(TypedDict):
    """The response of ListTagResources."""

    TagResources: TagResourceShapes
    NextToken: str
