"""Inspection: types followed through a template whose names are resolved; wrong ones, and hazards, are noted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from oos.service.binding import response_schema
from oos.source import Span
from oos.template import codes, safety, shapes
from oos.template.actions import find_builtin
from oos.template.builtin_rules import check_builtin
from oos.template.document import Node, span_of
from oos.template.expression import Expression
from oos.template.findings import Finding
from oos.template.fitting import fits
from oos.template.functions.function import CONDITION, Argument, FunctionError, from_json
from oos.template.harmless import harmless_parameters
from oos.template.infer import Environment, infer, outline, parameter_shapes
from oos.template.lookalikes import lookalikes
from oos.template.model import Task, TaskOutput, Template
from oos.template.offers import Offers, action_template, literal_text
from oos.template.property_rules import check_properties
from oos.template.rate_rules import check_rate_control
from oos.template.reference import ReferenceKind
from oos.template.selector import SelectorError, compile_selector, plain_steps, with_leading_dot
from oos.template.shapes import ANYTHING, LIST, NoSuchField, Shape
from oos.template.terms import Call, Choose, Combination, Items, Literal, Negation, Term, Text

_ERROR_FIELDS: Final = ("Code", "Message", "HostId", "Recommend", "RequestId")
"""Fields of an error body, which WaitFor and CheckFor hand to selectors (spec 4.2)."""
_PATH: Final = re.compile(r"\.[\w.\[\]?]*", re.ASCII)


class Inspection:
    """Walks through one template in the order of its tasks."""

    def __init__(self, template: Template, offers: Offers) -> None:
        self.findings: list[Finding] = []
        self._template = template
        self._offers = offers
        self._known = Environment(parameter_shapes(template), harmless=harmless_parameters(template))
        self._has_secrets = any(each.no_echo for each in template.parameters.values()) or "oos-secret:" in (
            template.source.text
        )

    def run(self) -> None:
        """Look at everything."""
        for task in self._template.tasks:
            self._task(task)
        self.findings.extend(lookalikes(self._template))
        for condition in self._template.conditions.values():
            self._condition(condition)
        for output in self._template.outputs.values():
            self._expression(output.value)
            if self._has_secrets:
                self._shown(output.value, f"the output {output.name}")
        if self._template.ram_role is not None:
            self._expression(self._template.ram_role)

    def _note(self, code: codes.Code, span: Span, message: str, hint: str = "") -> None:
        self.findings.append(Finding(code, span, message, hint))

    def _shown(self, expression: Expression, what: str) -> None:
        self.findings.extend(safety.shown_secrets(expression, self._template.parameters, what))

    # tasks

    def _task(self, task: Task) -> None:
        if task.when is not None:
            self._condition(task.when)
        around = self._known.item
        if task.loop is not None:
            self._loop(task)
        for inner in task.loop_tasks:
            self._task(inner)
        for choice in task.choices:
            self._condition(choice.when)
        builtin = find_builtin(task.action)
        for name, expression in task.properties.items():
            self._expression(expression)
            if builtin is not None and name == "PropertySelector":
                self._program(expression.term, expression.span, is_function=False)
            if self._has_secrets:
                self.findings.extend(safety.property_secrets(task, name, expression, self._template.parameters))
        if builtin is not None:
            self.findings.extend(check_builtin(task, builtin, self._offers, self._known))
        self.findings.extend(check_properties(task, self._offers, self._known))
        self._outputs(task)
        self._known.item = around

    def _loop(self, task: Task) -> None:
        assert task.loop is not None
        self._expression(task.loop.rate_control)
        self.findings.extend(check_rate_control(task.loop.rate_control, self._offers.suggestions))
        self._expression(task.loop.items)
        items = infer(task.loop.items.term, self._known)
        if not fits(items, ("List",)):
            message = f"the items of the loop of {task.name} must be a list, not {items.named}"
            self._note(codes.PROPERTY_TYPE, task.loop.items.span, message)
        elif (text := literal_text(task.loop.items)) and from_json(text, "[") is None:
            message = f"the items of the loop of {task.name} must be a list, not text"
            self._note(codes.PROPERTY_TYPE, task.loop.items.span, message, "write a list, or split it: Fn::Split")
        if self._has_secrets:
            self._shown(task.loop.items, "the items of a loop")
        self._known.item = items.item or ANYTHING

    def _outputs(self, task: Task) -> None:
        response = self._response_of(task)
        self._known.responses[task.name] = response
        selector = task.properties.get("PropertySelector")
        if selector is not None:
            self._select(selector, response)
        found = {}
        for output in task.outputs:
            found[output.name] = shape = self._output(task, output, response)
            if output.type in ("Number", "Boolean"):
                self._known.plain.add((task.name, output.name))
            if task.loop is not None:
                shape = Shape(LIST.types, None, shape)
            self._known.outputs[task.name, output.name] = shape
        for aggregate in task.loop.aggregates if task.loop is not None else ():
            if aggregate.type == "Fn::ListJoin":
                shape = Shape(LIST.types, None, found.get(aggregate.field, ANYTHING))
            else:
                shape = LIST if aggregate.type == "Fn::MergeList" else ANYTHING
            self._known.outputs[task.name, aggregate.name] = shape

    def _output(self, task: Task, output: TaskOutput, response: Shape) -> Shape:
        selector = output.selector
        self._expression(selector)
        if task.loop_tasks:
            return ANYTHING
        readable = self._program(selector.term, selector.span, is_function=False)
        shape = self._select(selector, response) if readable else ANYTHING
        if output.type == "List":
            return Shape(LIST.types, None, shape)
        return shape if shape is ANYTHING else shapes.either(shape, shapes.NULL)

    def _response_of(self, task: Task) -> Shape:
        operation = self._offers.operation_of(task)
        if operation is not None:
            return _shape_of_response(operation.response, task.action in ("ACS::WaitFor", "ACS::CheckFor"))
        action = self._offers.action_of(task)
        template = None if action is None else action_template(action)
        if template is not None:
            return Shape(shapes.MAP.types, dict.fromkeys(template.outputs, ANYTHING))
        return ANYTHING

    def _select(self, selector: Expression, response: Shape) -> Shape:
        """The shape of what a literal selector gives; a path that finds nothing is noted."""
        text = literal_text(selector)
        if not text or response.members is None:
            return ANYTHING
        selection = _selection(text, response)
        if selection.missing is not None:
            message = f"the response has no field {selection.missing} here, so this selector finds nothing"
            self._note(codes.SELECTOR_PATH, selector.span, message, selection.hint)
        return selection.shape

    # expressions

    def _condition(self, expression: Expression) -> None:
        self._expression(expression)
        self._truth(expression.term, expression.node)

    def _truth(self, condition: Term, node: Node) -> None:
        shape = outline(condition, self._known)
        if isinstance(condition, Text) and any(isinstance(part, str) and part.strip() for part in condition.parts):
            message = f"a condition must be true or false; {condition.raw()!r} is text, which nothing compares"
            self._note(codes.NOT_A_CONDITION, span_of(node), message, codes.NOT_A_CONDITION.remedy)
        elif not fits(shape, (CONDITION,)):
            message = f"a condition must be true or false, not {shape.named}"
            self._note(codes.NOT_A_CONDITION, span_of(node), message, codes.NOT_A_CONDITION.remedy)

    def _expression(self, expression: Expression) -> None:
        """Look at every function and every path of an expression."""
        if expression.has_functions:
            self._terms(expression.term, expression.node)
        for reference in expression.references:
            if reference.kind is ReferenceKind.RESPONSE and reference.selector is not None:
                response = self._known.responses.get(reference.name, ANYTHING)
                selection = _selection(reference.field, response)
                if selection.missing is not None:
                    message = f"the response of {reference.name} has no field {selection.missing} here"
                    self._note(codes.SELECTOR_PATH, reference.span, message, selection.hint)

    def _terms(self, term: Term, node: Node) -> None:
        match term:
            case Call():
                self._call(term, term.node or node)
            case Choose() | Negation():
                self._truth(term.condition, term.node or node)
            case Combination():
                for condition in term.conditions:
                    self._truth(condition, term.node or node)
        for inner in term.inner():
            if not isinstance(inner, Literal):
                self._terms(inner, node)

    def _call(self, call: Call, node: Node) -> None:
        function = call.function
        if function.name == "Fn::Jq" and isinstance(call.argument, Literal):
            program = call.argument.value[1] if isinstance(call.argument.value, list) else None
            self._program(Literal(program), span_of(node), is_function=True)
            return
        if isinstance(call.argument, Literal) and not function.needs_time:
            if not function.takes(call.argument.value):
                return  # the reading has said so
            try:
                function.call(call.argument.value, None)
            except FunctionError as error:
                self._note(codes.ARGUMENT_TYPE, span_of(node), f"{function.name}: {error}")
            return
        if function.name == "Fn::Jq" and isinstance(call.argument, Items) and len(call.argument.terms) == 3:
            self._program(call.argument.terms[1], span_of(node), is_function=True)
        for argument, term in _arguments(call):
            shape = outline(term, self._known)
            if not fits(shape, argument.types):
                wanted = " or ".join(argument.types)
                message = f"{function.name}: the {argument.name} must be {wanted}, not {shape.named}"
                self._note(codes.ARGUMENT_TYPE, span_of(node), message)

    def _program(self, program: Term, span: Span, *, is_function: bool) -> bool:
        """A jq program: it can be read (the result says so), and nothing is pasted into it."""
        if not isinstance(program, Literal):
            self.findings.extend(safety.pasted_references(program, self._known, span, is_function=is_function))
        elif isinstance(program.value, str):
            try:
                compile_selector(program.value)
            except SelectorError as error:
                code = codes.FORBIDDEN_IN_JQ if error.forbidden else codes.BAD_SELECTOR
                self._note(code, span, f"this is no selector: {error}", _selector_hint(program.value) or code.remedy)
                return False
        return True


def _selector_hint(program: str) -> str:
    """What to write instead of what people take for jq."""
    if program.lstrip().startswith("$.") or "[*]" in program:
        return "this looks like JSONPath; selectors are jq programs: .Instances.Instance[].InstanceId"
    if "'" in program:
        return 'texts in a jq program stand in double quotes: select(.Status == "Running")'
    return ""


class _Selection:
    """What is known of the results of a selector."""

    __slots__ = ("hint", "missing", "shape")

    def __init__(self, shape: Shape, missing: str | None = None, hint: str = "") -> None:
        self.shape = shape
        self.missing = missing
        self.hint = hint


_UNKNOWN: Final = _Selection(ANYTHING)


def _selection(text: str, response: Shape) -> _Selection:
    if response.members is None:
        return _UNKNOWN
    program = with_leading_dot(text.strip())
    steps = plain_steps(program)
    path = steps
    if path is None:
        found = _PATH.match(program)
        path = plain_steps(found[0].rstrip(".")) if found else None
    if not path:
        return _UNKNOWN
    try:
        shape = shapes.follow(response, path)
    except NoSuchField as error:
        return _Selection(ANYTHING, error.name, error.hint)
    return _Selection(shape) if steps is not None else _UNKNOWN


@lru_cache(maxsize=2048)
def _shape_of_response(response: type, tolerant: bool) -> Shape:
    shape = shapes.of_schema(response_schema(response))
    members = dict(shape.members or {})
    if members.keys() <= {"RequestId"}:
        return ANYTHING  # the operation says nothing of its response
    if tolerant:
        members = {**dict.fromkeys(_ERROR_FIELDS, ANYTHING), **members}
    return Shape(shapes.MAP.types, members)


def _arguments(call: Call) -> Iterator[tuple[Argument, Term]]:
    declared: Iterable[Argument] = call.function.arguments
    if call.function.whole:
        yield call.function.arguments[0], call.argument
    elif isinstance(call.argument, Items):
        yield from zip(declared, call.argument.terms, strict=False)
