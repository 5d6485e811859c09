"""The text of commands: decoded, with `{{name}}` replaced. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Final

from oos.service.errors import InvalidParameter, Unsupported
from oos.values.json import Value, to_text
from oos.values.secret import Secret, reveal
from oos_command.requests import LONGEST_CONTENT

_NAME: Final = re.compile(r"\{\{\s*([A-Za-z0-9_:-]+)\s*\}\}")

_SCRIPT_FILE: Final = re.compile(
    r"""\{\{\s*ACS::ScriptFileName\s*(?:\|\s*Ext\(\s*["'](\.[A-Za-z0-9_]{1,16})["']\s*\)\s*)?\}\}""", re.IGNORECASE
)

_INTERPRETERS: Final = {"RunShellScript": "", "RunPythonScript": "python3", "RunPerlScript": "perl"}


def interpreter_of(type: str) -> str:
    """The program that reads a command of this type. Raises Unsupported for those of Windows."""
    if type not in _INTERPRETERS:
        raise Unsupported(f"Commands of the type {type} need a Windows guest, which is not served yet.")
    return _INTERPRETERS[type]


def launched(text: str, launcher: str) -> str:
    """The command, run by a program of its own: `python3 -u {{ACS::ScriptFileName|Ext(".py")}}`.

    A shell writes it down under the name that is asked for, and starts the program; where it names no
    `ACS::ScriptFileName`, the name of the script comes last. Raises InvalidParameter.
    """
    if not launcher:
        return text
    if "\n" in launcher or "\0" in launcher:
        raise InvalidParameter("Launcher", "The Launcher is one line.")
    extensions = {found.group(1) or "" for found in _SCRIPT_FILE.finditer(launcher)}
    if len(extensions) > 1:
        raise InvalidParameter("Launcher", "The Launcher names the script with several extensions.")
    line = _SCRIPT_FILE.sub(lambda _: '"$oos_script"', launcher)
    if not extensions:
        line = f'{launcher} "$oos_script"'
    end = "OOS-" + hashlib.sha256(text.encode()).hexdigest()[:24]
    newline = "" if text.endswith("\n") else "\n"
    return (
        "oos_folder=$(mktemp -d) || exit 126\n"
        "trap 'rm -rf \"$oos_folder\"' EXIT\n"
        f"oos_script=$oos_folder/script{extensions.pop() if extensions else ''}\n"
        f"cat >\"$oos_script\" <<'{end}' || exit 126\n{text}{newline}{end}\n"
        'chmod 500 "$oos_script"\n'
        f"{line}\n"
    )


def decoded(content: str | Secret, encoding: str) -> str:
    """The text of a command. Raises InvalidParameter; the content is never repeated."""
    text: str = content.reveal() if isinstance(content, Secret) else content
    if encoding.casefold() != "base64":
        return text
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        raise InvalidParameter("CommandContent", "The CommandContent is not Base64 of a text in UTF-8.") from None


def names_in(text: str) -> tuple[str, ...]:
    """The parameters that a command has, the built-in ones left out."""
    found = dict.fromkeys(each.group(1) for each in _NAME.finditer(text))
    return tuple(each for each in found if not each.casefold().startswith("acs::"))


def filled(text: str, parameters: Mapping[str, Value], built_in: Mapping[str, str]) -> str:
    """The command with every `{{name}}` replaced, names without regard to case. Raises InvalidParameter."""
    values = {name.casefold(): value for name, value in parameters.items()}
    values.update({name.casefold(): value for name, value in built_in.items()})

    def value_of(found: re.Match[str]) -> str:
        name = found.group(1).casefold()
        if name not in values:
            raise InvalidParameter(
                "Parameters", f"The command has a parameter {{{{{found.group(1)}}}}} without a value."
            )
        return to_text(reveal(values[name]))

    whole = _NAME.sub(value_of, text)
    if len(whole) > LONGEST_CONTENT:
        raise InvalidParameter("CommandContent", f"The command is longer than {LONGEST_CONTENT} characters.")
    return whole
