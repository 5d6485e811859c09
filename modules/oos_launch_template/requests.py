"""Requests about launch templates: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import Tag, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Param

NAME = r"(?!https?://)[A-Za-z一-鿿][\w.:-]{1,127}"

Id = Annotated[str, Param("The launch template; or give LaunchTemplateName.")]
Name = Annotated[str, Param("Name of the launch template; or give LaunchTemplateId.")]
Text = Annotated[str | None, Param("As in RunInstances.")]
Number = Annotated[int | None, Param("As in RunInstances.")]
Flag = Annotated[bool | None, Param("As in RunInstances.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskData:
    """What is kept of a disk."""

    size: Annotated[int | None, Param("Size in GiB.", minimum=1, maximum=32768)] = None
    disk_name: Annotated[str | None, Param("Name of the disk.", most=128)] = None
    category: Text = None
    description: Text = None
    delete_with_instance: Flag = None
    performance_level: Text = None
    encrypted: Text = None
    auto_snapshot_policy_id: Text = None
    bursting_enabled: Flag = None
    provisioned_iops: Number = None
    kms_key_id: Annotated[str | None, Param("As in RunInstances.", name="KMSKeyId")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemDiskData(DiskData):
    """What is kept of the system disk."""

    iops: Number = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDiskData(DiskData):
    """What is kept of a data disk."""

    device: Text = None
    snapshot_id: Text = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceData:
    """What is kept of a network interface."""

    v_switch_id: Text = None
    security_group_id: Text = None
    security_group_ids: Annotated[tuple[str, ...], Param("As in RunInstances.", most=16)] = ()
    primary_ip_address: Text = None
    instance_type: Text = None
    network_interface_name: Text = None
    network_interface_traffic_mode: Text = None
    description: Text = None
    delete_on_release: Flag = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """How one logs in to the image."""

    login_as_non_root: Flag = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityOptions:
    """How the instance is trusted."""

    trusted_system_mode: Text = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchData:
    """Parameters of RunInstances to keep; what cannot be honoured here is refused when an instance is made from it."""

    image_id: Text = None
    image_owner_alias: Text = None
    instance_type: Text = None
    instance_name: Annotated[str | None, Param("Name of the instance.", most=128)] = None
    description: Text = None
    host_name: Text = None
    zone_id: Text = None
    vpc_id: Text = None
    v_switch_id: Text = None
    network_type: Text = None
    private_ip_address: Text = None
    security_group_id: Text = None
    security_group_ids: Annotated[tuple[str, ...], Param("As in RunInstances.", most=16)] = ()
    system_disk: Annotated[SystemDiskData, Param("The disk it boots from.")] = SystemDiskData()
    data_disk: Annotated[tuple[DataDiskData, ...], Param("Further disks.", most=16)] = ()
    network_interface: Annotated[tuple[InterfaceData, ...], Param("Network interfaces.", most=2)] = ()
    key_pair_name: Text = None
    password_inherit: Flag = None
    ram_role_name: Text = None
    resource_group_id: Text = None
    deployment_set_id: Text = None
    deletion_protection: Flag = None
    user_data: Text = None
    tag: Annotated[tuple[Tag, ...], Param("Tags of the instances.", most=20)] = ()
    instance_charge_type: Text = None
    internet_charge_type: Text = None
    internet_max_bandwidth_in: Number = None
    internet_max_bandwidth_out: Number = None
    io_optimized: Text = None
    period: Number = None
    period_unit: Text = None
    auto_renew: Flag = None
    auto_renew_period: Number = None
    auto_release_time: Text = None
    credit_specification: Text = None
    enable_vm_os_config: Flag = None
    http_endpoint: Text = None
    http_put_response_hop_limit: Number = None
    http_tokens: Text = None
    image_options: Annotated[ImageOptions, Param("How one logs in to the image.")] = ImageOptions()
    ipv6_address_count: Number = None
    security_enhancement_strategy: Text = None
    security_options: Annotated[SecurityOptions, Param("How the instance is trusted.")] = SecurityOptions()
    spot_duration: Number = None
    spot_price_limit: Annotated[float | None, Param("As in RunInstances.")] = None
    spot_strategy: Text = None
    version_description: Annotated[str, Param("What the version is for.", most=256)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateLaunchTemplate(LaunchData):
    """A launch template to keep, as its first version."""

    launch_template_name: Annotated[str, Param("Name of the launch template.", pattern=NAME)]
    template_resource_group_id: Annotated[str, Param("Resource group of the launch template.")] = ""
    template_tag: Annotated[tuple[Tag, ...], Param("Tags of the launch template.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateLaunchTemplateVersion(LaunchData):
    """A further version of a launch template."""

    launch_template_id: Id = ""
    launch_template_name: Name = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneLaunchTemplate:
    """Which launch template."""

    launch_template_id: Id = ""
    launch_template_name: Name = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeLaunchTemplates(Paged):
    """Which launch templates to list; conditions that are given must all hold."""

    launch_template_id: Annotated[tuple[str, ...] | None, Param("Only these.", most=100)] = None
    launch_template_name: Annotated[tuple[str, ...] | None, Param("Only those of these names.", most=100)] = None
    template_resource_group_id: Annotated[str, Param("Resource group.")] = ""
    template_tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeLaunchTemplateVersions(Paged):
    """Which versions of a launch template to list."""

    launch_template_id: Id = ""
    launch_template_name: Name = ""
    launch_template_version: Annotated[tuple[int, ...] | None, Param("Only these.", most=30)] = None
    default_version: Annotated[bool, Param("Only the default one.")] = False
    min_version: Annotated[int | None, Param("From this number on.")] = None
    max_version: Annotated[int | None, Param("Up to this number.")] = None
    detail_flag: Annotated[bool, Param("What is kept in them, too.")] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyLaunchTemplateDefaultVersion(OneLaunchTemplate):
    """Which version to use when none is named."""

    default_version_number: Annotated[int, Param("The version.", minimum=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteLaunchTemplateVersion(OneLaunchTemplate):
    """Which versions to delete."""

    delete_version: Annotated[tuple[int, ...], Param("The versions; the default one cannot go.", most=30)]
