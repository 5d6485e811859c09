"""Documents: what scalars mean, YAML and JSON alike, and bad input of every kind: one clear fault, quickly."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from oos.diagnostics import DiagnosticError
from oos.source import Source
from oos.template.check import examine
from oos.template.document import Reader, Unreadable, compose, decode
from oos.template.parse import parse
from tests.template.catalog import CATALOG

SCALARS = yaml.load((Path(__file__).parent / "scalars.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
HEAD = "FormatVersion: OOS-2019-06-01\n"


def read(text: str) -> Any:
    source = decode(text, "t")
    reader = Reader(source)
    value = reader.value(compose(source))
    assert not reader.faults, reader.faults
    return value


@pytest.mark.parametrize(("written", "wanted"), SCALARS.items())
def test_a_plain_scalar_means_what_yaml_and_json_say(written: str, wanted: str) -> None:
    value = read(f"- {written}")[0]
    assert json.dumps(value, ensure_ascii=False) == wanted
    assert type(value) is type(json.loads(wanted))


def test_quoted_scalars_and_blocks_are_text() -> None:
    assert read("['1', \"true\", 'null', '']") == ["1", "true", "null", ""]
    assert read("|\n  a\n  b\n") == "a\nb\n"
    assert read(">-\n  a\n  b\n") == "a b"


def test_keys_are_text_as_they_are_written() -> None:
    assert read("{1: a, true: b, null: c, 1.0: d, yes: e}") == {
        "1": "a",
        "true": "b",
        "null": "c",
        "1.0": "d",
        "yes": "e",
    }


def test_aliases_and_merge_keys_are_written_out() -> None:
    assert read("a: &x {k: 1}\nb: {<<: *x, l: 2}\nc: [*x]") == {"a": {"k": 1}, "b": {"k": 1, "l": 2}, "c": [{"k": 1}]}
    assert read("a: &x {k: 1}\nb: {k: 2, <<: *x}") == {"a": {"k": 1}, "b": {"k": 2}}
    assert read("a: &x {k: 1}\nb: {<<: *x, k: 2}") == {"a": {"k": 1}, "b": {"k": 2}}


def test_explicit_tags_of_json_types_are_known() -> None:
    assert read('[!!str 1, !!int "3", !!float "2", !!bool "true", !!null ""]') == ["1", 3, 2, True, None]


def test_json_reads_as_json_does() -> None:
    value = {"a": [1, -2.5, 1e3, True, None, '😀 é / \t \\ " \u0001'], "b": {"": {}, "{{": "}}"}, "c\n": []}
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False), json.dumps(value, indent="\t")):
        assert read(text) == value


def nested(depth: int) -> str:
    return HEAD + "Metadata: " + "[" * depth + "]" * depth + "\nTasks: [{Name: a, Action: ACS::Pause}]"


def laughs() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    return HEAD + "Metadata:\n  " + "\n  ".join(lines) + "\nTasks: [{Name: a, Action: ACS::Pause}]"


BAD: dict[str, tuple[str | bytes, str]] = {
    "rubbish": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "OOS001"),
    "not UTF-8": ("FormatVersion: é".encode("latin-1"), "OOS001"),
    "UTF-16 with a mark": ((HEAD + "Tasks: []").encode("utf-16"), "OOS001"),
    "UTF-16 without a mark": ((HEAD + "Tasks: []").encode("utf-16-le"), "OOS001"),
    "UTF-16 the other way": ((HEAD + "Tasks: []").encode("utf-16-be"), "OOS001"),
    "half a character": (HEAD + "Description: '\ud800'", "OOS001"),
    "control characters": (HEAD + "Description: \x07", "OOS002"),
    "10 MB": (b"a: b\n" * 2_000_000, "OOS003"),
    "10 MB of text": ("a: b\n" * 2_000_000, "OOS003"),
    "a quarter megabyte of braces": ("{" * 250_000, "OOS004"),
    "a quarter megabyte of items": ("[" + "a," * 125_000 + "]", "OOS100"),
    "1,000 levels": (nested(1000), "OOS004"),
    "101 levels": (nested(105), "OOS004"),
    "30,000 levels of dashes": (HEAD + "Metadata: \n  " + "- " * 30_000, "OOS004"),
    "30,000 question marks": (HEAD + "Metadata: \n  " + "? " * 30_000, "OOS004"),
    "aliases that explode": (laughs(), "OOS006"),
    "an alias in itself": (HEAD + "Metadata: &a {b: *a}", "OOS006"),
    "an alias of nothing": (HEAD + "Metadata: *a", "OOS002"),
    "a list": ("- a\n- b\n", "OOS100"),
    "a number that is too long": (
        HEAD + "Metadata: " + "9" * 5000 + "\nTasks: [{Name: a, Action: ACS::Pause}]",
        "OOS007",
    ),
    "a number that is too large": (HEAD + "Metadata: 1e999\nTasks: [{Name: a, Action: ACS::Pause}]", "OOS007"),
    "a directive": ("%YAML 3.0\n---\na: b", "OOS002"),
    "a quote that is not closed": (HEAD + "Description: 'x", "OOS002"),
    "too many tasks": (
        HEAD + "Tasks:\n" + "".join(f"- {{Name: t{n}, Action: ACS::Pause}}\n" for n in range(1001)),
        "OOS107",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gives_one_clear_fault(name: str) -> None:
    text, code = BAD[name]
    with pytest.raises(DiagnosticError) as caught:
        parse(text, "t.yml")
    faults = caught.value.diagnostics
    assert faults[0].code == code, faults
    assert len(faults) == 1 or {fault.code for fault in faults} == {code}
    assert len(str(faults[0])) < 500


def test_bad_input_needs_little_memory() -> None:
    program = """
