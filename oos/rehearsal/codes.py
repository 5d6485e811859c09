"""Diagnostic codes of rehearsals, by number, with meaning and remedy; room 8 of the diagnostics."""

from __future__ import annotations

from typing import Final

from oos.template.codes import Code

NOT_A_REHEARSAL: Final = Code(
    "OOS801",
    "not a rehearsal",
    "A file of rehearsals is a map with a list of Cases. This document is empty, or a list, or plain text.",
    "Begin the file with `cases:` and a list; each case has a `name`.",
)
UNKNOWN_FIELD: Final = Code(
    "OOS802",
    "unknown field of a rehearsal",
    "A rehearsal does not know this field, so it would have no effect.",
    "Use one of the fields that `oos/docs/rehearsals.md` lists.",
)
WRONG_VALUE: Final = Code(
    "OOS803",
    "value that does not fit",
    "The field of a rehearsal wants something else: a number, a list, one of a few words.",
    "Write what the message asks for.",
)
MISSING_FIELD: Final = Code(
    "OOS804",
    "field of a rehearsal missing",
    "The element lacks a field without which it means nothing.",
    "Add the field.",
)
NO_TEMPLATE: Final = Code(
    "OOS805",
    "no template to rehearse",
    "A rehearsal belongs to the template beside it (x.rehearsal.yml to x.yml), or to the one that `template` names.",
    "Put the template beside it, or name it: `template: ../x.yml`, or `template: ACS::ECS::StartInstance`.",
)
NOTHING_TO_REHEARSE: Final = Code(
    "OOS806",
    "no rehearsal of a template",
    "There is no file of rehearsals beside this template.",
    "Have one written: `oos template rehearse FILE --update`.",
)
DIFFERENCE: Final = Code(
    "OOS810",
    "what happened is not what was expected",
    "The template was carried out on the simulated fleet, and this expectation of the rehearsal does not hold.",
    "Mend the template, or the expectation.",
)
ALL: Final = (
    NOT_A_REHEARSAL,
    UNKNOWN_FIELD,
    WRONG_VALUE,
    MISSING_FIELD,
    NO_TEMPLATE,
    NOTHING_TO_REHEARSE,
    DIFFERENCE,
)
