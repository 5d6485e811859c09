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
class Build:
    """A recipe on a certain image."""

    recipe: Recipe
    base_image_id: str
    steps: tuple[Step, ...]

    @property
    def digest(self) -> str:
        """Names the whole: that of its last stage."""
        return self.steps[-1].digest if self.steps else _digest(self.base_image_id)

    @property
    def tests_digest(self) -> str:
        """Names the tests that the image must pass; they change nothing of what is in it."""
        return _digest([each.parameters() for each in self.recipe.tests])

    @property
    def image_name(self) -> str:
        """The name of the image; what has one name has one content."""
        return f"{self.recipe.name}-{self.digest[:12]}"


def plan_build(recipe: Recipe, base_image_id: str, lock: Lock | None = None, *, salt: str = "") -> Build:
    """The build of a recipe on an image, its packages in the versions of the lock.

    Each digest covers the base, all stages before, and the stage itself: whatever changes, changes all that follows.
    With a salt that no build had before, nothing that is there is used: to see whether the same comes out again.
    """
    steps: list[Step] = []
    digest = _digest(base_image_id, salt) if salt else _digest(base_image_id)
    for each in recipe.stages:
        stage = replace(each, packages=tuple(pinned(package, lock) for package in each.packages))
        digest = _digest(digest, stage.parameters())
        steps.append(Step(stage, digest))
    return Build(recipe, base_image_id, tuple(steps))


def pinned(package: str, lock: Lock | None) -> str:
    """A package in the version of the lock, unless the recipe names one itself."""
    version = lock.packages.get(package) if lock and "=" not in package else None
    return f"{package}={version}" if version else package


def lock_of(build: Build, packages: Mapping[str, str]) -> Lock:
    """The lock of a build: its base, and what it installed of the packages that its stages ask for."""
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
    stages = {_stage_parameter(number): step.stage.parameters() for number, step in enumerate(build.steps, 1)}
    return {
        **stages,
        "tests": [each.parameters() for each in build.recipe.tests],
        "provenance": {
            "Recipe": build.recipe.name,
            "Digest": build.digest,
            "TestsDigest": build.tests_digest,
            "BaseImageId": build.base_image_id,
            "Stages": [{"Name": step.stage.name, "Digest": step.digest} for step in build.steps],
        },
    }


def _stage_parameter(number: int) -> str:
    return f"stage{number}"


def _task_name(number: int) -> str:
    return f"build{number}"


def _document(build: Build) -> dict[str, Any]:
    recipe = build.recipe
    built = f"{{{{ {_task_name(len(build.steps))}.imageId }}}}" if build.steps else build.base_image_id
    return {
        "FormatVersion": "OOS-2019-06-01",
        "Description": f"Build of the image recipe {recipe.name}, as oos image build made it",
        "Parameters": {
            **{
                _stage_parameter(number): {"Type": "Json", "Description": f"Stage {step.stage.name}."}
                for number, step in enumerate(build.steps, 1)
            },
            "tests": {"Type": "Json", "Description": "Tests that the image must pass."},
            "provenance": {"Type": "Json", "Description": "What the image is made from."},
        },
        "Tasks": [*_stage_tasks(build), *_proof_tasks(build, built)],
        "Outputs": {
            "imageId": {"Type": "String", "Value": built},
            "bootSeconds": {"Type": "Number", "Value": "{{ prove.bootSeconds }}"},
        },
    }


def _stage_tasks(build: Build) -> list[dict[str, Any]]:
    tasks = []
    before = build.base_image_id
    for number, step in enumerate(build.steps, 1):
        parameters: dict[str, Any] = {
            "BaseImageId": before,
            "Recipe": build.recipe.name,
            "Digest": step.digest,
            "Stage": f"{{{{ {_stage_parameter(number)} }}}}",
            "InstanceType": build.recipe.instance_type,
        }
        if number == 1:
            # So that one can tell what the build changed.
            parameters["SurveyBase"] = True
        outputs = {"imageId": _selected("String", "ImageId"), "cached": _selected("Boolean", "Cached")}
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
    if build.steps:
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
