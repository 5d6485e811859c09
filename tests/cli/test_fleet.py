"""`oos fleet`: what there is, for people, programs and Ansible."""

from __future__ import annotations

from tests.cli.world import World


def test_instances_are_listed_by_name(world: World) -> None:
    made = world.make_instances("web-2", "web-1", role="web")
    world.make_instances("db-1", host="h2")
    said = world.run("fleet", "list")
    lines = said.out.splitlines()
    assert [line.split()[1] for line in lines] == ["NAME", "db-1", "web-1", "web-2"]
    assert made[1].id in lines[2]
    documents = world.run("fleet", "list", "-o", "json").document
    assert documents[1]["InstanceId"] == made[1].id
    assert documents[1]["Tags"] == {"role": "web"}


def test_every_kind_can_be_listed(world: World) -> None:
    world.make_instances("web-1")
    disk = world.run("fleet", "list", "disks", "-o", "json").document[0]
    world.run("api", "ecs", "CreateSnapshot", f"DiskId={disk['DiskId']}", "SnapshotName=first")
    for kind, field in (
        ("disks", "DiskId"),
        ("snapshots", "SnapshotId"),
        ("images", "ImageId"),
        ("networks", "VSwitchId"),
        ("hosts", "Host"),
    ):
        documents = world.run("fleet", "list", kind, "-o", "json").document
        assert documents, kind
        assert documents[0][field]
        assert documents[0][field] in world.run("fleet", "list", kind, "--wide").out
        lines = world.run("fleet", "list", kind, "-o", "ndjson").out.splitlines()
        assert len(lines) == len(documents)


def test_a_host_that_does_not_answer_is_a_failure_not_an_empty_list(world: World) -> None:
    world.make_instances("web-1")
    world.make_instances("db-1", host="h2")
    world.change_host("h2", unreachable=True)
    said = world.run("fleet", "list")
    assert (said.code, said.out) == (4, "")
    assert "host h2 is unreachable" in said.err
    hosts = world.run("fleet", "list", "hosts", "-o", "json").document
    assert [(host["Host"], host["Status"]) for host in hosts] == [("h1", "ok"), ("h2", "Unreachable")]


def test_one_thing_is_shown_with_what_belongs_to_it(world: World) -> None:
    instance = world.make_instances("web-1", role="web")[0]
    by_name = world.run("fleet", "show", "web-1")
    assert by_name.code == 0
    assert instance.id in by_name.out
    assert instance.disk_ids[0] in by_name.out
    document = world.run("fleet", "show", instance.id, "-o", "json").document
    assert document["InstanceName"] == "web-1"
    assert document["Disks"][0]["DiskId"] == instance.disk_ids[0]
    assert world.run("fleet", "show", instance.disk_ids[0], "-o", "json").document["InstanceId"] == instance.id
    assert world.run("fleet", "show", instance.image_id, "-o", "json").document["ImageName"] == "tiny"


def test_what_is_not_there_is_said_with_the_nearest_name(world: World) -> None:
    world.make_instances("web-1")
    said = world.run("fleet", "show", "wep-1")
    assert said.code == 1
    assert "did you mean web-1?" in said.err
    assert world.run("fleet", "show", "d-00000000000000000000").code == 1
    said = world.run("fleet", "list", "--region", "simm")
    assert said.code == 2
    assert "did you mean sim?" in said.err


def test_ansible_gets_hosts_with_addresses_and_groups(world: World) -> None:
    instance = world.make_instances("web-1", role="web")[0]
    world.make_instances("db-1", host="h2")
    inventory = world.run("fleet", "list", "--ansible").document
    assert inventory["tag_role_web"] == {"hosts": ["web-1"]}
    assert inventory["status_running"] == {"hosts": ["db-1", "web-1"]}
    variables = inventory["_meta"]["hostvars"]["web-1"]
    assert variables["oos_instance_id"] == instance.id
    assert variables["ansible_host"] == variables["oos_addresses"][0]


def test_a_broken_inventory_is_told_at_its_place(world: World) -> None:
    (world.folder / "inventory.yml").write_text("regions:\n  - id: [\n")
    said = world.run("fleet", "list")
    assert said.code == 2
    assert "inventory.yml:3:1: error[OOS901]" in said.err


def test_a_graph_tells_what_stands_on_what(world: World) -> None:
    (made,) = world.make_instances("web-1")
    disk = world.run("fleet", "list", "disks", "-o", "json").document[0]["DiskId"]
    world.run("api", "ecs", "CreateSnapshot", f"DiskId={disk}", "SnapshotName=first")
    drawn = world.run("fleet", "graph")
    assert drawn.code == 0
    assert [line.strip("│├└─ ").split()[0] for line in drawn.out.splitlines()] == [
        *("region", "zone", "host", "instance", "disk", "snapshot"),
        *("zone", "host"),
    ]
    (card,) = world.run("fleet", "graph", "--by", "networks", "-o", "json").document["Below"][0]["Below"]
    assert card["Id"] == made.id
    dot = world.run("fleet", "graph", "--dot").out
    assert dot.startswith("digraph fleet {")
    assert "instance web-1" in dot


def test_a_graph_is_drawn_without_the_hosts_that_do_not_answer(world: World) -> None:
    world.make_instances("web-1")
    world.make_instances("web-2", host="h2")
    world.change_host("h2", unreachable=True)
    drawn = world.run("fleet", "graph")
    assert drawn.code == 4
    assert "host h2 Unreachable" in drawn.out
    assert "web-1" in drawn.out
