"""Documentation of the language: the pages of diagnostics and functions say what the tables say.

`python -m tests.template.test_documentation` writes the generated parts anew.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from oos.template import codes
from oos.template.actions import BUILTIN_ACTIONS
from oos.template.check import examine
from oos.template.functions.table import FUNCTIONS
from tests.template.catalog import CATALOG

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "oos" / "docs"
ROOMS = {
    "0": "Syntax",
    "1": "Structure",
    "2": "Names",
    "3": "Types",
    "4": "Flow",
    "5": "Safety",
    "6": "Arguments",
}


def diagnostics_page() -> str:
    """The page of all codes, each with its meaning, its remedy and a sample."""
    lines = [
        "# Diagnostics",
        "",
        "What `oos template validate` and `oos run` can have against a template or its arguments. Each",
        "fault is printed with file, line and column, its code, and where possible the nearest name that is known.",
        "*Errors* stop, *warnings* tell (and stop with `--strict`), *hints* suggest. Codes from OOS900 on belong to",
        "settings, inventories and the command line; their messages say what to do.",
        "",
        "This page is written from the table in `oos/template/codes.py`.",
    ]
    samples = _samples()
    for room, title in ROOMS.items():
        lines += ["", f"## {title}"]
        for code in (each for each in codes.ALL if each.code[3] == room):
            lines += ["", f"### {code.code} {code.title}", "", f"*{code.severity.title()}.* {code.meaning}", ""]
            lines += [f"**What to do:** {code.remedy}"]
            if code.code in samples:
                lines += ["", "```text", samples[code.code], "```"]
    return "\n".join(lines) + "\n"


def _samples() -> dict[str, str]:
    """The first diagnostic of each code in the table of faults."""
    samples: dict[str, str] = {}
    for case in yaml.safe_load((HERE / "faults.yml").read_text(encoding="utf-8")):
        for diagnostic in examine(case["text"], "template.yml", CATALOG).diagnostics:
            samples.setdefault(diagnostic.code, str(diagnostic))
    return samples


def functions_table() -> str:
    """The table of all functions."""
    lines = ["| function | arguments | gives | what it is | sample |", "|---|---|---|---|---|"]
    for function in sorted(FUNCTIONS, key=lambda each: each.name):
        argument, result = (json.dumps(each, ensure_ascii=False) for each in function.sample)
        shown = "the moment, inside the window" if function.needs_time else f"`{result}`"
        sample = f"`{argument}` → {shown}".replace("|", "\\|")
        summary = f"{function.summary[:1].upper()}{function.summary[1:]}"
        lines.append(f"| `{function.name}` | `{function.usage}` | {function.result} | {summary} | {sample} |")
    return "\n".join(lines)


def actions_table() -> str:
    """The table of built-in actions."""
    lines = ["| action | kind | what for | properties (`*` required) |", "|---|---|---|---|"]
    for action in BUILTIN_ACTIONS:
        properties = ", ".join(f"`{each.name}`{'*' if each.required else ''}" for each in action.properties)
        lines.append(f"| `{action.name}` | `{action.kind}` | {action.purpose} | {properties or '–'} |")
    return "\n".join(lines)


def language_page(page: str) -> str:
    """The page of the language with its tables written anew."""
    for name, table in (("functions", functions_table()), ("actions", actions_table())):
        begin, end = f"<!-- {name}: written from the table -->", f"<!-- end of {name} -->"
        before, rest = page.split(begin)
        page = f"{before}{begin}\n{table}\n{end}{rest.split(end)[1]}"
    return page


def test_the_page_of_diagnostics_says_what_the_table_says() -> None:
    assert (DOCS / "diagnostics.md").read_text(encoding="utf-8") == diagnostics_page()


def test_the_page_of_the_language_lists_every_function_and_action() -> None:
    page = (DOCS / "language.md").read_text(encoding="utf-8")
    assert functions_table() in page
    assert actions_table() in page
    assert page == language_page(page)


def test_codes_are_numbered_by_room_and_say_what_to_do() -> None:
    numbers = [each.code for each in codes.ALL]
    assert numbers == sorted(set(numbers))
    for code in codes.ALL:
        assert re.fullmatch(r"OOS[0-6]\d\d", code.code)
        assert code.title[0].islower() or code.title.startswith("AllowedPattern")
        assert code.meaning.endswith(".")
        assert code.remedy.endswith((".", "]."))


def test_the_samples_of_the_page_of_the_language_are_valid() -> None:
    page = (DOCS / "language.md").read_text(encoding="utf-8")
    samples: list[str] = re.findall(r"```yaml\n(FormatVersion.*?)```", page, flags=re.DOTALL)
    assert samples
    for sample in samples:
        found: list[Any] = [each for each in examine(sample, "sample", CATALOG).diagnostics if each.severity == "error"]
        assert not found


if __name__ == "__main__":
    (DOCS / "diagnostics.md").write_text(diagnostics_page(), encoding="utf-8")
    language = DOCS / "language.md"
    language.write_text(language_page(language.read_text(encoding="utf-8")), encoding="utf-8")
