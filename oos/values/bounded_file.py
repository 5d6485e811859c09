"""Files of people, read up to a bound: a device that never ends is a fault like any other."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import BinaryIO


def read_at_most(path: Path, most: int) -> bytes:
    """The content of a file. Raises OSError, with EFBIG for a file that is larger."""
    with path.open("rb") as stream:
        return read_stream(stream, str(path), most)


def read_stream(stream: BinaryIO, name: str, most: int) -> bytes:
    """What a stream gives up to its end. Raises OSError, with EFBIG when it gives more."""
    content = stream.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes", name)
    return content
