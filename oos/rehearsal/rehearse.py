"""Rehearsing: the cases of a file carried out one by one, each on a fleet of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oos.diagnostics import Diagnostic, DiagnosticError
from oos.engine.ports import StartRequest
from oos.engine.templates import TemplateCache
from oos.rehearsal import codes
from oos.rehearsal.case import Answer, Case, CaseFile
from oos.rehearsal.compare import compare
from oos.rehearsal.observed import fleet_of, observe
from oos.rehearsal.performance import perform
from oos.rehearsal.read import template_beside
from oos.rehearsal.stage import Find, Stage
from oos.rehearsal.world import world_of
from oos.service.operation import Module
from oos.template.check import CheckedTemplate
from oos.template.parse import parse

REFUSED = "Refused"
"""The status of what was not even started."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of one case."""

    case: Case
    template: str
    before: Mapping[str, Any]
    """The fleet as it was given."""
    observed: Mapping[str, Any]
    differences: tuple[Diagnostic, ...] = field(default=())

    @property
    def is_as_expected(self) -> bool:
        """Whether every expectation holds."""
        return not self.differences


def rehearse(
    file: CaseFile, title: str, text: str, modules: Iterable[Module], find: Find, only: str = ""
) -> Iterator[Rehearsal]:
    """Carry out the cases of a file (or those with this in their names). Raises DiagnosticError for what cannot be."""
    offered = tuple(modules)
    for case in file.cases:
        if only.casefold() in case.name.casefold():
            yield rehearse_case(case, file.name, title, text, offered, find)


def rehearse_case(case: Case, source: str, title: str, text: str, modules: Iterable[Module], find: Find) -> Rehearsal:
    """Carry out one case. Raises DiagnosticError for a template that is not valid, or cannot be rehearsed."""
    stage = Stage(case, modules, parse(text, title), _beside(case, source, find), world_of(case))
    before = fleet_of(stage)
    cache = TemplateCache(stage.catalog)
    try:
        performance = perform(stage, request_of(case, title, cache.checked(text, title)), cache)
    except DiagnosticError as refused:
        if case.expect is None or "status" not in _names(case):
            raise
        observed = _refused(refused)
        unheard: list[Answer] = []
    else:
        observed = observe(stage, performance)
        unheard = performance.unheard
    return Rehearsal(case, title, before, observed, tuple(compare(case, observed, unheard, source)))


def request_of(case: Case, title: str, template: CheckedTemplate) -> StartRequest:
    """How the execution of a case is started."""
    return StartRequest(
        template=template,
        parameters=case.parameters,
        by=case.by,
        region=case.given.region,
        template_name=Path(title).stem,
        mode=case.mode,
        loop_mode=case.loop_mode,
        safety_check=case.safety_check,
    )


def template_of(file: CaseFile, find: Find) -> tuple[str, str]:
    """The name and text of the template that a file of rehearsals belongs to. Raises DiagnosticError."""
    folder = Path(file.name).parent
    if file.template:
        path = folder / file.template
        if path.is_file():
            return str(path), path.read_text(encoding="utf-8")
        found = find(file.template, "")
        if found is not None:
            return found
        message = f"there is no template {file.template}"
        raise DiagnosticError([codes.NO_TEMPLATE.nowhere(file.name, message, codes.NO_TEMPLATE.remedy)])
    beside = template_beside(Path(file.name))
    if beside is None:
        message = "there is no template beside it"
        raise DiagnosticError([codes.NO_TEMPLATE.nowhere(file.name, message, codes.NO_TEMPLATE.remedy)])
    return str(beside), beside.read_text(encoding="utf-8")


def _names(case: Case) -> Mapping[str, Any]:
    return case.expect.content if case.expect is not None and isinstance(case.expect.content, dict) else {}


def _beside(case: Case, source: str, find: Find) -> Find:
    """Templates that the case names files for, before those that are known."""
    folder = Path(source).parent
    given = {name.casefold(): folder / path for name, path in case.given.templates.items()}

    def look(name: str, version: str) -> tuple[str, str] | None:
        path = given.get(name.casefold())
        if path is None:
            return find(name, version)
        return str(path), path.read_text(encoding="utf-8")

    return look


def _refused(refused: DiagnosticError) -> dict[str, Any]:
    """What is observed of an execution that was refused: nothing but why."""
    return {
        "status": REFUSED,
        "code": refused.diagnostics[0].code,
        "message": "; ".join(each.message for each in refused.diagnostics),
        "tasks": [],
        "outputs": {},
        "fleet": {},
        "calls": [],
        "changes": [],
        "refusals": [],
        "took": "PT0S",
    }
