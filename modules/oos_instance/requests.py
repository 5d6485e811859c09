"""Requests about instances: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.elastic_addresses import MOST_MEGABITS
from oos.service.filtering import Filter, Tag, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Form, Param
from oos.values.secret import Secret

InstanceId = Annotated[str, Param("The instance.")]
InstanceIds = Annotated[tuple[str, ...], Param("The instances.", most=100)]
Batch = Annotated[
    str,
    Param(
        "Whether one that cannot be done stops all, before anything is done.", allowed=("AllTogether", "SuccessFirst")
    ),
]
InstanceTypeId = Annotated[str, Param("Instance type of the inventory.")]
_LOCKS = ("financial", "security", "Recycling", "dedicatedhostfinancial", "refunded")
_LEVELS = ("EntryLevel", "EnterpriseLevel", "CreditEntryLevel")
_DEVICE = r"|(?:/dev/)?x?vd[a-z]"
Name = Annotated[str | None, Param("Name of the instance.", most=128)]
Description = Annotated[str | None, Param("Description of the instance.", most=256)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeRegions:
    """All regions there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeZones:
    """All zones of the region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInstances(Paged):
    """Which instances to list; conditions that are given must all hold."""

    instance_ids: Annotated[tuple[str, ...] | None, Param("Only these; an empty list finds none.", form=Form.JSON)] = (
        None
    )
    instance_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    status: Annotated[str, Param("Status.", allowed=("Pending", "Running", "Starting", "Stopping", "Stopped"))] = ""
    zone_id: Annotated[str, Param("Zone.")] = ""
    image_id: Annotated[str, Param("Image it was made from.")] = ""
    instance_type: Annotated[str, Param("Instance type.")] = ""
    instance_type_family: Annotated[str, Param("Family of instance types.")] = ""
    key_pair_name: Annotated[str, Param("Key pair.")] = ""
    resource_group_id: Annotated[str, Param("Resource group.")] = ""
    security_group_id: Annotated[str, Param("Security group of one of its network cards.")] = ""
    v_switch_id: Annotated[str, Param("Network of one of its network cards.")] = ""
    vpc_id: Annotated[str, Param("VPC.")] = ""
    instance_network_type: Annotated[str, Param("Kind of network.", allowed=("vpc", "classic"))] = ""
    instance_charge_type: Annotated[str, Param("How it is paid for.", allowed=("PostPaid", "PrePaid"))] = ""
    private_ip_addresses: Annotated[tuple[str, ...] | None, Param("Addresses in its network.", form=Form.JSON)] = None
    public_ip_addresses: Annotated[tuple[str, ...] | None, Param("Public addresses.", form=Form.JSON)] = None
    eip_addresses: Annotated[tuple[str, ...] | None, Param("Elastic addresses.", form=Form.JSON)] = None
    lock_reason: Annotated[str, Param("Why it is locked; none ever is.", allowed=_LOCKS)] = ""
    hpc_cluster_id: Annotated[str, Param("Cluster; there is none.")] = ""
    rdma_ip_addresses: Annotated[str, Param("Addresses in a cluster; there are none.")] = ""
    inner_ip_addresses: Annotated[tuple[str, ...] | None, Param("Classic addresses.", form=Form.JSON)] = None
    tag: Annotated[tuple[TagCondition, ...], Param("Tags it has.", most=20)] = ()
    filter: Annotated[
        tuple[Filter, ...], Param("CreationStartTime, CreationEndTime, ExpiredStartTime, ExpiredEndTime.")
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInstanceStatus(Paged):
    """Of which instances to tell the status."""

    instance_id: Annotated[tuple[str, ...] | None, Param("Only these.", most=100)] = None
    zone_id: Annotated[str, Param("Zone.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInstanceTypes:
    """Which instance types to list."""

    instance_types: Annotated[tuple[str, ...] | None, Param("Only these.")] = None
    instance_type_family: Annotated[str, Param("Family.")] = ""
    instance_type_families: Annotated[tuple[str, ...], Param("Families.", most=10)] = ()
    cpu_architectures: Annotated[tuple[str, ...], Param("Architectures.", most=2)] = ()
    instance_family_level: Annotated[str, Param("Level; here all are EnterpriseLevel.", allowed=_LEVELS)] = ""
    maximum_gpu_amount: Annotated[
        int | None, Param("Most graphics processors; there is none.", name="MaximumGPUAmount", minimum=0)
    ] = None
    minimum_gpu_amount: Annotated[
        int | None, Param("Least graphics processors; there is none.", name="MinimumGPUAmount", minimum=0)
    ] = None
    minimum_local_storage_amount: Annotated[int | None, Param("Least local disks; there is none.", minimum=0)] = None
    max_results: Annotated[int | None, Param("Most types on a page.", minimum=1, maximum=1600)] = None
    next_token: Annotated[str, Param("Where the page before ended.")] = ""
    minimum_cpu_core_count: Annotated[int | None, Param("Least virtual processors.")] = None
    maximum_cpu_core_count: Annotated[int | None, Param("Most virtual processors.")] = None
    minimum_memory_size: Annotated[float | None, Param("Least memory, in GiB.")] = None
    maximum_memory_size: Annotated[float | None, Param("Most memory, in GiB.")] = None
    cpu_architecture: Annotated[str, Param("Architecture.", allowed=("X86", "ARM"))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemDisk:
    """The disk that an instance boots from."""

    disk_name: Annotated[str, Param("Name of the disk.", most=128)] = ""
    description: Annotated[str, Param("Description of the disk.", most=256)] = ""
    auto_snapshot_policy_id: Annotated[str, Param("Automatic snapshot policy that it gets.")] = ""
    size: Annotated[
        int | None, Param("Size in GiB; as large as the image when not given.", minimum=1, maximum=32768)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDisk:
    """A disk made with an instance: empty, of a snapshot, or one of the image that is to be larger or named."""

    size: Annotated[
        int | None, Param("Size in GiB; that of the snapshot or of the image's disk.", minimum=1, maximum=32768)
    ] = None
    snapshot_id: Annotated[str, Param("Snapshot whose content it has.")] = ""
    device: Annotated[
        str, Param("Device of the image's data disk that is meant; others are given in turn.", pattern=_DEVICE)
    ] = ""
    auto_snapshot_policy_id: Annotated[str, Param("Automatic snapshot policy that it gets.")] = ""
    disk_name: Annotated[str, Param("Name of the disk.", most=128)] = ""
    description: Annotated[str, Param("Description of the disk.", most=256)] = ""
    delete_with_instance: Annotated[bool, Param("Whether it goes with the instance.")] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A network card made with an instance."""

    instance_type: Annotated[str, Param("Which card it is.", allowed=("Primary", "Secondary"))] = "Primary"
    v_switch_id: Annotated[str, Param("Network of the host.")] = ""
    security_group_id: Annotated[str, Param("Security group.")] = ""
    security_group_ids: Annotated[tuple[str, ...], Param("Security groups.", most=16)] = ()
    primary_ip_address: Annotated[str, Param("Address that DHCP keeps for it.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInstance:
    """What is said alike of one instance to make and of several."""

    image_family: Annotated[str, Param("Family whose newest available image it is, where no image is named.")] = ""
    instance_name: Annotated[str, Param("Name of the instance.", most=128)] = ""
    description: Annotated[str, Param("Description of the instance.", most=256)] = ""
    host_name: Annotated[str, Param("Host name in the guest.", most=64)] = ""
    zone_id: Annotated[str, Param("Zone; any when not given.")] = ""
    v_switch_id: Annotated[str, Param("Network of the host; its default one when not given.")] = ""
    private_ip_address: Annotated[str, Param("Address that DHCP keeps for it; any when not given.")] = ""
    security_group_id: Annotated[str, Param("Security group.")] = ""
    system_disk: Annotated[SystemDisk, Param("The disk it boots from.")] = SystemDisk()
    data_disk: Annotated[
        tuple[DataDisk, ...], Param("Disks to make with it, besides those of the image.", most=16)
    ] = ()
    key_pair_name: Annotated[str, Param("Key pair whose key opens root's account from the first start on.")] = ""
    password: Annotated[Secret | None, Param("Password of root from the first start on; cloud-init 22.3 sets it.")] = (
        None
    )
    password_inherit: Annotated[bool, Param("The password is that of the image.")] = False
    user_data: Annotated[str | Secret, Param("What the guest carries out at its first start, in Base64.")] = ""
    resource_group_id: Annotated[str, Param("Resource group.")] = ""
    deletion_protection: Annotated[bool, Param("Refuse DeleteInstance.")] = False
    tag: Annotated[tuple[Tag, ...], Param("Tags.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInstances(NewInstance):
    """What to make, and how many."""

    image_id: Annotated[str, Param("Image to make them from; needed unless a launch template names it.")] = ""
    instance_type: Annotated[str, Param("Instance type; needed unless a launch template names it.")] = ""
    launch_template_id: Annotated[str, Param("Launch template for what is not given here.")] = ""
    launch_template_name: Annotated[str, Param("Name of the launch template.")] = ""
    launch_template_version: Annotated[int | None, Param("Its version; the default one when not given.")] = None
    amount: Annotated[int, Param("How many.", minimum=1, maximum=100)] = 1
    min_amount: Annotated[int | None, Param("How many at least.", minimum=1, maximum=100)] = None
    unique_suffix: Annotated[bool, Param("Number the names 001, 002, …")] = False
    host_names: Annotated[tuple[str, ...], Param("Host names of the guests, in their order.", most=100)] = ()
    network_interface: Annotated[tuple[Card, ...], Param("The network card, in place of VSwitchId and the like.")] = ()
    security_group_ids: Annotated[tuple[str, ...], Param("Security groups.", most=16)] = ()
    internet_max_bandwidth_out: Annotated[
        int, Param("Mbit/s that its public address may carry; none gets one with 0.", minimum=0, maximum=MOST_MEGABITS)
    ] = 0
    internet_max_bandwidth_in: Annotated[
        int,
        Param("Mbit/s towards that address; 0: as many, and 10 at least.", minimum=0, maximum=MOST_MEGABITS),
    ] = 0
    deployment_set_id: Annotated[str, Param("Deployment set that says on which hosts they are made.")] = ""
    auto_release_time: Annotated[str, Param("When they are deleted by themselves, in UTC.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateInstance(NewInstance):
    """What to make; it is left off."""

    image_id: Annotated[str, Param("Image to make it from.")] = ""
    instance_type: Annotated[str, Param("Instance type.")]
    internet_max_bandwidth_out: Annotated[
        int, Param("Mbit/s that its public address may carry, once it has one.", minimum=0, maximum=MOST_MEGABITS)
    ] = 0
    internet_max_bandwidth_in: Annotated[
        int, Param("Mbit/s towards that address.", minimum=0, maximum=MOST_MEGABITS)
    ] = 0
    deployment_set_id: Annotated[str, Param("Deployment set that says on which hosts it is made.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartInstance:
    """Which instance to power on."""

    instance_id: InstanceId


@dataclass(frozen=True, slots=True, kw_only=True)
class StopInstance:
    """Which instance to stop, and how."""

    instance_id: InstanceId
    force_stop: Annotated[bool, Param("Cut the power at once; what the guest has not written is lost.")] = False
    stopped_mode: Annotated[
        str,
        Param(
            "Whether charging goes on; there is none here.", allowed=("StopCharging", "KeepCharging", "Not-applicable")
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RebootInstance:
    """Which instance to restart, and how."""

    instance_id: InstanceId
    force_stop: Annotated[bool, Param("Reset it hard; what the guest has not written is lost.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteInstance:
    """Which instance to delete, with the disks made with it."""

    instance_id: InstanceId
    force: Annotated[bool, Param("Delete it even if it runs.")] = False
    force_stop: Annotated[bool, Param("With Force: cut the power rather than ask the guest to stop first.")] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuOptions:
    """How a guest sees its processors."""

    core: Annotated[int | None, Param("Cores; as many as its type allows when not given.", minimum=1)] = None
    threads_per_core: Annotated[int | None, Param("Threads of a core.", minimum=1, maximum=2)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyInstanceAttribute:
    """What to change about an instance; what is not given stays."""

    instance_id: InstanceId
    instance_name: Name = None
    description: Description = None
    deletion_protection: Annotated[bool | None, Param("Refuse DeleteInstance.")] = None
    host_name: Annotated[str | None, Param("Host name of the running guest; it counts at once.")] = None
    password: Annotated[Secret | None, Param("Password of root in the running guest; it counts at once.")] = None
    user_data: Annotated[
        Secret | None,
        Param("What the guest of a stopped one carries out at the first start of its system disk, in Base64."),
    ] = None
    cpu_options: Annotated[CpuOptions | None, Param("How its processors are laid out; it must be off.")] = None
    security_group_ids: Annotated[
        tuple[str, ...] | None, Param("Security groups of its first network card, in place of those it is in.", most=16)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyInstanceAutoReleaseTime:
    """When an instance is deleted by itself."""

    instance_id: InstanceId
    auto_release_time: Annotated[str, Param("When, in UTC; never, when not given.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyInstanceSpec:
    """What an instance becomes: how large, or what it may carry to and from the internet."""

    instance_id: InstanceId
    instance_type: Annotated[str, Param("The instance type; it stays when not given.")] = ""
    internet_max_bandwidth_in: Annotated[
        int | None, Param("Mbit/s towards the guest; it stays when not given.", minimum=0, maximum=MOST_MEGABITS)
    ] = None
    internet_max_bandwidth_out: Annotated[
        int | None, Param("Mbit/s from the guest; it stays when not given.", minimum=0, maximum=MOST_MEGABITS)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyPrepayInstanceSpec:
    """Which instance becomes how large."""

    instance_id: InstanceId
    instance_type: InstanceTypeId


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyInstanceVncPasswd:
    """Which display gets which password."""

    instance_id: InstanceId
    vnc_password: Annotated[Secret, Param("The password: 6 letters and digits.", pattern="[A-Za-z0-9]{6}")]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetInstanceScreenshot:
    """Of which instance to show the display."""

    instance_id: InstanceId
    wake_up: Annotated[bool, Param("Whether to wake one that is suspended.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StartInstances:
    """Which instances to power on."""

    instance_id: InstanceIds
    batch_optimization: Batch = "AllTogether"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopInstances:
    """Which instances to stop, and how."""

    instance_id: InstanceIds
    force_stop: Annotated[bool, Param("Cut the power at once; what guests have not written is lost.")] = False
    stopped_mode: Annotated[str, Param("Whether charging goes on; there is none here.")] = ""
    batch_optimization: Batch = "AllTogether"


@dataclass(frozen=True, slots=True, kw_only=True)
class RebootInstances:
    """Which instances to restart, and how."""

    instance_id: InstanceIds
    force_reboot: Annotated[bool, Param("Reset them hard; what guests have not written is lost.")] = False
    batch_optimization: Batch = "AllTogether"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteInstances:
    """Which instances to delete, with the disks made with them."""

    instance_id: InstanceIds
    force: Annotated[bool, Param("Delete them even if they run.")] = False
    force_stop: Annotated[bool, Param("With Force: cut the power rather than ask the guests to stop first.")] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInstanceAttribute:
    """Which instance to describe."""

    instance_id: InstanceId


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInstanceTypeFamilies:
    """All families of instance types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetInstanceConsoleOutput:
    """Of which instance to show the serial console."""

    instance_id: InstanceId
    remove_symbols: Annotated[bool, Param("Whether to leave out what only moves a cursor or colours.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeAvailableResource:
    """What is wanted, and where."""

    destination_resource: Annotated[
        str,
        Param(
            "Kind of resource.",
            allowed=("Zone", "IoOptimized", "InstanceType", "Network", "ddh", "SystemDisk", "DataDisk"),
        ),
    ]
    zone_id: Annotated[str, Param("Zone; all when not given.")] = ""
    instance_type: Annotated[str, Param("Only this instance type.")] = ""
    instance_charge_type: Annotated[str, Param("How it is paid for.", allowed=("PrePaid", "PostPaid"))] = ""
    network_category: Annotated[str, Param("Kind of network.", allowed=("vpc", "classic"))] = ""
    cores: Annotated[int | None, Param("Only types with so many processors.")] = None
    memory: Annotated[float | None, Param("Only types with so much memory, in GiB.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeAccountAttributes:
    """Which attributes of the account to tell."""

    attribute_name: Annotated[tuple[str, ...], Param("Only these.", most=20)] = ()
    zone_id: Annotated[str, Param("Zone; attributes are the same in all.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachInstanceRamRole:
    """Which role for which instances."""

    ram_role_name: Annotated[str, Param("The role.")]
    instance_ids: Annotated[tuple[str, ...], Param("The instances.", form=Form.JSON, most=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachInstanceRamRole:
    """Which role to take from which instances."""

    instance_ids: Annotated[tuple[str, ...], Param("The instances.", form=Form.JSON, most=100)]
    ram_role_name: Annotated[str, Param("The role; any when not given.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInstanceRamRole(Paged):
    """Of which instances to tell the role."""

    instance_ids: Annotated[tuple[str, ...] | None, Param("Only these.", form=Form.JSON, most=100)] = None
    ram_role_name: Annotated[str, Param("Only those with this role.")] = ""
