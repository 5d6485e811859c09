"""`oos image publish`, `oos image gc`: what people begin with, and what goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.options import following, following_options
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.engine.ports import StartRequest


@click.command(cls=Command)
@click.argument("image")
@click.argument("channel")
@following_options
@click.pass_obj
def publish(session: Session, image: str, channel: str, detach: bool, no_input: bool, deadline: float | None) -> int:
    """Put an image (by id or name) on every host of the region, and let a channel (FAMILY/CHANNEL) point at it.

    A channel is the stored parameter images/FAMILY/CHANNEL: templates read it, and its versions are its history.
    """
    from oos.app.image_builds import channel_image, find_image, images_of
    from oos.cli.failures import stop
    from oos.cli.follow.carry_out import carry_out
    from oos.cli.image_build import request_of
    from oos.recipe.channels import is_channel, publish_template

    if not is_channel(channel):
        raise click.BadParameter("write FAMILY/CHANNEL, e.g. web/stable", param_hint="CHANNEL")
    found = find_image(images_of(session.app), image, "image")
    if found.status != "Available":
        raise stop(f"the image {found.id} is {found.status}", hint="only an available one is published")

    def request() -> StartRequest:
        text = publish_template(channel, found.id, is_new=channel_image(session.app, channel) is None)
        return request_of(session, text, {}, f"image publish {channel}")

    return carry_out(session, request, following(no_input, deadline), detach=detach)


@click.command(cls=Command)
@click.option("--keep", type=click.IntRange(1), default=3, show_default=True, help="Available images of a family.")
@click.option("--stage-days", type=click.IntRange(0), default=14, show_default=True, help="How long stages are kept.")
@click.option("--yes", is_flag=True, help="Do it; without this it is only shown.")
@following_options
@click.pass_obj
def gc(
    session: Session, keep: int, stage_days: int, yes: bool, detach: bool, no_input: bool, deadline: float | None
) -> int:
    """Deprecate images of recipes that newer ones replace, and delete those that were deprecated before.

    What a channel points at, and what instances were made from, stays.
    """
    from oos.app.image_builds import abandoned_guests, judged, rule_of
    from oos.cli.follow.carry_out import carry_out
    from oos.cli.image_build import request_of
    from oos.cli.printing import Column, print_list
    from oos.recipe.retiring import retire_template

    found, left = judged(session.app, rule_of(keep, stage_days)), abandoned_guests(session.app)
    chosen = {action: [each.image.id for each in found if each.action == action] for action in ("deprecate", "delete")}
    chosen["throwAway"] = [each.id for each in left]
    if not yes:
        rows = [[each.action, each.image.id, each.image.name, each.reason] for each in found]
        rows += [["delete", each.id, each.name, "a guest that a build left when it died"] for each in left]
        names = ("Action", "Id", "Name", "Reason")
        columns = [
            Column(name.upper(), is_state=name == "Action", flexible=name in ("Name", "Reason")) for name in names
        ]
        documents = [dict(zip(names, row, strict=True)) for row in rows]
        print_list(session, documents, columns, rows, "no recipe has made an image here")
        return exits.SUCCESS
    if not any(chosen.values()):
        session.say("nothing to deprecate, nothing to delete")
        return exits.SUCCESS

    def request() -> StartRequest:
        return request_of(session, retire_template(), dict(chosen), "image gc")

    return carry_out(session, request, following(no_input, deadline), detach=detach)
