"""Terms: what expressions are made of, each able to give its value in a scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from oos.template.codes import EVALUATION, RESULT_TOO_LARGE, Code
from oos.template.functions.function import Function, FunctionError, as_condition, from_json, printed
from oos.template.limits import TEXT_LENGTH
from oos.template.reference import CURRENT_TIME, Reference, ReferenceKind
from oos.values.json import Value
from oos.values.secret import Secret, holds_secret, reveal


@dataclass(frozen=True, slots=True)
class Resolver:
    """What references and names of conditions become."""

    reference: Callable[[Reference], Reference]
    condition: Callable[[str], str]


_LIST: Final = ("List",)
_NOW: Final = Reference(ReferenceKind.PSEUDO, CURRENT_TIME)


class Scope(Protocol):
    """Where the values of references come from."""

    def lookup(self, reference: Reference) -> Value:
        """The value of a resolved reference; None for what is missing."""

    def condition(self, name: str) -> Value:
        """The value of an entry under Conditions."""


class Stop(Exception):
    """An evaluation cannot go on; the expression it belongs to adds the place and makes it a diagnostic."""

    def __init__(self, code: Code, message: str, node: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.node = node


class Term:
    """A part of an expression. The value of a part is never changed by who receives it."""

    __slots__ = ()

    def evaluate(self, scope: Scope) -> Value:
        """The value in this scope. Raises Stop."""
        raise NotImplementedError

    def raw(self) -> Value:
        """The term as it is written, as a plain value."""
        raise NotImplementedError

    def rebuilt(self, resolver: Resolver) -> Term:  # noqa: ARG002 - a term without references stays as it is
        """The same term with other references and names of conditions."""
        return self

    def inner(self) -> Iterator[Term]:
        """The terms this one is made of."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Literal(Term):
    """A value that stands for itself."""

    value: Value

    def evaluate(self, scope: Scope) -> Value:  # noqa: ARG002 - a literal has the same value everywhere
        return self.value

    def raw(self) -> Value:
        return self.value


@dataclass(frozen=True, slots=True)
class Lookup(Term):
    """A scalar that is one reference: it takes the value with its type."""

    reference: Reference

    def evaluate(self, scope: Scope) -> Value:
        return scope.lookup(self.reference)

    def raw(self) -> Value:
        return f"{{{{ {self.reference} }}}}"

    def rebuilt(self, resolver: Resolver) -> Term:
        return Lookup(resolver.reference(self.reference))


@dataclass(frozen=True, slots=True)
class Listed(Lookup):
    """A path into a response where a list is wanted: one result is a list of one, and none is an empty list."""

    def evaluate(self, scope: Scope) -> Value:
        value = scope.lookup(self.reference)
        tainted = value.__class__ is Secret
        found = reveal(value) if tainted else value
        if isinstance(found, list):
            return value
        if isinstance(found, str) and from_json(found, "[") is not None:
            return value
        listed = [] if found is None else [found]
        return Secret(listed) if tainted else listed

    def rebuilt(self, resolver: Resolver) -> Term:
        return Listed(resolver.reference(self.reference))


def as_listed(term: Term) -> Term:
    """The term where a list is wanted (spec 1.8): how many results a path has is known only when it is followed."""
    return Listed(term.reference) if term.__class__ is Lookup and term.reference.is_path else term


