"""Rehearsals from text: what tests of them share."""

from __future__ import annotations

import textwrap
from typing import Any

from oos.rehearsal.read import read_cases
from oos.rehearsal.rehearse import Rehearsal, rehearse
from oos.service.catalog import Catalog, installed_modules

MODULES = installed_modules()
CATALOG = Catalog(MODULES)
HEAD = "FormatVersion: OOS-2019-06-01\n"


def nowhere(_name: str, _version: str) -> None:
    """There are no templates but those of the case."""


def tried(template: str, cases: str) -> list[Rehearsal]:
    """What comes of the cases of a template; FormatVersion and the indent of the test are taken care of."""
    text = HEAD + textwrap.dedent(template)
    file = read_cases(textwrap.dedent(cases), "x.rehearsal.yml")
    return list(rehearse(file, "x.yml", text, MODULES, nowhere))


def observed(template: str, case: str) -> dict[str, Any]:
    """What is observed of one case, which comes as expected."""
    cases = "cases:\n- name: it\n" + textwrap.indent(textwrap.dedent(case).strip("\n"), "  ")
    (one,) = tried(template, cases)
    assert one.is_as_expected, "\n".join(map(str, one.differences))
    return dict(one.observed)


def told(template: str, cases: str) -> list[str]:
    """The differences, as they are printed."""
    return [str(each) for one in tried(template, cases) for each in one.differences]
