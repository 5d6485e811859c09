"""Responses about key pairs: the shapes of ECS."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from oos.service.filtering import TagShapes


class Nothing(TypedDict):
    """A response that says only that it is done."""


class CreatedPair(TypedDict):
    KeyPairId: str
    KeyPairName: str
    KeyPairFingerPrint: str
    PrivateKeyBody: str
    """A Secret: nobody can show it a second time."""


class ImportedPair(TypedDict):
    KeyPairName: str
    KeyPairFingerPrint: str


class PairShape(TypedDict):
    KeyPairName: str
    KeyPairFingerPrint: str
    CreationTime: str
    ResourceGroupId: str
    PublicKey: NotRequired[str]
    Tags: TagShapes


class PairShapes(TypedDict):
    KeyPair: list[PairShape]


class Pairs(TypedDict):
    KeyPairs: PairShapes
    TotalCount: int
    PageNumber: int
    PageSize: int


class AttachResult(TypedDict):
    InstanceId: str
    Success: str
    Code: str
    Message: str


class AttachResults(TypedDict):
    Result: list[AttachResult]


class Attached(TypedDict):
    KeyPairName: str
    TotalCount: str
    FailCount: str
    Results: AttachResults
