"""Rate control of loops: how many items run at once, in which batches, and how many may fail (spec 5.2)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oos.execution.status import LoopMode
from oos.values.json import structured

DEFAULT_CONCURRENCY = 1
DEFAULT_CONCURRENCY_IN_BATCHES = 20
DEFAULT_MAX_ERRORS = 0


class RateControlInvalid(ValueError):
    """A rate control that cannot be followed; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of items, by index; the end is exclusive."""

    start: int
    end: int
    concurrency: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What a loop over a known number of items keeps to."""

    batches: tuple[Batch, ...]
    max_errors: int
    pause: LoopMode = LoopMode.AUTOMATIC
    ramp: tuple[int, ...] = ()
    """Ramp-up, an extension: widths to begin with; each is left once as many items succeeded as it is wide."""

    def width(self, batch: int, succeeded: int) -> int:
        """How many items may be in flight in a batch, after so many of the loop succeeded."""
        most = self.batches[batch].concurrency
        needed = 0
        for step in self.ramp:
            needed += step
            if succeeded < needed:
                return min(step, most)
        return most

    def pauses_after(self, batch: int) -> bool:
        """Whether a person is asked before the batch after this one (counted from 0)."""
        if batch + 1 >= len(self.batches):
            return False
        match self.pause:
            case LoopMode.AUTOMATIC:
                return False
            case LoopMode.FIRST_BATCH_PAUSE:
                return batch == 0
            case LoopMode.EVERY_BATCH_PAUSE:
                return True


def limits_for(rate_control: Any, count: int, loop_mode: LoopMode = LoopMode.AUTOMATIC) -> Limits:
    """The limits that a RateControl value sets for this many items.

    Percentages are of the items, rounded up, at least 1; batches left over repeat the last size (spec 10, 4 and 5).
    `loop_mode` from outside wins over the template's BatchPauseOption unless it is Automatic.
    Raises RateControlInvalid.
    """
    if rate_control is None:
        rate_control = {}
    if not isinstance(rate_control, Mapping):
        raise RateControlInvalid(f"RateControl must be a map, not {rate_control!r}")
    fields = {str(key).casefold(): value for key, value in rate_control.items()}
    max_errors = _quantity(fields.get("maxerrors"), count, DEFAULT_MAX_ERRORS, "MaxErrors", least=0)
    mode = str(fields.get("mode") or ("Batch" if "batch" in fields else "Concurrency")).casefold()
    concurrency = fields.get("concurrency")
    if mode == "concurrency" and not isinstance(concurrency, list):
        width = _quantity(concurrency, count, DEFAULT_CONCURRENCY, "Concurrency", least=1)
        pause = _pause(fields.get("batchpauseoption"), loop_mode)
        if pause is LoopMode.AUTOMATIC:
            ramp = _ramp(fields.get("rampup"), count)
            return Limits((Batch(0, count, width),) if count else (), max_errors, ramp=ramp)
        return Limits(tuple(_split([width], [width], count)), max_errors, pause)
    if mode not in ("concurrency", "batch"):
        raise RateControlInvalid(f"RateControl.Mode is Concurrency or Batch, not {fields.get('mode')!r}")
    if fields.get("rampup"):
        raise RateControlInvalid("RateControl.RampUp needs Mode Concurrency; in batches, sizes are the ramp: [1, 2, 4]")
    # The old form has no Batch: its Concurrency is the size, or the sizes, of its batches (spec 5.2).
    sizes = structured(fields.get("batch", concurrency)) if mode == "batch" else concurrency
    if mode == "batch" and "batch" not in fields and sizes not in (None, "") and not isinstance(sizes, list):
        sizes = [sizes]
    if sizes == [] and not count:
        return Limits((), max_errors, _pause(fields.get("batchpauseoption"), loop_mode))
    if not isinstance(sizes, list) or not sizes:
        raise RateControlInvalid("RateControl.Batch must be a list of sizes, such as [1, 25%, 50%]")
    widths = structured(fields.get("concurrencyinbatches"))
    if widths is not None and not isinstance(widths, list):
        widths = [widths]
    return Limits(
        tuple(
            _split(
                [_quantity(size, count, 1, "Batch", least=1) for size in sizes],
                [_quantity(width, count, 1, "ConcurrencyInBatches", least=1) for width in widths or ()],
                count,
            )
        ),
        max_errors,
        _pause(fields.get("batchpauseoption"), loop_mode),
    )


def _split(sizes: list[int], widths: list[int], count: int) -> list[Batch]:
    batches: list[Batch] = []
    start = 0
    while start < count:
        number = len(batches)
        end = min(count, start + sizes[min(number, len(sizes) - 1)])
        width = widths[min(number, len(widths) - 1)] if widths else DEFAULT_CONCURRENCY_IN_BATCHES
        batches.append(Batch(start, end, width))
        start = end
    return batches


def _ramp(steps: Any, count: int) -> tuple[int, ...]:
    if steps in (None, "", []):
        return ()
    if not isinstance(steps, list):
        raise RateControlInvalid(f"RateControl.RampUp must be a list of widths, such as [1, 2, 4], not {steps!r}")
    return tuple(_quantity(step, count, 1, "RampUp", least=1) for step in steps)


def _pause(option: Any, loop_mode: LoopMode) -> LoopMode:
    if loop_mode is not LoopMode.AUTOMATIC or option in (None, ""):
        return loop_mode
    for known in LoopMode:
        if str(option).casefold() == known.casefold():
            return known
    raise RateControlInvalid(f"BatchPauseOption is one of {', '.join(LoopMode)}, not {option!r}")


def _quantity(value: Any, count: int, default: int, name: str, *, least: int) -> int:
    """A number, or a percentage of the items; numbers may come as text."""
    if value is None or value == "":
        return default
    text = "" if isinstance(value, bool) else str(value).strip()
    try:
        if text.endswith("%"):
            share = float(text[:-1])
            if not 0 <= share <= 100:
                raise RateControlInvalid(f"{name} {text} is not between 0% and 100%")
            return max(least, math.ceil(count * share / 100 - 1e-9))
        number = int(float(text))
        if number != float(text):
            raise ValueError
    except (ValueError, OverflowError) as error:
        if isinstance(error, RateControlInvalid):
            raise
        raise RateControlInvalid(f"{name} must be a whole number or a percentage, not {value!r}") from None
    if number < least:
        raise RateControlInvalid(f"{name} must be at least {least}, not {number}")
    return number
