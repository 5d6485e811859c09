"""Bounds: how large a template and what it computes may become."""

from __future__ import annotations

from typing import Final


class Stopped(Exception):
    """A computation was stopped before it ended: it took too long or too much memory."""


TEMPLATE_SIZE: Final = 64 * 1024
"""What the cloud accepts (spec 8), in bytes. More is a warning."""
LARGEST_TEMPLATE: Final = 256 * 1024
"""More is not read at all."""
DEPTH: Final = 100
"""How deep lists, maps and functions may stand inside each other."""
NODES: Final = 100_000
"""How many nodes a document may have once its aliases are written out."""
TASKS: Final = 1000
NAME_LENGTH: Final = 200
"""Characters in the name of a template or task (spec 8)."""
TEXT_LENGTH: Final = 4 * 1024 * 1024
"""Characters in a text that an expression makes."""
RESULT_ITEMS: Final = 200_000
"""Items, at all levels, in the result of an expression."""
PATTERN_INPUT: Final = 4096
"""Characters of a value that is matched against a pattern (spec 8: size of a parameter value)."""
ARITHMETIC_LENGTH: Final = 1000
"""Characters of an Fn::Eval expression."""
