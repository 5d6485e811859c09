"""Surveys: what `survey.sh` found on a system, read into values. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_SECTIONS = ("packages", "users", "units", "modes", "links", "sums")
_ELSEWHERE = ("/dev/", "/proc/", "/run/", "/sys/", "/tmp/")  # noqa: S108 (in the guest)
"""Where nothing is that an image is made of."""


@dataclass(frozen=True, slots=True)
class File:
    """A file, a link, a device."""

    path: str
    mode: str
    """As `ls -l` writes it."""
    owner: str
    """Numbers of user and group."""
    sha256: str = ""
    """Of a regular file."""
    target: str = ""
    """Of a link."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is on a system."""

    packages: Mapping[str, str] = field(default_factory=dict)
    """Versions by name."""
    users: Mapping[str, str] = field(default_factory=dict)
    """Numbers and shell by name."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Of systemd: whether each is enabled."""
    files: tuple[File, ...] = ()


def read(output: bytes) -> Survey:
    """The survey in a script's output; an empty one where the system could not carry it out."""
    lines = output.decode(errors="replace").split("\n")
    if "[end]" not in lines:
        return Survey()
    sections: dict[str, list[str]] = {name: [] for name in _SECTIONS}
    into: list[str] = []
    for line in lines:
        into = sections.get(line.strip("[]"), into) if line.startswith("[") and line.endswith("]") else into
        if line and not line.startswith("["):
            into.append(line)
    sums = {path: digest for digest, path in _pairs(sections["sums"], "  ")}
    targets = dict(_pairs(sections["links"], "\t"))
    files = sorted(_files(sections["modes"], sums, targets), key=lambda each: each.path)
    packages, users, units = (dict(_pairs(sections[name], "\t")) for name in ("packages", "users", "units"))
    return Survey(packages, users, units, tuple(files))


def _pairs(lines: list[str], separator: str) -> Iterator[tuple[str, str]]:
    for line in lines:
        first, found, second = line.partition(separator)
        if found:
            yield first, second


def _files(lines: list[str], sums: Mapping[str, str], targets: Mapping[str, str]) -> Iterator[File]:
    for line in lines:
        mode, _, rest = line.partition(" ")
        owner, _, name = rest.partition(" ")
        path = name.removeprefix(".")
        if path and not path.startswith(_ELSEWHERE):
            yield File(path, mode, owner, sums.get(name, ""), targets.get(name, ""))
