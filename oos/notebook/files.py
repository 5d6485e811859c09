"""Files of notebooks and reports: read with a clear fault, written whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from oos.diagnostics import DiagnosticError
from oos.notebook import codes
from oos.notebook.document import Notebook, read_notebook


def open_notebook(path: Path) -> Notebook:
    """The notebook in a file. Raises DiagnosticError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise DiagnosticError([codes.UNREADABLE.nowhere(str(path), message)]) from error
    return read_notebook(data, str(path))


def write_whole(path: Path, text: str) -> None:
    """Put a text where a file is or will be: readers see the old one or the new one. Raises OSError."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _umask() -> int:
    # The mask can only be read by setting it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
