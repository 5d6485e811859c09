"""Keeps secrets out of what is recorded: outputs that repeat a secret become secrets, messages are masked."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

import msgspec

from oos.execution.events import AnyEvent, TaskFailed, TaskSucceeded, TaskWaiting
from oos.values.json import Value
from oos.values.secret import SHORTEST_REDACTED, Secret, redact


class SecretGuard:
    """Knows the secrets of one call, and looks for their texts in what it brings."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._secrets = tuple(secrets)
        self._texts = {text for secret in self._secrets for text in _texts(secret.reveal())}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def event(self, event: AnyEvent) -> AnyEvent:
        """The event with nothing in it that repeats a secret in the open."""
        if not self._texts:
            return event
        match event:
            case TaskSucceeded():
                outputs = {name: self.value(value) for name, value in event.outputs.items()}
                return msgspec.structs.replace(event, outputs=outputs, response=self.value(event.response))
            case TaskFailed():
                return msgspec.structs.replace(event, message=redact(event.message, self._secrets))
            case TaskWaiting():
                note, observed = redact(event.note, self._secrets), self.value(event.observed)
                return msgspec.structs.replace(event, note=note, observed=observed)
            case _:
                return event

    def value(self, value: Value) -> Value:
        """The value; each text in it that holds a secret, plain or in Base64, is a Secret."""
        if isinstance(value, str):
            return Secret(value) if self._repeats(value) else value
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value

    def _repeats(self, text: str) -> bool:
        if any(secret in text for secret in self._texts):
            return True
        decoded = _from_base64(text)
        return decoded is not None and any(secret in decoded for secret in self._texts)


def _from_base64(text: str) -> str | None:
    if len(text) < SHORTEST_REDACTED or len(text) % 4:
        return None
    try:
        return base64.b64decode(text, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return None


def _texts(value: Value) -> Iterable[str]:
    if isinstance(value, str):
        if len(value) >= SHORTEST_REDACTED:
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
