"""The contract of a hypervisor: images made from disks and snapshots, taken in, given out, labelled and deleted."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from oos.fleet.errors import DiskAbsent, HypervisorFailed, ImageAbsent, SnapshotAbsent, WrongState
from oos.fleet.image import (
    ImageContent,
    ImageFacts,
    ImageLabels,
    ImageRequest,
    ImageStatus,
    Part,
    PartContent,
)
from oos.fleet.instance import Instance
from oos.fleet.storage import Consistency, Image
from oos.values.identifiers import resource_id
from tests.fleet.world import World, fresh_token

Images = Callable[[ImageRequest], Image]


def asked(**changes: object) -> ImageRequest:
    """An image to be made."""
    token = fresh_token()
    request = ImageRequest(resource_id("m", token), token, datetime(2026, 1, 2, tzinfo=UTC), ImageLabels(name="made"))
    return replace(request, **changes)  # type: ignore[arg-type]  # names of fields, chosen by the test


def silent(percent: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def images(world: World) -> Iterator[Images]:
    """Makes images that end with the test."""
    made: list[str] = []

    def make(request: ImageRequest) -> Image:
        made.append(request.id)
        return world.hypervisor.create_image(request, silent)

    yield make
    world.clean_up(world.made)
    for image_id in made:
        world.hypervisor.delete_image(image_id)


def test_an_image_of_a_running_guest_is_frozen_and_its_instances_outlive_it(
    world: World, guest: Instance, images: Images
) -> None:
    disk_id = guest.disk_ids[0]
    world.write(guest.id, "file", b"in the image")
    percents: list[int] = []
    labels = ImageLabels("golden", "a & b", "web", ImageStatus.AVAILABLE, ("1001",))
    request = asked(disk_id=disk_id, labels=labels, tags={"k": "v"})
    images(request)
    image = world.hypervisor.create_image(request, percents.append)
    assert percents == [100]
    base = world.hypervisor.image(world.image_id)
    assert (image.name, image.description, image.family, image.status) == ("golden", "a & b", "web", "Available")
    assert (image.tags, image.shared_with, image.token) == ({"k": "v"}, ("1001",), request.token)
    assert (image.consistency, image.instance_id) == (Consistency.FROZEN, guest.id)
    assert (image.os_name, image.architecture, image.boot) == (base.os_name, base.architecture, base.boot)
    assert image.size_bytes == world.hypervisor.disk(disk_id).size_bytes
    assert image in world.hypervisor.images()
    world.write(guest.id, "file", b"later")
    made = world.make(image_id=image.id, host_name="made")
    for _ in range(2):
        world.hypervisor.delete_image(image.id)
    with pytest.raises(ImageAbsent, match=image.id):
        world.hypervisor.image(image.id)
    assert world.run(made.id).image_id == image.id
    assert world.hypervisor.image(world.image_id) == base
    assert world.read(made.id, "file") == b"in the image"
    assert world.read(guest.id, "file") == b"later"


def test_an_image_of_a_running_guest_leaves_its_chain_of_snapshots_alone(
    world: World, guest: Instance, images: Images
) -> None:
    first = world.snapshot(guest.disk_ids[0])
    images(asked(disk_id=guest.disk_ids[0]))
    assert world.snapshot(guest.disk_ids[0]).parent_id == first.id
    assert len([each for each in world.hypervisor.snapshots() if each.disk_id == guest.disk_ids[0]]) == 2


def test_an_image_of_a_stopped_instance_is_a_copy(world: World, images: Images) -> None:
    stopped = world.make()
    image = images(asked(disk_id=stopped.disk_ids[0], facts=ImageFacts(os_name="Mine", platform="Debian")))
    assert (image.status, image.consistency) == ("Available", Consistency.STOPPED)
    assert (image.os_name, image.platform, image.os_type) == ("Mine", "Debian", "linux")


def test_an_image_of_a_snapshot_has_what_the_snapshot_has(world: World, guest: Instance, images: Images) -> None:
    world.write(guest.id, "file", b"first")
    first = world.snapshot(guest.disk_ids[0])
    world.write(guest.id, "file", b"second")
    second = world.snapshot(guest.disk_ids[0])
    image = images(asked(snapshot_id=second.id))
    assert (image.snapshot_id, image.consistency) == (second.id, second.consistency)
    world.hypervisor.delete_snapshot(second.id)
    world.hypervisor.delete_snapshot(first.id)
    made = world.run(world.make(image_id=image.id).id)
    assert world.read(made.id, "file") == b"second"


def test_two_who_ask_at_once_get_one_image(world: World, guest: Instance, images: Images) -> None:
    request = asked(disk_id=guest.disk_ids[0])
    found = []
    threads = [threading.Thread(target=lambda: found.append(images(request))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(map(str, found))) == 1


def test_labels_of_an_image_are_changed_and_its_content_is_not(world: World, images: Images) -> None:
    stopped = world.make()
    image = images(asked(disk_id=stopped.disk_ids[0]))
    labels = ImageLabels("new", "words", "family", ImageStatus.DEPRECATED, ("1002",))
    changed = world.hypervisor.label_image(image.id, labels)
    assert changed == world.hypervisor.image(image.id)
    assert changed == replace(
        image, name="new", description="words", family="family", status="Deprecated", shared_with=("1002",)
    )
    assert world.make(image_id=image.id).image_id == image.id


def test_what_is_not_there_is_named(world: World, images: Images) -> None:
    with pytest.raises(SnapshotAbsent):
        images(asked(snapshot_id="s-00000000000000000000"))
    with pytest.raises(DiskAbsent):
        images(asked(disk_id="d-00000000000000000000"))
    with pytest.raises(ImageAbsent):
        world.hypervisor.label_image("m-00000000000000000000", ImageLabels())
    with pytest.raises(ImageAbsent):
        world.hypervisor.read_image("m-00000000000000000000")


def test_an_image_that_is_taken_in_is_the_one_that_was_given_out(world: World, images: Images) -> None:
    base = world.hypervisor.image(world.image_id)
    content = world.hypervisor.read_image(base.id)
    request = asked(copied_from=base.id, facts=ImageFacts(os_name=base.os_name, architecture=base.architecture))
    try:
        percents: list[int] = []
        copy = world.hypervisor.import_image(request, content, percents.append)
        assert percents == sorted(percents)
        assert percents[-1] == 100
        assert (copy.size_bytes, copy.copied_from, copy.status) == (base.size_bytes, base.id, "Available")
        assert (copy.boot is None) == (base.boot is None)
        assert world.hypervisor.import_image(request, content, silent) == copy
        assert world.make(image_id=copy.id).image_id == copy.id
        for part in content.parts:
            before, after = content.parts[part], world.hypervisor.read_image(copy.id).parts[part]
            assert before.length == after.length
            assert before.read(0, before.length) == after.read(0, after.length)
    finally:
        world.clean_up(world.made)
        world.hypervisor.delete_image(request.id)


def raw_disk(size: int) -> bytes:
    return b"begin".ljust(size - 3, b"\0") + b"end"


def vhd_disk(size: int) -> bytes:
    """A fixed VHD: the disk, and a footer that says so."""
    fields = struct.pack(
        ">8sIIQI4sI4sQQHBBI", b"conectix", 2, 0x10000, 2**64 - 1, 0, b"oos ", 0, b"Wi2k", size, size, 64, 4, 16, 2
    )
    footer = fields.ljust(512, b"\0")
    total = ~sum(footer) & 0xFFFFFFFF
    return raw_disk(size) + footer[:64] + struct.pack(">I", total) + footer[68:]


@pytest.mark.parametrize("make", [raw_disk, vhd_disk])
def test_a_disk_of_another_format_is_taken_in(world: World, make: Callable[[int], bytes]) -> None:
    data = make(2 << 20)
    request = asked()
    content = ImageContent({Part.DISK: PartContent(len(data), lambda offset, length: data[offset : offset + length])})
    try:
        image = world.hypervisor.import_image(request, content, silent)
        assert (image.size_bytes, image.status, image.boot) == (2 << 20, "Available", None)
    finally:
        world.hypervisor.delete_image(request.id)


def qcow2_header(backing: bytes = b"", features: int = 0) -> bytes:
    head = struct.pack(">4sIQIIQ", b"QFI\xfb", 3, 104 if backing else 0, len(backing), 16, 1 << 20)
    return (head.ljust(72, b"\0") + struct.pack(">Q", features)).ljust(104, b"\0") + backing.ljust(1 << 16, b"\0")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (qcow2_header(b"/etc/shadow"), "stands on another file"),
        (qcow2_header(features=4), "in another file"),
        (b"KDMV".ljust(1024, b"\0"), "VMDK"),
        (b"not a disk", "sectors"),
        (b"", "sectors"),
        (b"QFI\xfb", "cut off"),
    ],
)
def test_a_file_that_is_no_whole_disk_is_refused(world: World, data: bytes, why: str) -> None:
    content = ImageContent({Part.DISK: PartContent(len(data), lambda offset, length: data[offset : offset + length])})
    request = asked()
    with pytest.raises(HypervisorFailed, match=why):
        world.hypervisor.import_image(request, content, silent)
    with pytest.raises(ImageAbsent):
        world.hypervisor.image(request.id)


def test_content_that_ends_too_soon_makes_no_image(world: World) -> None:
    data = raw_disk(1 << 20)
    short = PartContent(2 << 20, lambda offset, length: data[offset : offset + length])
    request = asked()
    with pytest.raises(HypervisorFailed, match="ended"):
        world.hypervisor.import_image(request, ImageContent({Part.DISK: short}), silent)
    failed = world.hypervisor.image(request.id)
    assert failed.status == ImageStatus.CREATE_FAILED
    assert "ended" in failed.fault
    with pytest.raises(WrongState, match=failed.id):
        world.make(image_id=failed.id)
    with pytest.raises(WrongState, match=failed.id):
        world.hypervisor.label_image(failed.id, ImageLabels())
    whole = PartContent(len(data), short.read)
    assert world.hypervisor.import_image(request, ImageContent({Part.DISK: whole}), silent).status == "Available"
    world.hypervisor.delete_image(request.id)
