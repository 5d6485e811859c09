"""`oos template register` and `versions`: templates that are kept by name, each with its versions."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oos.cli import exits
from oos.cli.complete import TEMPLATE
from oos.cli.lazy import Command
from oos.cli.options import following, following_options
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.engine.ports import StartRequest
    from oos.execution.model import Execution


@click.command(cls=Command)
@click.argument("file", type=TEMPLATE, metavar="FILE")
@click.argument("name", required=False)
@click.option("--label", default="", metavar="TEXT", help="A name for this version; it can be run by it.")
@following_options
@click.pass_obj
def register(
    session: Session,
    file: str,
    name: str | None,
    label: str,
    detach: bool,
    no_input: bool,
    deadline: float | None,
) -> int:
    """Keep a template in the registry, under NAME or the file's own, as its first or its next version.

    A registered template is found by its name everywhere: by oos run, by ACS::Template, by OOS.StartExecution.
    Executions that run keep the version that they started with. The same text is not registered twice.

    \b
    oos template register rotate.yml
    oos template versions rotate
    oos run rotate --template-version v1
    """
    from oos.cli.follow.carry_out import carry_out
    from oos.diagnostics import DiagnosticError, errors_of
    from oos.service.stored_templates import find_version
    from oos.template.check import examine

    app = session.app
    title, text = app.templates.open(file)
    chosen = name or Path(file).stem
    newest = find_version(app.registry, chosen, "")
    if newest is not None and newest.text == text and label in ("", newest.label):
        session.say(f"{chosen} is registered already, as {newest.name}")
        return exits.SUCCESS
    faults = examine(text, title, app.catalog).diagnostics
    if errors_of(faults):
        raise DiagnosticError(faults)
    given = {"TemplateName": chosen, "Content": text, "VersionName": label}

    def request() -> StartRequest:
        from oos.cli.api import request_to_call

        operation = app.catalog.operation("OOS", "CreateTemplate" if newest is None else "UpdateTemplate")
        assert operation is not None, "the module of templates is installed with oos"
        return request_to_call(session, operation, given)

    return carry_out(session, request, following(no_input, deadline), detach=detach, finish=_tell)


def _tell(session: Session, execution: Execution, code: int) -> int:
    """Print which version it became."""
    from oos.cli.api import finish_call

    task = next(iter(execution.tasks.values()), None)
    if session.is_json or task is None or not isinstance(task.response, dict):
        return finish_call(session, execution, code)
    made: Any = task.response["Template"]
    print(f"{made['TemplateName']} {made['TemplateVersion']}")
    return code


@click.command(cls=Command)
@click.argument("name")
@click.pass_obj
def versions(session: Session, name: str) -> None:
    """List the versions of a registered template, newest first; oos template show NAME --template-version shows one."""
    from oos.cli.printing import Column, print_list
    from oos.service.call import invoke_all_pages

    operation = session.app.catalog.operation("OOS", "ListTemplateVersions")
    assert operation is not None, "the module of templates is installed with oos"
    context = session.app.context(secrets.token_hex(20), report=session.say)
    found: Any = invoke_all_pages(operation, {"TemplateName": name}, context)["TemplateVersions"]
    columns = [
        Column("VERSION"),
        Column("LABEL"),
        Column("SINCE"),
        Column("BY"),
        Column("WHAT IT DOES", flexible=True),
    ]
    rows = [
        [each["TemplateVersion"], each["VersionName"], each["UpdatedDate"], each["UpdatedBy"], each["Description"]]
        for each in found
    ]
    print_list(session, found, columns, rows, f"{name} has no versions")
