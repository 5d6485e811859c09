"""Images on libvirt: kill -9 in the middle, and the same request again; what boots them is kept as long as needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from oos.adapters.libvirt.connection import Connection, Deadlines, Handle
from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.fleet.errors import ImageAbsent
from oos.fleet.image import ImageContent, ImageFacts, ImageLabels, ImageRequest, ImageStatus, Part, PartContent
from oos.fleet.instance import StopMethod
from oos.fleet.storage import Consistency
from oos.values.identifiers import resource_id
from tests.fleet.killed_at import T
from tests.fleet.real_world import RealWorld, lab_host
from tests.fleet.test_libvirt_kills import Died, run_until_killed
from tests.fleet.world import fresh_token

pytestmark = pytest.mark.real

HARMFUL = ("guest-fsfreeze-freeze", "beginning a backup", "guest-fsfreeze-thaw", "deleting it")
"""The calls before which a death harms most."""


@pytest.fixture
def real(lab_world: RealWorld) -> Iterator[RealWorld]:
    yield lab_world
    lab_world.clean_up(lab_world.made)


def request_of(disk_id: str = "", **changes: object) -> ImageRequest:
    token = fresh_token()
    request = ImageRequest(resource_id("m", token), token, datetime(2026, 1, 2, tzinfo=UTC), disk_id=disk_id)
    return replace(request, **changes)  # type: ignore[arg-type]  # names of fields, chosen by the test


def volumes(world: RealWorld) -> set[str]:
    return set(world.libvirt._image_pool.names())


def test_an_image_of_a_running_guest_survives_kills(real: RealWorld) -> None:
    guest = real.guest()
    before = volumes(real)
    for moment in (*range(0, 24, 6), *HARMFUL):
        request = request_of(guest.disk_ids[0])
        death = run_until_killed(real, moment, "create_image", request)
        assert death == moment if isinstance(moment, str) else death
        image = real.hypervisor.create_image(request, lambda percent: None)
        assert (image.status, image.instance_id) == (ImageStatus.AVAILABLE, guest.id)
        assert image.consistency in (Consistency.FROZEN, Consistency.CRASH)
        # Frozen file systems would block this write, and the agent would refuse it.
        real.write(guest.id, "file", b"the guest is alive")
        real.hypervisor.delete_image(image.id)
        assert volumes(real) == before


def test_what_a_dead_maker_left_is_deleted_and_its_guest_thawed(real: RealWorld) -> None:
    guest = real.guest()
    before = volumes(real)
    request = request_of(guest.disk_ids[0])
    assert run_until_killed(real, "guest-fsfreeze-thaw", "create_image", request)
    assert real.libvirt._is_frozen(guest.id)
    real.hypervisor.delete_image(request.id)
    assert not real.libvirt._is_frozen(guest.id)
    assert volumes(real) == before


def test_an_image_that_is_taken_in_survives_deaths(real: RealWorld) -> None:
    before = volumes(real)
    base = real.hypervisor.image(real.image_id)
    content = real.hypervisor.read_image(base.id)
    finished, calls = False, 0
    while not finished:
        request = request_of(facts=ImageFacts(architecture=base.architecture))
        mortal = LibvirtHypervisor(lab_host(real.zone), connect=partial(Dying, calls))
        try:
            mortal.import_image(request, content, lambda percent: None)
            finished = True
        except Died:
            calls += 4
        finally:
            mortal.close()
        image = real.hypervisor.import_image(request, content, lambda percent: None)
        assert (image.status, image.size_bytes) == (ImageStatus.AVAILABLE, base.size_bytes)
        real.hypervisor.delete_image(image.id)
        assert volumes(real) == before
    assert calls > 20


class Dying(Connection):
    """A connection that carries so many calls; whoever makes the next one dies."""

    def __init__(self, calls: int, host: str, uri: str, deadlines: Deadlines) -> None:
        super().__init__(host, uri, deadlines)
        self.calls = calls

    def call(self, target: str, what: str, function: Callable[[Handle], T], *, seconds: float | None = None) -> T:
        self.calls -= 1
        if self.calls < 0:
            raise Died
        return super().call(target, what, function, seconds=seconds)


def test_kernels_go_when_the_last_who_boots_by_them_goes(real: RealWorld) -> None:
    before = volumes(real)
    base = real.hypervisor.image(real.image_id)
    parts = dict(real.hypervisor.read_image(base.id).parts)
    content = ImageContent({**parts, Part.KERNEL: PartContent(3, _read), Part.INITRD: PartContent(3, _read)}, "quiet")
    first = request_of(labels=ImageLabels("first"), facts=ImageFacts(architecture=base.architecture))
    real.hypervisor.import_image(first, content, lambda percent: None)
    instance = real.make(image_id=first.id)
    second = request_of(instance.disk_ids[0])
    assert real.hypervisor.create_image(second, lambda percent: None).boot == real.hypervisor.image(first.id).boot
    kernels = {f"{first.id}.kernel", f"{first.id}.initrd"}
    real.hypervisor.delete_image(first.id)
    assert kernels <= volumes(real)
    real.hypervisor.stop(instance.id, StopMethod.POWER_OFF)
    real.hypervisor.delete_image(second.id)
    assert kernels == volumes(real) - before
    real.clean_up(real.made)
    third = request_of(labels=ImageLabels("third"))
    real.hypervisor.import_image(third, ImageContent({Part.DISK: parts[Part.DISK]}), lambda percent: None)
    real.hypervisor.delete_image(third.id)
    assert volumes(real) == before
    with pytest.raises(ImageAbsent):
        real.hypervisor.image(third.id)


def _read(offset: int, length: int) -> bytes:
    return b"abc"[offset : offset + length]
