"""The operations on tags, of ECS and of the Tag service."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import oos_disk
import oos_instance
import oos_network
import oos_snapshot
import oos_tag
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_disk.MODULE, oos_snapshot.MODULE, oos_network.MODULE, oos_tag.MODULE))


def one_of_each(world: World) -> dict[str, str]:
    """Resources that can be tagged, by kind."""
    id = world.run()
    instance = world.instance(id)
    made = world.call("CreateSnapshot", DiskId=instance.disk_ids[0])["SnapshotId"]
    return {
        "instance": id,
        "disk": instance.disk_ids[0],
        "snapshot": made,
        "image": world.image_id,
        "eni": instance.interfaces[0].id,
    }


def tags(world: World, kind: str, id: str) -> dict[str, str]:
    listed = world.call("ListTagResources", ResourceType=kind, ResourceId=[id])["TagResources"]["TagResource"]
    return {row["TagKey"]: row["TagValue"] for row in listed}


@pytest.mark.parametrize("kind", ["instance", "disk", "snapshot", "image", "eni"])
def test_tags_are_set_replaced_and_removed(world: World, kind: str) -> None:
    id = one_of_each(world)[kind]
    world.call(
        "TagResources",
        ResourceType=kind,
        ResourceId=[id],
        Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
    )
    assert tags(world, kind, id) == {"a": "1", "b": "2"}
    world.call("TagResources", **{"ResourceType": kind, "ResourceId.1": id, "Tag.1.Key": "a", "Tag.1.Value": "3"})
    assert tags(world, kind, id) == {"a": "3", "b": "2"}
    world.call("UntagResources", ResourceType=kind, ResourceId=[id], TagKey=["b", "never"])
    assert tags(world, kind, id) == {"a": "3"}
    world.call("UntagResources", ResourceType=kind, ResourceId=[id], All="true")
    assert tags(world, kind, id) == {}


def test_tags_that_a_snapshot_was_made_with_can_be_removed(world: World) -> None:
    disk = world.instance(world.run()).disk_ids[0]
    made = world.call("CreateSnapshot", DiskId=disk, Tags=[{"Key": "a", "Value": "1"}])["SnapshotId"]
    assert tags(world, "snapshot", made) == {"a": "1"}
    world.call("UntagResources", ResourceType="snapshot", ResourceId=[made], TagKey=["a"])
    assert tags(world, "snapshot", made) == {}
    assert world.call("DescribeSnapshots", Tag=[{"Key": "a"}])["TotalCount"] == 0


def test_nothing_is_tagged_when_one_is_not_there(world: World) -> None:
    id = world.run()
    refusal = world.refusal(
        "TagResources", ResourceType="instance", ResourceId=[id, "i-none"], Tag=[{"Key": "a", "Value": "b"}]
    )
    assert (refusal.code, "i-none" in refusal.message) == ("InvalidResourceId.NotFound", True)
    assert tags(world, "instance", id) == {}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"ResourceType": "house"}, "InvalidParameter.ResourceType"),
        ({"Tag": []}, "MissingParameter"),
        ({"ResourceId": []}, "MissingParameter"),
        ({"Tag": [{"Key": f"k{number}"} for number in range(21)]}, "InvalidParameter.Tag"),
        ({"Tag": [{"Key": "acs:rm", "Value": "x"}]}, "InvalidTagKey.Malformed"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(world: World, parameters: dict[str, Any], code: str) -> None:
    given = {"ResourceType": "instance", "ResourceId": [world.run()], "Tag": [{"Key": "a"}], **parameters}
    assert world.refusal("TagResources", **given).code == code


@pytest.mark.parametrize("kind", ["instance", "disk"])
def test_a_resource_has_at_most_twenty_tags(world: World, kind: str) -> None:
    id = one_of_each(world)[kind]
    many = [{"Key": f"k{number}", "Value": "v"} for number in range(20)]
    world.call("TagResources", ResourceType=kind, ResourceId=[id], Tag=many)
    refusal = world.refusal("TagResources", ResourceType=kind, ResourceId=[id], Tag=[{"Key": "one-more"}])
    assert refusal.code == "QuotaExceed.TagsPerResource"
    assert len(tags(world, kind, id)) == 20


@pytest.mark.parametrize("kind", ["instance", "disk"])
def test_tagging_at_the_same_time_loses_nothing(world: World, kind: str) -> None:
    id = one_of_each(world)[kind]
    threads = [
        threading.Thread(
            target=world.call,
            args=("TagResources",),
            kwargs={"ResourceType": kind, "ResourceId": [id], "Tag": [{"Key": f"k{number}", "Value": "v"}]},
        )
        for number in range(12)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(tags(world, kind, id)) == 12


def test_resources_are_found_by_their_tags(world: World) -> None:
    web, db = world.run(Tag=[{"Key": "role", "Value": "web"}, {"Key": "x", "Value": "y"}]), world.run()
    world.call("TagResources", ResourceType="instance", ResourceId=[db], Tag=[{"Key": "role", "Value": "db"}])
    listed = world.call("ListTagResources", ResourceType="instance", Tag=[{"Key": "role"}])
    rows = [(row["ResourceId"], row["TagKey"], row["TagValue"]) for row in listed["TagResources"]["TagResource"]]
    assert sorted(rows) == sorted([(web, "role", "web"), (db, "role", "db")])
    exact = world.call("ListTagResources", ResourceType="instance", Tag=[{"Key": "role", "Value": "db"}])
    assert [row["ResourceId"] for row in exact["TagResources"]["TagResource"]] == [db]
    assert world.refusal("ListTagResources", ResourceType="instance").code == "MissingParameter"


def test_tags_in_use_are_counted_by_kind(world: World) -> None:
    each = one_of_each(world)
    for kind in ("instance", "disk"):
        world.call("TagResources", ResourceType=kind, ResourceId=[each[kind]], Tag=[{"Key": "a", "Value": "1"}])
    world.call("TagResources", ResourceType="disk", ResourceId=[each["disk"]], Tag=[{"Key": "b", "Value": "2"}])
    counted = world.call("DescribeTags")["Tags"]["Tag"]
    assert counted == [
        {"TagKey": "a", "TagValue": "1", "ResourceTypeCount": {"Instance": 1, "Disk": 1}},
        {"TagKey": "b", "TagValue": "2", "ResourceTypeCount": {"Disk": 1}},
    ]
    assert world.call("DescribeTags", ResourceType="instance")["TotalCount"] == 1
    assert world.call("DescribeTags", Tag=[{"Key": "b", "Value": "2"}])["TotalCount"] == 1
    assert world.call("DescribeTags", ResourceId=each["disk"])["TotalCount"] == 2


def test_the_tag_service_tags_the_same_resources(world: World) -> None:
    each = one_of_each(world)
    arns = {kind: f"arn:acs:ecs:lab:1000000000000000:{kind}/{id}" for kind, id in each.items()}
    answer = world.call(
        "Tag.TagResources", ResourceARN=[*arns.values(), "arn:acs:ecs:lab:*:instance/i-none", "x"], Tags='{"a": "1"}'
    )
    failed = answer["FailedResources"]["FailedResource"]
    assert [(each["ResourceARN"], each["Result"]["Code"]) for each in failed] == [
        ("arn:acs:ecs:lab:*:instance/i-none", "InvalidResourceId.NotFound"),
        ("x", "InvalidParameter.ResourceARN"),
    ]
    assert {kind: tags(world, kind, id) for kind, id in each.items()} == {kind: {"a": "1"} for kind in each}
    listed = world.call("Tag.ListTagResources", Tags={"a": "1"}, PageSize=3)
    rest = world.call("Tag.ListTagResources", Tags={"a": "1"}, PageSize=3, NextToken=listed["NextToken"])
    names = [row["ResourceARN"] for page in (listed, rest) for row in page["TagResources"]]
    assert sorted(names) == sorted(arns.values())
    one = world.call("Tag.ListTagResources", ResourceARN=[arns["disk"]])["TagResources"]
    assert one == [{"ResourceARN": arns["disk"], "Tags": [{"Category": "Custom", "Key": "a", "Value": "1"}]}]
    world.call("Tag.UnTagResources", ResourceARN=list(arns.values()), TagKey=["a"])
    assert world.call("Tag.ListTagResources", Tags={"a": "1"})["TagResources"] == []


def test_keys_and_values_in_use_are_listed(world: World) -> None:
    world.run(Tag=[{"Key": "role", "Value": "web"}, {"Key": "owner", "Value": "ops"}])
    world.run(Tag=[{"Key": "role", "Value": "db"}])
    keys = world.call("Tag.ListTagKeys")["Keys"]["Key"]
    assert [each["Key"] for each in keys] == ["owner", "role"]
    assert world.call("Tag.ListTagKeys", TagFilter={"Key": "ro"})["Keys"]["Key"] == [
        {"Key": "role", "Category": "custom"}
    ]
    assert world.call("Tag.ListTagKeys", TagFilter={"Key": "ro"}, FuzzyType="EQUAL")["Keys"]["Key"] == []
    assert world.call("Tag.ListTagValues", Key="role")["Values"]["Value"] == ["db", "web"]
    assert world.call("Tag.ListTagValues", Key="none")["Values"]["Value"] == []


def test_network_cards_are_described_and_found(world: World) -> None:
    each = one_of_each(world)
    other = world.run()
    world.call("TagResources", ResourceType="eni", ResourceId=[each["eni"]], Tag=[{"Key": "a", "Value": "1"}])
    (found,) = world.call("DescribeNetworkInterfaces", InstanceId=each["instance"])["NetworkInterfaceSets"][
        "NetworkInterfaceSet"
    ]
    wanted = {
        "NetworkInterfaceId": each["eni"],
        "InstanceId": each["instance"],
        "Status": "InUse",
        "Type": "Primary",
        "VSwitchId": "default",
        "ZoneId": "lab-a",
        "Tags": {"Tag": [{"TagKey": "a", "TagValue": "1"}]},
        "Attachment": {"InstanceId": each["instance"], "DeviceIndex": 0},
    }
    assert {key: found[key] for key in wanted} == wanted
    address = found["PrivateIpAddress"]
    assert found["PrivateIpSets"]["PrivateIpSet"] == [{"PrivateIpAddress": address, "Primary": True}]
    for conditions, count in (
        ({}, 2),
        ({"InstanceId": other}, 1),
        ({"NetworkInterfaceId": [each["eni"]]}, 1),
        ({"NetworkInterfaceId.1": "eni-none"}, 0),
        ({"PrimaryIpAddress": address}, 1),
        ({"PrivateIpAddress": ["1.1.1.1", address]}, 1),
        ({"PrimaryIpAddress": "1.1.1.1"}, 0),
        ({"Type": "Secondary"}, 0),
        ({"Status": "Available"}, 0),
        ({"VSwitchId": "default"}, 2),
        ({"VpcId": "vpc-1"}, 0),
        ({"SecurityGroupId": "sg-1"}, 0),
        ({"Tag": [{"Key": "a"}]}, 1),
    ):
        assert world.call("DescribeNetworkInterfaces", **conditions)["TotalCount"] == count, conditions
