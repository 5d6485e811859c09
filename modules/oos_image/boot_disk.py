"""A disk that boots by itself: one partition, and GRUB in front of it, laid out without mounting anything. Pure.

The first sector holds GRUB's boot.img, whose first task is to load the sector that follows; there, in the gap before
the first partition, core.img lies. https://www.gnu.org/software/grub/manual/grub/html_node/BIOS-installation.html
"""

from __future__ import annotations

import struct
from typing import Final

SECTOR: Final = 512
FIRST_SECTOR: Final = 2048
"""Of the partition; the gap before it has room for GRUB."""
PARTITION_OFFSET: Final = FIRST_SECTOR * SECTOR
GRUB_MODULES: Final = ("biosdisk", "part_msdos", "ext2", "normal", "linux", "configfile", "echo", "test")
GRUB_PREFIX: Final = "(hd0,msdos1)/boot/grub"
COMMAND_LINE: Final = "ro console=tty0 console=ttyS0,115200"

_TABLE_AT: Final = 440
"""Of the disk's signature; code ends before it, the table of partitions begins six bytes later."""
_LINUX: Final = 0x83
_ACTIVE: Final = 0x80


def head_of_disk(boot: bytes, core: bytes, size_bytes: int, signature: int) -> bytes:
    """What stands before the partition: GRUB's first sector with the table of partitions in it, and its core."""
    assert len(boot) == SECTOR, "GRUB's boot.img is one sector"
    if len(core) > PARTITION_OFFSET - SECTOR:
        raise ValueError(f"GRUB's core has {len(core)} bytes, more than the gap before the partition")
    # Cylinders, heads and sectors as disks that are too large for them have it.
    chs = b"\xfe\xff\xff"
    sectors = size_bytes // SECTOR - FIRST_SECTOR
    entry = struct.pack("<B3sB3sII", _ACTIVE, chs, _LINUX, chs, FIRST_SECTOR, sectors)
    table = struct.pack("<IH", signature, 0) + entry + bytes(48) + b"\x55\xaa"
    return boot[:_TABLE_AT] + table + core


def grub_configuration(root_uuid: str, command_line: str = COMMAND_LINE) -> str:
    """GRUB's configuration: the newest kernel, by the links that Debian keeps; the one before where that fails.

    It never changes, so a kernel that is upgraded in a guest needs no GRUB there.
    """
    entries = "".join(
        f"menuentry '{title}' {{\n"
        f"  linux /vmlinuz{old} root=UUID={root_uuid} {command_line}\n"
        f"  initrd /initrd.img{old}\n}}\n"
        for title, old in (("Linux", ""), ("Linux, the kernel before", ".old"))
    )
    return f"set timeout=0\nset default=0\nset fallback=1\n{entries}"
