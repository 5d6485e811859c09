"""Reading files of rehearsals: `name.rehearsal.yml` beside the template `name.yml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from oos.diagnostics import DiagnosticError
from oos.execution.status import LoopMode, Mode, SafetyCheck, Status
from oos.rehearsal import codes
from oos.rehearsal.case import NEW_YEAR, Answer, Case, CaseFile, Fault, Mishap, Subject, Verb
from oos.rehearsal.fields import Fields, Report
from oos.rehearsal.read_given import merged, read_given
from oos.rehearsal.tree import Tree, read_tree
from oos.schedule.pattern import Happening
from oos.values.json import Value

ENDING: Final = ".rehearsal.yml"
TEMPLATE_ENDINGS: Final = (".yml", ".yaml", ".json")
EXPECTED: Final = ("status", "code", "message", "tasks", "outputs", "fleet", "calls", "changes", "refusals", "took")
"""What can be expected."""

_OF_CALLS: Final = frozenset(
    {
        Mishap.ERROR,
        Mishap.ERROR_AFTER,
        Mishap.LOST_REPLY,
        Mishap.HANG,
        Mishap.DISK_FULL,
        Mishap.SLOW,
        Mishap.CRASH,
        Mishap.CRASH_AFTER,
    }
)
_FITTING: Final = {
    Subject.CALL: _OF_CALLS,
    Subject.METHOD: _OF_CALLS - {Mishap.SLOW, Mishap.CRASH_AFTER},
    Subject.HOST: frozenset({Mishap.GONE, Mishap.DISK_FULL}),
    Subject.INSTANCE: frozenset({Mishap.NO_AGENT, Mishap.DEAF, Mishap.CANNOT_FREEZE}),
}
"""What can happen to what."""


def is_rehearsal(path: Path) -> bool:
    """Whether a file holds rehearsals, by its name."""
    return path.name.endswith(ENDING)


def rehearsal_beside(template: Path) -> Path:
    """Where the rehearsals of a template are."""
    return template.with_name(f"{template.name.removesuffix(template.suffix)}{ENDING}")


def template_beside(rehearsal: Path) -> Path | None:
    """The template that a file of rehearsals belongs to, or None when it is not there."""
    stem = rehearsal.name.removesuffix(ENDING)
    for ending in TEMPLATE_ENDINGS:
        path = rehearsal.with_name(f"{stem}{ending}")
        if path.is_file():
            return path
    return None


def read_cases(text: str, name: str) -> CaseFile:
    """The rehearsals of a file. Raises DiagnosticError with every fault."""
    tree = read_tree(text, name)
    report = Report(name)
    if not isinstance(tree.content, dict) or "cases" not in tree.content:
        report.fault(codes.NOT_A_REHEARSAL, tree, "this is no file of rehearsals: it has no `cases`")
        raise DiagnosticError(report.faults)
    fields = Fields(report, tree, "a file of rehearsals")
    shared = fields.get("given")
    template = fields.text("template")
    cases = [_case(report, each, shared) for each in fields.items("cases")]
    fields.close()
    seen: set[str] = set()
    for case in cases:
        if case.name in seen:
            report.fault(codes.WRONG_VALUE, case.tree, f"two cases are called {case.name!r}")
        seen.add(case.name)
    if report.faults:
        raise DiagnosticError(report.faults)
    return CaseFile(name, template, tuple(cases), text)


def _case(report: Report, tree: Tree, shared: Tree | None) -> Case:
    fields = Fields(report, tree, "a case")
    fields.required("name")
    given = read_given(report, merged(shared, fields.get("given")))
    case = Case(
        name=fields.text("name", "?"),
        tree=tree,
        given=given,
        parameters=fields.plain("parameters"),
        mode=Mode(fields.choice("mode", list(Mode), Mode.AUTOMATIC)),
        loop_mode=LoopMode(fields.choice("loop_mode", list(LoopMode), LoopMode.AUTOMATIC)),
        safety_check=SafetyCheck(fields.choice("safety_check", list(SafetyCheck), SafetyCheck.CONFIRM)),
        by=fields.text("by", "starter"),
        faults=tuple(_fault(report, each) for each in fields.items("faults")),
        people=tuple(_answer(report, each) for each in fields.items("people")),
        events=read_events(fields, given.region),
        lasts=fields.duration("lasts"),
        expect=_expected(report, fields.get("expect")),
    )
    fields.close()
    return case


def _fault(report: Report, tree: Tree) -> Fault:
    fields = Fields(report, tree, "a fault")
    fields.required("fault")
    mishap = Mishap(fields.choice("fault", list(Mishap), Mishap.ERROR))
    subjects = [each for each in Subject if fields.get(each) is not None]
    if len(subjects) != 1:
        report.fault(codes.MISSING_FIELD, tree, f"a fault is about one of {', '.join(Subject)}")
    subject = subjects[0] if subjects else Subject.CALL
    if len(subjects) == 1 and mishap not in _FITTING[subject]:
        fitting = ", ".join(each for each in Mishap if each in _FITTING[subject])
        report.fault(codes.WRONG_VALUE, tree, f"{mishap!s} does not happen to a {subject}", f"it can be {fitting}")
    code = fields.text("code")
    found = Fault(
        mishap=mishap,
        subject=subject,
        name=fields.text(subject),
        of=fields.text("of"),
        code=code,
        message=fields.text("message"),
        status=fields.number("status", None, least=100),
        seconds=fields.seconds("takes"),
        after=fields.number("after", 0),
        times=fields.number("times", None, least=1),
        from_task=fields.text("from"),
        until_task=fields.text("until"),
    )
    fields.close()
    return found


def _answer(report: Report, tree: Tree) -> Answer:
    fields = Fields(report, tree, "an answer")
    verbs = [each for each in Verb if fields.get(each) is not None]
    if len(verbs) != 1:
        hint = "for example: {approve: nameOfTask, by: alice}"
        report.fault(codes.MISSING_FIELD, tree, f"an answer is one of {', '.join(Verb)}", hint)
    verb = verbs[0] if verbs else Verb.APPROVE
    status = fields.choice("status", ["Success", "Failed", "Cancelled"], "")
    always = fields.flag("always", False)
    found = Answer(
        verb=verb,
        task=fields.text(verb),
        by=fields.text("by", "operator"),
        note=fields.text("note"),
        times=None if always else fields.number("times", 1, least=1),
        status=Status(status) if status else None,
        span=tree.span,
    )
    fields.close()
    return found


def read_events(fields: Fields, region: str) -> tuple[Happening | Value, ...]:
    """What fires triggers, one after another."""
    return tuple(_event(fields.report, each, region) for each in fields.items("events"))


def _event(report: Report, tree: Tree, region: str) -> Happening | Value:
    fields = Fields(report, tree, "an event")
    if fields.has("message"):
        message = fields.get("message")
        fields.close()
        return None if message is None else message.plain
    fields.required("product")
    fields.required("name")
    found = Happening(
        product=fields.text("product"),
        name=fields.text("name"),
        region=fields.text("region", region),
        at=fields.instant("at", NEW_YEAR),
        content=fields.plain("content"),
        level=fields.text("level", "INFO"),
        tags=fields.texts("tags"),
        id=fields.text("id", "event-1"),
    )
    fields.close()
    return found


def _expected(report: Report, tree: Tree | None) -> Tree | None:
    if tree is None:
        return None
    fields = Fields(report, tree, "expect")
    for name in EXPECTED:
        fields.get(name)
    for name, wanted in (("tasks", list), ("calls", list), ("changes", list), ("refusals", list)):
        inner = fields.get(name)
        if inner is not None and not isinstance(inner.content, wanted):
            report.wrong(inner, name, "a list")
    status = fields.get("status")
    words: list[Any] = [*Status, "Refused"]
    if status is not None and status.content not in words:
        fields.choice("status", words, "")
    fields.close()
    return tree
