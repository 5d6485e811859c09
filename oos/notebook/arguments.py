"""Arguments of a notebook: the cell tagged `parameters`, as papermill wants it, and what its Python names stand for."""

from __future__ import annotations

import keyword
import pprint
import re
from collections.abc import Iterable, Mapping
from typing import Final

from oos.template.model import Parameter
from oos.values.json import Value

TAG: Final = "parameters"
"""papermill's convention: its values are put into a cell below the one with this tag."""
INJECTED_TAG: Final = "injected-parameters"
_LONGEST: Final = 88


def python_names(names: Iterable[str]) -> dict[str, str]:
    """By parameter: the Python name that holds its value. `max-errors` becomes max_errors, `class` becomes class_."""
    made: dict[str, str] = {}
    for name in names:
        python = re.sub(r"\W", "_", name)
        if not python or python[0].isdigit():
            python = f"_{python}"
        if keyword.iskeyword(python) or python in ("oos", "fleet"):
            python += "_"
        while python in made.values():
            python += "_"
        made[name] = python
    return made


def arguments_source(parameters: Mapping[str, Parameter]) -> str:
    """Python that gives each parameter its default; None stands for *not given*."""
    lines = ["# The arguments of a run. None: as the runbook itself says."]
    for name, python in python_names(parameters).items():
        lines += _assignment(python, parameters[name])
    return "\n".join(lines)


def _assignment(python: str, parameter: Parameter) -> list[str]:
    remark = _remark(parameter)
    if parameter.default is None or not parameter.default.is_literal or parameter.no_echo:
        return [_remarked(f"{python} = None", remark)]
    value = parameter.default.raw
    written = pprint.pformat(value, width=_LONGEST, sort_dicts=False)
    if "\n" not in written:
        return [_remarked(f"{python} = {written}", remark)]
    return [*([f"# {python}: {remark}"] if remark else []), *f"{python} = {written}".split("\n")]


def _remarked(code: str, remark: str) -> str:
    if not remark:
        return code
    return f"{code}  # {remark}" if len(code) + len(remark) <= _LONGEST else f"# {remark}\n{code}"


def _remark(parameter: Parameter) -> str:
    """What a person should know of a parameter, in a line."""
    words = []
    if parameter.no_echo:
        words.append("secret: leave it None in files, give it to the run")
    elif parameter.default is None:
        words.append(f"required {parameter.type}")
    elif not parameter.default.is_literal:
        words.append(f"{parameter.type}, by default {_one_line(parameter.default.raw)}")
    words.append(plain_text(parameter.description))
    return "; ".join(filter(None, words))


def plain_text(value: Value) -> str:
    """A description in one line: itself, or its English, or its first language."""
    if isinstance(value, dict):
        texts = [value[key] for key in ("en", "name-en") if isinstance(value.get(key), str)]
        value = texts[0] if texts else next((each for each in value.values() if isinstance(each, str)), "")
    return _one_line(value) if isinstance(value, str) else ""


def _one_line(value: Value) -> str:
    return " ".join(str(value).split())
