"""What a trigger listens for: events that match a pattern, or a measurement that crosses a threshold (spec 4.5)."""

from __future__ import annotations

from typing import TypeAlias

from oos.schedule.alarm import AlarmRule
from oos.schedule.pattern import EventPattern

Wanted: TypeAlias = EventPattern | AlarmRule