import resource, sys
from oos.template.document import compose, decode
from oos.template.parse import parse
from tests.template.catalog import CATALOG
from oos.diagnostics import DiagnosticError
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
deep, long, wide = "{" * 250_000, "a: b\\n" * 2_000_000, "[" + "a," * 125_000 + "]"
for text in (deep, "FormatVersion: x\\nMetadata: " + deep[:200_000], long, wide):
    try:
        parse(text, "t")
    except DiagnosticError:
        pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(result.stdout) < 100
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0


def test_a_template_above_the_limit_of_the_cloud_is_a_warning() -> None:
    text = HEAD + f"Description: {'x' * 70_000}\nTasks: [{{Name: a, Action: ACS::Pause}}]"
    assert [each.code for each in parse(text, "t").diagnostics] == ["OOS003"]


def test_a_byte_order_mark_is_left_out() -> None:
    text = HEAD + "Tasks: [{Name: a, Action: ACS::Pause}]"
    assert parse(b"\xef\xbb\xbf" + text.encode(), "t") == parse("\ufeff" + text, "t") == parse(text, "t")


def test_unreadable_text_says_why() -> None:
    with pytest.raises(Unreadable, match="OOS002"):
        compose(Source("t", "a: 'b"))


def test_reading_imports_nothing_heavy() -> None:
    program = "import sys, oos.template.check, oos.template.schema; print(*sorted(sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(result.stdout.split())
    heavy = {
        "jq",
        "jinja2",
        "libvirt",
        "sqlalchemy",
        "cryptography",
        "rich",
        "subprocess",
        "ipaddress",
        "oos.fleet.fleet",
    }
    assert not loaded & heavy


def many_faults() -> dict[str, str]:
    """Texts with as many faults of one kind as fit into a template."""
    pause = "- {Name: t%d, Action: ACS::Pause, OnError: nowhere%d}\n"
    call = "- {Name: t%d, Action: ACS::ExecuteAPI, Properties: {Service: ECS, API: Descrbe%d, Parameters: {}}}\n"
    wrong = "- {Name: t%d, Action: ACS::ECS::Strt%d, Properties: {a: '{{ b }}'}, Colour: 1}\n"
    one = "- {Name: a, Action: ACS::Notify, Properties: {WebHook: {a: %s}}}\n"
    return {
        "jumps": "Tasks:\n" + "".join(pause % (n, n) for n in range(1000)),
        "operations": "Tasks:\n" + "".join(call % (n, n) for n in range(1000)),
        "actions": "Tasks:\n" + "".join(wrong % (n, n) for n in range(1000)),
        "references": "Tasks:\n" + one % ("'" + "{{x}}" * 40_000 + "'"),
        "references in lines": "Tasks:\n" + one % ('"' + "{{x}}\\n" * 30_000 + '"'),
        "no references": "Tasks:\n" + one % ("'" + "{{ " + "{" * 60_000 + "}" * 120_000 + "'"),
        "the same key": "Metadata: {" + "a: 1, " * 40_000 + "}\nTasks: [{Name: a, Action: ACS::Pause}]\n",
        "different keys": "".join(f"k{n}: 1\n" for n in range(20_000)),
        "functions": "Tasks:\n" + one % ("[" + "{Fn::Jn: 1}," * 15_000 + "]"),
        "unknown parameters": "Tasks:\n"
        + "- {Name: a, Action: ACS::ExecuteAPI, Properties: {Service: ECS, API: DescribeInstances, Parameters: {"
        + "".join(f"Instancename{n}: 1, " for n in range(9_000))
        + "}}}\n",
    }


@pytest.mark.parametrize("kind", many_faults())
def test_thousands_of_faults_take_seconds_not_minutes(kind: str) -> None:
    text = HEAD + many_faults()[kind]
    before = time.process_time()
    found = examine(text, "t", CATALOG).diagnostics
    assert found
    assert time.process_time() - before < 5
