"""What a function is: a row of the table, and how its arguments are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from oos.template import limits
from oos.values.json import Value, json_text, type_name

ANY: Final = "Any"
CONDITION: Final = "Condition"
"""Type of an argument that is true or false, or names a condition."""


class FunctionError(ValueError):
    """A function cannot work with the values it was given."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name, and the types it may have (of spec 1.2, `Condition`, or `Any`)."""

    name: str
    types: tuple[str, ...] = (ANY,)


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the language (spec 2)."""

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    result: str
    apply: Callable[..., Value]
    sample: tuple[Value, Value]
    """An argument as it is written, and the result."""
    whole: bool = False
    """The argument is one value; else it is a list with one entry for each argument."""
    optional: int = 0
    """How many of the last arguments may be left out."""
    unwraps: bool = False
    """A list written with one item stands for that item: `Fn::MergeList: ['{{ x }}']`."""
    unwraps_lists: bool = False
    """So does a list written in it: `Fn::MergeList: [['{{ x }}', '{{ y }}']]` (spec 2)."""
    substitutes_keys: bool = False
    """References in the keys of the first argument are substituted too (spec 1.4, Fn::Replace)."""
    needs_time: bool = False
    """The present moment is handed over as the last argument."""

    @property
    def usage(self) -> str:
        """The arguments as they are written: `[separator, list]`."""
        names = [argument.name for argument in self.arguments]
        if self.whole:
            return names[0]
        required = len(names) - self.optional
        return "[" + ", ".join(names[:required] + [f"({name})" for name in names[required:]]) + "]"

    def takes(self, value: Value) -> bool:
        """Whether a list that is written out has the right number of arguments."""
        if self.whole or not isinstance(value, list):
            return True
        return len(self.arguments) - self.optional <= len(value) <= len(self.arguments)

    def call(self, value: Value, now: str | None) -> Value:
        """The result for an argument in which references and inner functions are done. Raises FunctionError."""
        more = (now,) if self.needs_time else ()
        if self.whole:
            return self.apply(value, *more)
        if self.optional and len(self.arguments) - self.optional <= 1 and not isinstance(value, list):
            value = [value]
        values = as_list(value, "the argument")
        if not len(self.arguments) - self.optional <= len(values) <= len(self.arguments):
            raise FunctionError(f"it takes {self.usage}, but was given {len(values)} arguments")
        return self.apply(*values, *more)


def described(value: Value) -> str:
    """A value in a few words, for messages."""
    if value is None:
        return "null"
    text = json_text(value)
    return f"{type_name(value)} {text if len(text) <= 60 else text[:57] + '...'}"


def as_text(value: Value, what: str) -> str:
    """Text; null is empty text, other values are printed as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return printed(value, what)


def printed(value: Value, what: str = "the value") -> str:
    """How a value prints inside other text: text as it is, the rest as JSON (spec 1.4)."""
    if isinstance(value, str):
        return value
    try:
        return bounded(json_text(value), what)
    except UnicodeEncodeError:
        raise FunctionError(f"{what} holds half a character (a lone surrogate)") from None


def as_list(value: Value, what: str) -> list[Value]:
    """A list; null is an empty one, and JSON text of a list is read."""
    if isinstance(value, list):
        return value
    if value is None:
        return []
    if isinstance(value, str):
        read = from_json(value, "[")
        if isinstance(read, list):
            return read
    raise FunctionError(f"{what} must be a List, not {described(value)}")


def as_map(value: Value, what: str) -> dict[str, Value]:
    """A map; null is an empty one, and JSON text of a map is read."""
    if isinstance(value, dict):
        return value
    if value is None:
        return {}
    if isinstance(value, str):
        read = from_json(value, "{")
        if isinstance(read, dict):
            return read
    raise FunctionError(f"{what} must be a map, not {described(value)}")


def as_number(value: Value, what: str) -> int | float:
    """A number; numeric text is read."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        number = read_number(value)
        if number is not None:
            return number
    raise FunctionError(f"{what} must be a Number, not {described(value)}")


def as_whole(value: Value, what: str) -> int:
    """A whole number; numeric text is read."""
    number = as_number(value, what)
    if isinstance(number, float):
        if number != number or number in (float("inf"), float("-inf")) or number != int(number):
            raise FunctionError(f"{what} must be a whole number, not {number}")
        return int(number)
    return number


def as_condition(value: Value, what: str = "the condition") -> bool:
    """True or false; `true` and `false` as text are read, and null (an output of a task that did not run) is false."""
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    if isinstance(value, str):
        folded = value.strip().casefold()
        if folded in ("true", "false"):
            return folded == "true"
    raise FunctionError(f"{what} must be true or false, not {described(value)}")


def read_number(text: str) -> int | float | None:
    """The number that a text is, or None."""
    text = text.strip()
    if not text or len(text) > 400 or "_" in text or not (text[0].isdigit() or text[0] in "+-."):
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) != float("inf") and number == number else None


def from_json(text: str, first: str) -> Any:
    """The value of a JSON text that starts with this character; None when it is none."""
    if not text.lstrip().startswith(first):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def bounded(text: str, what: str = "the result") -> str:
    """The text, unless it is larger than an expression may make it."""
    if len(text) > limits.TEXT_LENGTH:
        raise FunctionError(f"{what} has more than {limits.TEXT_LENGTH:,} characters")
    return text
