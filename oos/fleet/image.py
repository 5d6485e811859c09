"""Images: what one is made from, what is written on it, and its content on the way between hosts and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final


class ImageStatus(StrEnum):
    """In the words of ECS."""

    CREATING = "Creating"
    WAITING = "Waiting"
    """Whole, but not yet proven to boot: the image builder's gate has not opened for it."""
    AVAILABLE = "Available"
    UNAVAILABLE = "UnAvailable"
    """Its volume is missing."""
    CREATE_FAILED = "CreateFailed"
    DEPRECATED = "Deprecated"
    """Still there for those who name it; nobody should begin with it."""


WHOLE: Final = frozenset({ImageStatus.WAITING, ImageStatus.AVAILABLE, ImageStatus.DEPRECATED})
"""Statuses in which the content of an image is all there."""


@dataclass(frozen=True, slots=True)
class ImageLabels:
    """What people write on an image; its content does not change with it."""

    name: str = ""
    description: str = ""
    family: str = ""
    status: str = ImageStatus.AVAILABLE
    """Of a whole image: available, waiting or deprecated."""
    shared_with: tuple[str, ...] = ()
    """Accounts that may use it."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image says about the system on it; empty: as the image that its disk was made from."""

    os_name: str = ""
    os_type: str = ""
    platform: str = ""
    architecture: str = ""


@dataclass(frozen=True, slots=True)
class DataSource:
    """What a data disk of an image is made from."""

    device: str
    """What it is called in the image, e.g. `vdb`."""
    disk_id: str = ""
    """A disk of the instance that has the system disk, as it is at the same moment; or else"""
    snapshot_id: str = ""
    """a snapshot."""


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """An image to be made. `id` is derived from the token, so making it twice makes one."""

    id: str
    token: str
    created: datetime
    labels: ImageLabels = field(default_factory=ImageLabels)
    facts: ImageFacts = field(default_factory=ImageFacts)
    tags: Mapping[str, str] = field(default_factory=dict)
    disk_id: str = ""
    """The disk that it is made from, as it is now; or else"""
    snapshot_id: str = ""
    """the snapshot that it is made from."""
    copied_from: str = ""
    """The image that it is a copy of."""
    data: tuple[DataSource, ...] = ()
    """Its data disks: from disks where the system disk is from one, from snapshots where it is from one."""


class Part(StrEnum):
    """What an image consists of."""

    DISK = "disk"
    KERNEL = "kernel"
    """With the initrd: of an image whose guests the hypervisor boots itself."""
    INITRD = "initrd"


@dataclass(frozen=True, slots=True)
class PartContent:
    """The bytes of one part, to be read piece by piece."""

    length: int
    read: Callable[[int, int], bytes]
    """From an offset, so many bytes; fewer at the end alone."""


@dataclass(frozen=True, slots=True)
class DataContent:
    """The bytes of a data disk of an image."""

    device: str
    content: PartContent


@dataclass(frozen=True, slots=True)
class ImageContent:
    """The content of an image, on its way from one host or a file to another."""

    parts: Mapping[Part, PartContent]
    command_line: str = ""
    """Of the kernel, where there is one."""
    data: tuple[DataContent, ...] = ()
    """Its data disks."""
