"""References: what stands between double braces, and what it names."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from oos.source import NOWHERE, Span
from oos.template.selector import Selector

PSEUDO_PARAMETERS: Final = (
    "ACS::RegionId",
    "ACS::ExecutionId",
    "ACS::TaskLoopItem",
    "ACS::AccountId",
    "ACS::CurrentUTCTime",
    "ACS::CurrentDate",
    "ACS::ExecuteUser",
    "ACS::OOSUtilVersion",
)
"""Spec 3, in canonical spelling."""

LOOP_ITEM: Final = "ACS::TaskLoopItem"
CURRENT_TIME: Final = "ACS::CurrentUTCTime"

_CANONICAL: Final = {name.casefold(): name for name in PSEUDO_PARAMETERS}
_PSEUDO: Final = re.compile(r"acs::\w+", re.IGNORECASE)
_STORE: Final = re.compile(r"(oos|oos-secret):([A-Za-z0-9_\-/.]+)", re.IGNORECASE)
_MOST_OPENED: Final = 100
"""Braces inside a reference; a path needs a few."""
_NAME: Final = re.compile(r"([A-Za-z0-9_\-]+)(?:\s*\.\s*(\S.*))?", re.DOTALL)


class ReferenceKind(StrEnum):
    """What a reference names."""

    PARAMETER = "parameter"
    OUTPUT = "output"
    """A declared output of a task, or an aggregate of its loop."""
    RESPONSE = "response"
    """A path into the raw response of a task (spec 1.8)."""
    PSEUDO = "pseudo"
    STORE = "store"
    """A common parameter of the parameter store (spec 1.11)."""
    SECRET = "secret"  # noqa: S105 - a kind of reference, not a password
    """An encrypted parameter of the parameter store."""
    NAME = "name"
    """Not resolved yet: a parameter, or a task with an output or a path."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One `{{ … }}`: what it names, and where it stands."""

    kind: ReferenceKind
    name: str
    """Parameter, task, pseudo parameter or stored parameter."""
    field: str = ""
    """Output of the task, or the text of the path into its response."""
    selector: Selector | None = dataclasses.field(default=None, compare=False)
    """The compiled path of a RESPONSE, or of a path into an OUTPUT."""
    span: Span = dataclasses.field(default=NOWHERE, compare=False)

    @property
    def is_path(self) -> bool:
        """Whether it is a path into a response or an output, which may have any number of results."""
        return self.selector is not None

    def __str__(self) -> str:
        match self.kind:
            case ReferenceKind.STORE:
                return f"oos:{self.name}"
            case ReferenceKind.SECRET:
                return f"oos-secret:{self.name}"
            case ReferenceKind.OUTPUT if self.selector is not None:
                path = self.selector.text
                return f"{self.name}.{self.field}{path[1:] if path[1:2] in ('[', '?', '|', ' ') else path}"
            case _:
                return f"{self.name}.{self.field}" if self.field else self.name


def read_reference(inner: str, span: Span) -> Reference | None:
    """The reference that the text between the braces is; None when it is none."""
    text = inner.strip()
    found = _NAME.fullmatch(text)
    if found is not None:
        return Reference(ReferenceKind.NAME, found[1], (found[2] or "").strip(), None, span)
    if _PSEUDO.fullmatch(text):
        return Reference(ReferenceKind.PSEUDO, _CANONICAL.get(text.casefold(), text), "", None, span)
    stored = _STORE.fullmatch(text)
    if stored is not None:
        kind = ReferenceKind.STORE if len(stored[1]) == len("oos") else ReferenceKind.SECRET
        return Reference(kind, stored[2], "", None, span)
    return None


def split(text: str) -> list[tuple[int, int, str]]:
    """The places of references in a text: start, end, and what stands between the braces.

    A closing pair ends the reference unless a brace opened inside it is still open, so that jq objects can
    stand in a path: `{{ t.X[] | {a: .b} }}`.
    """
    found = []
    position = text.find("{{")
    while position >= 0:
        while text.startswith("{{{", position):
            position += 1
        end = text.find("}}", position + 2)
        if end < 0:
            break
        opened = text.count("{", position + 2, end)
        if 0 < opened <= _MOST_OPENED:
            while text.startswith("}}}", end) and opened > text.count("}", position + 2, end):
                end += 1
        found.append((position, end + 2, text[position + 2 : end]))
        position = text.find("{{", end + 2)
    return found
