"""Rules on the answer of a web address (spec 4.3 ACS::ExecuteHttpRequest). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from oos.template.selector import compile_selector
from oos.values.json import Value, equals, json_text

OPERATORS: Final = ("Equals", "In", "NotIn")
SHOWN: Final = 200


class RulesInvalid(ValueError):
    """Rules that cannot be followed; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold of an answer."""

    selector: str
    operator: str
    value: Value

    def broken_by(self, answer: Value) -> str:
        """What the answer holds instead, or nothing when the rule holds. Raises SelectorError.

        All selected values must satisfy it; nothing selected counts as null (as in WaitFor, spec 10, 6).
        """
        found = compile_selector(self.selector).all(answer) or [None]
        if all(self._holds(each) for each in found):
            return ""
        shown = json_text(found[0] if len(found) == 1 else found)
        return f"{self.selector} is {shown[:SHOWN]}; wanted {self.operator} {json_text(self.value)[:SHOWN]}"

    def _holds(self, found: Value) -> bool:
        if self.operator == "Equals":
            return equals(found, self.value)
        among = any(equals(found, each) for each in (self.value if isinstance(self.value, list) else [self.value]))
        return among if self.operator == "In" else not among


def read_rules(value: Value, where: str) -> tuple[Rule, ...]:
    """The rules of a CheckFor or WaitFor map. Raises RulesInvalid."""
    rules = value.get("Rules") if isinstance(value, Mapping) else None
    if not isinstance(rules, list) or not rules:
        raise RulesInvalid(f"{where} is a map with a list Rules of {{PropertySelector, Operator, Value}}")
    return tuple(_rule(each, where) for each in rules)


def _rule(value: Value, where: str) -> Rule:
    if not isinstance(value, Mapping):
        raise RulesInvalid(f"a rule of {where} is a map of PropertySelector, Operator and Value, not {value!r}")
    fields = {str(key).casefold(): each for key, each in value.items()}
    given = str(fields.get("operator") or "Equals")
    operator = next((each for each in OPERATORS if each.casefold() == given.casefold()), None)
    if operator is None:
        raise RulesInvalid(f"the Operator of a rule of {where} is one of {', '.join(OPERATORS)}, not {given!r}")
    return Rule(str(fields.get("propertyselector") or "."), operator, fields.get("value"))


def unmet(rules: tuple[Rule, ...], answer: Value) -> str:
    """The first rule that an answer breaks, or nothing. Raises SelectorError."""
    return next((broken for rule in rules if (broken := rule.broken_by(answer))), "")
