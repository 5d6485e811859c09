"""The difference of two images, as their manifests tell: what came, went, or changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is on one image and not so on the other."""

    kind: str
    """`package`, `user`, `unit` or `file`."""
    name: str
    before: str
    """Empty: it came."""
    after: str
    """Empty: it went."""

    @property
    def verb(self) -> str:
        """What happened to it: `added`, `removed`, `changed`."""
        if not self.before:
            return "added"
        return "changed" if self.after else "removed"


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What is different between two manifests (OOS.DescribeImageManifest), packages first."""
    return [
        *_changes("package", before["Packages"], after["Packages"]),
        *_changes("user", before["Users"], after["Users"]),
        *_changes("unit", before["Units"], after["Units"]),
        *_changes("file", _files(before), _files(after)),
    ]


def _files(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {
        each["Path"]: " ".join(
            filter(None, (each["Mode"], each["Owner"], each["Sha256"][:16], each["Target"] and f"-> {each['Target']}"))
        )
        for each in manifest["Files"]
    }


def _changes(kind: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    return [
        Change(kind, name, before.get(name, ""), after.get(name, ""))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
