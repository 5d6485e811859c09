"""PNG pictures written from rows of pixels. https://www.w3.org/TR/png/"""

from __future__ import annotations

import struct
import zlib
from typing import Final

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
"""How every PNG picture begins."""


def png(width: int, height: int, pixels: bytes) -> bytes:
    """Rows of red, green and blue, a byte each, as a PNG picture."""
    row = width * 3
    filtered = b"".join(b"\0" + pixels[place : place + row] for place in range(0, row * height, row))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
