"""Launch templates and deployment sets: what is made from them, and where."""

from __future__ import annotations

from typing import Any

import pytest

import oos_deployment_set
import oos_instance
import oos_launch_template
from tests.modules.world import TYPE, World


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_launch_template.MODULE, oos_deployment_set.MODULE))


def keep(world: World, token: str = "", **data: Any) -> str:
    given = {"LaunchTemplateName": "web", "ImageId": world.image_id, "InstanceType": TYPE, **data}
    return str(world.call("CreateLaunchTemplate", token, **given)["LaunchTemplateId"])


def made(world: World, **parameters: Any) -> list[str]:
    return list(world.call("RunInstances", **parameters)["InstanceIdSets"]["InstanceIdSet"])


# launch templates


def test_instances_are_made_from_a_launch_template(world: World) -> None:
    id = keep(
        world,
        InstanceName="web",
        Tag=[{"Key": "role", "Value": "web"}],
        SystemDisk={"Size": 3},
        DataDisk=[{"Size": 2, "DiskName": "data"}],
    )
    for named in ({"LaunchTemplateId": id}, {"LaunchTemplateName": "web", "LaunchTemplateVersion": 1}):
        (instance_id,) = made(world, **named)
        instance = world.instance(instance_id)
        assert (instance.name, instance.instance_type, dict(instance.labels.tags)) == ("web", TYPE, {"role": "web"})
        disks = [world.home(instance_id).disk(disk).size_bytes >> 30 for disk in instance.disk_ids]
        assert disks == [3, 2]


def test_what_is_given_counts_before_the_launch_template(world: World) -> None:
    id = keep(world, InstanceName="web", SystemDisk={"Size": 3}, Tag=[{"Key": "a", "Value": "b"}], Description="x")
    given = {"InstanceName": "db", "SystemDiskSize": 4, "Tags": [{"Key": "c", "Value": "d"}], "Amount": 2}
    first, second = made(world, LaunchTemplateId=id, **given)
    instance = world.instance(first)
    assert (instance.name, dict(instance.labels.tags), instance.labels.description) == ("db", {"c": "d"}, "x")
    assert world.home(second).disk(world.instance(second).disk_ids[0]).size_bytes >> 30 == 4


def test_a_launch_template_has_versions_and_a_default(world: World) -> None:
    id = keep(world, InstanceName="one")
    assert keep(world, token="t2", LaunchTemplateName="other") != id
    version = {"LaunchTemplateName": "web", "ImageId": world.image_id, "InstanceType": TYPE, "InstanceName": "two"}
    for _ in range(2):
        answer = world.call("CreateLaunchTemplateVersion", "t3", VersionDescription="second", **version)
        assert answer["LaunchTemplateVersionNumber"] == 2
    assert world.instance(made(world, LaunchTemplateId=id)[0]).name == "one"
    assert world.instance(made(world, LaunchTemplateId=id, LaunchTemplateVersion=2)[0]).name == "two"
    world.call("ModifyLaunchTemplateDefaultVersion", LaunchTemplateId=id, DefaultVersionNumber=2)
    assert world.instance(made(world, LaunchTemplateId=id)[0]).name == "two"
    listed = world.call("DescribeLaunchTemplates", LaunchTemplateName=["web"])["LaunchTemplateSets"]
    (shape,) = listed["LaunchTemplateSet"]
    assert (shape["DefaultVersionNumber"], shape["LatestVersionNumber"]) == (2, 2)
    versions = world.call("DescribeLaunchTemplateVersions", LaunchTemplateId=id)["LaunchTemplateVersionSets"]
    rows = versions["LaunchTemplateVersionSet"]
    assert [(each["VersionNumber"], each["DefaultVersion"]) for each in rows] == [(2, True), (1, False)]
    assert rows[0]["LaunchTemplateData"]["InstanceName"] == "two"
    one = world.call("DescribeLaunchTemplateVersions", LaunchTemplateId=id, LaunchTemplateVersion=[1], DetailFlag=False)
    assert "LaunchTemplateData" not in one["LaunchTemplateVersionSets"]["LaunchTemplateVersionSet"][0]
    refused = world.refusal("DeleteLaunchTemplateVersion", LaunchTemplateId=id, DeleteVersion=[2])
    assert refused.code == "InvalidLaunchTemplateVersion.DefaultVersion"
    for _ in range(2):
        world.call("DeleteLaunchTemplateVersion", "d1", LaunchTemplateId=id, DeleteVersion=[1])
    missing = world.refusal("RunInstances", LaunchTemplateId=id, LaunchTemplateVersion=1)
    assert missing.code == "InvalidLaunchTemplateVersion.NotFound"
    for _ in range(2):
        world.call("DeleteLaunchTemplate", "d2", LaunchTemplateId=id)
    assert world.refusal("RunInstances", LaunchTemplateId=id).code == "InvalidLaunchTemplate.NotFound"


