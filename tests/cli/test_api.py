"""`oos api`: one operation, read about and called."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.cli.world import World


def test_services_and_operations_are_listed(world: World) -> None:
    services = {each["Service"] for each in world.run("api", "-o", "json").document}
    assert {"ECS", "VPC", "Tag"} & services
    operations = {each["Operation"]: each for each in world.run("api", "ecs", "-o", "json").document}
    assert operations["CreateSnapshot"]["Effect"] == "changes"
    assert operations["DescribeDisks"]["Summary"]


def test_an_operation_explains_its_parameters(world: World) -> None:
    said = world.run("api", "--help", "ecs", "CreateSnapshot")
    assert said.code == 0
    assert "DiskId" in said.out
    assert "required" in said.out
    assert "Tag.N.Key" in said.out
    explained = world.run("api", "ecs", "CreateSnapshot", "-h", "-o", "json").document
    assert explained["Effect"] == "changes"
    assert explained["Parameters"][0]["Required"] is True


def test_a_reading_operation_prints_its_response(world: World) -> None:
    instance = world.make_instances("web-1")[0]
    response = world.run("api", "ecs", "DescribeDisks", f"InstanceId={instance.id}").document
    assert response["Disks"]["Disk"][0]["InstanceId"] == instance.id
    assert response["RequestId"]
    assert world.run("execution", "list", "-o", "json").document == []


def test_values_may_be_json(world: World) -> None:
    world.make_instances("web-1", "web-2", "web-3")
    response = world.run("api", "ecs", "DescribeDisks", "PageSize:=2").document
    assert len(response["Disks"]["Disk"]) == 2
    everything = world.run("api", "ecs", "DescribeDisks", "PageSize:=2", "--all-pages").document
    assert len(everything["Disks"]["Disk"]) == 3


def test_a_changing_operation_is_recorded(world: World) -> None:
    instance = world.make_instances("web-1")[0]
    said = world.run("api", "ecs", "CreateSnapshot", f"DiskId={instance.disk_ids[0]}", "SnapshotName={{ mine }}")
    assert said.code == 0, said
    made = said.document["SnapshotId"]
    listed = world.run("execution", "list", "-o", "json").document
    assert [(each["TemplateName"], each["Status"]) for each in listed] == [("ECS.CreateSnapshot", "Success")]
    snapshot = world.run("fleet", "show", made, "-o", "json").document
    assert snapshot["SnapshotName"] == "{{ mine }}", "a value given by hand is no expression"


def test_a_destroying_operation_named_by_hand_is_not_asked_about(world: World) -> None:
    instance = world.make_instances("web-1")[0]
    made = world.run("api", "ecs", "CreateSnapshot", f"DiskId={instance.disk_ids[0]}").document["SnapshotId"]
    assert world.run("api", "ecs", "DeleteSnapshot", f"SnapshotId={made}").code == 0
    assert world.run("fleet", "list", "snapshots", "-o", "json").document == []


def test_wrong_parameters_end_with_2_and_record_nothing(world: World) -> None:
    missing = world.run("api", "ecs", "CreateSnapshot")
    assert missing.code == 2
    assert "DiskId" in missing.err
    unknown = world.run("api", "ecs", "CreateSnapshot", "DiskID=d-1", "SnapshotNmae=x", "-o", "json")
    assert unknown.code == 2
    assert "SnapshotName" in unknown.document["Error"]["Message"]
    assert world.run("execution", "list", "-o", "json").document == []


def test_a_refusal_of_the_service_ends_with_1_and_its_code(world: World) -> None:
    said = world.run("api", "ecs", "CreateSnapshot", "DiskId=d-00000000000000000000", "-o", "json")
    assert said.code == 1
    assert said.document["Error"]["Code"] == "InvalidDiskId.NotFound"
    assert "d-00000000000000000000" in said.err


def test_an_unreachable_host_ends_with_4(world: World) -> None:
    world.make_instances("web-1")
    world.change_host("h1", unreachable=True)
    said = world.run("api", "ecs", "DescribeDisks", "-o", "json")
    assert said.code == 4
    assert said.document["Error"]["Code"] == "ServiceUnavailable"


def test_names_that_do_not_exist_get_the_nearest(world: World) -> None:
    said = world.run("api", "ecs", "CreateSnapshott")
    assert said.code == 2
    assert "did you mean CreateSnapshot?" in said.err
    said = world.run("api", "esc", "CreateSnapshot")
    assert said.code == 2
    assert "did you mean ECS?" in said.err


def test_a_dry_run_stays_one(world: World) -> None:
    instance = world.make_instances("web-1")[0]
    said = world.run("api", "ecs", "CreateSnapshot", f"DiskId={instance.disk_ids[0]}", "DryRun=true", "-o", "json")
    assert said.document["Error"]["Code"] == "DryRunOperation"
    assert world.run("fleet", "list", "snapshots", "-o", "json").document == []


def test_an_operation_that_is_not_supported_is_named(world: World) -> None:
    for service, name in (("ecs", "CreateVsc"), ("vpc", "CreateIpsecServer")):
        said = world.run("api", service, name, "-o", "json")
        assert said.code == 2
        assert said.document["Error"]["Code"] == "UnsupportedOperation"
        assert f"{service}.{name} is not supported" in said.document["Error"]["Message"]
    assert (
        world.run("api", "ecs", "DescribeInstanses", "-o", "json").document["Error"]["Code"] == "InvalidAction.NotFound"
    )


# secrets of a response


def test_a_private_key_is_handed_over_in_a_file_of_its_owner_alone(world: World, tmp_path: Path) -> None:
    place = tmp_path / "ops.pem"
    said = world.run("api", "ecs", "CreateKeyPair", "KeyPairName=ops", "KeyType=Ed25519", "--save", str(place))
    assert said.code == 0, said
    assert said.document["PrivateKeyBody"] == "***"
    assert place.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE KEY" in place.read_text()
    assert "PRIVATE" not in said.out + said.err
    public = subprocess.run(["ssh-keygen", "-y", "-f", place], check=True, capture_output=True, text=True).stdout
    (pair,) = world.run("api", "ecs", "DescribeKeyPairs", "IncludePublicKey=true").document["KeyPairs"]["KeyPair"]
    assert pair["PublicKey"].split()[:2] == public.split()[:2]


def test_a_secret_is_printed_only_for_who_asks(world: World) -> None:
    world.run("api", "oos", "CreateSecretParameter", "Name=pin", "Value=canary-4711")
    ask = ("api", "oos", "GetSecretParameter", "Name=pin", "WithDecryption=true")
    assert "canary" not in world.run(*ask).out
    assert world.run(*ask, "--reveal").document["Parameter"]["Value"] == "canary-4711"


def test_a_secret_is_never_written_over_a_file_or_lost_by_detaching(world: World, tmp_path: Path) -> None:
    place = tmp_path / "there"
    place.write_text("mine")
    call = ("api", "ecs", "CreateKeyPair", "KeyPairName=ops")
    assert world.run(*call, "--save", str(place)).code == 2
    assert world.run(*call, "--save", str(tmp_path / "none" / "x")).code == 2
    assert world.run(*call, "--save", str(tmp_path / "x"), "--detach").code == 2
    assert place.read_text() == "mine"
    assert world.run("execution", "list", "-o", "json").document == []


def test_which_secret_is_saved_can_be_named(world: World, tmp_path: Path) -> None:
    world.run("api", "oos", "CreateSecretParameter", "Name=pin", "Value=canary-4711")
    ask = ("api", "oos", "GetSecretParameter", "Name=pin", "WithDecryption=true")
    assert world.run(*ask, "--save", f"Value={tmp_path / 'pin'}").code == 0
    assert (tmp_path / "pin").read_text() == "canary-4711\n"
    said = world.run(*ask, "--save", f"Nothing={tmp_path / 'other'}")
    assert said.code == 1
    assert "Parameter.Value" in said.err
    assert not (tmp_path / "other").exists()
