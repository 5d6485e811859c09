"""Functions on text: Base64, join, split, replace, substitute, escape."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Final

from oos.template import limits
from oos.template.functions.function import (
    Argument,
    Function,
    FunctionError,
    as_list,
    as_map,
    as_text,
    bounded,
    described,
    printed,
)
from oos.values.json import Value

_VARIABLE: Final = re.compile(r"\$\{(!?)([^{}]*)\}")
_POWERSHELL: Final = {
    "`": "``",
    '"': '`"',
    "$": "`$",
    "\0": "`0",
    "\n": "`n",
    "\r": "`r",
    "\t": "`t",
}


def base64_encode(value: Value) -> str:
    """Base64 of the UTF-8 bytes of a text."""
    text = as_text(value, "the text")
    try:
        return bounded(base64.b64encode(text.encode()).decode())
    except UnicodeEncodeError:
        raise FunctionError("the text holds half a character (a lone surrogate)") from None


def base64_decode(value: Value) -> str:
    """The text behind Base64; bytes that are not UTF-8 become U+FFFD. Blanks and missing padding are tolerated."""
    compact = "".join(as_text(value, "the text").split())
    padded = compact + "=" * (-len(compact) % 4)
    try:
        return base64.b64decode(padded, validate=True).decode("utf-8", errors="replace")
    except (binascii.Error, ValueError):
        raise FunctionError(f"not Base64: {described(value)}") from None


def join(separator: Value, items: Value) -> str:
    """The items, printed, with the separator between them."""
    between = as_text(separator, "the separator")
    texts = [printed(item, "an item") for item in as_list(items, "the list")]
    if sum(map(len, texts)) + len(between) * len(texts) > limits.TEXT_LENGTH:
        raise FunctionError(f"the result has more than {limits.TEXT_LENGTH:,} characters")
    return between.join(texts)


def split(separator: Value, value: Value) -> list[Value]:
    """The parts of a text between separators; blanks stay."""
    between = as_text(separator, "the separator")
    if not between:
        raise FunctionError("the separator is empty")
    parts: list[Value] = [*as_text(value, "the text").split(between)]
    if len(parts) > limits.RESULT_ITEMS:
        raise FunctionError(f"the result has more than {limits.RESULT_ITEMS:,} items")
    return parts


def replace(pairs: Value, value: Value) -> str:
    """The text with every occurrence of each key replaced by its value, one pair after the other."""
    text = as_text(value, "the text")
    for old, new in as_map(pairs, "the replacements").items():
        if old:
            by = printed(new, "a replacement")
            if len(text) + text.count(old) * (len(by) - len(old)) > limits.TEXT_LENGTH:
                raise FunctionError(f"the result has more than {limits.TEXT_LENGTH:,} characters")
            text = text.replace(old, by)
    return text


def sub(template: Value, variables: Value = None) -> str:
    """The text with `${name}` replaced by the variable; unknown names stay, `${!name}` gives `${name}`."""
    known = as_map(variables, "the variables")
    size = 0

    def replacement(found: re.Match[str]) -> str:
        nonlocal size
        if found[1]:
            return f"${{{found[2]}}}"
        name = found[2].strip()
        by = printed(known[name], f"the variable {name}") if name in known else found[0]
        size += len(by)
        if size > limits.TEXT_LENGTH:
            raise FunctionError(f"the result has more than {limits.TEXT_LENGTH:,} characters")
        return by

    return bounded(_VARIABLE.sub(replacement, as_text(template, "the text")))


def escape(value: Value, kind: Value) -> str:
    """The text escaped to survive inside a double-quoted PowerShell string, a shell word, or a JSON string.

    Only `powershell` is known from use, its mapping is not published (spec 10, 29): ours writes a backtick before
    backtick, double quote and dollar, and backtick codes for control characters.
    """
    text = as_text(value, "the text")
    match as_text(kind, "the kind").casefold():
        case "powershell":
            return bounded("".join(_POWERSHELL.get(character, character) for character in text))
        case "bash" | "shell" | "sh":
            quoted = text.replace("'", "'\"'\"'")
            return bounded(f"'{quoted}'")
        case "json":
            return bounded(json.dumps(text, ensure_ascii=False)[1:-1])
        case other:
            raise FunctionError(f"unknown kind {other!r}; known are powershell, bash and json")


def contains_substring(value: Value, part: Value) -> bool:
    """Whether the part occurs in the text."""
    return as_text(part, "the part") in as_text(value, "the text")


_TEXT: Final = ("String",)

FUNCTIONS: Final = (
    Function(
        "Fn::Base64Encode",
        "Base64 of a text",
        (Argument("text", ("String", "Number", "Boolean")),),
        "String",
        base64_encode,
        ("hello", "aGVsbG8="),
        whole=True,
        unwraps=True,
    ),
    Function(
        "Fn::Base64Decode",
        "the text behind Base64",
        (Argument("text", _TEXT),),
        "String",
        base64_decode,
        ("aGVsbG8=", "hello"),
        whole=True,
        unwraps=True,
    ),
    Function(
        "Fn::Join",
        "the items of a list as one text",
        (Argument("separator", _TEXT), Argument("list", ("List",))),
        "String",
        join,
        ([",", ["a", "b"]], "a,b"),
    ),
    Function(
        "Fn::Split",
        "the parts of a text as a list",
        (Argument("separator", _TEXT), Argument("text", ("String", "Number", "Boolean"))),
        "List",
        split,
        ([",", "a,b"], ["a", "b"]),
    ),
    Function(
        "Fn::Replace",
        "a text with texts in it replaced, literally and everywhere",
        (Argument("replacements", ("Json",)), Argument("text", ("String", "Number", "Boolean"))),
        "String",
        replace,
        ([{".": "_"}, "a.b.c"], "a_b_c"),
        substitutes_keys=True,
    ),
    Function(
        "Fn::Sub",
        "a text with ${variables} filled in",
        (Argument("text", _TEXT), Argument("variables", ("Json",))),
        "String",
        sub,
        (["a-${x}", {"x": 1}], "a-1"),
        optional=1,
    ),
    Function(
        "Fn::Escape",
        "a text escaped for a PowerShell string, a shell word (bash) or a JSON string (json)",
        (Argument("text"), Argument("kind", _TEXT)),
        "String",
        escape,
        (['a"b', "powershell"], 'a`"b'),
    ),
    Function(
        "Fn::ContainsSubString",
        "whether a text contains another",
        (Argument("text", ("String", "Number", "Boolean")), Argument("part", ("String", "Number", "Boolean"))),
        "Boolean",
        contains_substring,
        (["a/b", "/"], True),
    ),
)
