"""Completion: what a shell offers for names of templates, executions and operations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click
from click.shell_completion import CompletionItem, split_arg_string

from oos.cli.session import Session

Offer = Iterator[tuple[str, str]]
"""Values, each with a word on what it is."""


class Completed(click.ParamType[str]):
    """A text for which a shell can offer values."""

    def __init__(self, name: str, offer: Callable[[Session, click.Context, str], Iterable[tuple[str, str]]]) -> None:
        self.name = name
        self._offer = offer

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> str:
        return str(value)

    def shell_complete(self, ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        session = ctx.ensure_object(Session)
        try:
            offered = list(self._offer(session, ctx, incomplete))
        except Exception:  # noqa: BLE001 (a shell that completes must not be disturbed, whatever is wrong)
            return []
        return [CompletionItem(value, help=word) for value, word in offered if value.startswith(incomplete)]


def _templates(session: Session, _: click.Context, incomplete: str) -> Offer:
    """Templates by name, and files."""
    for name in session.app.templates.names():
        yield name, "runbook"
    yield from _files(incomplete)


def _files(incomplete: str) -> Offer:
    from pathlib import Path

    folder, slash, _ = incomplete.rpartition("/")
    for path in sorted(Path(folder + slash if slash else ".").iterdir()):
        name = f"{folder}{slash}{path.name}"
        if path.is_dir() and not path.name.startswith("."):
            yield f"{name}/", "folder"
        elif path.suffix in (".yml", ".yaml", ".json"):
            yield name, "file"


def _executions(session: Session, _: click.Context, __: str) -> Offer:
    from oos.journal.port import ExecutionFilter

    for each in session.app.journal.summaries(ExecutionFilter(limit=50)):
        yield each.execution_id, f"{each.status} {each.template_name}"


def _services(session: Session, _: click.Context, __: str) -> Offer:
    for service in sorted({each.service for each in session.app.catalog.operations()}):
        yield service.lower(), "service"


def _operations(session: Session, context: click.Context, _: str) -> Offer:
    service = str(context.params.get("service") or "").casefold()
    for each in session.app.catalog.operations():
        if not service or each.service.casefold() == service:
            yield each.name, each.summary


def _parameters(session: Session, context: click.Context, _: str) -> Offer:
    """`Key=` for each parameter of the operation that is being called."""
    from oos.service.parameter import parameters_of

    names = context.params.get("service"), context.params.get("operation")
    operation = session.app.catalog.operation(str(names[0]), str(names[1]))
    if operation is not None:
        for each in parameters_of(operation.request):
            yield f"{each.name}=", each.description


def _template_parameters(session: Session, context: click.Context, _: str) -> Offer:
    """`name=` for each parameter of the template that is being run."""
    name = context.params.get("template") or _first_argument("run")
    if name:
        for each in session.app.open_template(str(name)).template.parameters.values():
            yield f"{each.name}=", each.type


def _first_argument(verb: str) -> str:
    """The word after the verb: click has read no argument yet where an option still wants its value."""
    words = split_arg_string(os.environ.get("COMP_WORDS", ""))
    after = words[words.index(verb) + 1 :] if verb in words else []
    return after[0] if after and not after[0].startswith("-") else ""


def _resources(session: Session, _: click.Context, __: str) -> Offer:
    fleet = session.app.fleet
    region = session.app.region
    for instance in fleet.instances(region):
        yield instance.id, instance.name
    for disk in fleet.disks(region):
        yield disk.id, f"disk {disk.device} of {disk.instance_id}"


TEMPLATE = Completed("template", _templates)
EXECUTION = Completed("execution", _executions)
SERVICE = Completed("service", _services)
OPERATION = Completed("operation", _operations)
OPERATION_PARAMETER = Completed("parameter", _parameters)
TEMPLATE_PARAMETER = Completed("parameter", _template_parameters)
RESOURCE = Completed("resource", _resources)
