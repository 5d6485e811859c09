"""`oos image diff`: what is different between two images, package by package and file by file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.fleet.storage import Image


@click.command(cls=Command)
@click.argument("before")
@click.argument("after")
@click.option("--detailed-exitcode", is_flag=True, help="Exit code 2 when there is a difference, 0 when there is none.")
@click.pass_obj
def diff(session: Session, before: str, after: str, detailed_exitcode: bool) -> int:
    """Show what is different between two images (by id or name), as their manifests tell.

    An image has a manifest when it was built or tested here.
    """
    from oos.app.image_builds import find_image, images_of
    from oos.cli.printing import Column, print_list
    from oos.recipe.difference import difference

    images = images_of(session.app)
    changes = difference(*(_manifest(session, find_image(images, each, "image")) for each in (before, after)))
    documents = [
        {"Kind": each.kind, "Name": each.name, "Change": each.verb, "Before": each.before, "After": each.after}
        for each in changes
    ]
    rows = [[each.verb, each.kind, each.name, each.before, each.after] for each in changes]
    columns = [
        Column("CHANGE"),
        Column("KIND"),
        Column("NAME", flexible=True),
        Column("BEFORE", flexible=True),
        Column("AFTER", flexible=True),
    ]
    print_list(session, documents, columns, rows, "the two are alike")
    return 2 if changes and detailed_exitcode else exits.SUCCESS


def _manifest(session: Session, image: Image) -> dict[str, Any]:
    from oos.app.image_builds import manifest_of
    from oos.cli.failures import stop

    manifest = manifest_of(session.app, image.id)
    if manifest is None:
        raise stop(f"the image {image.id} has no manifest", hint=f"oos image test {image.id} --recipe RECIPE makes one")
    return manifest
