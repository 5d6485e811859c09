"""Bounded computation: jq programs and patterns of unforeseeable cost run in a helper process with a deadline."""

from __future__ import annotations

import atexit
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from oos.template.limits import Stopped

DEADLINE: Final = 5.0
"""Seconds that one computation may take."""
PATTERN_DEADLINE: Final = 2.0
"""Seconds for a pattern, which is held against one short text."""
MOST_IDLE: Final = 4
"""Helpers that are kept for the next computation."""
_PROGRAM: Final = Path(__file__).with_name("helper_process.py")
_LONGEST_ANSWER: Final = 64 * 1024 * 1024


def run_jq(program: str, data: bytes, *, only_first: bool, deadline: float = DEADLINE) -> list[Any]:
    """The results of a jq program on JSON text. Raises ValueError with jq's own words, or Stopped."""
    return _ask({"kind": "jq", "text": program, "first": only_first, "size": len(data)}, data, deadline)


def matches(pattern: str, text: str, *, deadline: float = PATTERN_DEADLINE) -> bool:
    """Whether the whole text matches the pattern. Raises ValueError when the pattern is none, or Stopped."""
    data = text.encode(errors="replace")
    return bool(_ask({"kind": "pattern", "text": pattern, "size": len(data)}, data, deadline)[0])


class _Helper:
    """One helper process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            start_new_session=True,  # an interrupt from the keyboard is for us, not for it
        )

    def ask(self, request: dict[str, Any], data: bytes, deadline: float) -> bytes:
        """The answer to a request, a line of JSON. Raises Stopped."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        end = time.monotonic() + deadline
        try:
            writer = threading.Thread(
                target=self._write, args=(json.dumps(request).encode() + b"\n" + data,), daemon=True
            )
            writer.start()  # a long request and a long answer must not wait for each other
            answer = self._read(end)
            writer.join()
        except Stopped:
            self.close()
            raise
        return answer

    def _write(self, message: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(message)
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            return  # the reader finds out that the process is gone

    def _read(self, end: float) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        parts: list[bytes] = []
        size = 0
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while True:
                if not selector.select(max(0.0, end - time.monotonic())):
                    raise Stopped("it took too long and was stopped")
                part = os.read(descriptor, 1 << 16)
                if not part:
                    raise Stopped("it needs too much memory")
                parts.append(part)
                size += len(part)
                if size > _LONGEST_ANSWER:
                    raise Stopped("its result is too large")
                if part.endswith(b"\n"):
                    return b"".join(parts)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue


class _Helpers:
    """Helpers that wait for work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Helper] = []
        self._owner = os.getpid()

    def take(self) -> _Helper:
        with self._lock:
            if self._owner != os.getpid():  # a forked child must not share its parent's helpers
                self._idle = []
                self._owner = os.getpid()
            if self._idle:
                return self._idle.pop()
        return _Helper()

    def give_back(self, helper: _Helper) -> None:
        with self._lock:
            if len(self._idle) < MOST_IDLE:
                self._idle.append(helper)
                return
        helper.close()

    def close(self) -> None:
        """End all that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        if self._owner == os.getpid():
            for helper in idle:
                helper.close()


_helpers: Final = _Helpers()
atexit.register(_helpers.close)


def _ask(request: dict[str, Any], data: bytes, deadline: float) -> list[Any]:
    helper = _helpers.take()
    answer = json.loads(helper.ask(request, data, deadline))
    _helpers.give_back(helper)
    if "stopped" in answer:
        raise Stopped(answer["stopped"])
    if "error" in answer:
        raise ValueError(answer["error"])
    results: list[Any] = answer["results"]
    return results
