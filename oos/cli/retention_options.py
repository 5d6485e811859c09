"""What the verbs of `oos snapshot` share: the policy and the snapshots that are meant, and asking the operation."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.app.app import App

F = TypeVar("F", bound=Callable[..., Any])

PERIODS = {
    "last": "snapshot",
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What to judge, and by which policy."""

    policy: Any
    rotation: str = ""
    everything: bool = False
    instances: tuple[str, ...] = ()


def policy_options(command: F) -> F:
    """`--policy FILE`, or `--keep-daily 7` and the like; and which snapshots."""
    options = [
        click.option("--policy", "policy_file", type=click.Path(), metavar="FILE", help="The policy, YAML or JSON."),
        *(
            click.option(f"--keep-{each}", metavar="N|all", help=f"Keep the newest of the last N {noun}s.")
            for each, noun in PERIODS.items()
        ),
        click.option("--keep-within", metavar="TIME", help="Keep all within this time of the newest, 30d say."),
        click.option("--zone", metavar="NAME", help="The time zone in which days begin; else that of the policy."),
        click.option("--rotation", default="", metavar="NAME", help="Only snapshots of this rotation."),
        click.option("--all", "everything", is_flag=True, help="Also snapshots that no rotation made."),
        instance_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


def instance_option(command: F) -> F:
    """`--instance web-*`."""
    return click.option(
        "--instance",
        "instances",
        multiple=True,
        metavar="NAME|ID|tag:KEY=VALUE",
        help="Only of these; * stands for anything; may be repeated.",
    )(command)


def asked(given: dict[str, Any]) -> Asked:
    """What the options say. Raises DiagnosticError, Stopped."""
    from oos.cli import exits
    from oos.cli.failures import stop

    policy: dict[str, Any] = {}
    if given["policy_file"]:
        policy = _read_file(given["policy_file"])
    keep = {each: given[f"keep_{each}"] for each in PERIODS if given[f"keep_{each}"] is not None}
    if keep:
        policy = {**policy, "keep": keep}
    if given["keep_within"]:
        policy["keepWithin"] = given["keep_within"]
    if not policy:
        hint = "say --policy FILE, or --keep-daily 7 --keep-weekly 4"
        raise stop("what is to be kept is not said", hint=hint, code="MissingParameter", exit_code=exits.USAGE)
    if given["zone"]:
        policy["timeZone"] = given["zone"]
    _check(policy, given["policy_file"] or "the command line")
    return Asked(policy, given["rotation"], given["everything"], given["instances"])


def _read_file(path: str) -> dict[str, Any]:
    from pathlib import Path

    from oos.diagnostics import Diagnostic, DiagnosticError
    from oos.inventory.yaml_file import read_text, read_yaml

    found = read_yaml(read_text(Path(path), "policy", "OOS951"), path)
    if isinstance(found, int) and not isinstance(found, bool):
        return {"keep": found}
    if not isinstance(found, dict):
        raise DiagnosticError([Diagnostic("OOS950", "not a policy", path, hint="begin it with keep:")])
    return found


def _check(policy: dict[str, Any], name: str) -> None:
    """Every fault of the policy, before anything is asked."""
    from oos.retention.reading import read_policy_book

    read_policy_book(policy, name)


def ask(session: Session, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The response of an operation that only looks."""
    from oos.cli.fleet_list import checked_region
    from oos.service.call import invoke

    app = session.app
    checked_region(app)
    found = app.catalog.operation("OOS", operation)
    assert found is not None, f"the module of snapshots offers {operation}"
    return invoke(found, parameters, app.context(secrets.token_hex(20), report=session.say))


def parameters_of(session: Session, meant: Asked) -> dict[str, Any]:
    """The parameters that the operations on retention share."""
    given: dict[str, Any] = {"Policy": meant.policy, "Rotation": meant.rotation, "Everything": meant.everything}
    if meant.instances:
        given["InstanceIds"] = instance_ids(session.app, meant.instances)
    return given


def instance_ids(app: App, wanted: Sequence[str]) -> list[str]:
    """The ids of the instances that are meant. Raises Stopped when one of the words means none."""
    from fnmatch import fnmatchcase

    from oos.cli.failures import stop

    instances = app.fleet.instances(app.region)
    found: list[str] = []
    for word in wanted:
        key, _, value = word.removeprefix("tag:").partition("=")
        fitting = [
            each.id
            for each in instances
            if (
                key in each.labels.tags and value in ("", each.labels.tags[key])
                if word.startswith("tag:")
                else word == each.id or fnmatchcase(each.name, word)
            )
        ]
        if not fitting:
            raise stop(f"no instance is meant by {word}", code="InvalidInstanceId.NotFound")
        found += fitting
    return list(dict.fromkeys(found))


def names_of(app: App) -> dict[str, str]:
    """What instances are called, by id."""
    return {each.id: each.name for each in app.fleet.instances(app.region)}
