"""The tiny guest image: recipe, build and cache.

A Debian cloud kernel starts a small initramfs, which loads drivers and hands over to the system disk: an ext4 file
system in a qcow2 file, so that freezing, snapshots and roll-back work on what the guest really runs from. It holds
busybox, dropbear, the QEMU guest agent and an HTTP server. Neither a loop device nor a mount is needed to build it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from oos.lab import cpio, packages
from oos.lab.errors import LabError
from oos.lab.locking import locked
from oos.lab.process import run

Report = Callable[[str], None]

DISK_SIZE_MIB = 128
MEMORY_MIB = 96
COMMAND_LINE = "console=ttyS0 quiet panic=-1 root=/dev/vda mitigations=off no_timer_check audit=0 8250.nr_uarts=1"

# What the kernel needs to reach the system disk, and what the running system needs beyond that.
BOOT_MODULES = ("virtio_pci", "virtio_console", "virtio_blk", "ext4")
SYSTEM_MODULES = ("virtio_net", "virtio_rng", "virtio_balloon", "button", "evdev", "isofs", "vfat")
# What a guest with a seed needs besides; loading it takes a while, so others leave it.
SEED_MODULES = ("virtio_scsi", "sr_mod")

KERNEL_PACKAGE = "linux-image-cloud-{architecture}"
AGENT_PACKAGE = "qemu-guest-agent"
HOST_PACKAGES = (
    *("busybox-static", "dropbear-bin", "openssh-sftp-server", "e2fsprogs"),  # what is copied into the image
    *("libc6", "libglib2.0-0*", "qemu-utils"),
)
HOST_PROGRAMS = (
    # (on this host, in the guest)
    ("/usr/sbin/dropbear", "usr/sbin/dropbear"),
    ("/usr/lib/openssh/sftp-server", "usr/lib/sftp-server"),
    ("/usr/sbin/mke2fs", "usr/sbin/mkfs.ext4"),
    ("/usr/sbin/resize2fs", "usr/sbin/resize2fs"),
)
BUSYBOX = Path("/usr/bin/busybox")
TREE = Path(__file__).parent / "guest"


@dataclass(frozen=True, slots=True)
class Keys:
    """The key that opens every lab guest, and the host key by which each is known."""

    private: Path
    public: str
    host: Path
    host_public: str


@dataclass(frozen=True, slots=True)
class GuestImage:
    """A built image: everything a domain needs to start from it."""

    digest: str
    disk: Path
    kernel: Path
    initrd: Path
    command_line: str
    memory_mib: int
    keys: Keys


def build(cache: Path, report: Report) -> GuestImage:
    """The guest image of this recipe out of the cache; made first where it is not there yet."""
    cache.mkdir(parents=True, exist_ok=True)
    with locked(cache / "build.lock"):
        keys = _keys(cache / "ssh")
        kernel = packages.fetch(
            "linux-image-*.deb", KERNEL_PACKAGE.format(architecture=packages.architecture()), cache / "packages"
        )
        agent = packages.fetch("qemu-guest-agent_*.deb", AGENT_PACKAGE, cache / "packages")
        ingredients = {
            "packages": [kernel.name, agent.name, *packages.installed_versions(HOST_PACKAGES)],
            "recipe": _recipe_digest(),
            "keys": [keys.public, keys.host_public],
        }
        digest = hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()[:16]
        home = cache / "guest" / digest
        if not home.exists():
            report(f"building the guest image {digest}")
            home.parent.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=home.parent, prefix=".build-") as scratch:
                _build_into(Path(scratch), kernel, agent, keys)
                (Path(scratch) / "result" / "ingredients.json").write_text(json.dumps(ingredients, indent=1))
                (Path(scratch) / "result").rename(home)
    return GuestImage(digest, home / "disk.qcow2", home / "vmlinuz", home / "initrd", COMMAND_LINE, MEMORY_MIB, keys)


def _recipe_digest() -> str:
    """Names all that decides what the image looks like: this program's text and the files it puts in."""
    total = hashlib.sha256()
    sources = (Path(__file__), Path(cpio.__file__), Path(packages.__file__))
    for path in (*sources, *sorted(path for path in TREE.rglob("*") if path.is_file())):
        total.update(f"{path.name}\0{path.parent.name}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()


def _keys(directory: Path) -> Keys:
    """The lab's key pairs, made once per cache: guests of an earlier build stay reachable."""
    private, host = directory / "id_ed25519", directory / "host_ed25519"
    if not host.with_suffix(".pub").exists():
        directory.mkdir(mode=0o700, exist_ok=True)
        for path in (private, private.with_suffix(".pub"), host):
            path.unlink(missing_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "oos-lab", "-f", private])
        said = run(["dropbearkey", "-t", "ed25519", "-f", host])
        public = next(line for line in said.splitlines() if line.startswith("ssh-"))
        host.with_suffix(".pub").write_text(" ".join(public.split()[:2]) + "\n")
    return Keys(
        private, private.with_suffix(".pub").read_text().strip(), host, host.with_suffix(".pub").read_text().strip()
    )


