"""Pictures of displays: what hypervisors give (PPM, PNG) made into PNG. https://netpbm.sourceforge.net/doc/ppm.html"""

from __future__ import annotations

import re
from typing import Final

from oos.values.png import SIGNATURE, png

_PPM: Final = re.compile(rb"P6\s(?:#[^\n]*\n)*(\d+)\s+(\d+)\s+255\s")


def as_png(picture: bytes) -> bytes:
    """The picture as PNG. Raises ValueError for a format that is neither PNG nor 8-bit PPM."""
    if picture.startswith(SIGNATURE):
        return picture
    head = _PPM.match(picture)
    if head is None:
        raise ValueError(f"the picture of the display begins with {picture[:8]!r}: neither PNG nor PPM")
    width, height = int(head[1]), int(head[2])
    pixels = picture[head.end() :]
    if len(pixels) < width * height * 3:
        raise ValueError("the picture of the display is cut short")
    return png(width, height, pixels)
