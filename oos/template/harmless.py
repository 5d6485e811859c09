"""Harmless parameters: those whose text cannot hold a quote or a backslash, and so may stand inside a jq program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from oos.template.model import Parameter, Template
from oos.values.json import Value

_HARMFUL: Final = ('"', "\\")
_CLASS: Final = re.compile(r"\[[^\]\\]*(?:\\[dw.\-_/]|[^\]\\])*\]")
_PLAIN: Final = re.compile(r"(?:[\w\-:/,@=^$(){}*+?|]|\\[dw.\-_/])*", re.ASCII)
"""What a pattern that matches no quote is made of, besides classes of characters: no dot, little that is escaped."""


def harmless_parameters(template: Template) -> frozenset[str]:
    """The names of the parameters that can hold harmless text only, as their constraints say."""
    return frozenset(name for name, each in template.parameters.items() if _is_harmless(each))


def _is_harmless(parameter: Parameter) -> bool:
    if parameter.allowed_values is None and parameter.allowed_pattern is None:
        return False
    default = parameter.default  # exempt from constraints
    if default is not None and (not default.is_literal or _may_harm(default.raw)):
        return False
    if parameter.allowed_values is not None and not any(map(_may_harm, parameter.allowed_values)):
        return True
    return parameter.allowed_pattern is not None and _fits_harmless_only(parameter.allowed_pattern)


def _may_harm(value: Value) -> bool:
    return any(each in text for text in _texts(value) for each in _HARMFUL)


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        yield '"'  # printed as JSON


def _fits_harmless_only(pattern: str) -> bool:
    """Whether a pattern, which must match the whole value, can match no quote and no backslash. In doubt it can."""
    for found in _CLASS.findall(pattern):
        try:
            if any(re.fullmatch(found, each) for each in _HARMFUL):
                return False
        except re.error:
            return False
    return _PLAIN.fullmatch(_CLASS.sub("", pattern)) is not None
