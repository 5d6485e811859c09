"""Requests about images: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from oos.service.filtering import Filter, Tag, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Form, Param

_OWNERS = ("self", "system", "others", "marketplace")
_ARCHITECTURES = ("i386", "x86_64", "arm64")
_SYSTEMS = ("linux", "windows")
_NAME = r"(?!(?i:acs:|aliyun|https?://))[^\W\d_](?:[\w.:/ -]{1,127})"
"""2 to 128 characters, the first a letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeImages(Paged):
    """Which images to list; conditions that are given must all hold."""

    image_id: Annotated[tuple[str, ...] | None, Param("Only these.", form=Form.COMMAS, most=100)] = None
    image_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    image_family: Annotated[str, Param("Family.")] = ""
    image_owner_alias: Annotated[str, Param("Who owns them; here all are self.", allowed=_OWNERS)] = ""
    image_owner_id: Annotated[str, Param("Account that owns them.")] = ""
    status: Annotated[tuple[str, ...], Param("Statuses.", form=Form.COMMAS)] = ("Available",)
    os_type: Annotated[str, Param("Operating system.", name="OSType", allowed=_SYSTEMS)] = ""
    architecture: Annotated[str, Param("Architecture.", allowed=_ARCHITECTURES)] = ""
    usage: Annotated[str, Param("Whether an instance was made from them.", allowed=("instance", "none"))] = ""
    is_public: Annotated[bool | None, Param("Whether everybody may use them; none is public.")] = None
    snapshot_id: Annotated[str, Param("Snapshot they were made from.")] = ""
    resource_group_id: Annotated[str, Param("Resource group; images are in none.")] = ""
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()
    filter: Annotated[tuple[Filter, ...], Param("CreationStartTime, CreationEndTime.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeImageFromFamily:
    """The family whose newest image is wanted."""

    image_family: Annotated[str, Param("Family.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFrom:
    """A disk of the image to be made."""

    snapshot_id: Annotated[str, Param("Snapshot that it is made from.")] = ""
    disk_type: Annotated[str, Param("What it is for.", allowed=("system", "data"))] = ""
    device: Annotated[str, Param("Where it is attached.")] = ""
    size: Annotated[int | None, Param("Size in GiB; that of the snapshot.", minimum=1)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateImage:
    """An image of an instance's disks, or of snapshots of such."""

    image_name: Annotated[str, Param("Name; its id when not given.", pattern=_NAME)] = ""
    description: Annotated[str, Param("Description.", most=256)] = ""
    image_family: Annotated[str, Param("Family; the newest image of a family is found by it.", most=128)] = ""
    instance_id: Annotated[str, Param("Instance whose disks it is made from.")] = ""
    snapshot_id: Annotated[str, Param("Snapshot of a system disk that it is made from.")] = ""
    disk_device_mapping: Annotated[
        tuple[MadeFrom, ...], Param("Snapshots: of a system disk, and of data disks.", most=17)
    ] = ()
    platform: Annotated[str, Param("Distribution; that of the image below when not given.")] = ""
    architecture: Annotated[str, Param("Architecture; as the image below.", allowed=_ARCHITECTURES)] = ""
    tag: Annotated[tuple[Tag, ...], Param("Tags.", most=20)] = ()
    status: Annotated[
        str, Param("Waiting: whole, but shown to nobody until it is proven.", allowed=("Available", "Waiting"))
    ] = "Available"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyImage:
    """An image to be copied onto every host of a region."""

    image_id: Annotated[str, Param("Image to copy.")]
    destination_region_id: Annotated[str, Param("Where it goes; this region when not given.")] = ""
    destination_image_name: Annotated[str, Param("Name of the copy; its id when not given.", pattern=_NAME)] = ""
    destination_description: Annotated[str, Param("Description of the copy.", most=256)] = ""
    tag: Annotated[tuple[Tag, ...], Param("Tags of the copy.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelCopyImage:
    """A copy in the making that is no longer wanted."""

    image_id: Annotated[str, Param("The copy.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyImageAttribute:
    """What to write on an image in place of what is there; what is not given stays."""

    image_id: Annotated[str, Param("Image.")]
    image_name: Annotated[str, Param("Name.", pattern=_NAME)] = ""
    description: Annotated[str | None, Param("Description.", most=256)] = None
    image_family: Annotated[str | None, Param("Family.", most=128)] = None
    status: Annotated[str, Param("Whether one should begin with it.", allowed=("Available", "Deprecated"))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyImageSharePermission:
    """Who else may use an image."""

    image_id: Annotated[str, Param("Image.")]
    add_account: Annotated[tuple[str, ...], Param("Accounts that may use it from now on.", most=10)] = ()
    remove_account: Annotated[tuple[str, ...], Param("Accounts that may not any longer.", most=10)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeImageSharePermission:
    """An image, and which page of its accounts."""

    image_id: Annotated[str, Param("Image.")]
    page_number: Annotated[int, Param("Number of the page, from 1.", minimum=1)] = 1
    page_size: Annotated[int, Param("Most accounts of a page.", minimum=1, maximum=100)] = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteImage:
    """An image to delete; one that is not there is deleted."""

    image_id: Annotated[str, Param("Image.")]
    force: Annotated[bool, Param("Also when instances were made from it, or its maker seems to have died.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedDisk:
    """The file of the disk that becomes an image."""

    oss_bucket: Annotated[str, Param("Bucket: a directory by its name in the inventory.", name="OSSBucket")]
    oss_object: Annotated[str, Param("File in the bucket.", name="OSSObject")]
    format: Annotated[str, Param("Format; found out when not given.", allowed=("QCOW2", "RAW", "VHD"))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportImage:
    """A file that becomes an image on every host of the region."""

    disk_device_mapping: Annotated[
        tuple[ImportedDisk, ...], Param("The file of the system disk, then those of data disks.", most=17)
    ]
    image_name: Annotated[str, Param("Name; its id when not given.", pattern=_NAME)] = ""
    description: Annotated[str, Param("Description.", most=256)] = ""
    architecture: Annotated[str, Param("Architecture.", allowed=_ARCHITECTURES)] = ""
    os_type: Annotated[str, Param("Operating system.", name="OSType", allowed=_SYSTEMS)] = ""
    platform: Annotated[str, Param("Distribution.")] = ""
    tag: Annotated[tuple[Tag, ...], Param("Tags.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportImage:
    """An image that becomes a file."""

    image_id: Annotated[str, Param("Image.")]
    oss_bucket: Annotated[str, Param("Bucket: a directory by its name in the inventory.", name="OSSBucket")]
    oss_prefix: Annotated[str, Param("What the names of its files begin with.", name="OSSPrefix")] = ""
    image_format: Annotated[str, Param("Format; it is qcow2.")] = "QCOW2"


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeImageSupportInstanceTypes:
    """The image, and conditions on the types."""

    image_id: Annotated[str, Param("Image.")]
    filter: Annotated[tuple[Filter, ...], Param("imageId, instanceTypeFamily or instanceTypeId.", most=10)] = ()


# building, of which ECS knows nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFile:
    """A file that a stage puts in place."""

    path: Annotated[str, Param("Where in the guest; absolute.", pattern=r"/[^\0]*[^/\0]")]
    content: Annotated[str, Param("What is in it, in Base64.")] = ""
    mode: Annotated[str, Param("Who may do what with it.", pattern=r"[0-7]{3,4}")] = "644"
    owner: Annotated[str, Param("Whose it is: USER or USER:GROUP.", pattern=r"[A-Za-z0-9._-]+(:[A-Za-z0-9._-]+)?")] = (
        "root"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of a recipe: files, then packages, then a script."""

    name: Annotated[str, Param("Name of the stage.")]
    files: Annotated[tuple[StageFile, ...], Param("Files to put in place.")] = ()
    packages: Annotated[tuple[str, ...], Param("Packages to install; NAME or NAME=VERSION.")] = ()
    script: Annotated[str, Param("Shell script; it ends at the first command that fails.")] = ""
    timeout: Annotated[int, Param("Seconds that packages and script may take.", minimum=1)] = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildImageStage:
    """A stage to be carried out in a guest that is thrown away, and kept as an image that waits for its proof."""

    base_image_id: Annotated[str, Param("Image that the stage begins with.")]
    recipe: Annotated[str, Param("Name of the recipe.")]
    digest: Annotated[str, Param("Names all that decides what comes out.", pattern="[0-9a-f]{64}")]
    stage: Annotated[Stage, Param("What is done.")]
    instance_type: Annotated[str, Param("Type of the guest that is thrown away.")]
    survey_base: Annotated[bool, Param("Write down first what is on the base, if nobody has yet.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RootBase:
    """A release of a distribution, with its packages."""

    suite: Annotated[str, Param("Release of the distribution, such as bookworm.", pattern="[a-z][a-z0-9-]{1,30}")]
    packages: Annotated[tuple[str, ...], Param("Packages, besides those that it needs to boot.")] = ()
    size: Annotated[int, Param("GiB of the disk.", minimum=1, maximum=2000)] = 4
    locked: Annotated[Mapping[str, str], Param("Versions by package that it must have.")] = field(default_factory=dict)
    epoch: Annotated[int, Param("No file in it is younger: seconds since 1970.", minimum=0)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildImageRoot:
    """An image to be made from packages, on this machine: a base, and stages in it before it ever boots."""

    recipe: Annotated[str, Param("Name of the recipe.", pattern="[A-Za-z0-9][A-Za-z0-9._-]{0,62}")]
    base: Annotated[RootBase, Param("What it begins with.")]
    digests: Annotated[tuple[str, ...], Param("Names all that decides what comes out: of the base, of each stage.")]
    stages: Annotated[tuple[Stage, ...], Param("What is done in it.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTest:
    """A test of an image: a script in a guest that was made from it."""

    name: Annotated[str, Param("Name of the test.")]
    script: Annotated[str, Param("Shell script; the test passes when it ends with 0.")]
    timeout: Annotated[int, Param("Seconds it may take.", minimum=1)] = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class TestImage:
    """An image that is to prove itself: it boots, its agent answers, the tests pass."""

    __test__ = False  # its name begins as pytest's classes do

    image_id: Annotated[str, Param("Image.")]
    instance_type: Annotated[str, Param("Type of the guest that is thrown away.")]
    test: Annotated[tuple[ImageTest, ...], Param("Tests.", most=100)] = ()
    provenance: Annotated[Mapping[str, Any], Param("What is known of where it comes from; kept in its manifest.")] = (
        field(default_factory=dict)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeImageManifest:
    """The image whose manifest is wanted."""

    image_id: Annotated[str, Param("Image.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadImage:
    """An image that every host of the region should have."""

    image_id: Annotated[str, Param("Image.")]
