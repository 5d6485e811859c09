"""Trees: the files of a system before it is an image, made by mmdebstrap and kept as tar files, one for each stage.

mmdebstrap makes, enters and packs a tree. It mounts /dev and /proc there, so it runs among mounts and processes of its
own: however it ends, and however we do, they are gone, and no cleaning up ever comes upon them. https://manpages.debian.org/bookworm/mmdebstrap/mmdebstrap.1.en.html
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from oos.service.context import Context
from oos.service.errors import ApiError, Unsupported
from oos_image import apt_sources, tree_scripts

PROGRAMS: Final = {
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "qemu-img": "qemu-utils",
    "grub-mkimage": "grub-common",
}
GRUB_BOOT: Final = Path("/usr/lib/grub/i386-pc/boot.img")
TAIL: Final = 2000
"""Characters of what a failed program said that its error repeats."""
STALE_SECONDS: Final = 86_400.0
"""Of a bench that a process left when it was killed."""
_APART: Final = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
)
_PATH: Final = f"{os.defpath}:/usr/local/sbin:/usr/sbin:/sbin"


def require_programs() -> None:
    """Raise Unsupported where this machine cannot make trees and disks of them."""
    if os.geteuid() != 0:
        raise Unsupported("Making an image from packages takes root on the machine where oos runs.")
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program, path=_PATH) is None]
    missing += [] if GRUB_BOOT.exists() else ["grub-pc-bin"]
    if missing:
        raise Unsupported(f"This machine cannot make an image from nothing: apt-get install {' '.join(missing)}.")


@dataclass(frozen=True, slots=True)
class Bench:
    """A folder to work in, which goes with its use, and how programs are run there."""

    context: Context
    folder: Path
    epoch: int
    """No file is younger: SOURCE_DATE_EPOCH."""

    def run(self, argv: Sequence[str], seconds: float, what: str) -> None:
        """Run a program to its end; what it says line by line is reported. Raises ApiError."""
        log = self.folder / "log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                argv,
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait(process, log, seconds, what)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        if process.returncode != 0:
            text = self.context.redact(log.read_bytes().decode(errors="replace"))[-TAIL:].strip()
            raise ApiError("ImageBuildFailed", f"{what}: exit code {process.returncode}: {text}")

    def _wait(self, process: subprocess.Popen[bytes], log: Path, seconds: float, what: str) -> None:
        end, told = time.monotonic() + seconds, ""
        while process.poll() is None:
            if time.monotonic() >= end:
                raise ApiError("ImageBuildTimeout", f"{what} did not end in {seconds:g} s.")
            self.context.pause(0.2, what)
            last = _last_step(log)
            if last and last != told:
                told = last
                self.context.report(f"{what}: {last}")

    def _environment(self) -> dict[str, str]:
        """Little of this process's own: what is built should not depend on who builds it."""
        return {
            "PATH": _PATH,
            "LC_ALL": "C.UTF-8",
            "TMPDIR": str(self.folder),
            "SOURCE_DATE_EPOCH": str(self.epoch),
            **_proxies(),
        }

    def apart(self, argv: Sequence[str], seconds: float, what: str) -> None:
        """Run a program among mounts and processes of its own."""
        self.run([*_APART, *argv], seconds, what)

    def mmdebstrap(self, arguments: Sequence[str], seconds: float, what: str) -> None:
        """Run mmdebstrap."""
        self.apart(["mmdebstrap", "--mode=root", "--format=tar", *arguments], seconds, what)


def _last_step(log: Path) -> str:
    """The last step that mmdebstrap told: `I: installing remaining packages inside the chroot...`."""
    lines = log.read_bytes()[-4000:].decode(errors="replace").splitlines()
    return next((line[3:].rstrip(".") for line in reversed(lines) if line.startswith("I: ")), "")


def _proxies() -> dict[str, str]:
    """The proxies by which apt reaches archives on this machine."""
    found: dict[str, str] = {}
    for scheme in ("http", "https"):
        name = f"{scheme}_proxy"
        asked = ["apt-config", "shell", "proxy", f"Acquire::{scheme}::Proxy"]
        done = subprocess.run(asked, capture_output=True, check=False, timeout=30)
        told = done.stdout.decode(errors="replace").strip().removeprefix("proxy=").strip("'")
        if told or name in os.environ:
            found[name] = told or os.environ[name]
    return found


