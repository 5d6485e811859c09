"""Secrets: values that print as `***` wherever they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

MASK: Final = "***"
"""What stands in place of a secret in everything a person or a log sees."""


class Secret:
    """A value that must not be shown (spec 1.2 NoEcho; 1.11 oos-secret).

    It compares and hashes by content, and prints masked. Only `reveal` gives the content; call it where
    the content is used, never where it is shown.
    """

    __slots__ = ("_content",)

    def __init__(self, content: Any) -> None:
        self._content = content.reveal() if isinstance(content, Secret) else content

    def reveal(self) -> Any:
        """The content itself."""
        return self._content

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and bool(self._content == other._content)

    def __hash__(self) -> int:
        return hash(("Secret", repr(self._content)))

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a Secret is not pickled: seal it first")


_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
"""What holds nothing, by its exact type: nearly all that is ever looked through."""


def holds_secret(value: Any) -> bool:
    """Whether a Secret stands anywhere in a value."""
    kind = value.__class__
    if kind in _PLAIN:
        return False
    if kind is dict:
        value = value.values()
    elif kind is not list and kind is not tuple:
        return next(_each_secret(value), None) is not None
    for each in value:  # noqa: SIM110 (any() over a generator costs twice as much, and this is asked of every response)
        if each.__class__ not in _PLAIN and holds_secret(each):
            return True
    return False


def secrets_in(value: Any) -> tuple[Secret, ...]:
    """Every Secret inside a value."""
    return tuple(_each_secret(value)) if holds_secret(value) else ()


def _each_secret(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _each_secret(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _each_secret(item)


def reveal(value: Any) -> Any:
    """A copy of a value with every Secret in it replaced by its content."""
    if value.__class__ in _PLAIN:
        return value
    if isinstance(value, Secret):
        return reveal(value.reveal())
    if isinstance(value, dict):
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


SHORTEST_REDACTED: Final = 4
"""Texts shorter than this are not searched for in other text: `***` everywhere would hide more than it keeps."""


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """The text with the content of every given secret masked, longest first."""
    contents = {leaf for secret in secrets for leaf in _texts(secret.reveal()) if len(leaf) >= SHORTEST_REDACTED}
    for content in sorted(contents, key=len, reverse=True):
        text = text.replace(content, MASK)
    return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
