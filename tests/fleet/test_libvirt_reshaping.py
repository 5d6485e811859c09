"""Instances made into something else, as their real guests see it: processors, memory, names, passwords, displays."""

from __future__ import annotations

import contextlib
import socket
import struct
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from oos.adapters.libvirt.connection import libvirt
from oos.adapters.libvirt.picture import as_png
from oos.fleet.errors import Incapable
from oos.fleet.instance import Instance, InstanceSize, Power, StopMethod
from oos.values.identifiers import instance_id
from oos.values.png import SIGNATURE
from tests.fleet.real_world import RealWorld

pytestmark = pytest.mark.real

WITH_DISPLAY = """\
<domain type='qemu'>
  <name>display-{uuid}</name><uuid>{uuid}</uuid>
  <memory unit='MiB'>64</memory><vcpu>2</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <graphics type='vnc' socket='{socket}' passwd='before'/>
    <video><model type='vga' vram='16384'/></video>
  </devices>
</domain>
"""
PINNED = """\
<domain type='qemu'>
  <name>pinned-{uuid}</name><uuid>{uuid}</uuid>
  <memory unit='MiB'>64</memory><vcpu>2</vcpu>
  <cputune><vcpupin vcpu='1' cpuset='0'/></cputune>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
</domain>
"""


@pytest.fixture(autouse=True)
def _gone_afterwards(lab_world: RealWorld) -> Iterator[None]:
    """What a test makes ends with it."""
    yield
    lab_world.clean_up(lab_world.made)


@contextlib.contextmanager
def domain_of_somebody(world: RealWorld, xml: str, **facts: object) -> Iterator[str]:
    """A domain that was not made here; its id."""
    made = str(uuid.uuid4())
    text = xml.format(uuid=made, **facts)
    world.libvirt._connection.call("somebody's", "defining it", lambda conn: conn.defineXML(text))
    try:
        yield instance_id(made)
    finally:
        world.hypervisor.stop(instance_id(made), StopMethod.POWER_OFF)
        world.hypervisor.remove_instance(instance_id(made))


def say(world: RealWorld, instance: Instance, command: str) -> str:
    """What a command prints in a guest."""
    process = world.finish(instance.id, world.hypervisor.guest_execute(instance.id, ["/bin/sh", "-c", command]))
    assert process.exit_code == 0, process
    return process.stdout.decode()


def test_a_guest_sees_its_new_size_and_keeps_its_new_name_and_password(lab_world: RealWorld) -> None:
    world = lab_world
    instance = world.run(world.make(host_name="first").id)
    world.hypervisor.set_guest_host_name(instance.id, "second")
    assert say(world, instance, "hostname") == "second\n"
    world.hypervisor.set_guest_password(instance.id, "root", "Correct-1-Horse: ü")
    say(world, instance, "sync")
    world.hypervisor.stop(instance.id, StopMethod.AGENT)
    world.wait_for(instance.id, Power.STOPPED)
    world.hypervisor.resize(instance.id, InstanceSize(2, 144, "ecs.t1.two", 2))
    world.run(instance.id)
    assert say(world, instance, "nproc; hostname").split() == ["2", "second"]
    # More than the 96 MiB it was made with; the kernel keeps a part of the 144 MiB for itself.
    assert 96 * 1024 < int(say(world, instance, "awk '/MemTotal/ { print $2 }' /proc/meminfo")) < 144 * 1024
    # Emulated processors do not tell their guest of threads; QEMU was told.
    now = world.libvirt._ask(instance.id, "looking", lambda domain: str(domain.XMLDesc(0)))
    assert "cores='1' threads='2'" in now
    kept = say(world, instance, "awk -F: '$1 == \"root\" { print $2 }' /etc/shadow").strip()
    _, kind, salt, _ = kept.split("$")
    assert kind == "6"
    assert say(world, instance, f"mkpasswd -m sha512 -S '{salt}' 'Correct-1-Horse: ü'").strip() == kept


def test_a_display_is_seen_and_guarded_by_its_new_password(lab_world: RealWorld) -> None:
    world = lab_world
    with tempfile.TemporaryDirectory(dir=world.zone.directory, prefix="vnc-") as folder:
        place = Path(folder) / "vnc"
        with domain_of_somebody(world, WITH_DISPLAY, socket=place) as id:
            world.hypervisor.start(id)
            picture = world.hypervisor.screenshot(id)
            assert picture.startswith(SIGNATURE)
            width, height = struct.unpack(">II", picture[16:24])
            assert width >= 640
            assert height >= 400
            assert opens(place, "before")
            world.hypervisor.set_display_password(id, "abc123")
            assert opens(place, "abc123")
            assert not opens(place, "before")
            world.hypervisor.stop(id, StopMethod.POWER_OFF)
            # A change of its size must not lose the password, which libvirt leaves out of plain XML.
            world.hypervisor.resize(id, InstanceSize(1, 72))
            assert world.hypervisor.instance(id).memory_mib == 72
            flags = libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE
            assert "passwd='abc123'" in world.libvirt._ask(id, "looking", lambda domain: str(domain.XMLDesc(flags)))


def opens(place: Path, password: str) -> bool:
    """Whether a VNC server lets somebody in with this password. RFC 6143, 7.2.2."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    # VNC reads the bits of each key byte in the other direction.
    key = bytes(int(f"{each:08b}"[::-1], 2) for each in password.encode().ljust(8, b"\0")[:8])
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(str(place))
        stream = line.makefile("rwb", buffering=0)
        version = _read(stream, 12)
        stream.write(version)
        kinds = _read(stream, _read(stream, 1)[0])
        assert 2 in kinds, kinds
        stream.write(b"\x02")
        encryptor = Cipher(TripleDES(key * 3), modes.ECB()).encryptor()
        stream.write(encryptor.update(_read(stream, 16)) + encryptor.finalize())
        return _read(stream, 4) == b"\0\0\0\0"


def _read(stream: socket.SocketIO, count: int) -> bytes:
    content = b""
    while len(content) < count:
        piece = stream.read(count - len(content))
        assert piece, "the server hung up"
        content += piece
    return content


def test_a_layout_that_a_size_does_not_tell_is_left_alone(lab_world: RealWorld) -> None:
    with domain_of_somebody(lab_world, PINNED) as id:
        with pytest.raises(Incapable, match="pinned"):
            lab_world.hypervisor.resize(id, InstanceSize(1, 96))
        assert lab_world.hypervisor.instance(id).cpu == 2


def test_only_pictures_are_taken_for_pictures() -> None:
    assert as_png(b"P6\n# made\n2 1\n255\n" + bytes(6)).startswith(SIGNATURE)
    for wrong in (b"GIF89a", b"P6\n2 1\n255\n" + bytes(5), b""):
        with pytest.raises(ValueError, match="picture"):
            as_png(wrong)
