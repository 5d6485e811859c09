"""Rules of rate control: what is written out of it held against what a loop can follow (spec 5.2)."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final

from oos.diagnostics import Severity
from oos.template import codes
from oos.template.expression import Expression
from oos.template.findings import Finding
from oos.template.functions.function import from_json, read_number
from oos.template.property_rules import EntryPlaces, entries_of
from oos.template.read_loops import RATE_FIELDS
from oos.template.suggestions import Suggestions
from oos.template.terms import Items, Literal, Term
from oos.values.json import Value

_FIELDS: Final = (*RATE_FIELDS, "RampUp")
_FOLDED: Final = {name.casefold(): name for name in _FIELDS}
_WORDS: Final = {
    "Mode": ("Concurrency", "Batch"),
    "BatchPauseOption": ("Automatic", "FirstBatchPause", "EveryBatchPause"),
}
_MISSPELT: Final = 0.8


def check_rate_control(rate_control: Expression, suggestions: Suggestions) -> Iterator[Finding]:
    """What a loop could not follow in a rate control that is written out, wholly or in part."""
    entries = entries_of(rate_control)
    if not entries:
        return
    places = EntryPlaces(rate_control, rate_control.span)
    known: dict[str, Term] = {}
    for written, term in entries:
        name = written if written in _FIELDS else _FOLDED.get(written.casefold())
        if name is None:
            yield _unknown(written, places, suggestions)
            continue
        known[name] = term
        problem = _problem(name, term)
        if problem:
            yield Finding(codes.PROPERTY_TYPE, places.of_value(written), f"{name} of a loop must be {problem}")
    mode = known.get("Mode")
    in_batches = isinstance(mode, Literal) and str(mode.value).casefold() == "batch"
    if in_batches and known.keys().isdisjoint({"Batch", "Concurrency"}):  # Concurrency is that of the old form
        message = "RateControl with Mode Batch has no Batch"
        yield Finding(codes.MISSING_FIELD, rate_control.span, message, "add the sizes: Batch: [1, 25%, 50%]")


def _unknown(written: str, places: EntryPlaces, suggestions: Suggestions) -> Finding:
    near = suggestions.nearest(written, _FIELDS)
    misspelt = near is not None and SequenceMatcher(None, written, near).ratio() >= _MISSPELT
    hint = f"did you mean {near}?" if near else f"known are {', '.join(_FIELDS)}"
    severity = Severity.ERROR if misspelt else Severity.WARNING
    return Finding(codes.UNKNOWN_FIELD, places.of_key(written), f"RateControl has no field {written}", hint, severity)


def _problem(name: str, term: Term) -> str:
    """What a field must be and is not; empty when it may be right."""
    if not isinstance(term, Literal):
        is_list = isinstance(term, Items)
        return "a number or a percentage, not a list" if is_list and name == "MaxErrors" else ""
    value = term.value
    if value is None or value == "":
        return ""
    words = _WORDS.get(name)
    if words is not None:
        known = isinstance(value, str) and value.casefold() in map(str.casefold, words)
        return "" if known else f"{' or '.join(words)}, not {value!r}"
    if name in ("Concurrency", "MaxErrors", "ConcurrencyInBatches") and not isinstance(value, list):
        return "" if _is_quantity(value) else f"a number or a percentage, not {value!r}"
    if isinstance(value, str):
        value = from_json(value, "[")
    if name == "MaxErrors" or not isinstance(value, list):
        return "a number or a percentage, not a list" if name == "MaxErrors" else "a list such as [1, 25%, 50%]"
    wrong = next((each for each in value if not _is_quantity(each)), None)
    return "" if wrong is None else f"a list of numbers and percentages, not of {wrong!r}"


def _is_quantity(value: Value) -> bool:
    """A number that is not negative, or a percentage; both may be text."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            return isinstance(from_json(text, "["), list)
        value = read_number(text.removesuffix("%"))
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
