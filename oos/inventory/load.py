"""Reading an inventory file."""

from __future__ import annotations

import ipaddress
import os
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from oos.diagnostics import Diagnostic, DiagnosticError
from oos.inventory.ansible import AnsibleSource, read_all
from oos.inventory.model import (
    Accelerator,
    Host,
    InstanceType,
    Inventory,
    ManagedInstance,
    Migration,
    Pools,
    Region,
    SshAccess,
    Uplink,
    Zone,
)
from oos.inventory.prices import Prices, load_prices
from oos.inventory.yaml_file import read_text, read_yaml
from oos.values.typed import convert_as

DEFAULT_INSTANCE_TYPES = (
    InstanceType("ecs.t1.tiny", 1, 96),
    InstanceType("ecs.t1.small", 1, 256),
    InstanceType("ecs.g1.small", 1, 1024),
    InstanceType("ecs.g1.medium", 1, 2048),
    InstanceType("ecs.g1.large", 2, 4096),
    InstanceType("ecs.g1.xlarge", 4, 8192),
)
"""The types there are when an inventory names none."""


class _Uplink(msgspec.Struct, forbid_unknown_fields=True):
    device: str = "lo"
    run: list[str] = []


class _Migration(msgspec.Struct, forbid_unknown_fields=True):
    uri: str = ""
    address: str = ""


