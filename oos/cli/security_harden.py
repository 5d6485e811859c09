"""`oos security harden`: mend what was found, and take it back unless it proves well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.options import Duration, following, following_options
from oos.cli.security_options import SEVERITIES, ask, finding_options, parameters_of
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.engine.ports import StartRequest

CONNECTIONS = Path("/proc/net/nf_conntrack")


@click.command(cls=Command)
@finding_options
@click.option(
    "--severity", type=click.Choice(SEVERITIES), default="high", show_default=True, help="Mend what is so bad."
)
@click.option(
    "--probe",
    "probes",
    multiple=True,
    metavar="INSTANCE:PORT",
    help="A new connection from here that must be possible afterwards; may be repeated.",
)
@click.option(
    "--confirm",
    "confirm_seconds",
    type=Duration(),
    default=60.0,
    metavar="TIME",
    help="After so long without proof all is taken back, by a process of its own.  [default: 60s]",
)
@click.option(
    "--conntrack",
    type=click.Path(),
    metavar="FILE",
    help="What the host tracks, to see more connections in use.  [default: this machine's own, if it can be read]",
)
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be changed and cut; change nothing.")
@click.option("--cut", "may_cut", is_flag=True, help="Go on although connections in use would be cut.")
@following_options
@click.pass_obj
def harden(
    session: Session,
    /,
    severity: str,
    probes: tuple[str, ...],
    confirm_seconds: float,
    conntrack: str | None,
    only_plan: bool,
    may_cut: bool,
    detach: bool,
    no_input: bool,
    deadline: float | None,
    **given: Any,
) -> int:
    """Mend what was found. Shown first: the rules that change, and the connections in use that this would cut.

    The change is proved by the guest agents that answered before, and by new connections to the probes. Without proof
    in time it is taken back, even if this command is killed.

    \b
    oos security harden --plan
    oos security harden --management 10.0.0.0/8 --probe web-1:22 --confirm 2m
    """
    from oos.cli.failures import stop
    from oos.cli.printing import print_document

    found = ask(session, "DescribeSecurityFindings", parameters_of(session, given, severity))
    changes = found["Changes"]
    if not changes:
        session.say("there is nothing to mend")
        return exits.SUCCESS
    wanted = [_probe(session, each) for each in probes]
    impact = ask(session, "DescribeSecurityImpact", {"Change": changes, "ConnectionTable": _table(conntrack)})
    if only_plan and session.is_json:
        print_document(session, {"Changes": changes, "Impact": impact})
        return exits.SUCCESS
    _show(session, found, impact)
    if only_plan:
        return exits.SUCCESS
    if impact["Cut"] and not may_cut:
        hint = "say --cut to go on, or change what is open first"
        raise stop("connections in use would be cut", hint=hint, code="ConnectionsInUse", exit_code=exits.REFUSED)
    from oos.cli.follow.carry_out import carry_out

    parameters = {"Change": changes, "Probe": wanted, "ConfirmSeconds": round(confirm_seconds)}

    def request() -> StartRequest:
        from oos.cli.api import request_to_call

        operation = session.app.catalog.operation("OOS", "ReplaceSecurityGroupRules")
        assert operation is not None
        return request_to_call(session, operation, parameters)

    from oos.cli.api import finish_call

    return carry_out(session, request, following(no_input, deadline), detach=detach, finish=finish_call)


def _probe(session: Session, text: str) -> dict[str, Any]:
    """`web-1:22` as the operation wants it. Raises Stopped."""
    from oos.cli.failures import stop

    name, _, port = text.rpartition(":")
    instances = session.app.fleet.instances(session.app.region)
    meant = [each.id for each in instances if name in (each.id, each.name)]
    if not port.isdecimal() or len(meant) != 1:
        what = "several instances are" if len(meant) > 1 else "no instance is"
        message = f"{what} meant by {name}" if port.isdecimal() else f"{text} is not INSTANCE:PORT"
        raise stop(message, hint="write web-1:22", exit_code=exits.USAGE)
    return {"InstanceId": meant[0], "Port": int(port)}


def _table(path: str | None) -> str:
    """What the host tracks; nothing where its own table cannot be read. Raises DiagnosticError."""
    from oos.diagnostics import Diagnostic, DiagnosticError

    try:
        return Path(path or CONNECTIONS).read_text(encoding="ascii", errors="replace")
    except OSError as error:
        if path is None:
            return ""
        raise DiagnosticError([Diagnostic("OOS953", f"cannot be read: {error.strerror}", path)]) from error


def _show(session: Session, found: Mapping[str, Any], impact: Mapping[str, Any]) -> None:
    """What would be changed and cut."""
    from oos.cli.words import counted

    details = {each["SecurityGroupRuleId"]: each["Detail"] for each in found["Findings"]}
    names = {each["SecurityGroupId"]: each["SecurityGroupName"] for each in found["Findings"]}
    for change in found["Changes"]:
        id = change["SecurityGroupId"]
        session.say(f"{names.get(id) or id} ({id})")
        for rule in change["Revoke"]:
            session.say(f"  - {details.get(rule, rule)}")
        for rule in (*change["Authorize"], *change["AuthorizeEgress"]):
            session.say(f"  + {_words(rule)}")
    for each in impact["Cut"]:
        arrow = "from" if each["Direction"] == "ingress" else "to"
        who = each["InstanceName"] or each["InstanceId"]
        session.warn(
            f"cuts {who} {each['IpProtocol']} {each['Port']} {arrow} {each['Peer']} (seen by {each['SeenBy']})"
        )
    session.say(f"{counted(impact['InUse'], 'connection')} in use, {len(impact['Cut'])} would be cut")
    if impact["Unseen"]:
        session.warn(f"not asked, their agents do not answer: {_few(impact['Unseen'])}")


def _words(rule: Mapping[str, Any]) -> str:
    ends = ("SourceCidrIp", "Ipv6SourceCidrIp", "SourceGroupId", "DestCidrIp", "Ipv6DestCidrIp", "DestGroupId")
    peer = next((rule[name] for name in ends if rule.get(name)), "")
    return f"{rule['Policy']} {rule['IpProtocol']} {rule['PortRange']} {peer}, priority {rule['Priority']}"


def _few(ids: Sequence[str]) -> str:
    return ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
