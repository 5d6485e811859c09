"""Image builds: recipes held against the fleet, and what becomes of an image that was built."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from oos.diagnostics import Diagnostic, DiagnosticError, did_you_mean
from oos.recipe.channels import parameter_name
from oos.recipe.difference import difference
from oos.recipe.model import Base, Lock, lock_beside, read_lock, read_recipe
from oos.recipe.plan import Build, plan_build
from oos.recipe.retiring import BUILD_TAG, STAGE_TAG, Candidate, Rule, Verdict, abandoned, verdicts
from oos.service.call import invoke
from oos.service.errors import NotFound
from oos.service.stored_parameters import stored_value

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.fleet.instance import Instance
    from oos.fleet.storage import Image

PIECE: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Prepared:
    """A build that could start now."""

    build: Build
    kept: frozenset[str]
    """Digests of stages that are there already."""
    before: str = ""
    """Of a build that is made again: the image that came out the last time; empty when there is none."""
    ready: str = ""
    """The image, when it is there, available, and has passed these very tests; else empty."""


def prepared(app: App, path: Path, *, update: bool = False, again: bool = False) -> Prepared:
    """The build of a recipe on the fleet as it is. Raises DiagnosticError.

    `update`: without its lock. `again`: although it is there already.
    """
    from oos.app.app import now

    recipe = read_recipe(path)
    lock = None if update else read_lock(lock_beside(path))
    images = images_of(app)
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or now().timestamp())
    base_id = "" if recipe.base.mmdebstrap else _base(app, images, recipe.base, lock, str(path)).id
    build = plan_build(recipe, base_id, lock, epoch=epoch)
    before = ""
    if again:
        before = next((each.id for each in images.values() if each.name == build.image_name), "")
        build = plan_build(recipe, base_id, lock, salt=secrets.token_hex(8), epoch=epoch)
    there = {each.tags.get(STAGE_TAG, "") for each in images.values() if each.status in ("Waiting", "Available")}
    there |= {path.stem.rpartition("-")[2] for path in (app.cache / "trees").glob("*.tar")}
    kept = frozenset(step.digest for step in build.steps if step.digest in there)
    return Prepared(build, kept, before, _ready(app, images, build))


def _ready(app: App, images: Mapping[str, Image], build: Build) -> str:
    for each in images.values():
        if each.tags.get(STAGE_TAG) == build.digest and each.status == "Available" and each.name == build.image_name:
            manifest = manifest_of(app, each.id)
            if manifest is not None and manifest["Provenance"].get("TestsDigest") == build.tests_digest:
                return each.id
    return ""


def images_of(app: App) -> dict[str, Image]:
    """The images of the region by id; where hosts differ, one that is whole."""
    found: dict[str, Image] = {}
    for each in app.fleet.images(app.region):
        if each.id not in found or each.status == "Available":
            found[each.id] = each
    return found


def find_image(images: Mapping[str, Image], name: str, where: str) -> Image:
    """An image by its id, or by its name. Raises DiagnosticError."""
    if name in images:
        return images[name]
    named = [each for each in images.values() if each.name == name]
    if len(named) == 1:
        return named[0]
    names = [*images, *(each.name for each in images.values())]
    hint = f"by id: {', '.join(each.id for each in named)}" if named else did_you_mean(name, names)
    message = f"{len(named)} images are called {name}" if named else f"there is no image {name}"
    raise DiagnosticError([Diagnostic("OOS973", message, where, hint=hint or "see oos fleet list images")])


def _base(app: App, images: Mapping[str, Image], base: Base, lock: Lock | None, where: str) -> Image:
    if lock:
        return find_image(images, lock.base, where)
    if base.image:
        return find_image(images, base.image, where)
    if base.channel:
        pointed = channel_image(app, base.channel)
        if pointed is None:
            message, hint = f"there is no channel {base.channel}", "oos image publish makes it"
            raise DiagnosticError([Diagnostic("OOS973", message, where, hint=hint)])
        return find_image(images, pointed, where)
    family = [each for each in images.values() if each.family == base.family and each.status == "Available"]
    if not family:
        raise DiagnosticError([Diagnostic("OOS973", f"family {base.family} has no available image", where)])
    return max(family, key=lambda each: (str(each.created), each.id))


def channel_image(app: App, channel: str) -> str | None:
    """The image that a channel points at; None when there is no such channel."""
    value = stored_value(app.registry, f"oos:{parameter_name(channel)}")
    return None if value is None else str(value)


def channels(app: App) -> dict[str, str]:
    """Every channel, and the image that it points at."""
    prefix = parameter_name("")
    found: dict[str, str] = {}
    for key, _ in app.registry.items("parameter", prefix):
        pointed = channel_image(app, key.removeprefix(prefix))
        if pointed is not None:
            found[key.removeprefix(prefix)] = pointed
    return found


def manifest_of(app: App, image_id: str) -> dict[str, Any] | None:
    """The manifest of an image; None for one that never had to prove itself."""
    operation = app.catalog.operation("OOS", "DescribeImageManifest")
    assert operation is not None, "the module of images is installed"
    try:
        return dict(invoke(operation, {"ImageId": image_id}, app.context(secrets.token_hex(20))))
    except NotFound:
        return None


def judged(app: App, rule: Rule) -> list[Verdict]:
    """What becomes of the images that recipes made."""
    from oos.app.app import now

    candidates = [
        Candidate(each.id, each.name, each.family, str(each.status), each.created, STAGE_TAG in each.tags)
        for each in images_of(app).values()
    ]
    used = {each.image_id for each in app.fleet.instances(app.region)}
    return verdicts(now(), candidates, used, channels(app), rule)


def abandoned_guests(app: App) -> list[Instance]:
    """Guests that builds left when they died, and that nobody came back for."""
    from oos.app.app import now

    made = {each.id: each for each in app.fleet.instances(app.region) if BUILD_TAG in each.labels.tags}
    return [made[id] for id in abandoned(now(), ((each.id, each.created) for each in made.values()))]


def rule_of(keep: int, stage_days: int) -> Rule:
    """The rule that a person spells."""
    return Rule(keep, timedelta(days=stage_days))


# what a build gives


def full_manifest(app: App, build: Build, image_id: str) -> dict[str, Any]:
    """The manifest of a built image, and what is different from its base."""
    manifest = manifest_of(app, image_id)
    assert manifest is not None, "an image that was built was tested"
    base = manifest_of(app, build.base_image_id) if build.base_image_id else None
    changed = difference(base, manifest) if base is not None else []
    return {
        **manifest,
        "ImageName": build.image_name,
        "Changes": [
            {"Kind": each.kind, "Name": each.name, "Change": each.verb, "Before": each.before, "After": each.after}
            for each in changed
        ],
    }


def packages_of(app: App, image_id: str) -> dict[str, str]:
    """The packages on an image, as its manifest tells."""
    manifest = manifest_of(app, image_id)
    return dict(manifest["Packages"]) if manifest else {}


def write_files(app: App, image_id: str, folder: Path) -> dict[str, str]:
    """Write an image into a directory, as qcow2 with what boots it; SHA-256 by file name."""
    home, _ = app.fleet.of_image(image_id, app.region)
    folder.mkdir(parents=True, exist_ok=True)
    sums: dict[str, str] = {}
    for part, content in home.read_image(image_id).parts.items():
        name = f"{image_id}.{'qcow2' if part == 'disk' else part}"
        total = hashlib.sha256()
        scratch = folder / f".{name}.new"
        with scratch.open("wb") as file:
            for offset in range(0, content.length, PIECE):
                piece = content.read(offset, min(PIECE, content.length - offset))
                total.update(piece)
                file.write(piece)
        scratch.replace(folder / name)
        sums[name] = total.hexdigest()
    return sums
