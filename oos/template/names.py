"""Names: what the references, conditions and jumps of a template name, resolved to canonical spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from oos.diagnostics import Diagnostic, nearest
from oos.source import Span
from oos.template import codes
from oos.template.document import span_of
from oos.template.expression import Expression
from oos.template.folding import fold
from oos.template.model import Task, Template
from oos.template.reference import LOOP_ITEM, PSEUDO_PARAMETERS, Reference, ReferenceKind
from oos.template.selector import SelectorError, compile_selector, plain_steps, with_leading_dot
from oos.template.suggestions import Suggestions
from oos.template.terms import NamedCondition, Resolver, Term

_SILENT: Final = frozenset({"ACS::Choice", "ACS::Sleep", "ACS::Pause", "ACS::Notify", "ACS::Approve", "ACS::Loop"})
"""Built-in actions without a response."""
_FIRST_STEP: Final = re.compile(r"([A-Za-z0-9_-]+)(?=\s*[.\[?|])")
"""What a path begins with, where it goes on."""
_PSEUDO: Final = {name.casefold(): name for name in PSEUDO_PARAMETERS}


class Responses(Protocol):
    """What is known of the response of a task."""

    def fields(self, task: Task) -> frozenset[str] | None:
        """The names at the top of the response; None when nothing is known."""


@dataclass(slots=True)
class Place:
    """Where in the flow an expression stands: which tasks have run before it."""

    ran: Mapping[str, Task]
    """Tasks whose outputs may be read, by folded name."""
    later: Mapping[str, Task] = field(default_factory=dict)
    """Tasks that exist but have not run, by folded name."""
    in_loop: bool = False
    own: Task | None = None
    """The task itself, whose inner tasks are visible to its outputs (ACS::Loop)."""


class Names:
    """Resolves names of one template and collects what is wrong with them."""

    def __init__(self, template: Template, responses: Responses) -> None:
        self.faults: list[Diagnostic] = []
        self.needs_response: set[str] = set()
        self.stored: set[str] = set()
        self.read_outputs: set[tuple[str, str]] = set()
        """Task and output, of every output that something reads."""
        self._template = template
        self._suggestions = Suggestions()
        self._responses = responses
        self._parameters = fold(template.parameters)
        self._conditions = fold(template.conditions)
        self.reported: set[tuple[Span, str]] = set()

    def fault(self, code: codes.Code, span: Span, message: str, hint: str = "") -> None:
        """Note a diagnostic, once for each place and code."""
        key = (span, code.code + message)
        if key not in self.reported:
            self.reported.add(key)
            self.faults.append(code.at(self._template.source.name, span, message, hint))

    def resolve(self, expression: Expression, place: Place) -> Expression:
        """The expression with its references and condition names resolved."""
        if not expression.references and not expression.condition_names:
            return expression
        resolver = Resolver(
            lambda reference: self.reference(reference, place),
            lambda name: self.condition(name, expression),
        )
        return expression.resolved(resolver)

    def condition(self, name: str, expression: Expression) -> str:
        """The canonical name of an entry under Conditions."""
        if name in self._template.conditions:
            return name
        found = self._conditions.get(name.casefold())
        if found is None:
            hint = self._suggestions.did_you_mean(name, self._template.conditions) or (
                "compare with Fn::Equals, or declare the condition"
            )
            span = _place_of_condition(expression.term, name) or expression.span
            self.fault(codes.UNKNOWN_CONDITION, span, f"there is no condition {name}", hint)
            return name
        return found

    def reference(self, reference: Reference, place: Place) -> Reference:
        """The reference resolved; as it is, after a fault, when it names nothing."""
        match reference.kind:
            case ReferenceKind.PSEUDO:
                self._check_pseudo(reference, place)
                return reference
            case ReferenceKind.NAME:
                return self._task(reference, place) if reference.field else self._parameter(reference, place)
            case ReferenceKind.STORE | ReferenceKind.SECRET:
                self.stored.add(str(reference))
                return reference
            case _:
                return reference

    def _check_pseudo(self, reference: Reference, place: Place) -> None:
        if reference.name not in PSEUDO_PARAMETERS:
            hint = self._suggestions.did_you_mean(reference.name, PSEUDO_PARAMETERS)
            self.fault(codes.UNKNOWN_PSEUDO, reference.span, f"there is no {reference.name}", hint)
        elif reference.name == LOOP_ITEM and not place.in_loop:
            self.fault(codes.NO_LOOP_ITEM, reference.span, f"{LOOP_ITEM} is null here: there is no loop around it")

    def _parameter(self, reference: Reference, place: Place) -> Reference:
        name = reference.name
        if name not in self._template.parameters:
            name = self._parameters.get(name.casefold(), "")
        if name:
            return Reference(ReferenceKind.PARAMETER, name, "", None, reference.span)
        wanted = reference.name
        if "Parameters" in self._template.unread:
            return reference
        hint = self._suggestions.did_you_mean(wanted, self._template.parameters) or "declare it under Parameters"
        if f"ACS::{wanted}".casefold() in _PSEUDO:
            hint = f"did you mean {_PSEUDO[f'ACS::{wanted}'.casefold()]}?"
        elif wanted.casefold() in self._conditions:
            hint = "the name of a condition is written without braces"
        elif wanted.casefold() in place.ran:
            task = place.ran[wanted.casefold()]
            first = next(iter(_outputs_of(task)), "output")
            hint = f"{task.name} is a task; write {{{{ {task.name}.{first} }}}}"
        self.fault(codes.UNKNOWN_PARAMETER, reference.span, f"there is no parameter {wanted}", hint)
        return reference

    def _task(self, reference: Reference, place: Place) -> Reference:
        task = _find(place.ran, reference.name)
        if task is None:
            self._no_task(reference, place)
            return reference
        outputs = _outputs_of(task)
        name = _exact_first(reference.field, outputs)
        if name is not None:
            self.read_outputs.add((task.name, name))
            return Reference(ReferenceKind.OUTPUT, task.name, name, None, reference.span)
        return self._in_output(reference, task, outputs) or self._response(reference, task, outputs)

    def _in_output(self, reference: Reference, task: Task, outputs: Iterable[str]) -> Reference | None:
        """A path into a declared output, `{{ list.ids[0] }}`, where the response has no field of its name."""
        found = _FIRST_STEP.match(reference.field)
        known = self._responses.fields(task)
        name = None if found is None else _exact_first(found[1], outputs)
        if found is None or name is None or known is None or found[1] in known:
            return None
        rest = reference.field[found.end(1) :]
        try:
            selector = compile_selector(rest if rest.startswith(".") else f".{rest}")
        except SelectorError:
            return None
        self.read_outputs.add((task.name, name))
        return Reference(ReferenceKind.OUTPUT, task.name, name, selector, reference.span)

    def _no_task(self, reference: Reference, place: Place) -> None:
        wanted = reference.name
        task = _find(place.later, wanted)
        if task is not None:
            own = place.own is not None and task.name == place.own.name
            message = f"{task.name} has not run yet here" if not own else f"{task.name} reads its own output"
            self.fault(codes.LATER_TASK, reference.span, message, codes.LATER_TASK.remedy)
            return
        if "Tasks" in self._template.unread:
            return
        hint = self._suggestions.did_you_mean(wanted, (task.name for task in place.ran.values()))
        if wanted.casefold() in self._parameters:
            select = f"Fn::Select: [{reference.field}, '{{{{ {wanted} }}}}']"
            hint = f"{wanted} is a parameter; take a part of it with {select}"
        self.fault(codes.UNKNOWN_TASK, reference.span, f"there is no task {wanted}", hint)

    def _response(self, reference: Reference, task: Task, outputs: Iterable[str]) -> Reference:
        """A path into the raw response (spec 1.8), unless it can only be a misspelt output."""
        path = reference.field
        steps = plain_steps(with_leading_dot(path))
        known = self._responses.fields(task)
        single = steps is not None and len(steps) == 1
        if task.action in _SILENT:
            wrong = True
        elif known is not None and steps and steps[0].name is not None:
            wrong = single and steps[0].name not in known
        else:
            wrong = single and nearest(path, outputs) is not None
        if wrong:
            hint = self._suggestions.did_you_mean(path, [*outputs, *(known or ())])
            if not hint and task.action not in _SILENT:
                hint = f"declare it under Outputs of {task.name}"
            self.fault(codes.UNKNOWN_OUTPUT, reference.span, f"the task {task.name} has no output {path}", hint)
            return reference
        try:
            selector = compile_selector(path)
        except SelectorError as error:
            code = codes.FORBIDDEN_IN_JQ if error.forbidden else codes.BAD_SELECTOR
            self.fault(code, reference.span, f"{path} is neither an output of {task.name} nor a jq path: {error}")
            return reference
        self.needs_response.add(task.name)
        return Reference(ReferenceKind.RESPONSE, task.name, path, selector, reference.span)


def _outputs_of(task: Task) -> list[str]:
    """What can be read of a task by name: aggregates of its loop first, then its outputs."""
    aggregates = [aggregate.name for aggregate in task.loop.aggregates] if task.loop else []
    return [*aggregates, *(output.name for output in task.outputs)]


def _place_of_condition(term: Term, name: str) -> Span | None:
    """Where a condition is named in a term."""
    if isinstance(term, NamedCondition):
        return span_of(term.node) if term.name == name else None
    return next((span for inner in term.inner() if (span := _place_of_condition(inner, name))), None)


def _exact_first(wanted: str, names: Iterable[str]) -> str | None:
    names = list(names)
    if wanted in names:
        return wanted
    folded = wanted.casefold()
    return next((name for name in names if name.casefold() == folded), None)


def _find(tasks: Mapping[str, Task], wanted: str) -> Task | None:
    """The task of this name; the map holds exact names and folded ones."""
    return tasks.get(wanted) or tasks.get(wanted.casefold())


def by_name(tasks: Iterable[Task]) -> dict[str, Task]:
    """Tasks by exact and by folded name; an exact name wins over a folded one."""
    tasks = [task for task in tasks if task.name]
    found = {task.name.casefold(): task for task in reversed(tasks)}
    found.update({task.name: task for task in tasks})
    return found
