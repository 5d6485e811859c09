"""Building expressions from the nodes of a document."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from oos.diagnostics import Severity
from oos.source import Span
from oos.template import codes, limits
from oos.template.document import MAP, NUMBER_START, PLAIN, SEQ, STR, WORDS, Node, Reader, is_list, span_of
from oos.template.expression import Expression
from oos.template.functions.function import Function
from oos.template.functions.table import BY_NAME, find_function
from oos.template.reference import Reference, read_reference, split
from oos.template.suggestions import Suggestions
from oos.template.terms import (
    Call,
    Choose,
    Combination,
    Entries,
    Items,
    KeyedEntries,
    Literal,
    Lookup,
    NamedCondition,
    Negation,
    Term,
    Text,
)
from oos.values.json import Value

_FUNCTION_PREFIX: Final = "Fn::"
_LAZY: Final = frozenset({"Fn::If", "Fn::And", "Fn::Or", "Fn::Not"})
_INSTEAD: Final = {
    "fn::getatt": "an output of a task is written '{{ task.output }}'",
    "fn::ref": "a parameter is written '{{ name }}'",
    "fn::findinmap": "Fn::Select takes a part of a map",
    "fn::length": "Fn::Jq: [First, length, …]",
    "fn::contains": "Fn::ContainsSubString for text, Fn::Jq: [First, 'index(\"x\") != null', …] for a list",
}
"""What to write instead of functions of other languages."""
_NO_NAME: Final = re.compile(r"\s*[^\w\s]")
"""What begins like this is not even meant as a reference."""
_UNCLOSED: Final = re.compile(r"\s*\{\{[^{}]*\}?\s*")
FOREIGN: Final = frozenset({"TemplateBody", "StackPolicyBody"})
"""Properties that hold templates of another service (ROS), whose functions are not ours."""


class Builder(Reader):
    """Reads nodes of one document as expressions."""

    def __init__(self, source: Any) -> None:
        super().__init__(source)
        self._references: list[Reference] = []
        self._conditions: list[str] = []
        self._functions = False
        self._foreign = 0
        self.suggestions = Suggestions()
        self._name = source.name

    def expression(self, node: Node) -> Expression:
        """The expression at a node."""
        if node.__class__ is yaml.ScalarNode and "{{" not in node.value:
            return Expression(Literal(self.scalar(node)), node=node, source=self._name)
        self._begin()
        return self._expression(node, self._build(node, 0))

    def condition(self, node: Node) -> Expression:
        """The condition at a node: text is the name of an entry under Conditions."""
        self._begin()
        return self._expression(node, self._condition(node, 0))

    def map_expression(self, entries: list[tuple[Node, Node]]) -> Expression:
        """The map of some entries, which may stand anywhere in the document."""
        self._begin()
        built = {key.value: self._build(value, 1) for key, value in entries}
        term = Entries(tuple((key, _term(value)) for key, value in built.items()))
        evaluated = any(isinstance(value, Term) for value in built.values())
        return self._expression(entries[0][1], term if evaluated else built)

    def constant(self, node: Node) -> Expression:
        """The value at a node, taken as it is: braces and functions in it mean nothing here."""
        return Expression(Literal(self.value(node)), node=node, source=self._name)

    def _begin(self) -> None:
        self._references = []
        self._conditions = []
        self._functions = False

    def _expression(self, node: Node, built: Value) -> Expression:
        return Expression(
            built if isinstance(built, Term) else Literal(built),
            references=tuple(self._references),
            condition_names=tuple(self._conditions),
            has_functions=self._functions,
            node=node,
            source=self._name,
        )

    def _build(self, node: Node, depth: int) -> Any:
        """A Term, or the plain value where there is nothing to evaluate."""
        kind = node.__class__
        if kind is yaml.ScalarNode:
            text = node.value
            if "{{" in text:
                return self._text(node, text)
            if node.tag == PLAIN:
                if text in WORDS or text[0] in NUMBER_START:
                    return self.scalar(node)
                return text
            if node.tag == STR:
                return text
            return self.scalar(node)
        if depth > limits.DEPTH:
            self.too_deep(node)
            return None
        if kind is yaml.MappingNode:
            return self._map(node, depth)
        if node.tag != SEQ:
            return self.value(node)
        built = [self._build(item, depth + 1) for item in node.value]
        return Items(tuple(map(_term, built))) if any(isinstance(item, Term) for item in built) else built

    def _map(self, node: Node, depth: int) -> Any:
        if node.tag != MAP:
            return self.value(node)
        entries = self.entries(node)
        built = {}
        evaluated = False
        for key, (key_node, value_node) in entries.items():
            if key[:4] == _FUNCTION_PREFIX or key[:4].lower() == "fn::":
                function = self._function(key, key_node, len(entries))
                if function is not None:
                    return self._call(function, value_node, node, depth)
                if not self._foreign:
                    return None
            if key in FOREIGN:
                self._foreign += 1
                value = self._build(value_node, depth + 1)
                self._foreign -= 1
            else:
                value = self._build(value_node, depth + 1)
            built[key] = value
            evaluated = evaluated or isinstance(value, Term)
        if not built and node.value:
            return None  # its keys cannot be read, as in an unquoted reference; the reader has said so
        if evaluated:
            return Entries(tuple((key, _term(value)) for key, value in built.items()))
        return built

    def _text(self, node: Node, text: str) -> Any:
        parts: list[str | Reference] = []
        end = 0
        places = split(text)
        if not places and not self._foreign and _UNCLOSED.fullmatch(text):
            self.fault(
                codes.NOT_A_REFERENCE, node, f"the braces of {text.strip()} are not closed", "write }} at its end"
            )
        spans = self._spans(node, len(places))
        found = False
        for (start, stop, inner), span in zip(places, spans, strict=True):
            reference = read_reference(inner, span)
            if reference is None:
                if not self._foreign and _NO_NAME.match(inner):
                    # `{{.Names}}` is a template of some other program; it stays as it is.
                    message = f"{{{{{inner}}}}} is no reference and stays as it is"
                    severity = Severity.WARNING
                    self.notes.append(codes.NOT_A_REFERENCE.at(self._name, span, message, severity=severity))
                elif not self._foreign:
                    message = f"{{{{{inner}}}}} is not a reference"
                    self.fault(
                        codes.NOT_A_REFERENCE, span, message, _part_of_pseudo(inner) or codes.NOT_A_REFERENCE.remedy
                    )
                continue
            self._references.append(reference)
            found = True
            if start > end:
                parts.append(text[end:start])
            parts.append(reference)
            end = stop
        if not found:
            return text
        if end < len(text):
            parts.append(text[end:])
        if len(parts) == 1:
            assert isinstance(parts[0], Reference)
            return Lookup(parts[0])
        return Text(tuple(parts), node)

    def _spans(self, node: Node, count: int) -> list[Span]:
        """The places of the references in a scalar: its text in the source is searched for double braces."""
        start = node.start_mark
        written = self.source.text[start.index : node.end_mark.index]
        spans = []
        position = counted = lines = 0
        for _ in range(count):
            position = written.find("{{", position)
            if position < 0:
                spans.append(span_of(node))
                continue
            while written.startswith("{{{", position):
                position += 1
            close = written.find("}}", position)
            close = position + 2 if close < 0 else close + 2
            lines += written.count("\n", counted, position)
            counted = position
            if lines:
                line = start.line + lines + 1
                column = position - written.rfind("\n", 0, position)
            else:
                line = start.line + 1
                column = start.column + position + 1
            spans.append(Span(line, column, line, column + close - position))
            position = close
        return spans

    def _function(self, key: str, key_node: Node, count: int) -> Function | None:
        function = find_function(key)
        if function is not None and self._foreign and function.name in _LAZY:
            return None  # its condition may be one of the other template's
        if function is None:
            if not self._foreign:
                hint = _INSTEAD.get(key.casefold()) or self._near_function(key)
                self.fault(codes.UNKNOWN_FUNCTION, key_node, f"there is no function {key}", hint)
            return None
        if count > 1:
            if self._foreign:
                return None
            message = f"a map with {key} can have no other key"
            self.fault(codes.WRONG_FIELD_TYPE, key_node, message, "put the other keys into a map of their own")
        return function

    def _near_function(self, key: str) -> str:
        # What all names begin with makes none of them nearer.
        names = {name.removeprefix(_FUNCTION_PREFIX): name for name in BY_NAME}
        near = self.suggestions.nearest(key[len(_FUNCTION_PREFIX) :], names)
        return f"did you mean {names[near]}?" if near else "the language document lists all functions"

    def _call(self, function: Function, argument: Node, node: Node, depth: int) -> Term:
        self._functions = True
        if function.name in _LAZY:
            special = self._lazy(function, argument, node, depth)
            if special is not None:
                return special
        if function.unwraps and is_list(argument) and len(argument.value) == 1:
            only = argument.value[0]
            if function.unwraps_lists or not is_list(only):
                argument = only
        if function.substitutes_keys and is_list(argument) and argument.value:
            first, *others = argument.value
            built = [self._keyed(first, depth + 2), *(self._build(other, depth + 2) for other in others)]
            term: Term = Items(tuple(map(_term, built)))
        else:
            term = _term(self._build(argument, depth + 1))
        self._check_count(function, argument, node)
        return Call(function, term, node)

    def _check_count(self, function: Function, argument: Node, node: Node) -> None:
        if is_list(argument) and not function.takes(argument.value):
            message = f"{function.name} takes {function.usage}, but is given {len(argument.value)} arguments"
            self.fault(codes.ARGUMENT_COUNT, node, message)

    def _lazy(self, function: Function, argument: Node, node: Node, depth: int) -> Term | None:
        if function.name == "Fn::Not":
            if is_list(argument) and len(argument.value) == 1:
                argument = argument.value[0]
            return Negation(_term(self._condition(argument, depth + 1)), node)
        if not is_list(argument):
            return None
        parts = argument.value
        if function.name == "Fn::If":
            self._check_count(function, argument, node)
            if not 2 <= len(parts) <= 3:
                return Literal(None)
            condition, *branches = parts
            built = [_term(self._build(branch, depth + 1)) for branch in branches]
            return Choose(
                _term(self._condition(condition, depth + 1)), built[0], built[1] if len(built) == 2 else None, node
            )
        conditions = tuple(_term(self._condition(part, depth + 1)) for part in parts)
        return Combination(function, conditions, function.name == "Fn::Or", node)

    def _condition(self, node: Node, depth: int) -> Any:
        """A term in the place of a condition."""
        if node.__class__ is yaml.ScalarNode and "{{" not in node.value:
            value = self.scalar(node)
            if isinstance(value, str) and value.strip().casefold() not in ("true", "false"):
                self._conditions.append(value.strip())
                return NamedCondition(value.strip(), node)
            return value
        return self._build(node, depth)

    def _keyed(self, node: Node, depth: int) -> Any:
        """A map whose keys may hold references, as the first argument of Fn::Replace."""
        if node.__class__ is not yaml.MappingNode or not any("{{" in key for key in self.entries(node)):
            return self._build(node, depth)
        return KeyedEntries(
            tuple(
                (_term(self._build(key, depth + 1)), _term(self._build(value, depth + 1)))
                for key, value in self.entries(node).values()
            )
        )


def _part_of_pseudo(inner: str) -> str:
    """How to take a part of a pseudo parameter, which people write as a path."""
    name, dot, field = inner.strip().partition(".")
    if not dot or not name.casefold().startswith("acs::"):
        return ""
    return f"take a part of it with Fn::Select: [{field}, '{{{{ {name} }}}}']"


def _term(built: Any) -> Term:
    return built if isinstance(built, Term) else Literal(built)
