"""Operations on machines that are commanded over SSH, and on agents that are to be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oos.fleet.errors import FleetError
from oos.fleet.instance import GuestInfo, Power
from oos.service.context import Context
from oos.service.errors import NotFound, Refused, Unavailable, Unsupported
from oos.service.filtering import has_tags, is_wanted, matches_name
from oos.service.many import at_once
from oos.service.paging import page_of
from oos_command import requests, responses

if TYPE_CHECKING:
    from oos.fleet.guest import Guest
    from oos.fleet.instance import Instance
    from oos.inventory.model import ManagedInstance

_INSTALL_SECONDS: Final = 600.0
_CONNECT_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 1.0

_INSTALL: Final = """
p=qemu-guest-agent
if command -v apt-get; then
    export DEBIAN_FRONTEND=noninteractive
    a="apt-get -q -y -o DPkg::Lock::Timeout=300"
    $a install $p || { $a update && $a install $p; }
elif command -v dnf; then dnf -q -y install $p
elif command -v yum; then yum -q -y install $p
elif command -v zypper; then zypper -q -n install $p
elif command -v apk; then apk add $p
elif command -v pacman; then pacman -S --noconfirm --needed $p
else echo "no package manager is known here" >&2; exit 1
fi || exit 1
if [ -d /run/systemd/system ]; then systemctl start $p
elif command -v rc-service; then rc-update add $p; rc-service $p start
else service $p start
fi
"""


def describe_managed_instances(
    context: Context, request: requests.DescribeManagedInstances
) -> responses.ManagedInstances:
    """List the machines of the inventory that are commanded over SSH, and whether they can be reached now."""
    region = context.fleet.inventory.region(context.region)
    found = [
        each
        for each in (region.managed if region is not None else ())
        if (not request.instance_id or each.id in request.instance_id)
        and matches_name(each.name, request.instance_name)
        and is_wanted(each.access.address, request.instance_ip)
        and is_wanted("linux", request.os_type)
        and has_tags(each.tags, request.tag)
    ]
    if request.connected:
        asked = zip(found, at_once(lambda each: _look(context, each), found), strict=True)
        wanted = request.connected.casefold() == "true"
        found = [each for each, info in asked if (info is not None) is wanted]
    page = page_of(found, request, lambda each: (each.name, each.id))
    looked = at_once(lambda each: _look(context, each), page.items)
    return {
        "Instances": [_shape(each, info) for each, info in zip(page.items, looked, strict=True)],
        **page.fields,
    }


def _look(context: Context, machine: ManagedInstance) -> GuestInfo | None:
    """What a machine tells of itself; None when it cannot be reached."""
    try:
        return context.fleet.of_guest(machine.id, machine.region)[0].guest_info(machine.id)
    except FleetError:
        return None


def _shape(machine: ManagedInstance, info: GuestInfo | None) -> responses.ManagedInstance:
    return {
        "InstanceId": machine.id,
        "InstanceName": machine.name,
        "Connected": info is not None,
        "Hostname": info.host_name if info else "",
        "OsType": "linux",
        "OsVersion": f"{info.os_name} {info.os_version}".strip() if info else "",
        "IntranetIp": machine.access.address,
        "AgentVersion": "",
        "Tags": [{"TagKey": key, "TagValue": machine.tags[key]} for key in sorted(machine.tags)],
    }


def install_cloud_assistant(context: Context, request: requests.InstallCloudAssistant) -> responses.Nothing:
    """Install the guest agent over SSH in instances where none answers; where one does, nothing is done."""
    there = {each.id: each for each in context.fleet.instances(context.region)}
    for id in request.instance_id:
        if id.startswith("mi-"):
            context.fleet.managed(id, context.region)
        elif id not in there:
            raise NotFound("InvalidInstanceId.NotFound", f"The specified instance {id} does not exist.")
        elif there[id].power is not Power.RUNNING:
            message = f"The instance {id} ({there[id].name}) is {there[id].power}; its guest must run."
            raise Refused("IncorrectInstanceStatus", message)
    at_once(lambda id: _install(context, there[id]), [id for id in request.instance_id if id in there])
    return {}


def _install(context: Context, instance: Instance) -> None:
    hypervisor = context.fleet.of_instance(instance.id, context.region)[0]
    if hypervisor.instance(instance.id).has_agent:
        return
    guest = context.fleet.of_guest(instance.id, context.region)[0]
    if guest is hypervisor:
        message = f"No agent answers in {instance.id} ({instance.name}), and the inventory names no other way in (ssh)."
        raise Unsupported(message)
    context.report(f"{instance.name}: installs the guest agent over SSH")
    _carry_out(context, guest, instance)
    waited = 0.0
    while not hypervisor.instance(instance.id).has_agent:
        if waited >= _CONNECT_SECONDS:
            message = f"The agent of {instance.id} ({instance.name}) was installed, yet does not answer its host."
            raise Unavailable(message)
        context.pause(_POLL_SECONDS, f"the agent of {instance.id} ({instance.name})")
        waited += _POLL_SECONDS


def _carry_out(context: Context, guest: Guest, instance: Instance) -> None:
    pid = guest.guest_execute(instance.id, ("/bin/sh", "-c", _INSTALL))
    waited = 0.0
    while not (process := guest.guest_process(instance.id, pid)).exited:
        if waited >= _INSTALL_SECONDS:
            raise Unavailable(f"Installing the agent in {instance.id} did not end within {waited:.0f} s.")
        context.pause(_POLL_SECONDS, f"the installation in {instance.id} ({instance.name})")
        waited += _POLL_SECONDS
    if process.exit_code != 0:
        said = process.stderr.decode(errors="replace").strip()[-500:]
        raise Unavailable(f"The agent could not be installed in {instance.id} ({instance.name}): {said}")
