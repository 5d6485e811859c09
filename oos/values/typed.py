"""Typed values from JSON text and from plain values, whichever thread asks first."""

from __future__ import annotations

import threading
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

_READY: Final[set[Any]] = set()
_GUARD: Final = threading.Lock()


def decode_as(text: bytes | str, type: type[T]) -> T:
    """The value of this type that a JSON text holds. Raises msgspec.DecodeError, msgspec.ValidationError."""
    _make_ready(type)
    return msgspec.json.decode(text, type=type)


def convert_as(value: Any, type: type[T]) -> T:
    """The value of this type that a plain value holds. Raises msgspec.ValidationError."""
    _make_ready(type)
    return msgspec.convert(value, type)


def _make_ready(type: Any) -> None:
    """Have msgspec learn a type on one thread alone.

    What msgspec 0.22 learns of a class at its first use is seen, half finished, by other threads that use the class
    meanwhile: the process ends with a segmentation fault.
    """
    if type not in _READY:
        with _GUARD:
            msgspec.json.Decoder(type)
            _READY.add(type)
