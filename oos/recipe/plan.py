"""Builds: the digests that name what each stage of a recipe makes, and the template that carries a build out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from oos.recipe.model import Lock, Recipe, Stage


@dataclass(frozen=True, slots=True)
class Step:
    """A stage, and the digest of all that decides what comes out of it."""

    stage: Stage
    digest: str


@dataclass(frozen=True, slots=True)
class Root:
    """An image that a build begins with, made from packages."""

    packages: tuple[str, ...]
    digest: str
    """Of the base, before any stage."""
    locked: Mapping[str, str]
    epoch: int


@dataclass(frozen=True, slots=True)
class Build:
    """A recipe on a certain image, or on one that is made first."""

    recipe: Recipe
    base_image_id: str
    steps: tuple[Step, ...]
    root: Root | None = None

    @property
    def unbooted(self) -> tuple[Step, ...]:
        """The steps that the root goes through before it boots."""
        return tuple(each for each in self.steps if each.stage.unbooted)

    @property
    def booted(self) -> tuple[Step, ...]:
        """The steps that guests go through."""
        return tuple(each for each in self.steps if not each.stage.unbooted)

    @property
    def digest(self) -> str:
        """Names the whole: that of its last stage."""
        if self.steps:
            return self.steps[-1].digest
        return self.root.digest if self.root else _digest(self.base_image_id)

    @property
    def tests_digest(self) -> str:
        """Names the tests that the image must pass; they change nothing of what is in it."""
        return _digest([each.parameters() for each in self.recipe.tests])

    @property
    def image_name(self) -> str:
        """The name of the image; what has one name has one content."""
        return f"{self.recipe.name}-{self.digest[:12]}"


def plan_build(
    recipe: Recipe, base_image_id: str, lock: Lock | None = None, *, salt: str = "", epoch: int = 0
) -> Build:
    """The build of a recipe on an image, if it begins with one, its packages in the versions of the lock.

    Each digest covers the base, all stages before, and the stage itself: whatever changes, changes all that follows.
    With a salt that no build had before, nothing that is there is used: to see whether the same comes out again.
    """
    steps: list[Step] = []
    root = _root(recipe, lock, salt, epoch) if recipe.base.mmdebstrap else None
    digest = root.digest if root else _digest(base_image_id, salt) if salt else _digest(base_image_id)
    for each in recipe.stages:
        stage = replace(each, packages=tuple(pinned(package, lock) for package in each.packages))
        digest = _digest(digest, stage.parameters(), *(["unbooted"] if stage.unbooted else []))
        steps.append(Step(stage, digest))
    return Build(recipe, base_image_id, tuple(steps), root)


def _root(recipe: Recipe, lock: Lock | None, salt: str, epoch: int) -> Root:
    base = recipe.base
    locked = dict(lock.packages) if lock else {}
    # Not the time: two builds of a day differ in it, and in nothing else.
    digest = _digest("mmdebstrap", base.mmdebstrap, base.packages, base.size, recipe.name, locked, salt)
    return Root(base.packages, digest, locked, lock.epoch if lock and lock.epoch else epoch)


def pinned(package: str, lock: Lock | None) -> str:
    """A package in the version of the lock, unless the recipe names one itself."""
    version = lock.packages.get(package) if lock and "=" not in package else None
    return f"{package}={version}" if version else package


def lock_of(build: Build, packages: Mapping[str, str]) -> Lock:
    """The lock of a build: its base, and what it installed of the packages that its stages ask for.

    Where it began with packages alone: every package that there is, and the time that its files bear.
    """
    if build.root:
        return Lock("", dict(packages), build.root.epoch)
    asked = [package.partition("=")[0] for step in build.steps for package in step.stage.packages]
    return Lock(build.base_image_id, {name: packages[name] for name in asked if name in packages})


def _digest(*facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


# the template


def template_of(build: Build) -> str:
    """The template that carries a build out: a task for each stage, the proof, and only then the image is available."""
    return _text(_document(build))


def proof_template(recipe: Recipe, image_id: str) -> str:
    """The template that lets an image prove itself by the tests of a recipe; nothing of it changes."""
    prove = {"ImageId": image_id, "InstanceType": recipe.instance_type, "Test": "{{ tests }}"}
    told = {"bootSeconds": _selected("Number", "BootSeconds"), "tests": _selected("List", "Tests")}
    return _text(
        {
            "FormatVersion": "OOS-2019-06-01",
            "Description": f"Tests of the image recipe {recipe.name}, as oos image test made it",
            "Parameters": {"tests": {"Type": "Json", "Description": "Tests that the image must pass."}},
            "Tasks": [_call("prove", "OOS", "TestImage", prove, told, "It boots, its agent answers, its tests pass.")],
            "Outputs": {
                "bootSeconds": {"Type": "Number", "Value": "{{ prove.bootSeconds }}"},
                "tests": {"Type": "List", "Value": "{{ prove.tests }}"},
            },
        }
    )


def _text(document: Mapping[str, Any]) -> str:
    import yaml

    return str(yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=120))


def parameters_of(build: Build) -> dict[str, Any]:
    """The values of the template's parameters. Not in its text: a script may hold double braces of its own."""
    stages = {_stage_parameter(number): step.stage.parameters() for number, step in enumerate(build.booted, 1)}
    return {
        **stages,
        **(_root_parameters(build, build.root) if build.root else {}),
        "tests": [each.parameters() for each in build.recipe.tests],
        "provenance": {
            "Recipe": build.recipe.name,
            "Digest": build.digest,
            "TestsDigest": build.tests_digest,
            "BaseImageId": build.base_image_id,
            "Stages": [{"Name": step.stage.name, "Digest": step.digest} for step in build.steps],
        },
    }


