"""Checking: what a template names is looked up, and a template whose names all exist comes back."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from oos.diagnostics import Diagnostic, DiagnosticError, Severity, errors_of
from oos.source import Span
from oos.template import codes
from oos.template.actions import find_builtin
from oos.template.expression import Expression, Reference, ReferenceKind
from oos.template.findings import Finding
from oos.template.flow import resolve_jumps, unreachable
from oos.template.inspection import Inspection
from oos.template.model import (
    Loop,
    Parameter,
    Protect,
    Retry,
    Task,
    TaskOutput,
    Template,
    TemplateKind,
    TemplateOutput,
)
from oos.template.names import Names, Place, by_name
from oos.template.offers import ActionCatalog, Offers
from oos.template.parameters import faults_of_argument
from oos.template.parse import read_template
from oos.template.protect import faults_of, protected
from oos.template.protect_run import around_run

__all__ = ["ActionCatalog", "CheckedTemplate", "Examination", "check", "examine", "faults_at_start"]


@dataclass(frozen=True, slots=True)
class CheckedTemplate:
    """A template whose names all exist: references, actions and jumps are resolved, in canonical spelling."""

    template: Template
    diagnostics: tuple[Diagnostic, ...] = ()
    """Warnings and hints."""
    needs_response: frozenset[str] = frozenset()
    """Tasks whose raw response a later expression reads (spec 1.8)."""
    store_names: tuple[str, ...] = ()
    """What it reads from the parameter store, as `oos:name` and `oos-secret:name` (spec 1.11)."""
    _index: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)

    def task_index(self, name: str) -> int:
        """The number of a task, from 0. The name is one of the template's own."""
        return self._index[name]


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything there is to say about a text: diagnostics by place, and the template when there is no error."""

    checked: CheckedTemplate | None
    """None where there is an error, or nothing that could be executed (spec 1.12)."""
    diagnostics: tuple[Diagnostic, ...]

    @property
    def refusal(self) -> tuple[Diagnostic, ...]:
        """What is told to whoever wants to execute a template that cannot be."""
        return tuple(map(_as_refusal, self.diagnostics))


def check(template: Template, catalog: ActionCatalog) -> CheckedTemplate:
    """The template with all its names resolved. Raises DiagnosticError with every fault at once."""
    checker = _Checker(template, catalog)
    checked = checker.run()
    diagnostics = in_order([*template.diagnostics, *checker.diagnostics])
    if errors_of(diagnostics) or template.kind is not TemplateKind.AUTOMATION:
        raise DiagnosticError(tuple(map(_as_refusal, diagnostics)))
    return dataclasses.replace(checked, diagnostics=diagnostics)


def examine(text: str | bytes, name: str, catalog: ActionCatalog) -> Examination:
    """All that is wrong with a text, of syntax, structure and names together, at most once each."""
    template, faults = read_template(text, name)
    if template is None:
        return Examination(None, faults)
    checker = _Checker(template, catalog)
    checked = checker.run()
    diagnostics = in_order([*faults, *template.diagnostics, *checker.diagnostics])
    if errors_of(diagnostics) or template.kind is not TemplateKind.AUTOMATION:
        return Examination(None, diagnostics)
    return Examination(dataclasses.replace(checked, diagnostics=diagnostics), diagnostics)


def _as_refusal(diagnostic: Diagnostic) -> Diagnostic:
    """That a template is not executed is a remark on a valid template, and a fault to whoever would execute it."""
    if diagnostic.code != codes.NOT_RUNNABLE.code:
        return diagnostic
    return dataclasses.replace(diagnostic, severity=Severity.ERROR)


def faults_at_start(checked: CheckedTemplate) -> tuple[Diagnostic, ...]:
    """What forbids to start a template that is valid: actions and operations that no installed module offers."""
    return tuple(
        dataclasses.replace(diagnostic, severity=Severity.ERROR)
        for diagnostic in checked.diagnostics
        if diagnostic.code == codes.NOT_OFFERED.code
    )


def in_order(diagnostics: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Diagnostics by place; errors before warnings at the same place; the same one once."""
    ranks = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.HINT: 2}
    unique = {(each.code, each.span, each.message): each for each in diagnostics}
    return tuple(sorted(unique.values(), key=lambda each: (each.span, ranks[each.severity])))


