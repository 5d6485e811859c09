"""Operations that build images: a stage in a guest that is thrown away, the proof that an image boots, its manifest."""

from __future__ import annotations

import base64
import binascii
import shlex
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from oos.fleet.hypervisor import Hypervisor
from oos.fleet.image import WHOLE, ImageFacts, ImageLabels, ImageRequest, ImageStatus
from oos.fleet.storage import Image
from oos.inventory.model import InstanceType
from oos.service.context import Context
from oos.service.errors import ApiError, InvalidParameter, NotFound
from oos.service.many import at_once
from oos.values.identifiers import resource_id
from oos.values.json import Value
from oos.values.time import format_instant
from oos.values.typed import convert_as
from oos_image import decide, requests, responses, surveys
from oos_image.operations import home_of, homes_of, image_of, images_of
from oos_image.workshop import BUILD_TAG, Workshop, discard, opened

STAGE_TAG: Final = "oos:stage"
"""On the image of a stage: the digest of all that decides what is in it."""
MANIFEST: Final = "image-manifest"
"""Kind of the registry's documents in which manifests are kept."""
OUTPUT: Final = 4000
"""Characters of a test's output that are kept."""

_INSTALL: Final = """\
export DEBIAN_FRONTEND=noninteractive
if command -v apt-get >/dev/null 2>&1; then
  apt-get update -q
  apt-get install -qy -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 --no-install-recommends {plain}
elif command -v dnf >/dev/null 2>&1; then dnf -y install {dashed}
elif command -v apk >/dev/null 2>&1; then apk add {plain}
else echo 'there is no package manager' >&2; exit 69; fi
"""


def build_image_stage(context: Context, request: requests.BuildImageStage) -> responses.BuiltStage:
    """Carry out a stage in a guest that is thrown away, and keep it as an image; one that is there is not redone."""
    cached = cached_stage(images_of(context), request.digest)
    if cached is not None:
        # A process that died right after it kept the stage left its guest.
        discard(context, homes_of(context, cached.id))
        return {"ImageId": cached.id, "Status": str(cached.status), "Cached": True}
    base = image_of(context, request.base_image_id)
    home, type = _place(context, base, request.instance_type)
    stage = request.stage
    contents = [content_of(each) for each in stage.files]
    with opened(context, home, base, type, f"build-{request.recipe}-{stage.name}") as workshop:
        if request.survey_base and context.registry.get(MANIFEST, base.id) is None:
            # Nothing was changed yet, so what there is, is the base.
            write_down(context, home, base, _surveyed(workshop), [], {})
        _carry_out(workshop, stage, contents)
        workshop.shut_down()
        made = home.create_image(
            ImageRequest(
                id=resource_id("m", context.token),
                token=context.token,
                created=context.now(),
                labels=ImageLabels(
                    name=f"{request.recipe}-{stage.name}-{request.digest[:10]}",
                    description=f"stage {stage.name} of recipe {request.recipe}, on {base.id}",
                    status=ImageStatus.WAITING,
                ),
                tags={BUILD_TAG: request.recipe, STAGE_TAG: request.digest},
                disk_id=workshop.instance.disk_ids[0],
            ),
            lambda percent: context.report(f"keeps {stage.name}: {percent}%"),
        )
    return {"ImageId": made.id, "Status": str(made.status), "Cached": False}


def cached_stage(images: Sequence[Image], digest: str) -> Image | None:
    """The newest whole image of a stage, one that is proven before one that is not."""
    found = [each for each in images if each.tags.get(STAGE_TAG) == digest and each.status in WHOLE]
    return max(found, key=lambda each: (each.status == ImageStatus.AVAILABLE, str(each.created), each.id), default=None)


def _place(context: Context, image: Image, type_id: str) -> tuple[Hypervisor, InstanceType]:
    """Where a guest is made from an image, and how large."""
    if image.status not in WHOLE:
        raise ApiError("IncorrectImageStatus", f"The image {image.id} is {image.status}.", status=403)
    type = context.fleet.inventory.instance_types.get(type_id)
    if type is None:
        raise NotFound("InvalidInstanceType.NotFound", f"The specified instance type {type_id} does not exist.")
    return home_of(context, image), type


def content_of(file: requests.StageFile) -> bytes:
    """What is in a file of a stage. Raises InvalidParameter."""
    try:
        return base64.b64decode(file.content, validate=True)
    except binascii.Error as error:
        raise InvalidParameter("Files", f"The content of {file.path} is not Base64: {error}.") from error


def _carry_out(workshop: Workshop, stage: requests.Stage, contents: Sequence[bytes]) -> None:
    report = workshop.context.report
    for file, content in zip(stage.files, contents, strict=True):
        report(f"{stage.name}: {file.path}")
        workshop.put(file.path, content, file.mode, file.owner)
    if stage.packages:
        report(f"{stage.name}: packages")
        workshop.require(workshop.run(install_script(stage.packages), stage.timeout), "installing packages")
    if stage.script:
        report(f"{stage.name}: script")
        workshop.require(workshop.run(stage.script, stage.timeout), "the script")


def install_script(packages: Sequence[str]) -> str:
    """What installs packages, by whichever package manager there is; `name=version` pins one."""
    plain = shlex.join(packages)
    return _INSTALL.format(plain=plain, dashed=shlex.join(each.replace("=", "-", 1) for each in packages))