@dataclass(frozen=True, slots=True)
class Text(Term):
    """Text with references in it: it becomes text."""

    parts: tuple[str | Reference, ...]
    node: Any = field(default=None, compare=False, repr=False)

    def evaluate(self, scope: Scope) -> Value:
        tainted = False
        texts: list[str] = []
        length = 0
        for part in self.parts:
            if isinstance(part, str):
                text = part
            else:
                value = scope.lookup(part)
                if value.__class__ is not str:
                    if holds_secret(value):
                        tainted = True
                        value = reveal(value)
                    try:
                        value = printed(value)
                    except FunctionError as error:
                        raise Stop(EVALUATION, str(error), self.node) from None
                text = value
            length += len(text)
            if length > TEXT_LENGTH:
                raise Stop(RESULT_TOO_LARGE, f"the text has more than {TEXT_LENGTH:,} characters", self.node)
            texts.append(text)
        joined = "".join(texts)
        return Secret(joined) if tainted else joined

    def raw(self) -> Value:
        return "".join(part if isinstance(part, str) else f"{{{{ {part} }}}}" for part in self.parts)

    def rebuilt(self, resolver: Resolver) -> Term:
        return Text(
            tuple(part if isinstance(part, str) else resolver.reference(part) for part in self.parts), self.node
        )


@dataclass(frozen=True, slots=True)
class Items(Term):
    """A list of terms."""

    terms: tuple[Term, ...]

    def evaluate(self, scope: Scope) -> Value:
        return [term.evaluate(scope) for term in self.terms]

    def raw(self) -> Value:
        return [term.raw() for term in self.terms]

    def rebuilt(self, resolver: Resolver) -> Term:
        return Items(tuple(term.rebuilt(resolver) for term in self.terms))

    def inner(self) -> Iterator[Term]:
        return iter(self.terms)


@dataclass(frozen=True, slots=True)
class Entries(Term):
    """A map of terms."""

    terms: tuple[tuple[str, Term], ...]

    def evaluate(self, scope: Scope) -> Value:
        return {key: term.evaluate(scope) for key, term in self.terms}

    def raw(self) -> Value:
        return {key: term.raw() for key, term in self.terms}

    def rebuilt(self, resolver: Resolver) -> Term:
        return Entries(tuple((key, term.rebuilt(resolver)) for key, term in self.terms))

    def inner(self) -> Iterator[Term]:
        return (term for _, term in self.terms)


@dataclass(frozen=True, slots=True)
class KeyedEntries(Term):
    """A map whose keys hold references too; only Fn::Replace has one (spec 1.4)."""

    terms: tuple[tuple[Term, Term], ...]

    def evaluate(self, scope: Scope) -> Value:
        entries = {}
        tainted = False
        for key_term, term in self.terms:
            key = key_term.evaluate(scope)
            if holds_secret(key):
                tainted = True
                key = reveal(key)
            entries[printed(key)] = term.evaluate(scope)
        return Secret(entries) if tainted else entries

    def raw(self) -> Value:
        return {key.raw(): term.raw() for key, term in self.terms}

    def rebuilt(self, resolver: Resolver) -> Term:
        return KeyedEntries(tuple((key.rebuilt(resolver), term.rebuilt(resolver)) for key, term in self.terms))

    def inner(self) -> Iterator[Term]:
        return (each for pair in self.terms for each in pair)


@dataclass(frozen=True, slots=True)
class Call(Term):
    """A function and its argument."""

    function: Function
    argument: Term
    node: Any = field(default=None, compare=False, repr=False)

    def evaluate(self, scope: Scope) -> Value:
        function = self.function
        value = self.argument.evaluate(scope)
        tainted = holds_secret(value)
        if tainted:
            value = reveal(value)
        now = None
        if function.needs_time:
            now = reveal(scope.lookup(_NOW))
        try:
            result = function.call(value, now)
        except FunctionError as error:
            # What a secret was refused for could tell the secret.
            reason = "it cannot work with a secret value" if tainted else str(error)
            raise Stop(EVALUATION, f"{function.name}: {reason}", self.node) from None
        return Secret(result) if tainted and function.result != "Boolean" else result

    def raw(self) -> Value:
        return {self.function.name: self.argument.raw()}

    def rebuilt(self, resolver: Resolver) -> Term:
        return Call(self.function, self._listed(self.argument.rebuilt(resolver)), self.node)

    def _listed(self, argument: Term) -> Term:
        """The argument, with lists where the function wants lists."""
        wanted = self.function.arguments
        if self.function.whole:
            return as_listed(argument) if wanted[0].types == _LIST else argument
        if argument.__class__ is not Items or len(argument.terms) > len(wanted):
            return argument
        if not any(term.__class__ is Lookup and term.reference.selector is not None for term in argument.terms):
            return argument  # nearly always
        pairs = zip(argument.terms, wanted[: len(argument.terms)], strict=True)
        return Items(tuple(as_listed(term) if each.types == _LIST else term for term, each in pairs))

    def inner(self) -> Iterator[Term]:
        return iter((self.argument,))


