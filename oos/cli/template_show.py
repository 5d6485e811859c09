"""`oos template list` and `show`: which templates there are, and what one of them does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from oos.cli import exits
from oos.cli.complete import TEMPLATE
from oos.cli.lazy import Command
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.template.model import Template


@click.command("list", cls=Command)
@click.option("--actions", "kind", flag_value="actions", help="Product actions of the installed modules.")
@click.option("--registered", "kind", flag_value="registered", help="Templates that were registered.")
@click.pass_obj
def list_templates(session: Session, kind: str | None) -> None:
    """List the runbooks in the folders of the setting `runbooks`, registered templates, or product actions.

    Product actions are templates too: show them, or use them as the action of a task.
    """
    from oos.cli.printing import Column, print_list

    titles = {"actions": "ACTION", "registered": "TEMPLATE"}
    none = {
        "actions": "no product action is installed",
        "registered": "no template is registered; see: oos template register --help",
    }
    found = list(_summaries(session, _names(session, kind)))
    columns = [Column(titles.get(kind or "", "RUNBOOK")), Column("WHAT IT DOES", flexible=True)]
    rows = [[each["TemplateName"], each["Description"]] for each in found]
    hint = 'name folders with runbooks in oos.toml: runbooks = ["runbooks"]'
    print_list(session, found, columns, rows, none.get(kind or "", f"no runbooks; {hint}"))


def _names(session: Session, kind: str | None) -> Iterator[str]:
    if kind == "actions":
        yield from (each.name for each in session.app.catalog.actions())
    elif kind == "registered":
        from oos.service.stored_templates import load_heads

        yield from (each.name for each in load_heads(session.app.registry))
    else:
        yield from session.app.templates.names()


def _summaries(session: Session, names: Iterable[str]) -> Iterator[dict[str, str]]:
    """Names and descriptions; a template that cannot be read says so, and the others are still listed."""
    from oos.diagnostics import DiagnosticError
    from oos.template.outline import in_language
    from oos.template.parse import parse

    app = session.app
    for name in names:
        try:
            title, text = app.templates.open(name)
            description = in_language(parse(text, title).description)
        except DiagnosticError as error:
            description = f"cannot be read: {error.diagnostics[0].message}"
        # The first sentence says what it does; the rest is for who looks closer.
        first = re.split(r"(?<=\.)\s", " ".join(description.split()), maxsplit=1)[0]
        yield {"TemplateName": name, "Description": first}


@click.command(cls=Command)
@click.argument("name", type=TEMPLATE, metavar="TEMPLATE")
@click.option("--text", is_flag=True, help="Print the template itself.")
@click.option(
    "--template-version", "version", default="", metavar="V", help="Of a registered template: v3, or a label."
)
@click.pass_obj
def show(session: Session, name: str, text: bool, version: str) -> int:
    """Show what a template asks for (parameters), does (tasks and the ways between them), and gives (outputs)."""
    from oos.cli.printing import print_document

    app = session.app
    if text:
        click.echo(app.templates.open(name, version)[1], nl=False)
        return exits.SUCCESS
    template = app.open_template(name, version).template
    if session.is_json:
        print_document(session, _document(template))
    else:
        _print(template)
    return exits.SUCCESS


def _document(template: Template) -> dict[str, Any]:
    """A template as ValidateTemplateContent tells it (spec 7.1), with its parameters spelled out."""
    return {
        "TemplateName": template.source.name,
        "Description": template.description,
        "Parameters": {
            each.name: {
                "Type": each.type,
                "Required": each.default is None,
                **({"Default": each.default.raw} if each.default is not None else {}),
                **({"AllowedValues": list(each.allowed_values)} if each.allowed_values is not None else {}),
                **({"NoEcho": True} if each.no_echo else {}),
                **({"Description": each.description} if each.description is not None else {}),
            }
            for each in template.parameters.values()
        },
        "Tasks": [
            {
                "Name": task.name,
                "Type": task.written_action,
                "Description": task.description,
                "Properties": {name: value.raw for name, value in task.properties.items()},
                "Outputs": {each.name: {"Type": each.type} for each in task.outputs},
            }
            for task in template.tasks
        ],
        "Outputs": {each.name: {"Type": each.type, "Value": each.value.raw} for each in template.outputs.values()},
    }


def _print(template: Template) -> None:
    from oos.cli.printing import Column, print_table, print_title
    from oos.template.outline import in_language, parameter_rows, task_lines

    print_title(template.source.name)
    description = in_language(template.description)
    if description:
        print(description)
    rows = [
        [
            row.name,
            row.type,
            "required" if row.required else row.default,
            "; ".join(filter(None, (row.description, row.allowed, "not shown" if row.secret else ""))),
        ]
        for row in parameter_rows(template)
    ]
    print()
    if rows:
        print_table(
            [
                Column("PARAMETER"),
                Column("TYPE"),
                Column("DEFAULT", flexible=True),
                Column("WHAT IT IS", flexible=True),
            ],
            rows,
        )
        print()
    print_title("Tasks")
    for line in task_lines(template):
        print(f"  {line}")
    if template.outputs:
        print()
        print_table([Column("OUTPUT"), Column("TYPE")], [[each.name, each.type] for each in template.outputs.values()])
