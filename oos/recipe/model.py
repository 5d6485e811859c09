"""A recipe: what an image begins with, the stages that change it, and the tests that it must pass."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from oos.diagnostics import Diagnostic, DiagnosticError
from oos.inventory.yaml_file import read_text, read_yaml
from oos.values.typed import convert_as

LARGEST_FILES: Final = 8 << 20
"""Bytes of all files of a recipe: they travel in the record of the build. More is fetched by a script."""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    content: str | None = None
    source: str = ""
    mode: str = "644"
    owner: str = "root"


class _Stage(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    unbooted: bool = False
    files: list[_File] = []
    packages: list[str] = []
    script: str = ""
    timeout: int = 1800


class _Test(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    script: str
    timeout: int = 300


class _Base(msgspec.Struct, forbid_unknown_fields=True):
    image: str = ""
    family: str = ""
    channel: str = ""
    mmdebstrap: str = ""
    packages: list[str] = []
    size: int = 4


class _Recipe(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    base: _Base
    family: str = ""
    description: str = ""
    instance_type: str = "ecs.t1.tiny"
    stages: list[_Stage] = []
    tests: list[_Test] = []


class _Lock(msgspec.Struct, forbid_unknown_fields=True):
    base: str = ""
    packages: dict[str, str] = {}
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Base:
    """What a build begins with: an image, the newest of a family, what a channel points at, or packages alone."""

    image: str = ""
    """Its id or its name."""
    family: str = ""
    channel: str = ""
    """FAMILY/CHANNEL."""
    mmdebstrap: str = ""
    """A release of Debian, made from its packages; with it:"""
    packages: tuple[str, ...] = ()
    """besides those that it needs to boot,"""
    size: int = 4
    """and GiB of the disk."""

    def __str__(self) -> str:
        if self.mmdebstrap:
            return f"{self.mmdebstrap} by mmdebstrap"
        return self.image or (f"family {self.family}" if self.family else f"channel {self.channel}")


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file that a stage puts in place, with its content."""

    path: str
    content: bytes
    mode: str = "644"
    owner: str = "root"


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a build; what comes out of it is kept."""

    name: str
    files: tuple[StagedFile, ...] = ()
    packages: tuple[str, ...] = ()
    script: str = ""
    timeout: int = 1800
    unbooted: bool = False
    """Whether it is done in the files of a system that does not run."""

    def parameters(self) -> dict[str, Any]:
        """The stage as the operation takes it."""
        return {
            "Name": self.name,
            "Files": [
                {
                    "Path": each.path,
                    "Content": base64.b64encode(each.content).decode(),
                    "Mode": each.mode,
                    "Owner": each.owner,
                }
                for each in self.files
            ],
            "Packages": list(self.packages),
            "Script": self.script,
            "Timeout": self.timeout,
        }


@dataclass(frozen=True, slots=True)
class ImageTest:
    """A script that ends with 0 in a guest made from the image."""

    name: str
    script: str
    timeout: int = 300

    def parameters(self) -> dict[str, Any]:
        """The test as the operation takes it."""
        return {"Name": self.name, "Script": self.script, "Timeout": self.timeout}


@dataclass(frozen=True, slots=True)
class Lock:
    """What a build used, so that the next one uses the same."""

    base: str
    """Id of the image; empty where there was none."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Versions by name: of the packages that stages ask for, or of all where everything was made from packages."""
    epoch: int = 0
    """Of what was made from packages: no file is younger, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an image is built."""

    name: str
    base: Base
    family: str = ""
    description: str = ""
    instance_type: str = "ecs.t1.tiny"
    stages: tuple[Stage, ...] = ()
    tests: tuple[ImageTest, ...] = ()


