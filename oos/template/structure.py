"""Structure: reading the fields of template elements and noting what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Final

from oos.diagnostics import Severity
from oos.source import Span
from oos.template import codes, limits
from oos.template.build import Builder
from oos.template.document import Node, is_list, is_map, span_of
from oos.template.expression import Expression
from oos.template.functions.function import read_number
from oos.template.model import TemplateOutput
from oos.values.json import TYPE_NAMES, type_name

NAME: Final = re.compile(r"[A-Za-z0-9_\-]+")
_MISSPELT: Final = 0.8
_CANONICAL_TYPES: Final = {**{name.casefold(): name for name in TYPE_NAMES}, "object": "Json"}
_TYPES: Final = {**{name: name for name in TYPE_NAMES}, "Object": "Json"}
_FOR_PEOPLE: Final = frozenset(
    {"Label", "Description", "ConstraintDescription", "AssociationProperty", "AssociationPropertyMetadata", "Metadata"}
)
"""Fields that change nothing of what is done; misspelt ones are only warned of."""
_OTHER_WORDS: Final = {
    **dict.fromkeys(("condition", "if"), "When"),
    "next": "NextTask",
    "default": "DefaultTask",
    **dict.fromkeys(("value", "selector"), "ValueSelector"),
    "valueselector": "Value",
    **dict.fromkeys(("parameters", "inputs", "input", "params"), "Properties"),
    "loopitems": "Items",
    "loopratecontrol": "RateControl",
}
"""Fields by names that other elements or languages have for them; the right name counts where it is a field."""
_ELSEWHERE: Final = {
    "dependson": "tasks run in the order in which they stand",
    "timeout": "tasks have no time limit; Retries and Delay bound an ACS::WaitFor",
    "choices": "it stands under Properties of an ACS::Choice",
}
"""What to do instead, by fields that people know from elsewhere."""
_OUTPUT_FIELDS: Final = frozenset({"Type", "Value", "Description", "Label"})
Entries = dict[str, tuple[Node, Node]]


class Structure(Builder):
    """Reads elements of a template from the nodes of a document."""

    def warn(self, code: codes.Code, where: Node | Span, message: str, hint: str = "") -> None:
        """Note a warning."""
        span = where if isinstance(where, Span) else span_of(where)
        severity = Severity.WARNING if code.severity is Severity.ERROR else code.severity
        self.notes.append(code.at(self.source.name, span, message, hint, severity=severity))

    def missing(self, node: Node, owner: str, field: str, hint: str = "") -> None:
        """Note that a required field is not there; the place is the beginning of the element."""
        start = span_of(node)
        span = Span(start.line, start.column, start.line, start.column + 1)
        self.fault(codes.MISSING_FIELD, span, f"{owner} has no {field}", hint or f"add {field}")

    def unknown_fields(
        self, entries: Entries, known: frozenset[str], owner: str, required: frozenset[str] = frozenset()
    ) -> frozenset[str]:
        """Note fields that are not known: a fault when one looks like a known field that is missing.

        Gives the required fields that are meant by unknown ones: that was told, so they are not missing besides.
        """
        if entries.keys() <= known:
            return frozenset()
        meant = set()
        for name, (key_node, _) in entries.items():
            if name in known:
                continue
            near, is_meant = self._meant(name, entries, known, required)
            message = f"{owner} has no field {name}"
            hint = f"did you mean {near}?" if near else _ELSEWHERE.get(name.casefold(), "")
            if is_meant and near not in _FOR_PEOPLE:
                self.fault(codes.UNKNOWN_FIELD, key_node, message, hint)
                meant.add(near)
            else:
                self.warn(codes.UNKNOWN_FIELD, key_node, message, hint)
        return required & meant

    def _meant(self, name: str, entries: Entries, known: frozenset[str], required: frozenset[str]) -> tuple[str, bool]:
        """The known field most like a name, and whether it is what the name stands for."""
        word = _OTHER_WORDS.get(name.casefold(), "")
        if word in known:
            return word, word not in entries
        near = self.suggestions.nearest(name, known) or ""
        alike = (
            near in required
            or near.casefold() == name.casefold()
            or SequenceMatcher(None, name, near).ratio() >= _MISSPELT
        )
        return near, bool(near) and near not in entries and alike

    def wrong_kind(self, node: Node, what: str, wanted: str, hint: str = "") -> None:
        """Note that a field wants another kind of value."""
        found = "List" if is_list(node) else "Json" if is_map(node) else type_name(self.scalar(node))
        self.fault(codes.WRONG_FIELD_TYPE, node, f"{what} must be {wanted}, not {_KINDS.get(found, found)}", hint)

    def map(self, node: Node, what: str, owner: str = "", hint: str = "") -> Entries | None:
        """The entries of a map; null counts as an empty one; None after a fault."""
        if is_map(node):
            return self.entries(node)
        if not is_list(node) and self.scalar(node) is None:
            return {}
        self.wrong_kind(node, f"{what} of {owner}" if owner else what, "a map", hint)
        return None

    def list(self, node: Node, what: str, owner: str = "", hint: str = "") -> list[Node] | None:
        """The nodes of a list; None after a fault."""
        if is_list(node):
            return list(node.value)
        self.wrong_kind(node, f"{what} of {owner}" if owner else what, "a list", hint)
        return None

    def text(self, node: Node, what: str) -> str | None:
        """Text; numbers and booleans count as what is written; None after a fault."""
        if is_map(node) or is_list(node) or self.scalar(node) is None:
            self.wrong_kind(node, what, "text")
            return None
        return str(node.value)

    def name(self, text: str, node: Node, what: str) -> str:
        """A name, whose characters are looked at."""
        if NAME.fullmatch(text) is None or len(text) > limits.NAME_LENGTH:
            shown = text if len(text) <= 60 else f"{text[:57]}..."
            message = f"{shown!r} cannot be the name of {what}"
            self.fault(codes.BAD_NAME, node, message, "use letters, digits, _ and -, at most 200")
        return text

    def number(self, node: Node, what: str, *, whole: bool = False) -> int | float | None:
        """A number; numeric text is read; None after a fault or for null."""
        value = None if is_map(node) or is_list(node) else self.scalar(node)
        if isinstance(value, str):
            value = read_number(value)
        if isinstance(value, float) and whole and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or (whole and isinstance(value, float)):
            if not (not is_map(node) and not is_list(node) and self.scalar(node) is None):
                self.wrong_kind(node, what, "a whole number" if whole else "a number")
            return None
        return value

    def flag(self, node: Node, what: str) -> bool:
        """A boolean; `true` and `false` as text are read."""
        value = None if is_map(node) or is_list(node) else self.scalar(node)
        if isinstance(value, str) and value.casefold() in ("true", "false"):
            return value.casefold() == "true"
        if not isinstance(value, bool):
            if value is None and not is_map(node) and not is_list(node):
                return False
            self.wrong_kind(node, what, "true or false")
            return False
        return value

    def type(self, node: Node, owner: str) -> str:
        """A type name in canonical spelling."""
        known = _TYPES.get(node.value) if isinstance(node.value, str) else None
        if known is not None:
            return known
        text = self.text(node, f"Type of {owner}")
        if text is None:
            return "String"
        canonical = _CANONICAL_TYPES.get(text.casefold())
        if canonical is None:
            near = self.suggestions.nearest(text, TYPE_NAMES)
            hint = f"did you mean {near}?" if near else f"known are {', '.join(TYPE_NAMES)}"
            self.fault(codes.NOT_AMONG, node, f"{text} is no type", hint)
            return "String"
        return canonical

    def conditions(self, node: Node) -> Mapping[str, Expression]:
        """The entries of Conditions (spec 1.9)."""
        entries = self.map(node, "Conditions") or {}
        return {name: self.condition(pair[1]) for name, pair in entries.items()}

    def template_outputs(self, node: Node) -> Mapping[str, TemplateOutput]:
        """The outputs of the template (spec 1.10)."""
        outputs = {}
        for name, (key_node, value_node) in (self.map(node, "Outputs") or {}).items():
            fields = self.map(value_node, f"the output {name}", hint="write {Type: String, Value: …}")
            if fields is None:
                continue
            meant = self.unknown_fields(fields, _OUTPUT_FIELDS, f"the output {name}", frozenset({"Value"}))
            kind = self.type(fields["Type"][1], f"the output {name}") if "Type" in fields else "String"
            if "Value" not in fields:
                if not meant:
                    self.missing(key_node, f"the output {name}", "Value")
                continue
            outputs[name] = TemplateOutput(name, kind, self.expression(fields["Value"][1]), span_of(key_node))
        return outputs


_KINDS: Final = {"Json": "a map", "List": "a list", "String": "text", "Number": "a number", "Boolean": "a boolean"}
_KINDS["Null"] = "null"
