"""State configurations: templates that keep the state of resources, and when each is due."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from oos.service.kept import Kept


class ConfigureMode(StrEnum):
    """How often a state is brought about."""

    ONCE = "ApplyOnce"
    """When it was written down, and when it was changed."""
    AUTO_CORRECT = "ApplyAndAutoCorrect"
    """Then, and at each moment of its schedule."""


@dataclass(frozen=True, slots=True)
class StateConfiguration:
    """A template, what it is applied to, and when."""

    id: str
    region: str
    template_name: str
    template_version: str
    """Empty: the newest, whenever it is applied."""
    template_id: str
    targets: str
    """JSON text, the value of the template's parameter `targets`."""
    seconds: int
    """From one moment of the schedule to the next."""
    schedule: str
    """As it was written."""
    created: datetime
    changed: datetime
    """When what is applied changed last: it is due from then on."""
    updated: datetime
    mode: ConfigureMode = ConfigureMode.AUTO_CORRECT
    parameters: dict[str, Any] = field(default_factory=dict)
    description: str = ""
    resource_group: str = ""
    tags: dict[str, str] = field(default_factory=dict)


STATE_CONFIGURATIONS: Final = Kept("state-configuration", StateConfiguration)
"""All state configurations."""


def last_due(configuration: StateConfiguration, now: datetime) -> datetime:
    """The last moment at which it was due; moments that nobody served at are made up for by the last one."""
    if configuration.mode is ConfigureMode.ONCE or now < configuration.changed:
        return configuration.changed
    step = timedelta(seconds=configuration.seconds)
    return configuration.changed + (now - configuration.changed) // step * step