def read_recipe(path: Path) -> Recipe:
    """The recipe in a YAML file, with the files that it names, which lie beside it. Raises DiagnosticError."""
    name = str(path)
    document = read_yaml(read_text(path, "recipe", "OOS970"), name)
    try:
        written = convert_as(document, _Recipe)
    except msgspec.ValidationError as error:
        hint = "a recipe has name, base, family, description, instance_type, stages and tests"
        raise DiagnosticError([Diagnostic("OOS971", f"not a recipe: {error}", name, hint=hint)]) from error
    faults = [Diagnostic("OOS972", message, name) for message in _faults(written, path.parent)]
    if faults:
        raise DiagnosticError(faults)
    return Recipe(
        name=written.name,
        base=Base(
            written.base.image,
            written.base.family,
            written.base.channel,
            written.base.mmdebstrap,
            tuple(written.base.packages),
            written.base.size,
        ),
        family=written.family or written.name,
        description=written.description,
        instance_type=written.instance_type,
        stages=tuple(
            Stage(
                each.name,
                tuple(_staged(file, path.parent) for file in each.files),
                tuple(each.packages),
                each.script,
                each.timeout,
                each.unbooted,
            )
            for each in written.stages
        ),
        tests=tuple(ImageTest(each.name, each.script, each.timeout) for each in written.tests),
    )


def _faults(recipe: _Recipe, folder: Path) -> Iterator[str]:
    base = recipe.base
    given = [each for each in (base.image, base.family, base.channel, base.mmdebstrap) if each]
    if len(given) != 1:
        yield "base names one of image, family, channel and mmdebstrap"
    if base.packages and not base.mmdebstrap:
        yield "packages of the base belong to mmdebstrap; on an image, a stage installs them"
    booted = not base.mmdebstrap
    for stage in recipe.stages:
        if stage.unbooted and booted:
            yield f"stage {stage.name} is unbooted: such stages follow mmdebstrap, before any that is booted"
        booted = booted or not stage.unbooted
    for what, names in (("stages", [each.name for each in recipe.stages]), ("tests", [x.name for x in recipe.tests])):
        for name in {each for each in names if names.count(each) > 1}:
            yield f"two {what} are called {name}"
    total = 0
    for stage in recipe.stages:
        if not (stage.files or stage.packages or stage.script):
            yield f"stage {stage.name} does nothing: give it files, packages or a script"
        for file in stage.files:
            if not file.path.startswith("/"):
                yield f"stage {stage.name}: {file.path} is no absolute path"
            if (file.content is None) == (not file.source):
                yield f"stage {stage.name}: {file.path} has either a content or a source"
            elif file.source and not (folder / file.source).is_file():
                yield f"stage {stage.name}: there is no file {file.source} beside the recipe"
            else:
                total += (folder / file.source).stat().st_size if file.source else len((file.content or "").encode())
    if total > LARGEST_FILES:
        yield f"its files have {total} bytes, more than {LARGEST_FILES}: let a script fetch what is large"


def _staged(file: _File, folder: Path) -> StagedFile:
    content = (folder / file.source).read_bytes() if file.source else (file.content or "").encode()
    return StagedFile(file.path, content, file.mode, file.owner)


def lock_beside(path: Path) -> Path:
    """Where the lock of a recipe is: `web.yml` has `web.lock.yml`."""
    return path.with_name(f"{path.stem}.lock.yml")


def read_lock(path: Path) -> Lock | None:
    """The lock in a file, or None when there is none. Raises DiagnosticError."""
    if not path.exists():
        return None
    name = str(path)
    try:
        written = convert_as(read_yaml(read_text(path, "lock", "OOS970"), name), _Lock)
    except msgspec.ValidationError as error:
        hint = "delete it, and build with --lock to have it written anew"
        raise DiagnosticError([Diagnostic("OOS971", f"not a lock: {error}", name, hint=hint)]) from error
    return Lock(written.base, written.packages, written.epoch)


def write_lock(lock: Lock) -> str:
    """The lock as a file has it."""
    import yaml

    head = "# What the last build of the recipe used. oos image build keeps to it; --update builds anew without it.\n"
    value: dict[str, Any] = {"base": lock.base} if lock.base else {"epoch": lock.epoch}
    value["packages"] = dict(sorted(lock.packages.items()))
    return head + str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
