"""`oos api`: call one operation of a service, or read about it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from oos.cli import exits
from oos.cli.complete import OPERATION, OPERATION_PARAMETER, SERVICE
from oos.cli.lazy import Command
from oos.cli.options import following, following_options
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.cli.disclosure import Disclosure
    from oos.engine.ports import StartRequest
    from oos.execution.model import Execution
    from oos.service.operation import Operation
    from oos.service.parameter import ParameterInfo

DRY_RUN = "DryRun"
DRY_RUN_PASSED = "DryRunOperation"


@click.command(cls=Command, add_help_option=False)
@click.argument("service", type=SERVICE, required=False)
@click.argument("operation", type=OPERATION, required=False)
@click.argument("pairs", nargs=-1, type=OPERATION_PARAMETER, metavar="[KEY=TEXT|KEY:=JSON]…")
@click.option("-h", "--help", "wants_help", is_flag=True, help="With an operation: what it does, and its parameters.")
@click.option("--all-pages", is_flag=True, help="Of a listing, everything instead of a page.")
@click.option(
    "--save",
    default="",
    metavar="[FIELD=]FILE",
    help="Write the secret of the response into a new file that only you may read.",
)
@click.option("--reveal", is_flag=True, help="Print the secrets of the response instead of ***.")
@following_options
@click.pass_context
def api(
    ctx: click.Context,
    service: str | None,
    operation: str | None,
    pairs: tuple[str, ...],
    wants_help: bool,
    all_pages: bool,
    save: str,
    reveal: bool,
    detach: bool,
    no_input: bool,
    deadline: float | None,
) -> int:
    """Call one operation, and print its response as JSON.

    \b
    oos api                                       the services
    oos api ecs                                   the operations of one
    oos api ecs StopInstance --help               the parameters of one
    oos api ecs StopInstance InstanceId=i-…       call it
    oos api ecs DescribeInstances Tag.1.Key=role Tag.1.Value=web

    A call that changes something is recorded: it runs as an execution of one task. Secrets of a response print
    as ***; --save and --reveal hand them to you.
    """
    session = ctx.ensure_object(Session)
    if service is None:
        if wants_help:
            click.echo(ctx.get_help())
            return exits.SUCCESS
        return _list_services(session)
    if operation is None:
        return _list_operations(session, service)
    found = _find(session, service, operation)
    if wants_help:
        return _explain(session, found)
    from oos.cli.arguments import read_pairs
    from oos.cli.disclosure import read_disclosure
    from oos.service.operation import Effect

    if detach and (save or reveal):
        raise click.UsageError("--save and --reveal need the response, which --detach does not wait for")
    disclosure = read_disclosure(save, reveal=reveal)
    parameters = read_pairs(pairs, f"{found.service}.{found.name}")
    if found.effect is not Effect.READS:
        from oos.cli.follow.carry_out import carry_out

        how = following(no_input, deadline)

        def request() -> StartRequest:
            return request_to_call(session, found, parameters)

        finish = partial(finish_call, disclosure=disclosure)
        return carry_out(session, request, how, detach=detach, finish=finish)
    return _look(session, found, parameters, disclosure, all_pages=all_pages)


def _find(session: Session, service: str, name: str) -> Operation:
    from oos.cli.failures import stop
    from oos.diagnostics import did_you_mean
    from oos.service.errors import UnsupportedOperation
    from oos.template import official

    catalog = session.app.catalog
    operation = catalog.operation(service, name)
    if operation is not None:
        return operation
    if official.is_operation(service, name):
        unsupported = UnsupportedOperation(service, name)
        hint = f"see oos api {service}" if catalog.has_service(service) else "see oos api"
        raise stop(unsupported.message, hint=hint, code=unsupported.code, exit_code=exits.USAGE)
    _require_service(session, service)
    hint = did_you_mean(name, _names(session, service)) or f"see oos api {service}"
    message = f"no installed module offers {service}.{name}"
    raise stop(message, hint=hint, code="InvalidAction.NotFound", exit_code=exits.USAGE)


def _require_service(session: Session, service: str) -> None:
    from oos.cli.failures import stop
    from oos.diagnostics import did_you_mean

    services = {each.service for each in session.app.catalog.operations()}
    if service.casefold() not in {each.casefold() for each in services}:
        hint = did_you_mean(service, services)
        message = f"no installed module offers the service {service}"
        raise stop(message, hint=hint, code="InvalidService.NotFound", exit_code=exits.USAGE)


def _names(session: Session, service: str) -> list[str]:
    operations = session.app.catalog.operations()
    return [each.name for each in operations if each.service.casefold() == service.casefold()]


# calling


def _look(
    session: Session,
    operation: Operation,
    parameters: dict[str, Any],
    disclosure: Disclosure,
    *,
    all_pages: bool,
) -> int:
    """Call an operation that only reads."""
    from oos.cli.printing import print_document
    from oos.service.call import invoke, invoke_all_pages

    call = invoke_all_pages if all_pages else invoke
    context = session.app.context(secrets.token_hex(20), report=session.say)
    response = call(operation, parameters, context)
    disclosure.save(response)
    print_document(session, disclosure.shown(response))
    return exits.SUCCESS


TEMPLATE = """\
FormatVersion: OOS-2019-06-01
Description: {service}.{name}, called by hand
Parameters:
  parameters:
    Type: Json
Tasks:
  - Name: {name}
    Action: ACS::ExecuteAPI
    Properties:
      Service: {service}
      API: {name}
      Parameters: '{{{{ parameters }}}}'
