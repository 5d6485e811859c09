"""Disks, snapshots and images: volumes, and what is written down beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DiskKind(StrEnum):
    """What a disk is for its instance."""

    SYSTEM = "system"
    DATA = "data"


class Consistency(StrEnum):
    """In what state the data of a snapshot was when the point in time was taken."""

    FROZEN = "frozen"
    """File systems were frozen through the guest agent."""
    CRASH = "crash"
    """The guest ran unfrozen: as after a power cut."""
    STOPPED = "stopped"
    """The instance was off."""


class SnapshotStatus(StrEnum):
    """In the words of ECS."""

    PROGRESSING = "progressing"
    ACCOMPLISHED = "accomplished"
    FAILED = "failed"


class Verification(StrEnum):
    """How far a snapshot was checked after it was written; each includes the one before."""

    NONE = "none"
    HEADER = "header"
    """Its qcow2 header was read: format, size, backing file, no dirty or corrupt mark."""
    CHECKED = "checked"
    """`qemu-img check` walked its tables without a fault."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk as it was observed."""

    id: str
    host: str
    zone: str
    region: str
    pool: str
    volume: str
    """Name of the volume, or the path of a file that stands in no pool."""
    size_bytes: int
    kind: DiskKind
    format: str = "qcow2"
    instance_id: str = ""
    """Empty: attached to nothing."""
    device: str = ""
    """Target in the domain, e.g. `vda`."""
    name: str = ""
    description: str = ""
    delete_with_instance: bool = False
    """Whether it goes when its instance is removed."""
    source_snapshot_id: str = ""
    """The snapshot it was last restored or made from."""
    created: datetime | None = None
    is_ready: bool = True
    """False while it is made, and for what a crash left half made."""
    is_blank: bool = False
    """Made empty, and attached to nothing yet: another like it would be as good."""

    @property
    def labels(self) -> DiskLabels:
        """What a person may write on it."""
        return DiskLabels(self.name, self.description, self.delete_with_instance)


@dataclass(frozen=True, slots=True)
class DiskLabels:
    """What a person wrote on a disk, and whether it goes with its instance."""

    name: str = ""
    description: str = ""
    delete_with_instance: bool = False


@dataclass(frozen=True, slots=True)
class DiskSpec:
    """A disk to be made, attached to nothing. `id` is derived from the token, so making it twice makes one."""

    id: str
    size_bytes: int
    """At least; one from a snapshot is never smaller than that."""
    snapshot_id: str = ""
    """Whose content it has; empty: none."""
    labels: DiskLabels = field(default_factory=DiskLabels)
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class SystemDiskSpec:
    """A disk from an image that takes the place of an instance's system disk. `id` is derived from the token."""

    id: str
    image_id: str
    size_bytes: int | None = None
    """None: as large as the image."""
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class SnapshotRequest:
    """A snapshot to be made. `id` is derived from the token, so making it twice makes one."""

    id: str
    disk_id: str
    token: str
    created: datetime
    name: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    retention_days: int | None = None
    incremental: bool = True
    """Whether it may hold only what changed since the disk's newest snapshot, where that can be known."""
    freeze: bool = True
    """Whether to freeze the file systems of a running guest whose agent answers."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot as it was observed: a volume and its manifest."""

    id: str
    host: str
    zone: str
    region: str
    disk_id: str
    instance_id: str
    disk_kind: DiskKind
    source_size_bytes: int
    created: datetime
    status: SnapshotStatus
    progress: int = 100
    """Percent."""
    name: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    retention_days: int | None = None
    consistency: Consistency = Consistency.CRASH
    verification: Verification = Verification.NONE
    parent_id: str = ""
    """The snapshot it is an increment on; empty for a full one."""
    stored_bytes: int = 0
    token: str = ""
    fault: str = ""
    """Why it failed."""


@dataclass(frozen=True, slots=True)
class PoolRoom:
    """How much room a storage pool has, and how much of it is free."""

    pool: str
    capacity_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class DirectBoot:
    """A kernel that the hypervisor loads itself; kernel and initrd are volumes of the image pool."""

    kernel: str
    initrd: str
    command_line: str


@dataclass(frozen=True, slots=True)
class ImageDisk:
    """A data disk of an image: a volume of its own beside that of the system disk."""

    device: str
    """As in the instance that it was made from, e.g. `vdb`."""
    volume: str
    size_bytes: int
    snapshot_id: str = ""
    """The snapshot that it was made from."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image as it was observed: a volume of the image pool, and its manifest."""

    id: str
    host: str
    zone: str
    region: str
    volume: str
    size_bytes: int
    name: str = ""
    description: str = ""
    family: str = ""
    os_name: str = ""
    os_type: str = "linux"
    platform: str = ""
    architecture: str = "x86_64"
    status: str = "Available"
    created: datetime | None = None
    boot: DirectBoot | None = None
    """None: it boots by its own boot loader."""
    tags: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    instance_id: str = ""
    """The instance whose disk it was made from."""
    snapshot_id: str = ""
    """The snapshot that it was made from."""
    copied_from: str = ""
    """The image that it is a copy of."""
    consistency: Consistency | None = None
    """In what state the disk was that it was made from; None where nobody knows."""
    shared_with: tuple[str, ...] = ()
    """Accounts that may use it."""
    progress: int = 100
    """Percent."""
    fault: str = ""
    """Why it could not be made."""
    data_disks: tuple[ImageDisk, ...] = ()
    """What there is besides the system disk, in the order of their devices."""
