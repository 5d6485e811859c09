"""Debian packages as files: fetched and unpacked, never installed: building a guest leaves the host as it is."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from oos.lab.errors import CommandFailed, LabError
from oos.lab.process import run, run_unchecked


def architecture() -> str:
    """Debian's word for this machine's processor, such as `amd64`."""
    return run(["dpkg", "--print-architecture"]).strip()


def installed_versions(patterns: Sequence[str]) -> tuple[str, ...]:
    """`package=version` of each installed package that one of the patterns names."""
    # dpkg-query fails when one pattern matches nothing; what the others matched is still what we ask for.
    done = run_unchecked(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}=${Version}\n", *patterns])
    rows = (line.split(" ", 1) for line in done.stdout.decode().splitlines())
    return tuple(sorted(name for status, name in rows if status == "installed"))


def fetch(pattern: str, package: str, directory: Path) -> Path:
    """The package file in the directory that fits the pattern; the newest one, downloaded if there is none.

    A file that is there is taken as it is: an image must not change because an archive published a fix meanwhile.
    """
    found = sorted(directory.glob(pattern), key=lambda path: path.stat().st_mtime)
    if found:
        return found[-1]
    try:
        return _download(package, directory)
    except CommandFailed:
        # Lists of packages age: a mirror forgets the version they name. Fresh lists, one more try.
        run(["apt-get", "-q", "update"], timeout=300)
        return _download(package, directory)


def _download(package: str, directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    name = _package_behind(package)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".download-") as scratch:
        run(["apt-get", "-q", "download", name], timeout=600, cwd=Path(scratch))
        files = list(Path(scratch).glob("*.deb"))
        if len(files) != 1:
            raise LabError(name, f"apt-get download gave {len(files)} files", "apt-get update")
        return files[0].rename(directory / files[0].name)


def _package_behind(package: str) -> str:
    """The real package of a `linux-image-…` meta-package; any other name is its own."""
    if not package.startswith("linux-image"):
        return package
    for line in run(["apt-cache", "depends", "--important", package]).splitlines():
        relation, _, target = line.strip().partition(": ")
        if relation == "Depends":
            return target
    raise CommandFailed(package, "is unknown to apt", "apt-get update")


def unpack(package: Path, directory: Path) -> None:
    """Unpack a package file into the directory; none of its scripts run."""
    directory.mkdir(parents=True, exist_ok=True)
    run(["dpkg", "-x", package, directory], timeout=120)


def shared_libraries(binary: Path) -> tuple[Path, ...]:
    """The libraries a program needs, and its loader, as ldd(1) finds them on this host."""
    libraries = []
    for line in run(["ldd", binary]).splitlines():
        if "not found" in line:
            raise LabError(str(binary), f"needs {line.split()[0]}, which this host lacks", "scripts/bootstrap")
        # "libc.so.6 => /lib/…/libc.so.6 (0x…)", "/lib64/ld-linux-x86-64.so.2 (0x…)", "linux-vdso.so.1 (0x…)"
        paths = [word for word in line.split() if word.startswith("/")]
        libraries += [Path(path) for path in paths[-1:]]
    return tuple(libraries)
