"""`Protect: Snapshot` on a real guest: what fails is undone byte for byte, and the guest is back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oos.fleet.fleet import Fleet
from oos.inventory.load import DEFAULT_INSTANCE_TYPES
from oos.inventory.model import Inventory, Region, Zone
from oos.lab.config import LabConfig
from oos.service.catalog import installed_modules
from tests.modules.executions import Runner, failed, runner, succeeded
from tests.modules.world import World

pytestmark = pytest.mark.real


@pytest.fixture
def real_guest(lab: LabConfig) -> Iterator[tuple[Runner, str]]:
    """An engine over the lab, and the id of an instance of the test's own, which goes in the end."""
    from tests.fleet.real_world import lab_host, real_world

    with real_world(lab) as real:
        host = lab_host(lab)
        region = Region("lab", "the lab", (Zone("lab-a", "lab", "zone lab-a", (host,)),))
        world = World(installed_modules())
        types = {each.id: each for each in DEFAULT_INSTANCE_TYPES}
        world.fleet = Fleet(Inventory((region,), types, "lab", world.prices), lambda each: real.hypervisor)
        guest = real.run(real.make().id)
        try:
            with runner(world) as made:
                yield made, guest.id
        finally:
            real.clean_up(real.made)


def test_a_change_that_fails_is_undone_and_one_that_succeeds_leaves_no_snapshot(real_guest: tuple[Runner, str]) -> None:
    oos, id = real_guest
    hypervisor, instance = oos.world.fleet.of_instance(id)
    hypervisor.guest_write(id, "/root/data", b"fine")
    targets = {"Type": "ResourceIds", "ResourceIds": [id], "RegionId": "lab"}
    message = failed(
        oos.runbook("protected-change.yml", targets=targets, command="echo worse > /root/data && sync && test -f /no")
    )
    assert "its targets were taken back to their snapshots" in message
    assert hypervisor.guest_read(id, "/root/data") == b"fine"
    (kept,) = [each for each in hypervisor.snapshots() if each.disk_id == instance.disk_ids[0]]
    assert kept.name == "protect"
    command = "echo better > /root/data && sync"
    assert succeeded(oos.runbook("protected-change.yml", targets=targets, command=command))["changed"] == [id]
    assert hypervisor.guest_read(id, "/root/data") == b"better\n"
    assert [each.id for each in hypervisor.snapshots() if each.disk_id == instance.disk_ids[0]] == [kept.id]
