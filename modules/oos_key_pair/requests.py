"""Requests about key pairs: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import Tag, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Form, Param

NAME = r"(?!https?://)[A-Za-z一-鿿][\w.:-]{1,127}"

NewName = Annotated[str, Param("Name of the key pair: a letter, then letters, digits, ., :, _ and -.", pattern=NAME)]
Group = Annotated[str, Param("Resource group.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateKeyPair:
    """A key pair to make."""

    key_pair_name: NewName
    key_type: Annotated[str, Param("Kind of keys.", allowed=("RSA", "Ed25519"))] = "RSA"
    resource_group_id: Group = ""
    tag: Annotated[tuple[Tag, ...], Param("Tags.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportKeyPair:
    """A public key to keep."""

    key_pair_name: NewName
    public_key_body: Annotated[str, Param("The public key: one line, as in authorized_keys.", most=16384)]
    resource_group_id: Group = ""
    tag: Annotated[tuple[Tag, ...], Param("Tags.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeKeyPairs(Paged):
    """Which key pairs to list; conditions that are given must all hold."""

    key_pair_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    key_pair_finger_print: Annotated[str, Param("Finger print.")] = ""
    include_public_key: Annotated[bool, Param("Whether to show the public keys.")] = False
    resource_group_id: Group = ""
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteKeyPairs:
    """Which key pairs to delete."""

    key_pair_names: Annotated[tuple[str, ...], Param("The key pairs.", form=Form.JSON, most=100)]


Instances = Annotated[tuple[str, ...], Param("The instances; their guests must run.", form=Form.JSON, most=50)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachKeyPair:
    """Which key pair for which instances."""

    key_pair_name: Annotated[str, Param("The key pair.")]
    instance_ids: Instances


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachKeyPair:
    """Which key pair to take from which instances."""

    key_pair_name: Annotated[str, Param("The key pair.")]
    instance_ids: Instances