def sha256(path: Path) -> str:
    """Of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def bench(context: Context, cache: Path, epoch: int) -> Iterator[Bench]:
    """A bench for as long as it is used."""
    cache.mkdir(parents=True, exist_ok=True)
    for left in cache.glob(".bench-*"):
        if left.stat().st_mtime < time.time() - STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=cache, prefix=".bench-"))
    try:
        yield Bench(context, folder, epoch)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# what is made on it


def make_base(
    bench: Bench, suite: str, packages: Sequence[str], locked: Mapping[str, str], name: str, target: Path
) -> None:
    """Make the tree of a release with its packages, kept in a tar file. Raises ApiError."""
    sources = _sources(suite)
    (bench.folder / "oos.sources").write_text(sources, encoding="utf-8")
    (bench.folder / "prepare.sh").write_text(tree_scripts.PREPARE, encoding="utf-8")
    (bench.folder / "base.sh").write_text(tree_scripts.base_script(name), encoding="utf-8")
    _pin(bench, locked)
    wanted = dict.fromkeys([*tree_scripts.NEEDED, *_kernel(packages), *packages])
    bench.mmdebstrap(
        [
            "--variant=minbase",
            f"--include={','.join(wanted)}",
            '--setup-hook=sh ./prepare.sh "$1"',
            '--customize-hook=sh ./base.sh "$1"',
            suite,
            "./tree.tar",
            "./oos.sources",
        ],
        3600,
        f"base {suite}",
    )
    _keep(bench, target)


@dataclass(frozen=True, slots=True)
class TreeStage:
    """What is done in a tree: files, then packages, then a script."""

    name: str
    files: tuple[tuple[str, str, str, bytes], ...]
    """Path, mode, owner, content."""
    install: str
    """Shell that installs packages; empty: none are."""
    script: str
    seconds: float
    locked: Mapping[str, str]
    """Versions by package."""


def make_stage(bench: Bench, stage: TreeStage, before: Path, target: Path) -> None:
    """Carry out a stage in the tree of another, and keep what comes out. Raises ApiError."""
    (bench.folder / "files").mkdir()
    for number, (*_, content) in enumerate(stage.files):
        (bench.folder / "files" / str(number)).write_bytes(content)
    (bench.folder / "script").write_text(stage.script, encoding="utf-8")
    text = tree_scripts.stage_script([each[:3] for each in stage.files], stage.install, bool(stage.script))
    (bench.folder / "stage.sh").write_text(text, encoding="utf-8")
    (bench.folder / "unpack.sh").write_text(tree_scripts.UNPACK, encoding="utf-8")
    (bench.folder / "before.tar").hardlink_to(before)
    _pin(bench, stage.locked)
    bench.mmdebstrap(
        [
            "--variant=custom",
            "--skip=update",
            '--setup-hook=sh ./unpack.sh "$1"',
            '--customize-hook=sh ./stage.sh "$1"',
            "",
            "./tree.tar",
        ],
        stage.seconds,
        f"stage {stage.name}",
    )
    _keep(bench, target)


def _pin(bench: Bench, locked: Mapping[str, str]) -> None:
    if locked:
        (bench.folder / "preferences").write_text(tree_scripts.preferences(locked), encoding="utf-8")


def _keep(bench: Bench, target: Path) -> None:
    (bench.folder / "tree.tar").replace(target)


def _kernel(packages: Sequence[str]) -> list[str]:
    """The kernel for guests, unless the recipe names one."""
    if any(each.startswith("linux-image") for each in packages):
        return []
    done = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, check=True, timeout=30)
    return [f"linux-image-cloud-{done.stdout.decode().strip()}"]


def _sources(suite: str) -> str:
    folder = Path("/etc/apt")
    paths = [folder / "sources.list", *folder.glob("sources.list.d/*.list"), *folder.glob("sources.list.d/*.sources")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in paths if path.is_file()}
    own = ""
    for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        own = line.partition("=")[2].strip('"') if line.startswith("VERSION_CODENAME=") else own
    found = apt_sources.sources_for(suite, own, apt_sources.read_sources(texts))
    if not found:
        message = f"apt on this machine knows no archive with main of {suite}, nor one of its own release {own}."
        raise ApiError("NoAptSources", message, status=409)
    return apt_sources.write_sources(found)
