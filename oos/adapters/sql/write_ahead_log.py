"""SQLite's write-ahead log, read as it lies: whether commits stand in it that SQLite will not read any more.

SQLite reads a log up to the first frame whose checksum does not fit, and takes what follows for the remains of a crash.
Where a byte was changed in the middle, all later commits are lost without a word. https://www.sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_MAGIC: Final = 0x377F0682
"""The last bit says in which order of bytes the checksums are made."""
_FORMAT: Final = 3007000


@dataclass(frozen=True, slots=True)
class LogState:
    """What stands in a log, as far as SQLite reads it and beyond."""

    salts: tuple[int, int] = (0, 0)
    """Of its header: another after each time that the log begins anew."""
    read: int = 0
    """Frames that SQLite reads."""
    unread_commits: int = 0
    """Commits behind them that were written since the log began anew."""
    is_headless: bool = False
    """Whether there are frames, and a header that does not fit: then SQLite reads nothing of it."""


def look_at_log(path: Path) -> LogState:
    """The state of a log; of one that is absent or empty, nothing stands in it. Raises OSError."""
    try:
        content = memoryview(path.read_bytes())
    except FileNotFoundError:
        return LogState()
    if len(content) <= _HEADER.size:
        return LogState()
    magic, format_, page_size, _, *rest = _HEADER.unpack_from(content)
    salts, checksum = (rest[0], rest[1]), (rest[2], rest[3])
    order = ">" if magic & 1 else "<"
    if (magic & ~1, format_) != (_MAGIC, _FORMAT) or _sum(content[:24], (0, 0), order) != checksum:
        return LogState(is_headless=any(content[_HEADER.size :]))
    # A page of 64 KiB is written as 1, which no page is.
    size = 1 << 16 if page_size == 1 else page_size
    return _frames(content, size, salts, checksum, order)


def _frames(content: memoryview, size: int, salts: tuple[int, int], checksum: tuple[int, int], order: str) -> LogState:
    read = unread_commits = 0
    is_whole = True
    for place in range(_HEADER.size, len(content) - _FRAME.size - size + 1, _FRAME.size + size):
        _, pages, *rest = _FRAME.unpack_from(content, place)
        if is_whole:
            begun = _sum(content[place : place + 8], checksum, order)
            checksum = _sum(content[place + _FRAME.size : place + _FRAME.size + size], begun, order)
            is_whole = (rest[0], rest[1]) == salts and checksum == (rest[2], rest[3])
        if is_whole:
            read += 1
        elif pages and (rest[0], rest[1]) == salts:
            unread_commits += 1
    return LogState(salts, read, unread_commits)


def _sum(part: memoryview, checksum: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = checksum
    words = struct.unpack(f"{order}{len(part) // 4}I", part)
    for word, next_word in zip(words[::2], words[1::2], strict=True):
        first = (first + word + second) & 0xFFFFFFFF
        second = (second + next_word + first) & 0xFFFFFFFF
    return first, second
