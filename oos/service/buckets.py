"""Buckets: directories of this machine, by the names that the inventory gives them; nothing outside can be named."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from oos.service.context import Context
from oos.service.errors import InvalidParameter, NotFound


def bucket_of(context: Context, name: str) -> Path:
    """The directory of a bucket. Raises NotFound."""
    folder = context.fleet.inventory.buckets.get(name)
    if folder is None:
        message = f"The bucket {name} does not exist; buckets are directories that the inventory names."
        raise NotFound("InvalidOSSBucket.NotFound", message)
    if not folder.is_dir():
        raise NotFound("InvalidOSSBucket.NotFound", f"The directory {folder} of the bucket {name} does not exist.")
    return folder


def file_in(bucket: Path, name: str, parameter: str = "OSSObject") -> Path:
    """The path of a file in a bucket. Raises InvalidParameter for a name that leads out of it, by links too."""
    path = bucket / name
    if not name or name.startswith("/") or not path.resolve().is_relative_to(bucket.resolve()):
        raise InvalidParameter(parameter, f"The name {name!r} leads to no file of its bucket.")
    return path


@contextmanager
def placed(path: Path) -> Iterator[BinaryIO]:
    """A file to fill, which then stands at its place whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    finally:
        Path(scratch).unlink(missing_ok=True)
