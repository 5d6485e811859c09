"""Shell that mmdebstrap runs around a tree of files that becomes an image: first `$1` is always the tree. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

NEEDED: Final = ("systemd-sysv", "udev", "dbus", "initramfs-tools", "qemu-guest-agent", "systemd-resolved")
"""What every image gets: it boots, asks for an address, and answers to its agent. Besides: a kernel."""

PREPARE: Final = """\
set -eu
# A power cut ends the whole build: nothing here has to reach the disk at once.
mkdir -p "$1/etc/dpkg/dpkg.cfg.d" "$1/etc/apt/preferences.d"
echo force-unsafe-io > "$1/etc/dpkg/dpkg.cfg.d/oos-build"
[ ! -e preferences ] || cp preferences "$1/etc/apt/preferences.d/oos-lock"
"""
"""Before the first package."""

UNPACK: Final = """\
set -eu
# mmdebstrap has put sources of its own there; only those of the tree count.
rm -f "$1/etc/apt/sources.list"
tar -C "$1" --numeric-owner --xattrs --xattrs-include='*' --exclude=./dev -xf ./before.tar
[ ! -e preferences ] || cp preferences "$1/etc/apt/preferences.d/oos-lock"
"""
"""Before a stage."""

BASE: Final = """\
set -eu
mkdir -p "$1/etc/systemd/network"
printf '[Match]\\nType=ether\\nKind=!*\\n\\n[Network]\\nDHCP=yes\\n' > "$1/etc/systemd/network/90-oos-dhcp.network"
chroot "$1" systemctl --quiet enable systemd-networkd.service serial-getty@ttyS0.service
chroot "$1" systemctl --quiet mask systemd-networkd-wait-online.service
echo {name} > "$1/etc/hostname"
printf '127.0.0.1\\tlocalhost\\n127.0.1.1\\t%s\\n::1\\tlocalhost ip6-localhost ip6-loopback\\n' {name} > "$1/etc/hosts"
rm -f "$1/etc/.resolv.conf.systemd-resolved.bak"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$1/etc/resolv.conf"
# So that a tree is the same with and without a lock that it keeps to.
rm -f "$1/etc/apt/preferences.d/oos-lock"
"""
"""After the packages of the base."""

_STAGE: Final = """\
set -eu
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# While it lasts, names are found as on this machine: what finds them in the guest does not run here.
mv "$1/etc/resolv.conf" "$1/etc/.resolv.conf.oos" 2>/dev/null || :
cat /etc/resolv.conf > "$1/etc/resolv.conf" 2>/dev/null || :
{steps}\
rm -f "$1/etc/resolv.conf" "$1/etc/apt/preferences.d/oos-lock"
mv "$1/etc/.resolv.conf.oos" "$1/etc/resolv.conf" 2>/dev/null || :
"""

_SEAL: Final = """\
set -eu
# Everything that a machine has for itself alone is made anew when a guest starts for the first time.
: > "$1/etc/machine-id"
rm -f "$1"/etc/ssh/ssh_host_*_key "$1"/etc/ssh/ssh_host_*_key.pub "$1"/var/lib/systemd/random-seed \\
  "$1"/etc/dpkg/dpkg.cfg.d/oos-build "$1"/etc/.resolv.conf.systemd-resolved.bak
# Names and passwords with which this machine asks an archive stay here.
find "$1/etc/apt" -name '*.list' -o -name '*.sources' | while read -r each; do sed -i 's#://[^/@ ]*@#://#' "$each"; done
printf 'UUID={uuid} / ext4 defaults,discard 0 1\\n' > "$1/etc/fstab"
mkdir -p "$1/boot/grub"
cp grub.cfg "$1/boot/grub/grub.cfg"
if [ -x "$1/usr/sbin/sshd" ] && [ ! -e "$1/usr/bin/cloud-init" ]; then
  cp host-keys.service "$1/etc/systemd/system/oos-host-keys.service"
  mkdir -p "$1/etc/systemd/system/ssh.service.wants"
  ln -sf ../oos-host-keys.service "$1/etc/systemd/system/ssh.service.wants/oos-host-keys.service"
fi
[ -e "$1/vmlinuz" ] && [ -e "$1/initrd.img" ] || {{ echo 'there is no kernel, or no initrd, in it' >&2; exit 1; }}
"""

HOST_KEYS: Final = """\
[Unit]
Description=The key by which SSH knows this machine, made at its first start
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
"""
"""Where no cloud-init does this."""

DISK: Final = """\
set -eu
mkdir tree
tar -C tree --numeric-owner --xattrs --xattrs-include='*' -xf "$1"
sh ./seal.sh "$PWD/tree"
chroot tree /bin/sh < survey.sh > survey
sed -n 's/^PRETTY_NAME="\\(.*\\)"$/\\1/p' tree/etc/os-release > os-name
truncate -s {size} disk.raw
mke2fs -q -F -t ext4 -L oos-root -U {uuid} -E hash_seed={uuid},offset={offset} -d tree disk.raw {kib}K
rm -rf tree
"""
"""From the tree, in a tar file, to a file system in a file."""


def base_script(name: str) -> str:
    """What makes a system of the base that boots and can be reached."""
    return BASE.format(name=shlex.quote(name))


def seal_script(uuid: str) -> str:
    """What makes an image of a tree: no two guests share what should be one machine's own."""
    return _SEAL.format(uuid=uuid)


def disk_script(uuid: str, size_bytes: int, offset: int) -> str:
    """What makes a disk of a tree."""
    return DISK.format(uuid=uuid, size=size_bytes, offset=offset, kib=(size_bytes - offset) >> 10)


def stage_script(files: Sequence[tuple[str, str, str]], install: str, has_script: bool) -> str:
    """A stage in a tree: files (path, mode, owner) from `files/NUMBER`, then packages, then the script in `script`."""
    steps = []
    for number, (path, mode, owner) in enumerate(files):
        quoted, folder = shlex.quote(path), shlex.quote(path.rsplit("/", 1)[0] or "/")
        inside = f"mkdir -p {folder}; cat > {quoted}; chmod {mode} {quoted}; chown {owner} {quoted}"
        # From inside: a link in the tree that begins with / leads to somewhere in the tree.
        steps.append(f'chroot "$1" /bin/sh -euc {shlex.quote(inside)} < files/{number}\n')
    if install:
        steps.append(f'chroot "$1" /bin/sh -euc {shlex.quote(install)}\n')
    if has_script:
        steps.append('cp script "$1/tmp/.oos-build"\nchroot "$1" /bin/sh -eu /tmp/.oos-build\n')
    return _STAGE.format(steps="".join(steps))


def preferences(locked: Mapping[str, str]) -> str:
    """Pins for apt: these versions and no others. See apt_preferences(5)."""
    return "".join(
        f"Package: {name}\nPin: version {version}\nPin-Priority: 1001\n\n" for name, version in sorted(locked.items())
    )
