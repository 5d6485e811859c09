"""`oos doctor`: hosts of the inventory."""

from __future__ import annotations

from typing import Any

from tests.cli.world import World


def _found(world: World, code: int) -> dict[str, Any]:
    said = world.run("doctor", "-o", "json")
    assert said.code == code, said
    return {each["Subject"]: each for each in said.document}


def test_each_host_its_pools_and_its_agents_are_looked_at(world: World) -> None:
    world.make_instances("web-1", "web-2")
    found = _found(world, 0)
    assert found["host h1"]["Detail"].endswith("answers, 2 instances")
    assert found["pools of h1"]["Detail"] == "disks, snapshots, images"
    assert found["agents of h1"]["Detail"] == "2 of 2 guests answer"
    assert found["agents of h2"]["Detail"] == "no instance runs"


def test_a_host_that_does_not_answer_ends_with_4_and_a_remedy(world: World) -> None:
    world.make_instances("web-1")
    world.change_host("h1", unreachable=True)
    found = _found(world, 4)
    assert found["host h1"]["State"] == "missing"
    assert "does not answer" in found["host h1"]["Detail"]
    assert "virsh -c" in found["host h1"]["Remedy"]
    assert found["host h2"]["State"] == "ok"


def test_a_guest_whose_agent_is_silent_is_named(world: World) -> None:
    _, second = world.make_instances("web-1", "web-2")
    world.change_host("h1", without_agent=[second.id])
    found = _found(world, 0)
    assert found["agents of h1"]["State"] == "limited"
    assert found["agents of h1"]["Detail"] == "1 of 2 guests answer; not web-2"
    assert "qemu-guest-agent" in found["agents of h1"]["Remedy"]