def _root_parameters(build: Build, root: Root) -> dict[str, Any]:
    base = build.recipe.base
    return {
        "base": {
            "Suite": base.mmdebstrap,
            "Packages": list(root.packages),
            "Size": base.size,
            "Locked": dict(root.locked),
            "Epoch": root.epoch,
        },
        "unbooted": [step.stage.parameters() for step in build.unbooted],
    }


def _stage_parameter(number: int) -> str:
    return f"stage{number}"


def _task_name(number: int) -> str:
    return f"build{number}"


def _document(build: Build) -> dict[str, Any]:
    recipe = build.recipe
    built = f"{{{{ {_task_name(len(build.booted))}.imageId }}}}" if build.booted else _base_of(build)
    return {
        "FormatVersion": "OOS-2019-06-01",
        "Description": f"Build of the image recipe {recipe.name}, as oos image build made it",
        "Parameters": {
            **{
                _stage_parameter(number): {"Type": "Json", "Description": f"Stage {step.stage.name}."}
                for number, step in enumerate(build.booted, 1)
            },
            **(_ROOT_PARAMETERS if build.root else {}),
            "tests": {"Type": "Json", "Description": "Tests that the image must pass."},
            "provenance": {"Type": "Json", "Description": "What the image is made from."},
        },
        "Tasks": [*_stage_tasks(build), *_proof_tasks(build, built)],
        "Outputs": {
            "imageId": {"Type": "String", "Value": built},
            "bootSeconds": {"Type": "Number", "Value": "{{ prove.bootSeconds }}"},
        },
    }


_ROOT_PARAMETERS = {
    "base": {"Type": "Json", "Description": "What is made from packages."},
    "unbooted": {"Type": "Json", "Description": "Stages before it boots."},
}


def _base_of(build: Build) -> str:
    """The image that the first guest is made from."""
    return "{{ root.imageId }}" if build.root else build.base_image_id


def _stage_tasks(build: Build) -> list[dict[str, Any]]:
    tasks = []
    outputs = {"imageId": _selected("String", "ImageId"), "cached": _selected("Boolean", "Cached")}
    if build.root:
        root = {
            "Recipe": build.recipe.name,
            "Base": "{{ base }}",
            "Stages": "{{ unbooted }}",
            "Digests": [build.root.digest, *(step.digest for step in build.unbooted)],
        }
        about = f"{build.recipe.base}, before it boots"
        tasks.append(_call("root", "OOS", "BuildImageRoot", root, outputs, about))
    before = _base_of(build)
    for number, step in enumerate(build.booted, 1):
        parameters: dict[str, Any] = {
            "BaseImageId": before,
            "Recipe": build.recipe.name,
            "Digest": step.digest,
            "Stage": f"{{{{ {_stage_parameter(number)} }}}}",
            "InstanceType": build.recipe.instance_type,
        }
        if number == 1 and not build.root:
            # So that one can tell what the build changed.
            parameters["SurveyBase"] = True
        tasks.append(_call(_task_name(number), "OOS", "BuildImageStage", parameters, outputs, step.stage.name))
        before = f"{{{{ {_task_name(number)}.imageId }}}}"
    return tasks


def _proof_tasks(build: Build, image_id: str) -> Sequence[dict[str, Any]]:
    recipe = build.recipe
    prove = {
        "ImageId": image_id,
        "InstanceType": recipe.instance_type,
        "Test": "{{ tests }}",
        "Provenance": "{{ provenance }}",
    }
    release = {
        "ImageId": image_id,
        "ImageName": build.image_name,
        "ImageFamily": recipe.family,
        "Description": recipe.description,
        "Status": "Available",
    }
    told = {"bootSeconds": _selected("Number", "BootSeconds")}
    tasks = [_call("prove", "OOS", "TestImage", prove, told, "It boots, its agent answers, its tests pass.")]
    if build.steps or build.root:
        tasks.append(_call("release", "ECS", "ModifyImageAttribute", release, {}, "Only now it is available."))
    return tasks


def _selected(type: str, selector: str) -> dict[str, str]:
    return {"Type": type, "ValueSelector": selector}


def _call(
    name: str, service: str, api: str, parameters: Mapping[str, Any], outputs: Mapping[str, Any], description: str
) -> dict[str, Any]:
    task: dict[str, Any] = {
        "Name": name,
        "Action": "ACS::ExecuteAPI",
        "Description": description,
        "Properties": {"Service": service, "API": api, "Parameters": dict(parameters)},
    }
    return {**task, "Outputs": dict(outputs)} if outputs else task
