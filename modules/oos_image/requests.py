"""Requests about images: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import Filter, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Form, Param

_OWNERS = ("self", "system", "others", "marketplace")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeImages(Paged):
    """Which images to list; conditions that are given must all hold."""

    image_id: Annotated[tuple[str, ...] | None, Param("Only these.", form=Form.COMMAS, most=100)] = None
    image_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    image_family: Annotated[str, Param("Family.")] = ""
    image_owner_alias: Annotated[str, Param("Who owns them; here all are self.", allowed=_OWNERS)] = ""
    status: Annotated[tuple[str, ...], Param("Statuses.", form=Form.COMMAS)] = ("Available",)
    os_type: Annotated[str, Param("Operating system.", name="OSType", allowed=("linux", "windows"))] = ""
    architecture: Annotated[str, Param("Architecture.", allowed=("i386", "x86_64", "arm64"))] = ""
    usage: Annotated[str, Param("Whether an instance was made from them.", allowed=("instance", "none"))] = ""
    is_public: Annotated[bool | None, Param("Whether everybody may use them; none is public.")] = None
    snapshot_id: Annotated[str, Param("Snapshot they were made from.")] = ""
    resource_group_id: Annotated[str, Param("Resource group; images are in none.")] = ""
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()
    filter: Annotated[tuple[Filter, ...], Param("CreationStartTime, CreationEndTime.")] = ()