def _build_into(scratch: Path, kernel: Path, agent: Path, keys: Keys) -> None:
    result = scratch / "result"
    result.mkdir()
    packages.unpack(kernel, scratch / "kernel")
    packages.unpack(agent, scratch / "agent")
    (version,) = (path.name for path in (scratch / "kernel/lib/modules").iterdir())
    shutil.copyfile(scratch / f"kernel/boot/vmlinuz-{version}", result / "vmlinuz")
    modules = read_modules(scratch / "kernel", version)
    boot = modules.in_load_order(BOOT_MODULES)
    (result / "initrd").write_bytes(cpio.archive(_initramfs(boot)))
    later = [path for path in modules.in_load_order(SYSTEM_MODULES) if path not in boot]
    seed = [path for path in modules.in_load_order(SEED_MODULES) if path not in (*boot, *later)]
    root = scratch / "root"
    _system_tree(root, scratch / "agent/usr/sbin/qemu-ga", keys)
    _install_modules(root, "order", later)
    _install_modules(root, "seed-order", seed)
    _disk(root, scratch / "disk.raw", result / "disk.qcow2")


@dataclass(frozen=True, slots=True)
class Modules:
    """A kernel's modules: where each one is, what it needs, and which are part of the kernel itself."""

    files: dict[str, Path]
    needs: dict[str, tuple[str, ...]]
    builtin: frozenset[str]

    def in_load_order(self, names: Iterable[str]) -> tuple[Path, ...]:
        """The files that have to be loaded for these modules to work, each after what it needs."""
        order: dict[str, Path] = {}
        for name in names:
            if name in self.builtin:
                continue
            if name not in self.files:
                raise LabError(name, "is not a module of the guest's kernel")
            # modules.dep lists what a module needs with the deepest need last (modules.dep(5)).
            for needed in (*reversed(self.needs[name]), name):
                order.setdefault(needed, self.files[needed])
        return tuple(order.values())


def read_modules(tree: Path, version: str) -> Modules:
    """The modules of an unpacked kernel package."""
    run(["depmod", "-b", tree, version])
    home = tree / "lib/modules" / version
    return parse_modules(home, (home / "modules.dep").read_text(), (home / "modules.builtin").read_text())


def parse_modules(home: Path, dependencies: str, builtin: str) -> Modules:
    """The modules that a `modules.dep` and a `modules.builtin` describe."""
    files: dict[str, Path] = {}
    needs: dict[str, tuple[str, ...]] = {}
    for line in dependencies.splitlines():
        path, _, needed = line.partition(":")
        files[_module_name(path)] = home / path
        needs[_module_name(path)] = tuple(_module_name(word) for word in needed.split())
    return Modules(files, needs, frozenset(_module_name(line) for line in builtin.split()))


def _module_name(path: str) -> str:
    # Files are called virtio-rng.ko or virtio_rng.ko; the kernel calls both virtio_rng.
    return Path(path).name.partition(".")[0].replace("-", "_")


def _initramfs(modules: tuple[Path, ...]) -> Iterator[cpio.Entry]:
    for name in ("bin", "dev", "proc", "system", "lib", "lib/modules"):
        yield cpio.directory(name)
    yield cpio.file("bin/busybox", BUSYBOX.read_bytes(), 0o755)
    for applet in ("sh", "mount", "umount", "insmod", "usleep", "switch_root", "poweroff"):
        yield cpio.symlink(f"bin/{applet}", "busybox")
    for path in modules:
        yield cpio.file(f"lib/modules/{path.name}", path.read_bytes())
    yield cpio.file("lib/modules/order", "".join(f"{path.name}\n" for path in modules).encode())
    yield cpio.file("init", (TREE / "initramfs/init").read_bytes(), 0o755)


def _system_tree(root: Path, agent: Path, keys: Keys) -> None:
    """Lay out the guest's root directory."""
    for name in ("bin", "dev", "proc", "sys", "run", "tmp", "mnt", "usr/bin", "var/lib", "var/log", "lib/modules"):
        (root / name).mkdir(parents=True)
    for source in sorted((TREE / "root").rglob("*")):
        if source.is_file():
            script = source.read_bytes().startswith(b"#!")
            _install(source, root / source.relative_to(TREE / "root"), 0o755 if script else 0o644)
    _install(BUSYBOX, root / "bin/busybox", 0o755)
    for applet in run([BUSYBOX, "--list"]).split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    (root / "sbin/init").symlink_to("../bin/busybox")
    (root / "var/run").symlink_to("../run")
    (root / "etc/resolv.conf").symlink_to("../run/resolv.conf")
    (root / "etc/mtab").symlink_to("../proc/self/mounts")
    for program, place in ((agent, "usr/sbin/qemu-ga"), *((Path(here), there) for here, there in HOST_PROGRAMS)):
        _install(program, root / place, 0o755)
        for library in packages.shared_libraries(program):
            _install(library, root / library.relative_to("/"), 0o755)
    _install(keys.host, root / "etc/dropbear/dropbear_ed25519_host_key", 0o600)
    (root / "root/.ssh").mkdir(parents=True, mode=0o700)
    (root / "root/.ssh/authorized_keys").write_text(keys.public + "\n")
    for private in ("root", "root/.ssh", "root/.ssh/authorized_keys", "etc/shadow"):
        (root / private).chmod(0o600 if (root / private).is_file() else 0o700)


def _install_modules(root: Path, order: str, modules: Iterable[Path]) -> None:
    """Put drivers into the guest, and the order in which they are loaded."""
    names = []
    for path in modules:
        _install(path, root / "lib/modules" / path.name, 0o644)
        names.append(f"{path.name}\n")
    (root / "lib/modules" / order).write_text("".join(names))


def _install(source: Path, target: Path, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def _disk(root: Path, raw: Path, target: Path) -> None:
    """The tree as an ext4 file system in a qcow2 file (mke2fs(8) `-d` needs no mount)."""
    options = ("-q", "-t", "ext4", "-L", "oos-root", "-m", "0", "-d")
    run(["mke2fs", *options, root, raw, f"{DISK_SIZE_MIB}M"])
    run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, target])
