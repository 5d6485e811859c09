"""What the verbs of `oos security` share: the baseline and the groups that are meant, and asking the operation."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, TypeVar

import click

from oos.cli.session import Session

F = TypeVar("F", bound=Callable[..., Any])

SEVERITIES = ("critical", "high", "medium", "low")


def baseline_option(command: F) -> F:
    """`--baseline FILE`."""
    return click.option("--baseline", "baseline_file", type=click.Path(), metavar="FILE", help="The baseline, YAML.")(
        command
    )


def finding_options(command: F) -> F:
    """Which baseline, which groups, which findings."""
    options = (
        baseline_option,
        click.option("--group", "groups", multiple=True, metavar="NAME|ID", help="Only these; * stands for anything."),
        click.option("--check", "checks", multiple=True, metavar="ID", help="Only these checks; may be repeated."),
        click.option(
            "--management",
            multiple=True,
            metavar="CIDR",
            help="From where people administer; in place of what the baseline says. May be repeated.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def parameters_of(session: Session, given: dict[str, Any], severity: str) -> dict[str, Any]:
    """The parameters of DescribeSecurityFindings. Raises DiagnosticError, Stopped."""
    parameters: dict[str, Any] = {"Severity": severity}
    if given["baseline_file"]:
        parameters["Baseline"] = read_file(given["baseline_file"])
    if given["groups"]:
        parameters["SecurityGroupIds"] = group_ids(session, given["groups"])
    if given["checks"]:
        parameters["Checks"] = list(given["checks"])
    if given["management"]:
        parameters["Management"] = list(given["management"])
    return parameters


def read_file(path: str) -> Any:
    """The baseline in a file, as a document without dates. Raises DiagnosticError."""
    from pathlib import Path

    import msgspec

    from oos.diagnostics import Diagnostic, DiagnosticError
    from oos.hardening.baseline import BaselineFault, read_baseline, read_yaml
    from oos.values.bounded_file import read_at_most

    try:
        baseline = read_baseline(read_yaml(read_at_most(Path(path), 1 << 20).decode("utf-8")))
    except (OSError, ValueError, BaselineFault) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise DiagnosticError([Diagnostic("OOS952", str(cause), path, hint="see oos security explain")]) from error
    return msgspec.to_builtins(baseline)


def group_ids(session: Session, wanted: tuple[str, ...]) -> list[str]:
    """The ids of the groups that are meant. Raises Stopped when one of the words means none."""
    from fnmatch import fnmatchcase

    from oos.cli.failures import stop
    from oos.service.security_groups import load_groups

    app = session.app
    known = load_groups(app.registry, app.region)
    found: list[str] = []
    for word in wanted:
        meant = [each.id for each in known if fnmatchcase(each.id, word) or fnmatchcase(each.name, word)]
        if not meant:
            raise stop(f"no security group is meant by {word}", hint="see oos api ecs DescribeSecurityGroups")
        found += meant
    return list(dict.fromkeys(found))


def ask(session: Session, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The response of an operation that only looks."""
    from oos.service.call import invoke

    app = session.app
    found = app.catalog.operation("OOS", operation)
    assert found is not None, f"the module of security groups offers {operation}"
    return invoke(found, parameters, app.context(secrets.token_hex(20), report=session.say))