class _Host(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    uri: str
    pools: dict[str, str] = {}
    network: str = "default"
    accelerator: Accelerator = Accelerator.AUTO
    uplink: _Uplink | None = None
    migration: _Migration | None = None
    maintenance: bool = False


class _Zone(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    hosts: list[_Host]
    local_name: str = ""


class _Access(msgspec.Struct, forbid_unknown_fields=True):
    user: str = ""
    port: int | None = None
    config: str = ""
    sudo: bool = False


class _Managed(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    address: str = ""
    user: str = ""
    port: int | None = None
    config: str = ""
    sudo: bool = False
    tags: dict[str, str] = {}


class _Ansible(msgspec.Struct, forbid_unknown_fields=True):
    file: str
    groups: list[str] = []
    config: str = ""


class _Region(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    zones: list[_Zone] = []
    managed: list[_Managed] = []
    ansible: list[_Ansible] = []
    ssh: _Access | None = None
    local_name: str = ""
    elastic_addresses: list[str] = []


class _InstanceType(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    cpu: int
    memory_mib: int


class _File(msgspec.Struct, forbid_unknown_fields=True):
    regions: list[_Region]
    instance_types: list[_InstanceType] = []
    default_region: str = ""
    price_file: str = ""
    buckets: dict[str, str] = {}


def local_inventory(uri: str) -> Inventory:
    """The inventory of a person who wrote none: this machine's hypervisor, as region `local`."""
    host = Host("localhost", uri, "local-a", "local", Pools("default", "default", "default"))
    region = Region("local", "this machine", (Zone("local-a", "local", "this machine", (host,)),))
    return Inventory((region,), {each.id: each for each in DEFAULT_INSTANCE_TYPES}, "local")


def load_inventory(path: Path, variables: Mapping[str, str]) -> Inventory:
    """Read the inventory in a YAML file; `${NAME}` in a URI is replaced from the variables, then the environment.

    Raises DiagnosticError with the place of the fault.
    """
    return read_inventory(read_text(path, "inventory", "OOS900"), str(path), variables)


def read_inventory(text: str, name: str, variables: Mapping[str, str]) -> Inventory:
    """The inventory that a YAML text describes. Raises DiagnosticError."""
    document = read_yaml(text, name)
    try:
        file = convert_as(document, _File)
    except msgspec.ValidationError as error:
        hint = "see inventory/example.yml for every field"
        raise DiagnosticError([Diagnostic("OOS902", f"not an inventory: {error}", name, hint=hint)]) from error
    known = {**os.environ, **variables}
    regions = tuple(
        Region(
            region.id,
            region.local_name or region.id,
            tuple(
                Zone(
                    zone.id,
                    region.id,
                    zone.local_name or zone.id,
                    tuple(_host(host, zone.id, region.id, name, known) for host in zone.hosts),
                )
                for zone in region.zones
            ),
            tuple(region.elastic_addresses),
            (
                *(_managed(each, region.id, name) for each in region.managed),
                *read_all((_ansible(each, name) for each in region.ansible), region.id, name),
            ),
            None if region.ssh is None else _access(region.ssh, "", name),
        )
        for region in file.regions
    )
    faults = list(_faults(regions, file.default_region, name))
    if faults:
        raise DiagnosticError(faults)
    types = tuple(InstanceType(each.id, each.cpu, each.memory_mib) for each in file.instance_types)
    return Inventory(
        regions,
        {each.id: each for each in types or DEFAULT_INSTANCE_TYPES},
        file.default_region or regions[0].id,
        load_prices(_beside(name, file.price_file)) if file.price_file else Prices(),
        {bucket: _beside(name, folder) for bucket, folder in file.buckets.items()},
    )


def _host(host: _Host, zone: str, region: str, name: str, known: Mapping[str, str]) -> Host:
    way = host.migration or _Migration()
    try:
        uri = string.Template(host.uri).substitute(known)
        migration = Migration(*(string.Template(each).substitute(known) for each in (way.uri, way.address)))
    except (KeyError, ValueError) as error:
        message = f"the uri of host {host.name} names an unknown variable: {error}"
        raise DiagnosticError([Diagnostic("OOS903", message, name, hint="write $$ for a dollar sign")]) from error
    unknown = set(host.pools) - {"images", "disks", "snapshots"}
    if unknown:
        message = f"host {host.name}: no pool is called {', '.join(sorted(unknown))}"
        raise DiagnosticError([Diagnostic("OOS904", message, name, hint="pools are images, disks and snapshots")])
    return Host(
        name=host.name,
        uri=uri,
        zone=zone,
        region=region,
        pools=Pools(**host.pools),
        network=host.network,
        accelerator=host.accelerator,
        uplink=_uplink(host, name, known),
        migration=migration,
        maintenance=host.maintenance,
    )


def _managed(machine: _Managed, region: str, name: str) -> ManagedInstance:
    return ManagedInstance(machine.name, region, _access(machine, machine.address or machine.name, name), machine.tags)


def _ansible(source: _Ansible, name: str) -> AnsibleSource:
    return AnsibleSource(_beside(name, source.file), tuple(source.groups), _config(name, source.config))


def _beside(name: str, path: str) -> Path:
    """A path that stands in an inventory: one that is not absolute starts beside it."""
    return Path(name).parent / Path(path).expanduser()


def _config(name: str, path: str) -> str:
    return str(_beside(name, path)) if path else ""


def _access(access: _Access | _Managed, address: str, name: str) -> SshAccess:
    return SshAccess(address, access.user, access.port, _config(name, access.config), access.sudo)


def _is_range(text: str) -> bool:
    try:
        ipaddress.IPv4Network(text)
    except ValueError:
        return False
    return True


def _uplink(host: _Host, name: str, known: Mapping[str, str]) -> Uplink | None:
    if host.uplink is None:
        return None
    try:
        run = tuple(string.Template(each).substitute(known) for each in host.uplink.run)
    except (KeyError, ValueError) as error:
        message = f"the uplink of host {host.name} names an unknown variable: {error}"
        raise DiagnosticError([Diagnostic("OOS903", message, name, hint="write $$ for a dollar sign")]) from error
    return Uplink(host.uplink.device, run)


def _faults(regions: tuple[Region, ...], default_region: str, name: str) -> Any:
    if not regions:
        yield Diagnostic("OOS905", "an inventory needs a region", name)
    if default_region and default_region not in {region.id for region in regions}:
        yield Diagnostic("OOS906", f"default_region {default_region} is not among the regions", name)
    for region in regions:
        for text in region.elastic_addresses:
            if not _is_range(text):
                message = f"region {region.id}: {text!r} is neither an address nor a range of addresses"
                yield Diagnostic("OOS909", message, name, hint="write 203.0.113.16/28 or 203.0.113.40")
    seen: set[tuple[str, str]] = set()
    for kind, id in (
        *(("region", region.id) for region in regions),
        *(("zone", zone.id) for region in regions for zone in region.zones),
        *(("host", host.name) for region in regions for zone in region.zones for host in zone.hosts),
        *(("managed instance", each.id) for region in regions for each in region.managed),
    ):
        if (kind, id) in seen:
            yield Diagnostic("OOS907", f"two {kind}s are called {id}", name)
        seen.add((kind, id))
