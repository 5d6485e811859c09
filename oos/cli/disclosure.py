"""Secrets of a response handed to the person who asked for them: in a file of their own, or on the screen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oos.values.json import Value


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Where the secrets of a response go besides `***`."""

    file: Path | None = None
    field: str = ""
    """Which secret goes to the file; empty: the only one there is."""
    on_screen: bool = False

    def shown(self, response: Value) -> Value:
        """The response as it is printed."""
        from oos.values.secret import reveal

        return reveal(response) if self.on_screen else response

    def save(self, response: Value) -> None:
        """Write the secret into the file, which only its owner may read. Raises Stopped."""
        if self.file is None:
            return
        content = self._wanted(dict(_secrets(response, "")))
        text = content if isinstance(content, str) else _json(content)
        self._write(text if text.endswith("\n") else f"{text}\n")

    def _wanted(self, found: dict[str, Any]) -> Any:
        from oos.cli.failures import stop

        names = ", ".join(found) or "none"
        if self.field:
            asked = self.field.casefold()
            wanted = [value for name, value in found.items() if f".{name.casefold()}".endswith(f".{asked}")]
            if not wanted:
                raise stop(f"the response has no secret {self.field}", hint=f"its secrets: {names}")
            return wanted[0]
        if len(found) != 1:
            hint = "name one: --save FIELD=FILE" if found else "nothing was written"
            raise stop(f"the response has {len(found)} secrets, not one ({names})", hint=hint)
        return next(iter(found.values()))

    def _write(self, text: str) -> None:
        from oos.cli.failures import stop

        assert self.file is not None
        try:
            descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise stop(f"{self.file}: the secret was not written ({error.strerror})") from error


def read_disclosure(save: str, *, reveal: bool) -> Disclosure:
    """What `--save` and `--reveal` ask for, checked before anything is called. Raises Stopped."""
    from oos.cli import exits
    from oos.cli.failures import stop

    if not save:
        return Disclosure(on_screen=reveal)
    field, found, rest = save.partition("=")
    is_named = bool(found) and all(part.isalnum() for part in field.split("."))
    path = Path(rest if is_named else save)
    if path.exists() or path.is_symlink():
        hint = "a secret is never written over a file"
        raise stop(f"--save {path}: it exists already", hint=hint, exit_code=exits.USAGE)
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise stop(f"--save {path}: nothing can be written into {path.parent}", exit_code=exits.USAGE)
    return Disclosure(path, field if is_named else "", reveal)


def _secrets(value: Value, path: str) -> Iterator[tuple[str, Any]]:
    """Every secret in a response by its path: `Parameter.Value`; the last part alone does where it is the only one."""
    from oos.values.secret import Secret, reveal

    if isinstance(value, Secret):
        yield path, reveal(value)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _secrets(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from _secrets(item, f"{path}.{number}")


def _json(content: Any) -> str:
    from oos.values.json import json_text

    return json_text(content)
