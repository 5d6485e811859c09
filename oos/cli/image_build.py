"""`oos image build`, `oos image test`: an image by a recipe, as a recorded execution of a template made for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.options import following, following_options
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.app.image_builds import Prepared
    from oos.engine.ports import StartRequest
    from oos.execution.model import Execution

RECIPE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(cls=Command)
@click.argument("recipe", type=RECIPE)
@click.option("--update", is_flag=True, help="Pass over the lock beside the recipe, and write it anew.")
@click.option("--lock", is_flag=True, help="Write what was used beside the recipe; builds keep to it from then on.")
@click.option("--again", is_flag=True, help="Build what is there already, and show what comes out differently.")
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="Write qcow2 and manifest there."
)
@click.option("--show", is_flag=True, help="Show the stages, and which of them are there already; build nothing.")
@following_options
@click.pass_obj
def build(
    session: Session,
    recipe: Path,
    update: bool,
    lock: bool,
    again: bool,
    folder: Path | None,
    show: bool,
    detach: bool,
    no_input: bool,
    deadline: float | None,
) -> int:
    """Build an image by a recipe: each stage in a guest that is thrown away, and kept as an image.

    A stage that is there already is not redone, so a build that failed, or whose recipe changed, begins at that stage.
    The image is available when it has booted, its agent has answered and its tests have passed.
    """
    from oos.app.image_builds import prepared
    from oos.cli.follow.carry_out import carry_out, print_result

    ready = prepared(session.app, recipe, update=update, again=again)
    if show:
        return _show(session, ready)

    lock_of = recipe if lock or update else None
    if ready.ready:
        session.say(f"{ready.ready} is there already, and has passed these tests")
        return _tell(session, ready, ready.ready, lock_of, folder)

    def end(session: Session, execution: Execution, code: int) -> int:
        if code != exits.SUCCESS:
            return print_result(session, execution, code)
        return _tell(session, ready, str(execution.outputs["imageId"]), lock_of, folder, execution.id)

    return carry_out(
        session, lambda: _request(session, ready), following(no_input, deadline), detach=detach, finish=end
    )


def _show(session: Session, ready: Prepared) -> int:
    from oos.cli.printing import Column, print_list

    steps = [(step.stage.name, step.digest, step.digest in ready.kept) for step in ready.build.steps]
    documents = [{"Stage": name, "Digest": digest, "Kept": is_kept} for name, digest, is_kept in steps]
    rows = [[name, digest[:12], "kept" if is_kept else "to be built"] for name, digest, is_kept in steps]
    columns = [Column("STAGE", flexible=True), Column("DIGEST"), Column("STATE", is_state=True)]
    print_list(session, documents, columns, rows, f"the recipe has no stages; its base is {ready.build.base_image_id}")
    return exits.SUCCESS


def _request(session: Session, ready: Prepared) -> StartRequest:
    from oos.recipe.plan import parameters_of, template_of

    return request_of(
        session, template_of(ready.build), parameters_of(ready.build), f"image build {ready.build.recipe.name}"
    )


def request_of(session: Session, text: str, parameters: dict[str, Any], title: str) -> StartRequest:
    """The request to start a template that was made for this."""
    from oos.cli.run import refuse_unrunnable
    from oos.engine.ports import StartRequest
    from oos.execution.status import SafetyCheck

    checked = session.app.template_cache.checked(text, title)
    refuse_unrunnable(checked)
    return StartRequest(
        template=checked,
        parameters=parameters,
        by=session.settings.user,
        region=session.app.region,
        template_name=title,
        safety_check=SafetyCheck.SKIP,
    )


def _tell(
    session: Session,
    ready: Prepared,
    image_id: str,
    lock_of_recipe: Path | None,
    folder: Path | None,
    execution_id: str = "",
) -> int:
    """Print what was built, and write what was asked for beside it."""
    import msgspec

    from oos.app.image_builds import full_manifest, packages_of, write_files
    from oos.cli.printing import print_document
    from oos.recipe.model import lock_beside, write_lock
    from oos.recipe.plan import lock_of

    manifest = full_manifest(session.app, ready.build, image_id)
    if lock_of_recipe is not None:
        path = lock_beside(lock_of_recipe)
        path.write_text(write_lock(lock_of(ready.build, packages_of(session.app, image_id))), encoding="utf-8")
        session.say(f"wrote {path}")
    if folder is not None:
        sums = write_files(session.app, image_id, folder)
        (folder / f"{image_id}.manifest.json").write_bytes(
            msgspec.json.format(msgspec.json.encode({**manifest, "Sha256": sums})) + b"\n"
        )
        session.say(f"wrote {', '.join(sorted(sums))} and {image_id}.manifest.json into {folder}")
    apart = _differences(session, ready.before, manifest) if ready.before else None
    if session.is_json:
        more = {} if apart is None else {"Before": ready.before, "DifferentFromBefore": apart}
        print_document(session, {**manifest, **more, "ExecutionId": execution_id})
        return exits.SUCCESS
    changes = manifest["Changes"]
    print(f"{image_id}  {ready.build.image_name}  boots in {manifest['BootSeconds']:.1f} s")
    for kind in ("package", "user", "unit", "file"):
        if ready.build.root:
            print(f"{kind}s: {len(manifest[f'{kind.title()}s'])}")
            continue
        counts = {verb: sum((each["Kind"], each["Change"]) == (kind, verb) for each in changes) for verb in _VERBS}
        print(f"{kind}s: {', '.join(f'{count} {verb}' for verb, count in counts.items())}")
    if apart is not None:
        print(f"{'differently' if apart else 'the same'} as {ready.before}")
        for each in apart:
            print(f"  {each['Change']} {each['Kind']} {each['Name']}")
    return exits.SUCCESS


def _differences(session: Session, before: str, manifest: dict[str, Any]) -> list[dict[str, str]]:
    """What came out differently from the time before."""
    from oos.app.image_builds import manifest_of
    from oos.recipe.difference import difference

    known = manifest_of(session.app, before)
    changes = difference(known, manifest) if known else []
    return [{"Kind": each.kind, "Name": each.name, "Change": each.verb} for each in changes]


_VERBS = ("added", "changed", "removed")


@click.command("test", cls=Command)
@click.argument("image")
@click.option("--recipe", required=True, type=RECIPE, help="The recipe whose tests it is to pass.")
@following_options
@click.pass_obj
def test(session: Session, image: str, recipe: Path, detach: bool, no_input: bool, deadline: float | None) -> int:
    """Boot an image (by id or name), and run the tests of a recipe in it; nothing of the image changes."""
    from oos.app.image_builds import find_image, images_of
    from oos.cli.follow.carry_out import carry_out
    from oos.recipe.model import read_recipe
    from oos.recipe.plan import proof_template

    written = read_recipe(recipe)
    found = find_image(images_of(session.app), image, "image")

    def request() -> StartRequest:
        text = proof_template(written, found.id)
        tests = {"tests": [each.parameters() for each in written.tests]}
        return request_of(session, text, tests, f"image test {found.name}")

    return carry_out(session, request, following(no_input, deadline), detach=detach)
