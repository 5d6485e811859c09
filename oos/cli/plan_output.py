"""Plans on the screen, and as programs read them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from oos.cli.printing import Column, dim, print_facts, print_table, print_title, rows_of, shorten
from oos.cli.session import Session
from oos.cli.words import counted
from oos.plan.model import Difference, Plan, PlannedCall
from oos.plan.words import how, summary
from oos.service.operation import Effect
from oos.values.time import format_instant

_ITEM: Final = re.compile(r"\[\d+\]")
_NAMED: Final = 4
"""How many things a line names."""
_SHOWN: Final = 70
"""How much of a script is shown."""
_EFFECTS: Final = {Effect.READS: "reads", Effect.CHANGES: "changes", Effect.DESTROYS: "destroys"}


@dataclass(slots=True)
class _Group:
    """The same call of one task, for all items of its loop."""

    task: str
    name: str
    calls: list[PlannedCall] = field(default_factory=list)


def document_of(template: str, plan: Plan) -> dict[str, Any]:
    """The plan as programs read it."""
    return {
        "Template": template,
        "RegionId": plan.region,
        "At": format_instant(plan.at),
        "Status": str(plan.status),
        **({"Code": plan.code, "Message": plan.message} if plan.code else {}),
        "Acts": plan.acts,
        "Differences": [
            {
                "Change": str(each.change),
                "Kind": each.kind,
                "Id": each.id,
                "Name": each.name,
                "Before": dict(each.before),
                "After": dict(each.after),
            }
            for each in plan.differences
        ],
        "Calls": [
            {
                "Task": each.task,
                "Call": each.name,
                "Parameters": each.parameters,
                "Effect": str(each.effect),
                "Acts": each.acts,
                "On": list(each.on),
                **({"Fault": each.fault} if each.fault else {}),
            }
            for each in plan.calls
        ],
        "Waits": [
            {"Task": each.task, "For": each.reason, "Approvers": list(each.approvers), "Required": each.required}
            for each in plan.waits
        ],
        "Assumptions": [{"Task": each.task, "About": each.about, "Answer": each.answer} for each in plan.assumptions],
        "Refused": plan.refused,
        "SilentHosts": list(plan.silent_hosts),
        "Outputs": dict(plan.outputs),
        "Waited": plan.waited.total_seconds(),
    }


def print_plan(session: Session, template: str, plan: Plan) -> None:
    """The plan for people."""
    print_title(f"Plan of {template}")
    print_facts(
        [
            ("as of", format_instant(plan.at)),
            ("region", plan.region),
            ("twin of", ", ".join(counted(count, kind) for kind, count in plan.counts.items())),
            ("silent", ", ".join(plan.silent_hosts)),
        ]
    )
    _print_calls(plan.calls, every=session.verbose)
    _print_differences(plan.differences)
    _print_waits(plan)
    _print_assumptions(plan)
    if plan.outputs:
        print()
        print_title("Outputs" if not plan.assumptions else "Outputs, as far as the assumptions hold")
        print_facts(rows_of(plan.outputs), indent=2)
    print(flush=True)
    for host in plan.silent_hosts:
        session.warn(f"warning: {host} does not answer: what is on it is not known")
    if plan.refused:
        session.warn(f"warning: a start now would be refused: {plan.refused}")
    session.say(summary(plan))


def _print_calls(calls: Iterable[PlannedCall], *, every: bool) -> None:
    groups = _grouped(each for each in calls if every or each.effect is not Effect.READS or each.fault)
    if not groups:
        return
    print()
    print_title("It would call")
    rows = [[each.task or "-", each.name, _does(each.calls), _on(each.calls)] for each in groups]
    print_table([Column("TASK"), Column("CALL"), Column("WHICH"), Column("ON", flexible=True)], rows)


def _grouped(calls: Iterable[PlannedCall]) -> list[_Group]:
    groups: dict[tuple[str, str], _Group] = {}
    for each in calls:
        task = _ITEM.sub("", each.task)
        groups.setdefault((task, each.name), _Group(task, each.name)).calls.append(each)
    return list(groups.values())


def _does(calls: list[PlannedCall]) -> str:
    """What calls do: `changes`, `changes 2 of 3`, `fails`."""
    failing = sum(1 for each in calls if each.fault)
    acting = sum(1 for each in calls if each.acts)
    effect = calls[0].effect
    if failing:
        return "fails" if failing == len(calls) else f"fails {failing} of {len(calls)}"
    if effect is Effect.READS:
        return "reads"
    if not acting:
        return "does nothing"
    return _EFFECTS[effect] if acting == len(calls) else f"{_EFFECTS[effect]} {acting} of {len(calls)}"


def _on(calls: list[PlannedCall]) -> str:
    fault = next((each.fault for each in calls if each.fault), "")
    names = list(dict.fromkeys(name for each in calls for name in each.on))
    shown = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        shown = f"{shown} and {len(names) - _NAMED} more"
    return "\n".join(each for each in (shown, fault) if each)


def _print_differences(differences: Iterable[Difference]) -> None:
    rows = [[str(each.change), each.kind, _name(each), "\n".join(how(each))] for each in differences]
    if not rows:
        return
    print()
    print_title("It would be different")
    columns = [Column("CHANGE", is_state=True), Column("KIND"), Column("NAME"), Column("HOW", flexible=True)]
    print_table(columns, rows)


def _name(difference: Difference) -> str:
    known = difference.id.partition(" ")[0]
    return f"{difference.name}\n{known}" if known and known != difference.name else difference.name


def _print_waits(plan: Plan) -> None:
    if not plan.waits:
        return
    print()
    print_title("It would wait for people")
    for each in plan.waits:
        asked = f" by {', '.join(each.approvers)}" if each.approvers else ""
        many = f", {each.required} of them" if each.required > 1 else ""
        print(f"  {each.task}: {each.reason}{asked}{many}")


def _print_assumptions(plan: Plan) -> None:
    if not plan.assumptions:
        return
    print()
    print_title("Assumed, for only the real world knows")
    groups: dict[tuple[str, str, str], int] = {}
    for each in plan.assumptions:
        key = (_ITEM.sub("", each.task), each.about, each.answer)
        groups[key] = groups.get(key, 0) + 1
    for (task, about, answer), count in groups.items():
        times = f" ({count} times)" if count > 1 else ""
        print(f"  {task or '-'}: {shorten(_gist(about), _SHOWN)}{times}")
        print(dim(f"    {answer}"))


def _gist(script: str) -> str:
    """A script without the comments at its beginning."""
    lines = script.splitlines()
    first = next((number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    return " ".join(lines[first:])
