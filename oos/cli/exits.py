"""Exit codes: what a script can tell from how a command ended."""

from __future__ import annotations

from typing import Final

SUCCESS: Final = 0
FAILED: Final = 1
USAGE: Final = 2
"""Wrong usage, or an invalid template: nothing was started."""
PARTLY: Final = 3
"""Finished, and some items of a loop failed."""
UNREACHABLE: Final = 4
"""A host did not answer."""
REFUSED: Final = 5
"""A guard refused."""
REJECTED: Final = 6
"""A person rejected, or the time to approve ran out."""
INTERRUPTED: Final = 9
"""Not finished, and resumable."""
NOT_VERIFIED: Final = 12
"""The record does not verify."""
DEADLINE: Final = 124
HANG_UP: Final = 129
SIGINT: Final = 130
BROKEN_PIPE: Final = 141
SIGTERM: Final = 143
