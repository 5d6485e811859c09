"""Operations that change what an instance is: its attributes, its size, its passwords; and show its display."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from oos.fleet.instance import Power
from oos.fleet.seed import Told
from oos.service.context import Context
from oos.service.errors import MissingParameter, NotFound, Unsupported
from oos.service.group_enforcement import set_groups
from oos.service.guest_login import require_password
from oos.service.internet_bandwidth import change_internet_bandwidth
from oos.service.labels import change_labels
from oos.service.security_groups import require_group
from oos_instance import requests, resizing, responses
from oos_instance.decide import user_data_of

if TYPE_CHECKING:
    from oos.fleet.hypervisor import Hypervisor
    from oos.fleet.instance import Instance, InstanceSize
    from oos.inventory.model import InstanceType

ADMINISTRATOR: Final = {"windows": "Administrator"}
"""Whose password an instance's password is, by the operating system; root elsewhere."""


def modify_instance_attribute(context: Context, request: requests.ModifyInstanceAttribute) -> responses.Nothing:
    """Change name, description, protection, host name, password, user data, processor layout or groups of an instance.

    Host name and password are given to the running guest through its agent, and count at once. User data counts at the
    first start of a system disk. Everything is checked before anything is changed.
    """
    hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    if request.host_name is not None:
        resizing.require_host_name(request.host_name)
        resizing.require_guest(instance, "takes its host name from its agent")
    if request.password is not None:
        require_password(str(request.password.reveal()))
        resizing.require_guest(instance, "takes its password from its agent")
    user_data = None
    if request.user_data is not None:
        user_data = user_data_of(request.user_data)
        resizing.require_stopped(instance, "its user data is changed")
    size = None
    if request.cpu_options is not None:
        types = context.fleet.inventory.instance_types
        size = resizing.size_with_cpus(request.cpu_options, instance, types.get(instance.instance_type))
    groups = resizing.require_groups(instance, request.security_group_ids)
    for group_id in groups:
        require_group(context.registry, context.region, group_id)
    change_labels(context, request.instance_id, lambda labels: resizing.labels_after(labels, request))
    if size is not None:
        resizing.require_sized(hypervisor.resize(instance.id, size), size)
    if user_data is not None:
        hypervisor.tell_guest(instance.id, Told(user_data=user_data))
    if request.host_name is not None:
        hypervisor.set_guest_host_name(instance.id, request.host_name)
        hypervisor.remember(instance.id, host_name=request.host_name)
    if request.password is not None:
        user = _administrator(hypervisor, instance)
        hypervisor.set_guest_password(instance.id, user, str(request.password.reveal()))
    if groups:
        set_groups(context, instance, instance.interfaces[0], groups)
    return {}


def _administrator(hypervisor: Hypervisor, instance: Instance) -> str:
    images = {each.id: each for each in hypervisor.images()} if instance.image_id else {}
    image = images.get(instance.image_id)
    return ADMINISTRATOR.get(image.os_type if image else "", "root")


def modify_instance_spec(context: Context, request: requests.ModifyInstanceSpec) -> responses.Nothing:
    """Give a stopped instance the processors and the memory of another type, or limit what an instance carries."""
    inbound, outbound = request.internet_max_bandwidth_in, request.internet_max_bandwidth_out
    if not request.instance_type and inbound is None and outbound is None:
        raise MissingParameter("InstanceType")
    if request.instance_type:
        _resize(context, request.instance_id, request.instance_type)
    if inbound is not None or outbound is not None:
        instance = context.fleet.of_instance(request.instance_id, context.region)[1]
        change_internet_bandwidth(context, instance, inbound, outbound)
    return {}


def modify_prepay_instance_spec(context: Context, request: requests.ModifyPrepayInstanceSpec) -> responses.Ordered:
    """Give a stopped instance another type. Nothing is paid in advance here, so no order comes of it."""
    _resize(context, request.instance_id, request.instance_type)
    return {"OrderId": ""}


def _resize(context: Context, instance_id: str, type_id: str) -> None:
    type = _type(context, type_id)
    hypervisor, instance = context.fleet.of_instance(instance_id, context.region)
    size: InstanceSize = resizing.size_of(type, instance)
    context.report(f"{instance.name}: {instance.cpu} → {size.cpu} processors, memory → {size.memory_mib} MiB")
    resizing.require_sized(hypervisor.resize(instance.id, size), size)


def _type(context: Context, type_id: str) -> InstanceType:
    type = context.fleet.inventory.instance_types.get(type_id)
    if type is None:
        message = f"The specified instance type {type_id} does not exist."
        raise NotFound("InvalidInstanceType.NotFound", message)
    return type


def modify_instance_vnc_passwd(context: Context, request: requests.ModifyInstanceVncPasswd) -> responses.Nothing:
    """Give the display of an instance another password; who is connected stays connected."""
    hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    hypervisor.set_display_password(instance.id, str(request.vnc_password.reveal()))
    return {}


def get_instance_screenshot(context: Context, request: requests.GetInstanceScreenshot) -> responses.Screenshot:
    """Show what the display of an instance shows: a PNG picture in Base64."""
    hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    if instance.power is Power.PAUSED and request.wake_up:
        raise Unsupported(f"{instance.id} is suspended; StartInstance wakes it, a screenshot only looks.")
    picture = hypervisor.screenshot(instance.id)
    return {"InstanceId": instance.id, "Screenshot": base64.b64encode(picture).decode()}