class _Checker:
    def __init__(self, template: Template, catalog: ActionCatalog) -> None:
        template, faults = around_run(template, catalog)
        self.template = template
        self.source = template.source.name
        self.catalog = catalog
        self.offers = Offers(template, catalog)
        self.names = Names(template, self.offers)
        self._own: list[Diagnostic] = [*faults]
        self._findings: list[Finding] = []

    @property
    def diagnostics(self) -> list[Diagnostic]:
        found = [finding.of(self.source) for finding in self._findings]
        return [*self._own, *self.offers.faults, *self.names.faults, *found]

    def run(self) -> CheckedTemplate:
        template = self.template
        if template.kind is not TemplateKind.AUTOMATION:
            message = f"a {template.kind.lower()} template is not executed task by task"
            self._own.append(codes.NOT_RUNNABLE.at(self.source, template.span, message, codes.NOT_RUNNABLE.remedy))
            return CheckedTemplate(template)
        everywhere = Place(by_name(template.tasks))
        start = Place({}, everywhere.ran)
        resolved = dataclasses.replace(
            template,
            parameters={name: self._parameter(each, start) for name, each in template.parameters.items()},
            ram_role=None if template.ram_role is None else self.names.resolve(template.ram_role, start),
            conditions={name: self.names.resolve(each, everywhere) for name, each in template.conditions.items()},
            tasks=self._tasks(template.tasks, {}, in_loop=False),
            outputs={
                name: dataclasses.replace(output, value=self._template_output(output, everywhere))
                for name, output in template.outputs.items()
            },
        )
        inspection = Inspection(resolved, self.offers)
        inspection.run()
        self._findings = inspection.findings
        self._check_unused(resolved)
        self._check_conditions(resolved)
        self._check_parameters(resolved)
        self._own.extend(faults_of(resolved, self.source))
        resolved = protected(resolved)
        return CheckedTemplate(
            resolved,
            (),
            frozenset(self.names.needs_response),
            tuple(sorted(self.names.stored)),
            {task.name: number for number, task in enumerate(resolved.tasks)},
        )

    def _template_output(self, output: TemplateOutput, place: Place) -> Expression:
        value = self.names.resolve(output.value, place)
        return value.listed() if output.type == "List" else value

    def _parameter(self, parameter: Parameter, place: Place) -> Parameter:
        if parameter.default is None or not parameter.default.references:
            return parameter
        return dataclasses.replace(parameter, default=self.names.resolve(parameter.default, place))

    def _tasks(self, tasks: tuple[Task, ...], outer: Mapping[str, Task], *, in_loop: bool) -> tuple[Task, ...]:
        tasks = resolve_jumps(tasks, self.source, self._own)
        ran = dict(outer)
        later = by_name(tasks)
        resolved = []
        for task in tasks:
            resolved.append(self._task(task, Place(ran, later, in_loop)))
            if task.name:
                ran.setdefault(task.name.casefold(), task)
                ran[task.name] = task
        if not any(fault.code == codes.UNKNOWN_TARGET.code for fault in self._own):
            for task in unreachable(tasks):
                message = f"no way leads to the task {task.name}"
                self._own.append(codes.UNREACHABLE.at(self.source, task.span, message, codes.UNREACHABLE.remedy))
        return tuple(resolved)

    def _task(self, task: Task, place: Place) -> Task:
        resolve = self.names.resolve
        action = self.offers.action_name(task)
        inner = Place(place.ran, place.later, place.in_loop or task.loop is not None or "Loop" in task.properties, task)
        self._check_required(task)
        loop_tasks: tuple[Task, ...] = ()
        outputs_place = inner
        if task.loop_tasks:
            loop_tasks = self._tasks(task.loop_tasks, place.ran, in_loop=True)
            outputs_place = Place({**place.ran, **by_name(task.loop_tasks)}, place.later, True, task)
        properties_place = place if task.loop_tasks else inner
        checked = dataclasses.replace(
            task,
            action=action,
            when=None if task.when is None else resolve(task.when, place),
            properties={name: resolve(each, properties_place) for name, each in task.properties.items()},
            outputs=tuple(self._output(output, outputs_place) for output in task.outputs),
            loop=None if task.loop is None else self._loop(task, task.loop, place),
            retry=self._retry(task.retry, inner),
            choices=tuple(dataclasses.replace(each, when=resolve(each.when, place)) for each in task.choices),
            loop_tasks=loop_tasks,
            protect=self._protect(task.protect, inner),
        )
        self._check_condition_places(checked, place)
        return checked

    def _output(self, output: TaskOutput, place: Place) -> TaskOutput:
        selector = self.names.resolve(output.selector, place)
        return output if selector is output.selector else dataclasses.replace(output, selector=selector)

    def _loop(self, task: Task, loop: Loop, place: Place) -> Loop:
        aggregates = []
        for aggregate in loop.aggregates:
            output = task.output(aggregate.field)
            if not aggregate.field:
                pass  # the reading has said so
            elif output is None:
                hint = f"declare {aggregate.field} under Outputs of the task"
                message = f"AggregateField {aggregate.field} is no output of the task {task.name}"
                self._own.append(codes.UNKNOWN_AGGREGATE.at(self.source, aggregate.span, message, hint))
            else:
                aggregate = dataclasses.replace(aggregate, field=output.name)
                self.names.read_outputs.add((task.name, output.name))
            aggregates.append(aggregate)
        return dataclasses.replace(
            loop,
            items=self.names.resolve(loop.items, place).listed(),
            rate_control=self.names.resolve(loop.rate_control, place),
            aggregates=tuple(aggregates),
        )

    def _retry(self, retry: Retry, place: Place) -> Retry:
        changed = {
            name: self.names.resolve(value, place)
            for name in ("retries", "delay_type", "delay", "back_off", "max_retry_interval")
            if isinstance(value := getattr(retry, name), Expression)
        }
        return dataclasses.replace(retry, **changed) if changed else retry

    def _protect(self, protect: Protect | None, place: Place) -> Protect | None:
        if protect is None:
            return protect
        targets, run = protect.targets, protect.run
        return dataclasses.replace(
            protect,
            targets=None if targets is None else self.names.resolve(targets, place),
            run=None if run is None else self.names.resolve(run, place),
        )

    def _check_required(self, task: Task) -> None:
        builtin = find_builtin(task.action)
        if builtin is None:
            return
        if builtin.needs <= task.properties.keys():
            return
        present = {*task.properties}
        present.update(task.property_places, builtin.meant(task.property_places).values())
        for each in builtin.properties:
            if each.required and each.name not in present:
                message = f"{task.action} needs the property {each.name}"
                hint = f"{each.name}: {each.purpose}" if each.purpose else ""
                self._own.append(codes.MISSING_PROPERTY.at(self.source, self._action_span(task), message, hint))
        for group in builtin.one_of:
            if present.isdisjoint(group):
                message = f"{task.action} needs {' or '.join(group)}"
                self._own.append(codes.PROPERTY_CHOICE.at(self.source, self._action_span(task), message))

    def _action_span(self, task: Task) -> Span:
        return task.places.get("Action", task.span)

    def _check_condition_places(self, task: Task, place: Place) -> None:
        """Conditions read outputs of tasks that ran before the task that uses them (spec 1.9)."""
        for when in (task.when, *(choice.when for choice in task.choices)):
            if when is None:
                continue
            for name in when.condition_names:
                for reference in self._references_of_condition(name, set()):
                    if reference.name.casefold() in place.ran or reference.name.casefold() not in place.later:
                        continue
                    message = f"the condition {name} reads {reference}, but {reference.name} has not run yet here"
                    self.names.fault(codes.LATER_TASK, when.span, message, codes.LATER_TASK.remedy)

    def _references_of_condition(self, name: str, seen: set[str]) -> Iterator[Reference]:
        expression = self.template.conditions.get(name)
        if expression is None or name in seen:
            return
        seen.add(name)
        yield from (each for each in expression.references if each.kind is ReferenceKind.NAME and each.field)
        for inner in expression.condition_names:
            yield from self._references_of_condition(inner, seen)

    def _check_conditions(self, template: Template) -> None:
        """Conditions may not need themselves."""
        needs = {name: each.condition_names for name, each in template.conditions.items()}
        for name in _in_circles(needs):
            message = f"the condition {name} needs itself"
            span = template.conditions[name].span
            self._own.append(codes.CYCLE.at(self.source, span, message, codes.CYCLE.remedy))

    def _check_unused(self, template: Template) -> None:
        """Outputs that nothing reads."""
        for task in template.tasks:
            for output in task.outputs:
                if (task.name, output.name) not in self.names.read_outputs:
                    message = f"nothing reads the output {output.name} of {task.name}"
                    self._own.append(codes.UNUSED_OUTPUT.at(self.source, output.span, message))
            for aggregate in task.loop.aggregates if task.loop else ():
                if (task.name, aggregate.name) not in self.names.read_outputs:
                    message = f"nothing reads the output {aggregate.name} of {task.name}"
                    self._own.append(codes.UNUSED_OUTPUT.at(self.source, aggregate.span, message))

    def _check_parameters(self, template: Template) -> None:
        needs = {
            name: tuple(each.name for each in parameter.default.references if each.kind is ReferenceKind.PARAMETER)
            for name, parameter in template.parameters.items()
            if parameter.default is not None
        }
        for name in _in_circles(needs):
            message = f"the default of {name} needs itself"
            span = template.parameters[name].span
            self._own.append(codes.CYCLE.at(self.source, span, message, codes.CYCLE.remedy))
        for parameter in template.parameters.values():
            self._check_parameter(parameter)

    def _check_parameter(self, parameter: Parameter) -> None:
        if parameter.allowed_pattern is not None:
            try:
                re.compile(parameter.allowed_pattern)
            except (re.error, RecursionError, OverflowError) as error:
                message = f"AllowedPattern of {parameter.name} cannot be read: {error}"
                self._own.append(codes.BAD_PATTERN.at(self.source, parameter.span, message))
        default = parameter.default
        if default is None or not default.is_literal or default.raw is None or default.raw == "":
            return
        for fault in faults_of_argument(dataclasses.replace(parameter, default=None), default.raw):
            reason = fault.message.partition(": ")[2]
            message = f"the default of {parameter.name}: {reason}"
            self._own.append(codes.DEFAULT_TYPE.at(self.source, default.span, message, fault.hint))


def _in_circles(needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Names that need themselves, directly or through others."""
    found = []
    for name in needs:
        seen: set[str] = set()
        pending = list(needs[name])
        while pending:
            each = pending.pop()
            if each not in seen:
                seen.add(each)
                pending.extend(needs.get(each, ()))
        if name in seen:
            found.append(name)
    return found
