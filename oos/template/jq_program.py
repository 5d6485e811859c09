"""jq programs: what they are made of, which may run, and how they run."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from oos.values.json import Value

LONGEST_PROGRAM: Final = 5_000
"""Characters in one program."""

FORBIDDEN: Final = frozenset(
    {
        "$ENV", "$__prog_args", "env", "input", "inputs", "input_filename", "input_line_number", "import", "include",
        "modulemeta", "get_search_list", "halt", "halt_error", "debug", "stderr",
    }
)  # fmt: skip
"""What looks outside the value, or ends the process."""

BUILTINS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        abs add all and any arrays ascii ascii_downcase ascii_upcase booleans builtins catch ceil combinations
        contains debug def del delpaths elif else empty end endswith env error explode fabs false finites first
        flatten floor foreach from_entries fromdate fromjson fromstream getpath group_by gsub halt halt_error has if
        implode in index indices infinite input input_line_number inputs inside isempty isnan isnormal isvalid
        iterables join keys keys_unsorted label last length limit log ltrim ltrimstr map map_values match max max_by
        min min_by nan not now nth null nulls numbers objects or path paths pick pow range recurse reduce repeat
        reverse rindex round rtrim rtrimstr scalars scan select sort sort_by split splits sqrt startswith strings
        sub test then to_entries toarray todate tojson tonumber tostream tostring transpose trim true truncate try
        type unique unique_by until utf8bytelength values walk while with_entries
        """,
    )
)
"""Words that mean something to jq at the start of a program, so that they are no field with its dot left out."""

_WORD: Final = re.compile(r"(?<![.\w$])\$?[A-Za-z_]\w*+(?!\s*:(?!:))|(?<![.\w])\$[A-Za-z_]\w*", re.ASCII)
"""Names and words outside strings; not fields, and not the keys of objects."""

LIGHT: Final = frozenset(
    re.findall(
        r"\w+",
        """
        add all and any arrays ascii_downcase ascii_upcase booleans ceil contains elif else empty end endswith false
        first flatten floor from_entries fromjson group_by has if index join keys keys_unsorted last length ltrimstr
        map map_values max max_by min min_by not null numbers objects or reverse round rtrimstr scalars select sort
        sort_by split startswith strings then to_entries tojson tonumber tostring true type unique unique_by values
        with_entries
        """,
    )
)
"""Words of programs whose cost is a small multiple of their input: no recursion, no patterns, no variables."""

_GROWING: Final = re.compile(r"[,+]|tojson|tostring|@|\\\(")
"""What can at most double the size of a value or the number of results."""
_MOST_GROWING: Final = 8
_HEAVY: Final = re.compile(r"\.\.|[;$*]|[^=!<>]=(?!=)|\b(?:join|contains|split)\s*\(\s*(?!\")|@(?!base64)")
"""Recursive descent, second arguments, variables, text times number, updates, and arguments that are computed."""
_LEADING_PATH: Final = re.compile(r"[\w.\[\]?\s]*")


class Program:
    """A compiled jq program."""

    __slots__ = ("_compiled", "_light", "text")

    def __init__(self, text: str) -> None:
        """Raises ValueError with jq's own words."""
        import jq  # here, because most templates never need it

        if len(text) > LONGEST_PROGRAM:
            raise ValueError(f"the program has {len(text):,} characters; at most {LONGEST_PROGRAM:,} are read")
        if "\0" in text:
            raise ValueError("the program holds a null character")
        text.encode()
        self.text = text
        self._compiled: Any = jq.compile(text)
        self._light = is_light(text)

    def run(self, value: Value, *, only_first: bool) -> list[Value]:
        """All results, or at most the first. Raises ValueError with jq's own words, or Stopped."""
        data = msgspec.json.encode(value)
        if not self._light:
            from oos.template import bounded  # here, because most programs never need it

            return bounded.run_jq(self.text, data, only_first=only_first)
        ready = self._compiled.input_text(data.decode())
        if not only_first:
            return list(ready)
        for result in ready:
            return [result]
        return []


def forbidden_names(program: str) -> list[str]:
    """Names in a program that a selector may not use, in order."""
    found = {match[0] for match in _WORD.finditer(code_of(program))}
    return sorted(found & FORBIDDEN)


def is_light(program: str) -> bool:
    """Whether the program can run here: what it costs is bounded by what it is given.

    A product of two lists, a text that doubles at each step, or a loop could take for ever; whatever may hold one
    runs in a helper process with a deadline. Plain selects, maps and comparisons do not pay for that.
    """
    code = code_of(program)
    if _HEAVY.search(code):
        return False
    leading = _LEADING_PATH.match(code)
    rest = code[leading.end() :] if leading else code
    if rest.count("[]") > 1:
        return False
    growing = len(_GROWING.findall(code)) + program.count("\\(")
    return growing <= _MOST_GROWING and frozenset(map(str.strip, _WORD.findall(code))) <= LIGHT


def code_of(program: str) -> str:
    """The program without its comments and without the text in its strings; interpolated code stays."""
    code: list[str] = []
    depths: list[int] = []  # for each string that an interpolation interrupted: parentheses open in it
    in_string = False
    position = 0
    while position < len(program):
        character = program[position]
        if in_string:
            if character == "\\" and program[position + 1 : position + 2] == "(":
                depths.append(0)
                in_string = False
                code.append(" (")
                position += 1
            elif character == "\\":
                position += 1
            elif character == '"':
                in_string = False
                code.append('"')
        elif character == '"':
            in_string = True
            code.append('"')
        elif character == "#":
            end = program.find("\n", position)
            position = len(program) if end < 0 else end
        elif character == ")" and depths and depths[-1] == 0:
            depths.pop()
            in_string = True
            code.append(") ")
        else:
            if depths:
                depths[-1] += (character == "(") - (character == ")")
            code.append(character)
        position += 1
    return "".join(code)
