"""Templates that `oos serve` starts by itself when something is due: each once, whoever serves.

Each start carries a token made of what is due and when. So several processes may look at once, and one that died may
be followed by another: nothing is started twice.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from oos.service.errors import ApiError, TokenMismatch
from oos.service.orchestration import StartWanted, TemplateText
from oos.values.identifiers import client_token
from oos.values.time import format_instant

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.values.json import Value

log = logging.getLogger(__name__)

BY: Final = "oos serve"
"""Who starts them, in the record."""


class StartedOnce:
    """Starts executions by their token."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._started: set[str] = set()
        """Tokens of what this process started, so that it does not ask again and again."""
        self._refused: dict[str, str] = {}
        """Why what is due could not be started when it was last tried, by token: told once, not at each look."""

    def was_started(self, template: str, subject: str, due: datetime) -> bool:
        """Whether this process started it already."""
        return _token(template, subject, due) in self._started

    def start(
        self, name: str, region: str, due: datetime, subject: str, parameters: Mapping[str, Value], version: str = ""
    ) -> str:
        """The id of the execution that was started; empty when none was. Raises JournalFailed, EngineStopped."""
        token = _token(name, subject, due)
        if token in self._started:
            return ""
        template = self._app.orchestrator.find_template(name, version)
        if template is None:
            # The module that has it is not installed, or somebody deleted it.
            return ""
        return self._begin(template, region, due, subject, parameters, token)

    def _begin(
        self,
        template: TemplateText,
        region: str,
        due: datetime,
        subject: str,
        parameters: Mapping[str, Value],
        token: str,
    ) -> str:
        try:
            id = self._app.orchestrator.start(StartWanted(template, parameters, BY, region, token))
        except TokenMismatch:
            # It was started, and what is to be done changed since.
            self._started.add(token)
            return ""
        except ApiError as refused:
            if self._refused.get(token) == str(refused):
                return ""
            self._refused[token] = str(refused)
            log.error("%s for %s, due at %s, was not started: %s", template.name, subject, format_instant(due), refused)
            return ""
        self._started.add(token)
        log.info("%s for %s, due at %s: %s", template.name, subject, format_instant(due), id)
        return id


def _token(template: str, subject: str, due: datetime) -> str:
    return client_token(template, subject, format_instant(due))
