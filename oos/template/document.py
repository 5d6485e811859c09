"""Documents: YAML or JSON text, composed to nodes that remember their places, and read as JSON values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

import yaml
from yaml._yaml import CParser

from oos.diagnostics import Diagnostic
from oos.source import NOWHERE, Source, Span
from oos.template import codes, limits

Node: TypeAlias = Any
"""A node of PyYAML: ScalarNode, SequenceNode or MappingNode, whose marks tell its place."""

_TAG: Final = "tag:yaml.org,2002:"
PLAIN: Final = "plain"
"""Our tag of a scalar without quotes and without a tag: what it means depends on its text."""
STR: Final = f"{_TAG}str"
MAP: Final = f"{_TAG}map"
SEQ: Final = f"{_TAG}seq"
WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **{form: True for word in ("true", "yes", "on") for form in (word, word.title(), word.upper())},
    **{form: False for word in ("false", "no", "off") for form in (word, word.title(), word.upper())},
}
"""What plain words mean, as in YAML 1.1."""
NUMBER_START: Final = frozenset("+-.0123456789")
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_BASED: Final = re.compile(r"([-+]?)0([xob])([0-9a-fA-F_]+)")
_FLOAT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)?(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")
_BASES: Final = {"x": 16, "o": 8, "b": 2}
_LONGEST_NUMBER: Final = 400
_SURROGATES: Final = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_NOT_IN_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_COMPACT_NESTING: Final = re.compile(r"^[ \-?:\t]{100}", re.MULTILINE)
_MOST_OPENERS: Final = 3000
"""The composer recurses in C; this many levels are safe on every stack. More brackets are counted first."""


class Unreadable(Exception):
    """The text gives no document; it carries the one fault that stopped the reading."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(str(diagnostic))
        self.diagnostic = diagnostic


def decode(text: str | bytes, name: str) -> Source:
    """The source of a template: UTF-8, not too large. Raises Unreadable."""
    if isinstance(text, bytes):
        if len(text) > limits.LARGEST_TEMPLATE:
            raise Unreadable(_too_large(name, len(text)))
        text = _decoded(text, name)
    elif len(text) > limits.LARGEST_TEMPLATE:
        raise Unreadable(_too_large(name, len(text)))
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:1] == "{":
        # JSON allows characters that YAML does not, and writes those beyond the basic plane as two escapes.
        text = _NOT_IN_YAML.sub(_escape, text)
        if "\\u" in text:
            text = _SURROGATES.sub(_join_surrogates, text)
    return Source(name, text)


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(not_utf8(name, data, error)) from None


def compose(source: Source) -> Node:
    """The node tree of a document, None when it is empty. Raises Unreadable."""
    text = source.text
    try:
        if text.count("[") + text.count("{") > _MOST_OPENERS or _COMPACT_NESTING.search(text):
            _refuse_depth(source, text)
        root = _Composer(text).get_single_node()
    except yaml.YAMLError as error:
        raise Unreadable(_syntax(source, error)) from None
    except UnicodeEncodeError as error:
        span = place(source.text, error.start)
        message = "the text holds half a character (a lone surrogate)"
        raise Unreadable(codes.NOT_UTF8.at(source.name, span, message)) from None
    if root is not None and "&" in text and "*" in text:
        _refuse_endless(source, root)
    return root


def span_of(node: Node) -> Span:
    """Where a node stands."""
    if node is None:
        return NOWHERE
    start, end = node.start_mark, node.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def is_null(node: Node) -> bool:
    """Whether the node is null, written without quotes."""
    return node.__class__ is yaml.ScalarNode and node.tag == PLAIN and WORDS.get(node.value, node) is None


