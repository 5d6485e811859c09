"""The session: what one command line was told about settings and streams, and the app behind it."""

from __future__ import annotations

import contextlib
import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.app.settings import Settings

OUTPUTS = ("table", "json", "ndjson")


class ReaderGone(Exception):
    """Whoever read stdout has had enough."""


class Session:
    """One run of the command line. Results go to stdout; progress, logs and faults go to stderr."""

    def __init__(self) -> None:
        self.flags: dict[str, Any] = {}
        """Settings that were given as flags."""
        self.output = "table"
        self.quiet = False
        self.verbose = False
        self.debug = False

    @cached_property
    def settings(self) -> Settings:
        """The settings in force. Raises DiagnosticError."""
        from oos.app.settings import load_settings

        return load_settings(self.flags)

    @cached_property
    def app(self) -> App:
        """Everything there is to ask; its parts are made when they are first used."""
        from oos.app.app import App

        return App(self.settings)

    @property
    def is_json(self) -> bool:
        """Whether programs read stdout."""
        return self.output != "table"

    def close(self) -> None:
        """Let go of what the app opened; what is asked for later opens it again."""
        app = self.__dict__.pop("app", None)
        if app is not None:
            app.close()

    def say(self, text: str) -> None:
        """Tell the person something, unless told to be quiet."""
        if not self.quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Tell the person something that matters, quiet or not."""
        # Where stderr cannot be written, nobody can be told; the work is not the worse for it.
        with contextlib.suppress(OSError):
            print(text, file=sys.stderr, flush=True)

    def start_logging(self) -> None:
        """Send logs to stderr, as much of them as was asked for."""
        import logging

        level = logging.DEBUG if self.debug else logging.INFO if self.verbose else logging.WARNING
        form = "%(asctime)s %(levelname)s %(name)s: %(message)s" if level < logging.WARNING else "oos: %(message)s"
        logging.basicConfig(level=level, format=form, stream=sys.stderr)


def is_terminal(stream: Any) -> bool:
    """Whether a person reads this stream."""
    try:
        return bool(stream.isatty()) and os.environ.get("TERM", "") != "dumb"
    except ValueError:  # it is closed
        return False


def in_colour(stream: Any) -> bool:
    """Whether colour belongs there."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")