@dataclass(frozen=True, slots=True)
class NamedCondition(Term):
    """The name of an entry under Conditions."""

    name: str
    node: Any = field(default=None, compare=False, repr=False)

    def evaluate(self, scope: Scope) -> Value:
        return scope.condition(self.name)

    def raw(self) -> Value:
        return self.name

    def rebuilt(self, resolver: Resolver) -> Term:
        return NamedCondition(resolver.condition(self.name), self.node)


@dataclass(frozen=True, slots=True)
class Negation(Term):
    """Fn::Not."""

    condition: Term
    node: Any = field(default=None, compare=False, repr=False)

    def evaluate(self, scope: Scope) -> Value:
        return not truth(self.condition, scope, "Fn::Not", self.node)

    def raw(self) -> Value:
        return {"Fn::Not": self.condition.raw()}

    def rebuilt(self, resolver: Resolver) -> Term:
        return Negation(self.condition.rebuilt(resolver), self.node)

    def inner(self) -> Iterator[Term]:
        return iter((self.condition,))


@dataclass(frozen=True, slots=True)
class Combination(Term):
    """Fn::And or Fn::Or: conditions are looked at until the result is known."""

    function: Function
    conditions: tuple[Term, ...]
    stops_at: bool
    node: Any = field(default=None, compare=False, repr=False)

    def evaluate(self, scope: Scope) -> Value:
        for condition in self.conditions:
            if truth(condition, scope, self.function.name, self.node) is self.stops_at:
                return self.stops_at
        return not self.stops_at

    def raw(self) -> Value:
        return {self.function.name: [condition.raw() for condition in self.conditions]}

    def rebuilt(self, resolver: Resolver) -> Term:
        conditions = tuple(each.rebuilt(resolver) for each in self.conditions)
        return Combination(self.function, conditions, self.stops_at, self.node)

    def inner(self) -> Iterator[Term]:
        return iter(self.conditions)


@dataclass(frozen=True, slots=True)
class Choose(Term):
    """Fn::If: only the branch that is taken is evaluated."""

    condition: Term
    then: Term
    otherwise: Term | None
    node: Any = field(default=None, compare=False, repr=False)

    def evaluate(self, scope: Scope) -> Value:
        if truth(self.condition, scope, "Fn::If", self.node):
            return self.then.evaluate(scope)
        return None if self.otherwise is None else self.otherwise.evaluate(scope)

    def raw(self) -> Value:
        parts = (self.condition, self.then, self.otherwise)
        return {"Fn::If": [part.raw() for part in parts if part is not None]}

    def rebuilt(self, resolver: Resolver) -> Term:
        return Choose(
            self.condition.rebuilt(resolver),
            self.then.rebuilt(resolver),
            None if self.otherwise is None else self.otherwise.rebuilt(resolver),
            self.node,
        )

    def inner(self) -> Iterator[Term]:
        return (part for part in (self.condition, self.then, self.otherwise) if part is not None)


def truth(condition: Term, scope: Scope, name: str, node: Any) -> bool:
    """Whether a condition holds. Raises Stop."""
    value = condition.evaluate(scope)
    if value is True or value is False:
        return value
    tainted = holds_secret(value)
    try:
        return as_condition(reveal(value) if tainted else value)
    except FunctionError as error:
        # What a secret was refused for could tell the secret.
        reason = "the condition must be true or false" if tainted else str(error)
        raise Stop(EVALUATION, f"{name}: {reason}" if name else reason, node) from None
