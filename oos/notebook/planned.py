"""A plan in a notebook: what a run would do, as tables."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from oos.notebook import html
from oos.notebook.listing import Listing
from oos.notebook.prose import cell
from oos.plan.words import how, summary
from oos.service.operation import Effect

if TYPE_CHECKING:
    from oos.execution.status import Status
    from oos.plan.model import Plan


class Planned:
    """What an execution would do, if it were started now."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @property
    def status(self) -> Status:
        """How it would end."""
        return self.plan.status

    @property
    def acts(self) -> bool:
        """Whether it would do anything."""
        return self.plan.acts

    @property
    def differences(self) -> Listing:
        """What would be made, be otherwise, or be gone."""
        rows = [
            {
                "Change": str(each.change),
                "Kind": each.kind,
                "Name": each.name,
                "Id": each.id,
                "How": "; ".join(how(each)),
            }
            for each in self.plan.differences
        ]
        return Listing(rows, "differences", ("Change", "Kind", "Name", "Id", "How"))

    @property
    def calls(self) -> Listing:
        """The calls that would change something."""
        rows = [
            {
                "Task": each.task,
                "Call": each.name,
                "Effect": str(each.effect),
                "Acts": each.acts,
                "On": ", ".join(each.on),
                "Fault": each.fault,
            }
            for each in self.plan.calls
            if each.effect is not Effect.READS or each.fault
        ]
        return Listing(rows, "calls", ("Task", "Call", "Effect", "Acts", "On", "Fault"))

    @property
    def assumptions(self) -> Listing:
        """What only the real world knows, and the plan takes for granted."""
        rows = [{"Task": each.task, "About": each.about, "Answer": each.answer} for each in self.plan.assumptions]
        return Listing(rows, "assumptions", ("Task", "About", "Answer"))

    def __repr__(self) -> str:
        lines = [summary(self.plan)]
        lines += [f"{each['Change']} {each['Kind']} {each['Name']} {each['How']}".rstrip() for each in self.differences]
        return "\n".join(lines)

    def _repr_markdown_(self) -> str:
        parts = [f"**{cell(summary(self.plan))}**"]
        parts += [each._repr_markdown_() for each in (self.differences, self.assumptions) if each]
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        head = f"{html.badge(self.status, f'would end in {self.status}')} {escape(summary(self.plan))}"
        tables = [each._repr_html_() for each in (self.differences, self.calls, self.assumptions) if each]
        return f"<div>{head}</div>{''.join(tables)}"
