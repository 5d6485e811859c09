"""Operations that make images: from instances and snapshots, from other images, from files."""

from __future__ import annotations

from collections.abc import Mapping

from oos.fleet.errors import ImageAbsent
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.image import WHOLE, DataSource, ImageContent, ImageFacts, ImageLabels, ImageRequest
from oos.fleet.storage import Image
from oos.service.context import Context
from oos.service.errors import NotFound, Refused, Unavailable, Unsupported
from oos.service.many import at_once
from oos.service.tags import changes_of, tags_after, tags_from
from oos.values.identifiers import resource_id
from oos_image import decide, files, requests, responses
from oos_image.operations import home_of, image_of, images_of


def create_image(context: Context, request: requests.CreateImage) -> responses.MadeImage:
    """Make an image of all disks of an instance, frozen for the moment where its agent can, or of snapshots."""
    snapshots = decide.snapshots_of(request)
    id = resource_id("m", context.token)
    tags = tags_from(request.tag)
    there = images_of(context)
    if any(each.id == id and each.status in WHOLE for each in there):
        return {"ImageId": id}
    decide.require_unused_name(there, request.image_name, id)
    disk_id, snapshot_id = "", ""
    data: tuple[DataSource, ...] = ()
    if snapshots:
        home, snapshot_id, data = _of_snapshots(context, snapshots)
    else:
        home, instance = context.fleet.of_instance(request.instance_id, context.region)
        decide.require_imageable(instance)
        disk_id, *further = instance.disk_ids
        data = tuple(DataSource(home.disk(each).device, disk_id=each) for each in further)
    wanted = ImageRequest(
        id=id,
        token=context.token,
        created=context.now(),
        labels=ImageLabels(request.image_name or id, request.description, request.image_family, request.status),
        facts=ImageFacts(platform=request.platform, architecture=request.architecture),
        tags=tags,
        disk_id=disk_id,
        snapshot_id=snapshot_id,
        data=data,
    )
    made = home.create_image(wanted, lambda percent: context.report(f"{id}: {percent}%"))
    return {"ImageId": _observed(home, made).id}


def _of_snapshots(context: Context, wanted: Mapping[str, str]) -> tuple[Hypervisor, str, tuple[DataSource, ...]]:
    """The host of these snapshots, that of the system disk, and what the others become. Raises ApiError."""
    homes: dict[str, Hypervisor] = {}
    found = {}
    for id in wanted:
        home, found[id] = context.fleet.of_snapshot(id, context.region)
        homes[home.host.name] = home
        decide.require_bootable(found[id])
    if len(homes) > 1:
        raise Unsupported(f"These snapshots are on several hosts, {', '.join(sorted(homes))}; an image is made on one.")
    (home,) = homes.values()
    return home, *decide.disks_of(wanted, found)


def _observed(home: Hypervisor, made: Image) -> Image:
    """The image at a second look. Raises Unavailable."""
    try:
        return home.image(made.id)
    except ImageAbsent as absent:
        raise Unavailable(f"The image {made.id} was made on {home.host.name}, yet it is not there.") from absent


def copy_image(context: Context, request: requests.CopyImage) -> responses.MadeImage:
    """Copy an image onto every host of a region, which may be this one: then its other zones have it, too."""
    id = resource_id("m", context.token)
    region = request.destination_region_id or context.region
    homes = _hosts_of(context, region)
    there = context.fleet.images(region)
    if {each.host.name for each in homes} <= {each.host for each in there if each.id == id and each.status in WHOLE}:
        return {"ImageId": id}
    source = image_of(context, request.image_id)
    home = home_of(context, source)
    decide.require_usable(source)
    decide.require_unused_name(there, request.destination_image_name, id)
    tags = tags_from(request.tag) or tags_after(source.tags, changes_of(context.registry, source.id))
    wanted = ImageRequest(
        id=id,
        token=context.token,
        created=context.now(),
        # Without its family, as in ECS: whoever asks for the newest of one should not be given a copy by chance.
        labels=ImageLabels(request.destination_image_name or id, request.destination_description or source.description),
        facts=ImageFacts(source.os_name, source.os_type, source.platform, source.architecture),
        tags=tags,
        copied_from=source.id,
    )
    _put_on_all(context, homes, wanted, home.read_image(source.id))
    return {"ImageId": id}


def import_image(context: Context, request: requests.ImportImage) -> responses.ImportedImage:
    """Take an image in from a file of a bucket, onto every host of the region; an exported one as what it was."""
    found = files.found(context, request)
    id = resource_id("m", context.token)
    decide.require_unused_name(images_of(context), request.image_name, id)
    known = found.card.facts if found.card else ImageFacts()
    wanted = ImageRequest(
        id=id,
        token=context.token,
        created=context.now(),
        labels=ImageLabels(
            request.image_name or id,
            request.description or (found.card.description if found.card else ""),
        ),
        facts=ImageFacts(
            known.os_name,
            request.os_type or known.os_type,
            request.platform or known.platform,
            request.architecture or known.architecture,
        ),
        tags=tags_from(request.tag),
    )
    _put_on_all(context, _hosts_of(context, context.region), wanted, found.content)
    return {"ImageId": id, "RegionId": context.region, "TaskId": resource_id("t", context.token)}


def _hosts_of(context: Context, region: str) -> list[Hypervisor]:
    if context.fleet.inventory.region(region) is None:
        raise NotFound("InvalidRegionId.NotFound", f"The specified region {region} does not exist.")
    homes = [context.fleet.hypervisor(each) for each in context.fleet.hosts(region)]
    if not homes:
        raise Refused("OperationDenied.NoStock", f"The region {region} has no host that could take an image.")
    return homes


def _put_on_all(context: Context, homes: list[Hypervisor], wanted: ImageRequest, content: ImageContent) -> None:
    """Put an image on several hosts at once; those that have it already are done."""

    def put(home: Hypervisor) -> None:
        name = home.host.name
        _observed(home, home.import_image(wanted, content, lambda percent: context.report(f"{name}: {percent}%")))

    at_once(put, homes)
