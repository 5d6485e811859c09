"""The files that make a private libvirtd: its configuration, its network and its storage pools.

The zone gets an /etc/libvirt of its own, written from here rather than copied from the host: hooks, autostarted
networks and settings of the host's administrator must not reach the lab. https://libvirt.org/drvqemu.html
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from oos.lab.config import POOLS, LabConfig

PROGRAMS = "/etc/libvirt/oos/bin"
"""Where libvirtd finds programs first, as the zone sees it."""

# Measured: with QEMU under another user than root, libvirt finds /dev/kvm closed to it and probes QEMU again about 29
# times at each guest start, 66 s. Root, no security driver, no cgroups, no mount namespace for each guest: 0.5 s.
# Files are never chowned (dynamic_ownership) nor marked (remember_owner): the lab leaves no extended attributes.
QEMU_CONF = """\
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
stdio_handler = "file"
cgroup_controllers = [ ]
namespaces = [ ]
"""

LIBVIRTD_CONF = """\
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_ro_perms = "0700"
unix_sock_rw_perms = "0700"
unix_sock_admin_perms = "0700"
host_uuid = "{host_uuid}"
max_clients = 1000
max_workers = 40
max_client_requests = 40
log_filters = "3:util.object 4:util.event 4:rpc"
log_outputs = "3:file:{log}"
"""

# The DHCP server would ping each address before it offers it, which costs a guest 3 s of its boot; here nobody else
# takes addresses. Without spanning tree the bridge forwards at once.
NETWORK = """\
<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='off' delay='0'/>
  <ip address='{gateway}' netmask='{netmask}'>
    <dhcp><range start='{first}' end='{last}'/></dhcp>
  </ip>
  <dnsmasq:options><dnsmasq:option value='no-ping'/></dnsmasq:options>
</network>
"""

POOL = """\
<pool type='dir'>
  <name>{name}</name>
  <target><path>{path}</path></target>
</pool>
"""


def libvirt_files(config: LabConfig) -> Iterator[tuple[str, str]]:
    """Path below /etc/libvirt and text of each file."""
    yield "qemu.conf", QEMU_CONF
    yield "libvirtd.conf", LIBVIRTD_CONF.format(host_uuid=config.host_uuid, log=config.directory / "log/libvirtd.log")
    yield "libvirt.conf", 'uri_default = "qemu:///system"\n'
    yield "oos/net-default.xml", network_xml(config)
    for name in POOLS:
        yield f"oos/pool-{name}.xml", POOL.format(name=name, path=escape(str(config.pool(name))))


def network_xml(config: LabConfig) -> str:
    """The NAT network of the lab's guests; the lower part of the subnet stays free for fixed addresses."""
    addresses = config.subnet.num_addresses
    return NETWORK.format(
        gateway=config.subnet[1],
        netmask=config.subnet.netmask,
        first=config.subnet[min(10, addresses // 4)],
        last=config.subnet[addresses - 2],
    )


def write_files(config: LabConfig) -> None:
    """Lay out the zone's directories and its /etc/libvirt. What a living zone already uses is left as it is."""
    for name in ("run", "lib", "lib/images", "etc", "etc/oos", "etc/oos/bin", "log"):
        (config.directory / name).mkdir(parents=True, exist_ok=True)
    for pool in POOLS:
        config.pool(pool).mkdir(parents=True, exist_ok=True)
    (config.cache / "libvirt").mkdir(parents=True, exist_ok=True)
    config.runtime.mkdir(mode=0o755, exist_ok=True)
    for path, text in libvirt_files(config):
        (config.directory / "etc" / path).write_text(text)
    write_programs(config.directory / "etc/oos/bin")
    copy_filters(config.directory / "etc/nwfilter")


def write_programs(target: Path) -> None:
    """The programs that libvirtd is to find before those of the host."""
    traffic_control = target / "tc"
    traffic_control.write_bytes((Path(__file__).parent / "tc.sh").read_bytes())
    traffic_control.chmod(0o755)


def copy_filters(target: Path, source: Path = Path("/etc/libvirt/nwfilter")) -> None:
    """The network filters that libvirt ships: it knows them only as files (https://libvirt.org/formatnwfilter.html)."""
    if target.exists() or not source.is_dir():
        return
    target.mkdir()
    for path in sorted(source.glob("*.xml")):
        (target / path.name).write_bytes(path.read_bytes())