# the proof


def test_image(context: Context, request: requests.TestImage) -> responses.TestedImage:
    """Boot an image, run its tests, write down what is on it; fails when it does not boot or a test does not pass."""
    image = image_of(context, request.image_id)
    home, type = _place(context, image, request.instance_type)
    with opened(context, home, image, type, f"test-{image.name}") as workshop:
        # What an image holds never changes: what was found on it once need not be looked for again.
        known = context.registry.get(MANIFEST, image.id) or {}
        survey = _survey_of(known) if known else _surveyed(workshop)
        tests = [_tested(workshop, each) for each in request.test]
        seconds = workshop.boot_seconds
        provenance = {**known.get("Provenance", {}), **request.provenance}
        write_down(context, home, image, survey, tests, provenance, seconds)
    failed = [each for each in tests if not each["Passed"]]
    if failed:
        told = "; ".join(f"{each['Name']} (exit code {each['ExitCode']}): {each['Output'][-300:]}" for each in failed)
        raise ApiError("ImageTestFailed", f"The image {image.id} failed {len(failed)} of {len(tests)} tests: {told}")
    return {
        "ImageId": image.id,
        "BootSeconds": seconds,
        "Tests": tests,
        "PackageCount": len(survey.packages),
        "FileCount": len(survey.files),
    }


def _surveyed(workshop: Workshop) -> surveys.Survey:
    """What is on the guest now. Before tests, which may leave something behind."""
    return surveys.read(workshop.told(survey_script(), 1800))


def write_down(
    context: Context,
    home: Hypervisor,
    image: Image,
    survey: surveys.Survey,
    tests: Sequence[responses.TestShape],
    provenance: Mapping[str, Any],
    boot_seconds: float = 0.0,
) -> None:
    """Keep the manifest of an image."""
    document: dict[str, Any] = {
        "TakenAt": format_instant(context.now()),
        "BootSeconds": boot_seconds,
        "Tests": list(tests),
        "Survey": base64.b64encode(zlib.compress(msgspec.json.encode(survey))).decode(),
        "Provenance": {**provenance, "By": context.caller, "Host": home.host.name},
    }
    context.registry.put(MANIFEST, image.id, document)


def _tested(workshop: Workshop, test: requests.ImageTest) -> responses.TestShape:
    workshop.context.report(f"tests {test.name}")
    done = workshop.run(test.script, test.timeout)
    code = -1 if done.exit_code is None else done.exit_code
    output = workshop.context.redact((done.stdout + done.stderr).decode(errors="replace"))[-OUTPUT:]
    return {"Name": test.name, "Passed": code == 0, "ExitCode": code, "Output": output}


@cache
def survey_script() -> str:
    """Shell that tells what there is on a system."""
    return Path(__file__).with_name("survey.sh").read_text(encoding="utf-8")


def describe_image_manifest(context: Context, request: requests.DescribeImageManifest) -> responses.Manifest:
    """What was found on an image when it last had to prove itself: packages, files, tests, where it comes from."""
    document = context.registry.get(MANIFEST, request.image_id)
    if document is None:
        raise NotFound("InvalidImageManifest.NotFound", f"The image {request.image_id} was never tested.")
    return _manifest(request.image_id, document)


def _survey_of(document: Mapping[str, Any]) -> surveys.Survey:
    """The survey in a manifest as it is kept."""
    content = msgspec.json.decode(zlib.decompress(base64.b64decode(document["Survey"])))
    return convert_as(content, surveys.Survey)


def _manifest(image_id: str, document: Mapping[str, Any]) -> responses.Manifest:
    survey = _survey_of(document)
    tests: list[responses.TestShape] = list(document["Tests"])
    provenance: dict[str, Value] = dict(document["Provenance"])
    return {
        "ImageId": image_id,
        "TakenAt": document["TakenAt"],
        "BootSeconds": document["BootSeconds"],
        "Tests": tests,
        "Packages": dict(survey.packages),
        "Users": dict(survey.users),
        "Units": dict(survey.units),
        "Files": [
            {
                "Path": each.path,
                "Mode": each.mode,
                "Owner": each.owner,
                "Sha256": each.sha256,
                "Target": each.target,
            }
            for each in survey.files
        ],
        "Provenance": provenance,
    }


# the region


def spread_image(context: Context, request: requests.SpreadImage) -> responses.SpreadHosts:
    """Put an image, under its own id, on every host of the region that does not have it."""
    image = image_of(context, request.image_id)
    decide.require_usable(image)
    wanted = ImageRequest(
        id=image.id,
        token=image.token,
        created=image.created or context.now(),
        labels=ImageLabels(image.name, image.description, image.family, image.status, image.shared_with),
        facts=ImageFacts(image.os_name, image.os_type, image.platform, image.architecture),
        tags=image.tags,
    )
    content = home_of(context, image).read_image(image.id)

    def put(home: Hypervisor) -> str:
        name = home.host.name
        home.import_image(wanted, content, lambda percent: context.report(f"{name}: {percent}%"))
        return name

    homes = [context.fleet.hypervisor(each) for each in context.fleet.hosts(context.region)]
    return {"ImageId": image.id, "Hosts": sorted(at_once(put, homes))}