def test_lists_of_a_version_are_shown_as_the_service_wraps_them(world: World) -> None:
    data: dict[str, Any] = {
        "SecurityGroupIds": ["sg-1"],
        "DataDisk": [{"Size": 2, "Category": "cloud"}],
        "NetworkInterface": [{"VSwitchId": "default", "SecurityGroupIds": ["sg-1"]}],
        "Tag": [{"Key": "a", "Value": "b"}],
        "UserData": "I2Nsb3Vk",
    }
    id = keep(world, **data)
    versions = world.call("DescribeLaunchTemplateVersions", LaunchTemplateId=id)["LaunchTemplateVersionSets"]
    shown = versions["LaunchTemplateVersionSet"][0]["LaunchTemplateData"]
    assert shown["SecurityGroupIds"] == {"SecurityGroupId": ["sg-1"]}
    assert shown["DataDisks"] == {"DataDisk": [{"Size": 2, "Category": "cloud"}]}
    assert shown["NetworkInterfaces"]["NetworkInterface"][0]["SecurityGroupIds"] == {"SecurityGroupId": ["sg-1"]}
    assert shown["Tags"] == {"InstanceTag": [{"Key": "a", "Value": "b"}]}
    refused = world.refusal("RunInstances", LaunchTemplateId=id)
    assert refused.code == "InvalidParameter.Conflict"


def test_a_name_is_used_once_and_what_is_missing_is_named(world: World) -> None:
    keep(world)
    assert world.refusal("CreateLaunchTemplate", LaunchTemplateName="web").code == (
        "InvalidLaunchTemplateName.Duplicated"
    )
    bare = world.call("CreateLaunchTemplate", LaunchTemplateName="bare")["LaunchTemplateId"]
    assert world.refusal("RunInstances", LaunchTemplateId=bare).code == "MissingParameter"
    assert world.refusal("RunInstances", ImageId=world.image_id).message.count("InstanceType") == 1
    assert world.refusal("DescribeLaunchTemplateVersions").code == "MissingParameter"


# deployment sets


def test_instances_of_a_set_are_each_on_a_host_of_their_own(world: World) -> None:
    id = world.call("CreateDeploymentSet", DeploymentSetName="apart")["DeploymentSetId"]
    spread = {"ImageId": world.image_id, "InstanceType": TYPE, "DeploymentSetId": id, "ZoneId": "lab-a"}
    first, second = made(world, Amount=2, **spread)
    assert {world.instance(each).host for each in (first, second)} == {"h-1", "h-2"}
    refused = world.refusal("RunInstances", **spread)
    assert (refused.code, id in refused.message) == ("OperationDenied.NoStock", True)
    third = made(world, **{**spread, "ZoneId": "lab-b"})[0]
    (shape,) = world.call("DescribeDeploymentSets", DeploymentSetIds=f'["{id}"]')["DeploymentSets"]["DeploymentSet"]
    assert sorted(shape["InstanceIds"]["InstanceId"]) == sorted([first, second, third])
    rooms = {each["ZoneId"]: each["AvailableAmount"] for each in shape["Capacities"]["Capacity"]}
    assert rooms == {"lab-a": 0, "lab-b": 0}
    listed = world.call("DescribeInstances", InstanceIds=f'["{first}"]')["Instances"]["Instance"]
    assert listed[0]["DeploymentSetId"] == id
    world.call("DeleteInstance", InstanceId=first, Force=True)
    assert world.instance(made(world, **spread)[0]).host in {"h-1", "h-2"}


def test_the_same_request_finds_its_place_again(world: World) -> None:
    id = world.call("CreateDeploymentSet")["DeploymentSetId"]
    spread = {"ImageId": world.image_id, "InstanceType": TYPE, "DeploymentSetId": id, "ZoneId": "lab-a", "Amount": 2}
    again = [world.call("RunInstances", "same", **spread)["InstanceIdSets"]["InstanceIdSet"] for _ in range(2)]
    assert again[0] == again[1]


def test_a_set_that_wants_them_near_keeps_them_on_one_host(world: World) -> None:
    id = world.call("CreateDeploymentSet", Strategy="LowLatency")["DeploymentSetId"]
    ids = made(world, ImageId=world.image_id, InstanceType=TYPE, DeploymentSetId=id, Amount=3)
    assert len({world.instance(each).host for each in ids}) == 1


def test_an_instance_joins_and_leaves_where_it_stands(world: World) -> None:
    id = world.call("CreateDeploymentSet")["DeploymentSetId"]
    one, two = world.run(), world.run()
    while world.instance(two).host != world.instance(one).host:
        two = world.run()
    world.call("ModifyInstanceDeployment", InstanceId=one, DeploymentSetId=id)
    refused = world.refusal("ModifyInstanceDeployment", InstanceId=two, DeploymentSetId=id)
    assert (refused.code, one in refused.message) == ("OperationDenied.NotSupported", True)
    assert world.refusal("DeleteDeploymentSet", DeploymentSetId=id).code == "DeploymentSet.NotEmpty"
    world.call("ModifyInstanceDeployment", InstanceId=one, RemoveFromDeploymentSet=True)
    world.call("ModifyDeploymentSetAttribute", DeploymentSetId=id, DeploymentSetName="named")
    listed = world.call("DescribeDeploymentSets", DeploymentSetName="nam*")["DeploymentSets"]["DeploymentSet"]
    assert [each["InstanceAmount"] for each in listed] == [0]
    for _ in range(2):
        world.call("DeleteDeploymentSet", "d", DeploymentSetId=id)
    missing = world.refusal("RunInstances", ImageId=world.image_id, InstanceType=TYPE, DeploymentSetId=id)
    assert missing.code == "InvalidDeploymentSetId.NotFound"
    families = world.call("DescribeDeploymentSetSupportedInstanceTypeFamily")["InstanceTypeFamilies"]
    assert families == "ecs.g1,ecs.t1"