class Places(Mapping[str, Span]):
    """Where named things stand; a span is made when it is asked for."""

    __slots__ = ("_nodes",)

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._nodes = nodes

    def __getitem__(self, name: str) -> Span:
        return span_of(self._nodes[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


def place(text: str, index: int) -> Span:
    """The place of the character with this index."""
    before = text[:index]
    line = before.count("\n") + 1
    column = index - (before.rfind("\n") + 1) + 1
    return Span(line, column, line, column + 1)


def is_map(node: Node) -> bool:
    """Whether the node is a map."""
    return node.__class__ is yaml.MappingNode


def is_list(node: Node) -> bool:
    """Whether the node is a list."""
    return node.__class__ is yaml.SequenceNode


class _Composer(CParser):
    """PyYAML's C parser with a resolver that leaves the meaning of plain scalars to the reader: half as much work."""

    def descend_resolver(self, current_node: Node, current_index: Any) -> None:
        """Paths mean nothing here."""

    def ascend_resolver(self) -> None:
        """Paths mean nothing here."""

    def resolve(self, kind: type, _value: Any, implicit: Any) -> str:
        """The tag of a node that has none."""
        if kind is yaml.ScalarNode:
            return PLAIN if implicit[0] else STR
        return MAP if kind is yaml.MappingNode else SEQ


class Reader:
    """Reads nodes of one document as values and collects what is wrong with them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.faults: list[Diagnostic] = []
        self.notes: list[Diagnostic] = []
        self._told: set[int] = set()
        """Keys that were told to be written twice."""
        self._too_deep = False

    def fault(self, code: codes.Code, where: Node | Span, message: str, hint: str = "") -> None:
        """Note an error at a node or span."""
        span = where if isinstance(where, Span) else span_of(where)
        self.faults.append(code.at(self.source.name, span, message, hint))

    def entries(self, node: Node) -> dict[str, tuple[Node, Node]]:
        """The entries of a map: key text to its key node and value node. Merge keys (`<<`) are resolved."""
        found: dict[str, tuple[Node, Node]] = {}
        merged: set[str] = set()
        for pair in node.value:
            key = pair[0]
            if key.__class__ is not yaml.ScalarNode:
                self._bad_key(key)
                continue
            text = key.value
            if text == "<<" and key.tag == PLAIN:
                self._merge(pair[1], found, merged, node)
            elif text in found and text not in merged:
                self._duplicate(text, found[text][0], key)
            else:
                merged.discard(text)  # a key of the map itself wins over a merged one
                found[text] = pair
        return found

    def value(self, node: Node, depth: int = 0) -> Any:
        """The plain JSON value of a node."""
        kind = node.__class__
        if kind is yaml.ScalarNode:
            return self.scalar(node)
        if depth > limits.DEPTH:
            self.too_deep(node)
            return None
        if node.tag != SEQ and node.tag != MAP:
            self._bad_tag(node)
        if kind is yaml.SequenceNode:
            return [self.value(item, depth + 1) for item in node.value]
        return {key: self.value(pair[1], depth + 1) for key, pair in self.entries(node).items()}

    def scalar(self, node: Node) -> Any:
        """The JSON value of a scalar: text, number, boolean or null."""
        tag, text = node.tag, node.value
        if tag == STR or tag == "!":
            return text
        if tag == PLAIN:
            if text in WORDS:
                return WORDS[text]
            return self._number(node, text) if text[0] in NUMBER_START else text
        match tag.removeprefix(_TAG):
            case "int" | "float":
                return self._number(node, text)
            case "bool" | "null":
                return WORDS.get(text)
            case _:
                self._bad_tag(node)
                return text

    def too_deep(self, node: Node) -> None:
        """Note that the document is nested too deeply here (once)."""
        if not self._too_deep:
            self._too_deep = True
            self.fault(codes.TOO_DEEP, node, f"nested more than {limits.DEPTH} levels deep")

    def _number(self, node: Node, text: str) -> Any:
        if len(text) > _LONGEST_NUMBER:
            self.fault(codes.NOT_JSON_VALUE, node, "this number is too long")
            return 0
        if _INTEGER.fullmatch(text):
            return int(text.replace("_", ""))
        based = _BASED.fullmatch(text)
        if based is not None:
            try:
                return int(based[1] + based[3].replace("_", ""), _BASES[based[2]])
            except ValueError:
                return text
        if _FLOAT.fullmatch(text) and text.strip("+-.eE"):
            number = float(text.replace("_", ""))
            if number in (float("inf"), float("-inf")):
                self.fault(codes.NOT_JSON_VALUE, node, "this number is too large")
                return 0
            return number
        return text  # 007, 12:30:00 and .inf are no JSON numbers: they stay text

    def _duplicate(self, text: str, first: Node, key: Node) -> None:
        if id(key) in self._told:
            return  # the same map may be read twice
        self._told.add(id(key))
        diagnostic = codes.DUPLICATE_KEY.at(
            self.source.name,
            span_of(key),
            f"the key {text} is written twice",
            "remove or rename one of them",
            related=((span_of(first), "first here"),),
        )
        self.faults.append(diagnostic)

    def _merge(self, node: Node, found: dict[str, tuple[Node, Node]], merged: set[str], owner: Node) -> None:
        for each in node.value if is_list(node) else [node]:
            if not is_map(each) or each is owner:
                self.fault(codes.NOT_JSON_VALUE, each, "the merge key << takes a map or a list of maps")
                continue
            for key, pair in self.entries(each).items():
                if key not in found:
                    found[key] = pair
                    merged.add(key)

    def _bad_key(self, key: Node) -> None:
        written = self.source.text[key.start_mark.index : key.end_mark.index]
        hint = "put the reference in quotes: '{{ name }}'" if is_map(key) else "keys are text"
        self.fault(codes.NOT_JSON_VALUE, key, f"{written[:40]!r} cannot be the key of a map", hint)

    def _bad_tag(self, node: Node) -> None:
        tag = node.tag.replace(_TAG, "!!")
        self.fault(codes.NOT_JSON_VALUE, node, f"the tag {tag} has no meaning here", codes.NOT_JSON_VALUE.remedy)


def _too_large(name: str, size: int) -> Diagnostic:
    return codes.TOO_LARGE.nowhere(
        name, f"the template has {size:,} bytes; at most {limits.LARGEST_TEMPLATE:,} are read", codes.TOO_LARGE.remedy
    )


def not_utf8(name: str, text: bytes, error: UnicodeDecodeError) -> Diagnostic:
    """What is said of a text that is not UTF-8: the place of its first wrong byte, or that it is UTF-16."""
    if text[:2] in (b"\xff\xfe", b"\xfe\xff") or text[1:4:2] == b"\0\0" or text[0:3:2] == b"\0\0":
        return codes.NOT_UTF8.nowhere(name, "the text is UTF-16, not UTF-8", codes.NOT_UTF8.remedy)
    before = text[: error.start].decode("utf-8-sig", errors="replace")
    span = place(before, len(before))
    return codes.NOT_UTF8.at(name, span, f"byte {text[error.start]:#04x} is not UTF-8", codes.NOT_UTF8.remedy)


def _syntax(source: Source, error: yaml.YAMLError) -> Diagnostic:
    if isinstance(error, yaml.reader.ReaderError):
        span = place(source.text, error.position)
        found = source.text[error.position : error.position + 1]
        if found == "\0" and source.text[:4].count("\0") == 2:
            return codes.NOT_UTF8.nowhere(source.name, "the text is UTF-16, not UTF-8", codes.NOT_UTF8.remedy)
        return codes.SYNTAX.at(source.name, span, f"the character {found!r} is not allowed in a template")
    if not isinstance(error, yaml.MarkedYAMLError):
        return codes.SYNTAX.nowhere(source.name, f"this is neither YAML nor JSON: {error}")
    mark = error.problem_mark or error.context_mark
    span = NOWHERE if mark is None else Span(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
    problem = " ".join(part for part in (error.problem, error.context and f"({error.context})") if part)
    if "another document" in problem:
        message = "a second document begins here; a template is one document"
        return codes.SEVERAL_DOCUMENTS.at(source.name, span, message, codes.SEVERAL_DOCUMENTS.remedy)
    return codes.SYNTAX.at(
        source.name, span, f"this is neither YAML nor JSON: {problem}", _syntax_hint(source, span, problem)
    )


def _syntax_hint(source: Source, span: Span, problem: str) -> str:
    line = source.line(span.line)
    if line[span.column - 1 : span.column] == "\t" or line[: len(line) - len(line.lstrip())].count("\t"):
        return "indent with blanks, not with tabs"
    if (
        "{{" in line[max(0, span.column - 3) : span.column + 1]
        or re.search(r":\s+\{\{", line)
        or re.search(r":\s+%", line)
    ):
        return "put the text in quotes: '{{ name }}'"
    if "unexpected end of stream" in problem:
        return "a quote that is opened before is not closed"
    if "Unicode character escape" in problem:
        return "write the character itself"
    if "',' or '" in problem and source.text.lstrip()[:1] == "{":
        return "a comma is missing before this, or a bracket behind it"
    if "expected node content" in problem:
        return "a value is missing before this, or a bracket is not closed"
    if "alias" in problem or "anchor" in problem or "cannot start any token" in problem:
        return (
            f"put text that begins with {line[span.column - 1 : span.column].strip() or 'such a character'} in quotes"
        )
    if "mapping values" in problem or re.search(r"^[^'\"{\[]*:\s.*:\s", line):
        return "put text that holds a colon in quotes"
    return ""


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _join_surrogates(found: re.Match[str]) -> str:
    high, low = int(found[1], 16), int(found[2], 16)
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _refuse_depth(source: Source, text: str) -> None:
    """Count the levels with the event parser, which does not recurse."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > limits.DEPTH:
                span = NOWHERE if event.start_mark is None else place(text, event.start_mark.index)
                message = f"nested more than {limits.DEPTH} levels deep"
                raise Unreadable(codes.TOO_DEEP.at(source.name, span, message, codes.TOO_DEEP.remedy))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _refuse_endless(source: Source, root: Node) -> None:
    """Refuse aliases that contain themselves or would grow too large when written out."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def refuse(node: Node, message: str) -> Unreadable:
        return Unreadable(codes.ALIASES.at(source.name, span_of(node), message, codes.ALIASES.remedy))

    def size(node: Node) -> int:
        if node.__class__ is yaml.ScalarNode:
            return 1
        known = sizes.get(id(node))
        if known is not None:
            return known
        if id(node) in open_nodes:
            raise refuse(node, "this value contains itself through an alias")
        if len(open_nodes) > limits.DEPTH:
            message = f"nested more than {limits.DEPTH} levels deep"
            raise Unreadable(codes.TOO_DEEP.at(source.name, span_of(node), message, codes.TOO_DEEP.remedy))
        open_nodes.add(id(node))
        children = node.value if is_list(node) else [each for pair in node.value for each in pair]
        total = 1 + sum(size(child) for child in children)
        open_nodes.discard(id(node))
        if total > limits.NODES:
            raise refuse(node, f"aliases written out give more than {limits.NODES:,} nodes")
        sizes[id(node)] = total
        return total

    size(root)
