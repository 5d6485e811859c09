"""Expressions: a value with references and functions in it, evaluated in a scope."""

from __future__ import annotations

from typing import Any, Final

from oos.diagnostics import Diagnostic, DiagnosticError
from oos.source import NOWHERE, Span
from oos.template import codes, limits
from oos.template.document import span_of
from oos.template.reference import PSEUDO_PARAMETERS, Reference, ReferenceKind
from oos.template.selector import SelectorError
from oos.template.terms import Listed, Literal, Lookup, Resolver, Scope, Stop, Term, as_listed, truth
from oos.values.json import Value
from oos.values.secret import Secret

__all__ = [
    "PSEUDO_PARAMETERS",
    "EvaluationError",
    "Expression",
    "Reference",
    "ReferenceKind",
    "Scope",
    "literal",
    "placed",
]


class EvaluationError(DiagnosticError):
    """An expression cannot be computed; it carries one diagnostic with the place."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__((diagnostic,))
        self.diagnostic = diagnostic


class Expression:
    """A value as it is written in a template. Never changed once made; equal when written equally."""

    __slots__ = ("_node", "_span", "condition_names", "has_functions", "references", "source", "term")

    def __init__(
        self,
        term: Term,
        *,
        references: tuple[Reference, ...] = (),
        condition_names: tuple[str, ...] = (),
        has_functions: bool = False,
        node: Any = None,
        span: Span | None = None,
        source: str = "",
    ) -> None:
        self.term = term
        self.references = references
        """Every reference in it, in order."""
        self.condition_names = condition_names
        """Every entry of Conditions it names."""
        self.has_functions = has_functions
        """Whether any function stands in it."""
        self.source = source
        """The name of the text it stands in."""
        self._node = node
        self._span = span

    @property
    def span(self) -> Span:
        """Where it stands."""
        if self._span is None:
            self._span = NOWHERE if self._node is None else span_of(self._node)
        return self._span

    @property
    def node(self) -> Any:
        """The document node it was read from, for places inside it; None when it has none."""
        return self._node

    @property
    def is_literal(self) -> bool:
        """Whether it is a plain value, without references and functions."""
        return self.term.__class__ is Literal

    @property
    def raw(self) -> Value:
        """The value as it is written, references and functions included."""
        return self.term.raw()

    def evaluate(self, scope: Scope) -> Value:
        """The value in this scope. Raises EvaluationError and whatever the scope raises."""
        term = self.term
        if isinstance(term, Literal):
            return term.value
        try:
            value = term.evaluate(scope)
        except Stop as stop:
            raise self._failed(stop.code, stop.message, stop.node) from None
        except SelectorError as error:  # of a path into a response, which the scope follows
            raise self._failed(codes.SELECTION, str(error)) from None
        except RecursionError:
            raise self._failed(codes.RESULT_TOO_LARGE, "the value is nested too deeply") from None
        kind = value.__class__
        if (kind is list or kind is dict) and _items_exceed(value, limits.RESULT_ITEMS):
            message = f"the result has more than {limits.RESULT_ITEMS:,} items"
            raise self._failed(codes.RESULT_TOO_LARGE, message)
        return value

    def holds(self, scope: Scope) -> bool:
        """Whether it is true in this scope, as a condition. Raises EvaluationError."""
        try:
            return truth(self.term, scope, "", self._node)
        except Stop as stop:
            raise self._failed(stop.code, stop.message, stop.node) from None
        except SelectorError as error:
            raise self._failed(codes.SELECTION, str(error)) from None

    def resolved(self, resolver: Resolver) -> Expression:
        """The same expression with other references and names of conditions."""
        if not self.references and not self.condition_names:
            return self
        references = tuple(map(resolver.reference, self.references))
        if self.term.__class__ is Lookup:
            term: Term = Lookup(references[0])
        elif self.term.__class__ is Listed:
            term = Listed(references[0])
        else:
            known = {id(old): new for old, new in zip(self.references, references, strict=True)}
            term = self.term.rebuilt(Resolver(lambda reference: known[id(reference)], resolver.condition))
        return Expression(
            term,
            references=references,
            condition_names=tuple(map(resolver.condition, self.condition_names)),
            has_functions=self.has_functions,
            node=self._node,
            span=self._span,
            source=self.source,
        )

    def listed(self) -> Expression:
        """The same expression where a list is wanted: the results of a path, however many they are."""
        term = as_listed(self.term)
        if term is self.term:
            return self
        return Expression(
            term, references=self.references, has_functions=False, node=self._node, span=self._span, source=self.source
        )

    def _failed(self, code: codes.Code, message: str, node: Any = None) -> EvaluationError:
        span = self.span if node is None else span_of(node)
        return EvaluationError(code.at(self.source, span, message, code.remedy))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and _same(self.raw, other.raw)

    def __hash__(self) -> int:
        return hash(self.references)

    def __repr__(self) -> str:
        return f"Expression({self.raw!r})"


def placed(expression: Expression, span: Span) -> Expression:
    """The same expression, as if it stood there: of what nobody wrote, faults are told where it comes from."""
    return Expression(
        expression.term,
        references=expression.references,
        condition_names=expression.condition_names,
        has_functions=expression.has_functions,
        span=span,
        source=expression.source,
    )


def literal(value: Value) -> Expression:
    """The expression that stands for a value."""
    return Expression(Literal(value))


def _same(left: Value, right: Value) -> bool:
    """Equality that tells true from 1 and 1 from 1.0."""
    if left.__class__ is not right.__class__:
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_same(item, right[key]) for key, item in left.items())
    return bool(left == right)


_HOLDERS: Final = frozenset({list, dict, Secret})


def _items_exceed(value: Value, most: int) -> bool:
    """Whether a list or map has more items, at all levels, than allowed."""
    if len(value) <= most and _HOLDERS.isdisjoint(map(type, value.values() if isinstance(value, dict) else value)):
        return False
    count = 0
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, Secret):
            each = each.reveal()
        if isinstance(each, dict):
            each = each.values()
        elif not isinstance(each, list):
            continue
        count += len(each)
        if count > most:
            return True
        pending += [item for item in each if item.__class__ in _HOLDERS]
    return False