"""


def request_to_call(session: Session, operation: Operation, parameters: dict[str, Any]) -> StartRequest:
    """The execution of one task that calls the operation. Raises InvalidParameter, MissingParameter: nothing starts."""
    from oos.engine.ports import StartRequest
    from oos.execution.status import SafetyCheck

    given = _with_secrets(operation, parameters)
    _check(session, operation, given)
    title = f"{operation.service}.{operation.name}"
    text = TEMPLATE.format(service=operation.service, name=operation.name)
    return StartRequest(
        template=session.app.template_cache.checked(text, title),
        parameters={"parameters": given},
        by=session.settings.user,
        region=session.app.region,
        template_name=title,
        # The person named the operation itself, so there is nothing left to confirm.
        safety_check=SafetyCheck.SKIP,
    )


def _check(session: Session, operation: Operation, parameters: dict[str, Any]) -> None:
    """Hold the parameters against the operation before anything is recorded: its dry run ends there."""
    from oos.service.call import invoke
    from oos.service.errors import ApiError

    try:
        invoke(operation, {**parameters, DRY_RUN: True}, session.app.context(secrets.token_hex(20)))
    except ApiError as error:
        if error.code != DRY_RUN_PASSED or _is_dry_run(parameters):
            raise


def _is_dry_run(parameters: dict[str, Any]) -> bool:
    return any(
        name.casefold() == DRY_RUN.casefold() and str(value).casefold() == "true" for name, value in parameters.items()
    )


def _with_secrets(operation: Operation, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters, those that the operation declares secret as Secrets."""
    from oos.service.parameter import Kind, fields_of
    from oos.values.secret import Secret

    hidden = {field.name.casefold() for field in fields_of(operation.request) if field.kind is Kind.SECRET}
    return {name: Secret(value) if name.casefold() in hidden else value for name, value in parameters.items()}


def finish_call(session: Session, execution: Execution, code: int, *, disclosure: Disclosure | None = None) -> int:
    """Print the response, or the error, of the one call."""
    from oos.cli.follow.carry_out import tell_end
    from oos.cli.printing import print_document

    task = next(iter(execution.tasks.values()), None)
    if task is not None and task.response is not None:
        if disclosure is not None:
            disclosure.save(task.response)
        print_document(session, task.response if disclosure is None else disclosure.shown(task.response))
        return code
    fault = task.fault if task is not None else None
    if fault is not None and session.is_json:
        error = {"Code": fault.code, "Message": fault.message, "ExecutionId": execution.id}
        print_document(session, {"Error": error})
    if fault is None:
        tell_end(session, execution, code)
    else:
        session.warn(f"error: {fault}")
    return code


# reading about


def _list_services(session: Session) -> int:
    from collections import Counter

    from oos.cli.printing import Column, print_list

    counts = Counter(each.service for each in session.app.catalog.operations())
    columns = [Column("SERVICE"), Column("OPERATIONS", align_right=True)]
    documents = [{"Service": name, "Operations": count} for name, count in sorted(counts.items())]
    rows = [[name, str(count)] for name, count in sorted(counts.items())]
    print_list(session, documents, columns, rows, "no module is installed")
    return exits.SUCCESS


def _list_operations(session: Session, service: str) -> int:
    from oos.cli.printing import Column, print_list

    _require_service(session, service)
    found = [each for each in session.app.catalog.operations() if each.service.casefold() == service.casefold()]
    columns = [Column("OPERATION"), Column("EFFECT"), Column("WHAT IT DOES", flexible=True)]
    rows = [[each.name, str(each.effect), each.summary] for each in found]
    documents = [
        {"Service": each.service, "Operation": each.name, "Effect": str(each.effect), "Summary": each.summary}
        for each in found
    ]
    print_list(session, documents, columns, rows, "")
    return exits.SUCCESS


def _explain(session: Session, operation: Operation) -> int:
    """What an operation does, and each of its parameters."""
    import textwrap

    from oos.cli.printing import Column, print_document, print_table, print_title, terminal_width
    from oos.service.parameter import parameters_of
    from oos.values.json import json_text

    known = list(_flat(parameters_of(operation.request), ""))
    if session.is_json:
        print_document(session, _explanation(operation, known))
        return exits.SUCCESS
    print_title(f"{operation.service}.{operation.name}")
    print(textwrap.fill(operation.summary, min(terminal_width(), 100)))
    print("It only reads.\n" if operation.effect == "reads" else f"It {operation.effect}; risk {operation.risk}.\n")
    if not known:
        print("It takes no parameters.")
        return exits.SUCCESS
    columns = [Column("PARAMETER"), Column("TYPE"), Column("DEFAULT"), Column("WHAT IT IS", flexible=True)]
    rows = []
    for name, each in known:
        default = "required" if each.required else "" if each.default in (None, "", []) else json_text(each.default)
        allowed = f" One of {', '.join(each.allowed)}." if each.allowed else ""
        rows.append([name, each.type_name, default, f"{each.description}{allowed}"])
    print_table(columns, rows)
    return exits.SUCCESS


def _explanation(operation: Operation, known: list[tuple[str, ParameterInfo]]) -> dict[str, Any]:
    return {
        "Service": operation.service,
        "Operation": operation.name,
        "Summary": operation.summary,
        "Effect": str(operation.effect),
        "Risk": str(operation.risk),
        "Parameters": [
            {
                "Name": name,
                "Type": each.type_name,
                "Required": each.required,
                "Default": each.default,
                "AllowedValues": list(each.allowed),
                "Description": each.description,
            }
            for name, each in known
        ],
    }


def _flat(parameters: Iterable[ParameterInfo], prefix: str) -> Iterator[tuple[str, ParameterInfo]]:
    """Parameters with those inside them, as one would write them: `Tag.N.Key`."""
    for each in parameters:
        name = f"{prefix}{each.name}"
        if not each.members:
            yield name, each
            continue
        number = ".N" if each.type_name == "List" else ""
        yield from _flat(each.members, f"{name}{number}.")
