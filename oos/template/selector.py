"""Selectors: jq programs on values (spec 1.7); plain paths such as `A.B[].C` are followed without jq."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from oos.template import jq_program
from oos.template.limits import Stopped
from oos.values.json import Value, json_text
from oos.values.secret import Secret, holds_secret, reveal

_STEP: Final = re.compile(
    r"""\.?(?:
        (?<=\.)(?P<name>[A-Za-z_]\w*)
      | (?<=\.)"(?P<quoted>[^"\\]*)"
      | \[\s*"(?P<bracketed>[^"\\]*)"\s*\]
      | \[\s*(?P<index>-?\d{1,9})\s*\]
      | (?P<each>\[\s*\])
    )(?P<optional>\?*)""",
    re.VERBOSE | re.ASCII,
)


class SelectorError(ValueError):
    """The text is no selector, or the selector cannot be followed on a value."""

    def __init__(self, message: str, *, forbidden: bool = False, costly: bool = False) -> None:
        super().__init__(message)
        self.forbidden = forbidden
        """The program wanted to look outside its value."""
        self.costly = costly
        """The program was stopped because it took too long."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plain path: a field, an index, or each item (both None)."""

    name: str | None
    index: int | None
    optional: bool

    @property
    def each(self) -> bool:
        """Whether the step goes to every item."""
        return self.name is None and self.index is None


@dataclass(frozen=True, slots=True)
class Selector:
    """A compiled selector."""

    text: str
    steps: tuple[Step, ...] | None
    """The steps of a plain path; None when jq is needed."""
    _program: jq_program.Program | None = field(default=None, compare=False, repr=False)

    def all(self, value: Value) -> list[Value]:
        """Every result, in order. Raises SelectorError."""
        if self.steps is not None:
            return list(_follow(self.steps, 0, value))
        return self._run(value, only_first=False)

    def first(self, value: Value) -> Value:
        """The first result; None when there is none. Raises SelectorError."""
        if self.steps is not None:
            for number, step in enumerate(self.steps):
                if value.__class__ is not dict or step.name is None:
                    return next(_follow(self.steps, number, value), None)
                value = value.get(step.name)
            return value
        results = self._run(value, only_first=True)
        return results[0] if results else None

    def _run(self, value: Value, *, only_first: bool) -> list[Value]:
        assert self._program is not None
        tainted = holds_secret(value)
        if tainted:
            value = reveal(value)
        try:
            results = self._program.run(value, only_first=only_first)
        except Stopped as error:
            raise SelectorError(str(error), costly=True) from None
        except RecursionError:
            raise SelectorError("the value is nested too deeply") from None
        except ValueError as error:
            raise SelectorError(f"jq: {_first_line(error)}") from None
        return [Secret(result) for result in results] if tainted else results


@lru_cache(maxsize=4096)
def compile_selector(text: str) -> Selector:
    """The selector that a text is; the leading dot may be left out (spec 1.7). Raises SelectorError."""
    program = with_leading_dot(text.strip())
    steps = plain_steps(program)
    if steps is not None:
        return Selector(text, steps)
    forbidden = jq_program.forbidden_names(program)
    if forbidden:
        raise SelectorError(f"a selector may not use {', '.join(forbidden)}", forbidden=True)
    try:
        return Selector(text, None, jq_program.Program(program))
    except ValueError as error:
        raise SelectorError(_first_line(error)) from None


def with_leading_dot(program: str) -> str:
    """The program with the dot that may be left out in front of a field (spec 1.7)."""
    found = re.match(r"[A-Za-z_]\w*", program, re.ASCII)
    if found is None:
        return program or "."
    word, rest = found[0], program[found.end() :]
    following = rest.lstrip()[:1]
    if rest[:1] == "." or (following in ("", "|", ",", "[", "?") and word not in jq_program.BUILTINS):
        return f".{program}"
    if following and following not in "(|,[?:" and word not in jq_program.BUILTINS:
        return f".{program}"  # `Code == null`, `Count > 3`
    return program


def plain_steps(program: str) -> tuple[Step, ...] | None:
    """The steps of a plain path; None for any other program."""
    if program == ".":
        return ()
    if not program.startswith("."):
        return None
    steps = []
    position = 0
    while position < len(program):
        found = _STEP.match(program, position)
        if found is None or found.end() == position:
            return None
        if position == 0 and found[0][0] != ".":
            return None
        name = found["name"] if found["name"] is not None else found["quoted"]
        name = name if name is not None else found["bracketed"]
        index = None if found["index"] is None else int(found["index"])
        steps.append(Step(name, index, bool(found["optional"])))
        position = found.end()
    return tuple(steps)


def select_output(type_name: str, selector: Selector, value: Value) -> Value:
    """What a task output of this type takes from a value (spec 1.7): a List collects, others take the first."""
    if type_name == "List":
        return selector.all(value)
    return selector.first(value)


def _follow(steps: tuple[Step, ...], position: int, value: Value) -> Iterator[Value]:
    """The results of the steps from a position on, as jq gives them."""
    for number in range(position, len(steps)):
        step = steps[number]
        if isinstance(value, Secret):
            for result in _follow(steps, number, value.reveal()):
                yield Secret(result)
            return
        try:
            if step.each:
                items = _items(value)
            else:
                value = _field(value, step)
                continue
        except SelectorError:
            if step.optional:
                return
            raise
        for item in items:
            yield from _follow(steps, number + 1, item)
        return
    yield value


def _field(value: Value, step: Step) -> Value:
    if value is None:
        return None
    if step.name is not None:
        if isinstance(value, dict):
            return value.get(step.name)
        raise SelectorError(f"cannot take the field {step.name} of {_described(value)}")
    assert step.index is not None
    if isinstance(value, list):
        return value[step.index] if -len(value) <= step.index < len(value) else None
    raise SelectorError(f"cannot take item {step.index} of {_described(value)}")


def _items(value: Value) -> list[Value]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return list(value.values())
    raise SelectorError(f"cannot go through the items of {_described(value)}")


def _described(value: Value) -> str:
    text = "null" if value is None else json_text(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _first_line(error: ValueError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return "no reason given"
    return lines[0].removeprefix("jq: error: ").removesuffix(":").replace(" at <top-level>, line 1", "")
