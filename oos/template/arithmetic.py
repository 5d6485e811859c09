"""Arithmetic for Fn::Eval: numbers, + - * / // % **, parentheses. Its own parser, bounded, and nothing else."""

from __future__ import annotations

import math
import re
from typing import Final, TypeAlias

from oos.template import limits

Number: TypeAlias = int | float

_TOKEN: Final = re.compile(
    r"\s*(?:(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)|(\*\*|//|[-+*/%()]))", re.ASCII
)
_DEEPEST: Final = 50
_LARGEST_EXPONENT: Final = 64
_LARGEST: Final = 10**300


class ArithmeticFault(ValueError):
    """The text is no arithmetic expression, or it cannot be computed."""


def compute(text: str) -> Number:
    """The value of an arithmetic expression. Whole results are whole numbers. Raises ArithmeticFault."""
    if len(text) > limits.ARITHMETIC_LENGTH:
        raise ArithmeticFault(f"the expression has more than {limits.ARITHMETIC_LENGTH:,} characters")
    parser = _Parser(_tokens(text), text)
    value = parser.total(0)
    if parser.next is not None:
        raise ArithmeticFault(f"{parser.next!r} is out of place in {text!r}")
    return value


def _tokens(text: str) -> list[str]:
    tokens = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None:
            raise ArithmeticFault(f"{text[position:].strip()[:20]!r} is not arithmetic")
        tokens.append(found[1] or found[2])
        position = found.end()
    return tokens


class _Parser:
    """Recursive descent; each method reads and computes one level of precedence."""

    def __init__(self, tokens: list[str], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._position = 0

    @property
    def next(self) -> str | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _take(self) -> str:
        token = self.next
        if token is None:
            raise ArithmeticFault(f"the expression {self._text!r} ends too early")
        self._position += 1
        return token

    def total(self, depth: int) -> Number:
        value = self.product(depth)
        while self.next in ("+", "-"):
            value = _apply(self._take(), value, self.product(depth))
        return value

    def product(self, depth: int) -> Number:
        value = self.signed(depth)
        while self.next in ("*", "/", "//", "%"):
            value = _apply(self._take(), value, self.signed(depth))
        return value

    def signed(self, depth: int) -> Number:
        negative = False
        while self.next in ("+", "-"):
            negative ^= self._take() == "-"
        value = self.power(depth)
        return -value if negative else value

    def power(self, depth: int) -> Number:
        value = self.atom(depth)
        if self.next == "**":
            self._take()
            if depth > _DEEPEST:
                raise ArithmeticFault("the expression is nested too deeply")
            return _apply("**", value, self.signed(depth + 1))
        return value

    def atom(self, depth: int) -> Number:
        token = self._take()
        if token == "(":  # noqa: S105 - a bracket, not a password
            if depth > _DEEPEST:
                raise ArithmeticFault("the expression is nested too deeply")
            value = self.total(depth + 1)
            if self.next != ")":
                raise ArithmeticFault(f"a bracket is not closed in {self._text!r}")
            self._take()
            return value
        if token[0].isdigit() or token[0] == ".":
            number: Number = int(token) if token.isdigit() else float(token)
            return _checked(number)
        raise ArithmeticFault(f"{token!r} is out of place in {self._text!r}")


def _apply(operator: str, left: Number, right: Number) -> Number:
    try:
        match operator:
            case "+":
                return _checked(left + right)
            case "-":
                return _checked(left - right)
            case "*":
                return _checked(left * right)
            case "/":
                if isinstance(left, int) and isinstance(right, int) and left % right == 0:
                    return left // right
                return _checked(left / right)
            case "//":
                return _checked(left // right)
            case "%":
                return _checked(left % right)
            case _:
                if abs(right) > _LARGEST_EXPONENT:
                    raise ArithmeticFault(f"the exponent {right} is too large")
                if isinstance(left, int) and abs(left) > _LARGEST_EXPONENT**10:
                    left = float(left)
                value = left**right
                if isinstance(value, complex):
                    raise ArithmeticFault(f"{left} ** {right} is no real number")
                return _checked(value)
    except ZeroDivisionError:
        raise ArithmeticFault("division by zero") from None
    except OverflowError:
        raise ArithmeticFault("the result is too large") from None


def _checked(value: Number) -> Number:
    if (isinstance(value, float) and not math.isfinite(value)) or abs(value) > _LARGEST:
        raise ArithmeticFault("the result is too large")
    return value
