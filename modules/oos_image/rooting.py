"""The operation that makes an image from nothing: a base by mmdebstrap, stages in it unbooted, a disk that boots."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from oos.fleet.hypervisor import Hypervisor
from oos.fleet.image import ImageContent, ImageFacts, ImageLabels, ImageRequest, ImageStatus, Part
from oos.service.context import Context
from oos.service.errors import ApiError, InvalidParameter, Refused, Unsupported
from oos.values.identifiers import resource_id
from oos_image import boot_disk, building, files, requests, responses, surveys, tree_scripts, trees
from oos_image.operations import images_of
from oos_image.workshop import BUILD_TAG

GIB: Final = 1 << 30
SECONDS: Final = 1800.0
"""For making a disk of a tree."""


def build_image_root(context: Context, request: requests.BuildImageRoot) -> responses.BuiltStage:
    """Make an image from nothing, unless it is there; each stage is kept on this machine, and not redone."""
    if len(request.digests) != len(request.stages) + 1:
        raise InvalidParameter("Digests", "There must be one for the base, and one for each stage.")
    digest = request.digests[-1]
    cached = building.cached_stage(images_of(context), digest)
    if cached is not None:
        return {"ImageId": cached.id, "Status": str(cached.status), "Cached": True}
    if context.cache is None:
        raise Unsupported("Nothing is built here: this is a rehearsal.")
    trees.require_programs()
    home = _home(context)
    folder = context.cache / "trees"
    tree = _tree(context, request, folder)
    with trees.bench(context, folder, request.base.epoch) as bench:
        disk = _disk(bench, request, tree)
        survey = surveys.read((bench.folder / "survey").read_bytes())
        _require_locked(request.base.locked, survey.packages)
        made = home.import_image(
            _wanted(context, request, bench),
            ImageContent({Part.DISK: files.part_of(disk)}),
            lambda percent: context.report(f"{request.recipe} on {home.host.name}: {percent}%"),
        )
        provenance = {"TreeSha256": trees.sha256(tree), "SourceDateEpoch": request.base.epoch}
        building.write_down(context, home, made, survey, [], provenance)
    _forget_others(folder, request)
    return {"ImageId": made.id, "Status": str(made.status), "Cached": False}


def _home(context: Context) -> Hypervisor:
    for each in context.fleet.hosts(context.region):
        return context.fleet.hypervisor(each)
    raise Refused("OperationDenied.NoStock", f"The region {context.region} has no host that could take an image.")


def _tree(context: Context, request: requests.BuildImageRoot, folder: Path) -> Path:
    """The tree after the last stage; what a build before this one has left of it is taken as it is."""
    kept = [_place(folder, request, digest) for digest in request.digests]
    begin = next((number for number in reversed(range(len(kept))) if kept[number].exists()), -1)
    for number in range(begin + 1, len(kept)):
        with trees.bench(context, folder, request.base.epoch) as bench:
            if number == 0:
                trees.make_base(
                    bench, request.base.suite, request.base.packages, request.base.locked, request.recipe, kept[0]
                )
                continue
            stage, locked = request.stages[number - 1], request.base.locked
            files = tuple((each.path, each.mode, each.owner, building.content_of(each)) for each in stage.files)
            install = building.install_script(stage.packages) if stage.packages else ""
            wanted = trees.TreeStage(stage.name, files, install, stage.script, float(stage.timeout), locked)
            trees.make_stage(bench, wanted, kept[number - 1], kept[number])
    return kept[-1]


def _place(folder: Path, request: requests.BuildImageRoot, digest: str) -> Path:
    return folder / f"{request.recipe}-{digest}.tar"


def _forget_others(folder: Path, request: requests.BuildImageRoot) -> None:
    """A recipe that was changed leaves trees that nobody will ask for again."""
    kept = {_place(folder, request, digest) for digest in request.digests}
    for path in folder.glob(f"{request.recipe}-{'?' * 64}.tar"):
        if path not in kept:
            path.unlink(missing_ok=True)


# the disk


def _disk(bench: trees.Bench, request: requests.BuildImageRoot, tree: Path) -> Path:
    """A qcow2 file with a disk that boots, made of a tree."""
    folder = bench.folder
    size = request.base.size * GIB
    # The file system is called by what is in it, so that building it twice calls it the same.
    id = uuid.uuid5(uuid.NAMESPACE_OID, request.digests[-1])
    written = {
        "seal.sh": tree_scripts.seal_script(str(id)),
        "disk.sh": tree_scripts.disk_script(str(id), size, boot_disk.PARTITION_OFFSET),
        "grub.cfg": boot_disk.grub_configuration(str(id)),
        "host-keys.service": tree_scripts.HOST_KEYS,
        "survey.sh": building.survey_script(),
    }
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "before.tar").hardlink_to(tree)
    bench.apart(["/bin/sh", "./disk.sh", "./before.tar"], SECONDS, "making the disk")
    core = ["grub-mkimage", "-O", "i386-pc", "-o", "./core.img", "-p", boot_disk.GRUB_PREFIX, *boot_disk.GRUB_MODULES]
    bench.run(core, SECONDS, "making the boot loader")
    (signature,) = struct.unpack("<I", id.bytes[:4])
    head = boot_disk.head_of_disk(trees.GRUB_BOOT.read_bytes(), (folder / "core.img").read_bytes(), size, signature)
    with (folder / "disk.raw").open("r+b") as raw:
        raw.write(head)
    convert = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", "./disk.raw", "./disk.qcow2"]
    bench.run(convert, SECONDS, "writing the disk")
    (folder / "disk.raw").unlink()
    return folder / "disk.qcow2"


def _wanted(context: Context, request: requests.BuildImageRoot, bench: trees.Bench) -> ImageRequest:
    return ImageRequest(
        id=resource_id("m", context.token),
        token=context.token,
        created=context.now(),
        labels=ImageLabels(
            name=f"{request.recipe}-root-{request.digests[-1][:10]}",
            description=f"{request.base.suite} by mmdebstrap, for recipe {request.recipe}",
            status=ImageStatus.WAITING,
        ),
        facts=ImageFacts(os_name=(bench.folder / "os-name").read_text(encoding="utf-8").strip(), platform="Debian"),
        tags={BUILD_TAG: request.recipe, building.STAGE_TAG: request.digests[-1]},
    )


def _require_locked(locked: Mapping[str, str], found: Mapping[str, str]) -> None:
    """Raise ApiError where what was installed is not what the lock says: archives forget what is old."""
    apart = [
        f"{name} {found[name]} for {version}" for name, version in locked.items() if found.get(name, version) != version
    ]
    if apart:
        told = ", ".join(apart[:20])
        message = f"The archive no longer has what the lock names: {told}. Build with --update for what there is now."
        raise ApiError("ImageLockBroken", message, status=409)
