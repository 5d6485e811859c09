"""Selectors: plain paths equal jq, dots may be left out, lists collect, and costly programs are stopped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jq
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oos.template import bounded
from oos.template.jq_program import code_of, forbidden_names, is_light
from oos.template.limits import Stopped
from oos.template.selector import (
    SelectorError,
    compile_selector,
    plain_steps,
    select_output,
    with_leading_dot,
)
from oos.values.json import equals
from oos.values.secret import Secret

CASES = yaml.safe_load((Path(__file__).parent / "selectors.yml").read_text(encoding="utf-8"))
NAMES = st.sampled_from(["a", "b", "Abc", "x_1"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)


@st.composite
def paths(draw: st.DrawFn) -> str:
    """Plain paths, in all their spellings."""
    steps: list[Any] = draw(st.lists(st.one_of(NAMES, st.just([]), st.integers(-3, 3)), max_size=5))
    text = ""
    for step in steps:
        if isinstance(step, str):
            text += draw(st.sampled_from([f".{step}", f'["{step}"]', f'."{step}"'])) if text else f".{step}"
        else:
            text += f"{'' if text else '.'}[{'' if step == [] else step}]"
        text += draw(st.sampled_from(["", "", "?"]))
    return text or "."


def by_jq(program: str, value: Any) -> list[Any] | None:
    """What jq gives; None when it stops with an error."""
    try:
        return list(jq.compile(program).input_value(value).all())
    except ValueError:
        return None


@settings(max_examples=400, deadline=None)
@given(paths(), VALUES)
@example(".[]", {"b": 1, "a": 2})
@example(".a?", 5)
def test_a_plain_path_gives_what_jq_gives(path: str, value: Any) -> None:
    assert plain_steps(path) is not None
    wanted = by_jq(path, value)
    try:
        found = compile_selector(path).all(value)
    except SelectorError:
        assert wanted is None
    else:
        assert wanted is not None
        assert equals(found, wanted)


@settings(max_examples=200, deadline=None)
@given(paths(), VALUES)
def test_the_first_result_of_a_path_is_the_first_of_jq(path: str, value: Any) -> None:
    program = jq.compile(path).input_value(value)
    try:
        wanted = next(iter(program), None)
    except ValueError:
        with pytest.raises(SelectorError):
            compile_selector(path).first(value)
    else:
        assert equals(compile_selector(path).first(value), wanted)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['selector']} {case.get('type', '')}")
def test_a_selector_takes_what_it_says(case: dict[str, Any]) -> None:
    selector = compile_selector(case["selector"])
    assert (selector.steps is not None) is case.get("plain", False)
    if "fault" in case:
        with pytest.raises(SelectorError, match=case["fault"]):
            select_output(case.get("type", "List"), selector, case["value"])
    else:
        assert equals(select_output(case.get("type", "List"), selector, case["value"]), case["result"])


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("Instances.Instance[].InstanceId", ".Instances.Instance[].InstanceId"),
        ("Images.Image|length|tostring", ".Images.Image|length|tostring"),
        ("invocationOutput", ".invocationOutput"),
        ("Code == null", ".Code == null"),
        ("ids[]", ".ids[]"),
        ("keys[0]", "keys[0]"),
        ("length", "length"),
        ("length | tostring", "length | tostring"),
        ("map(.a)", "map(.a)"),
        ("select(.a)", "select(.a)"),
        ("if .a then 1 else 2 end", "if .a then 1 else 2 end"),
        ("not", "not"),
        ("[.a]", "[.a]"),
        ("{a: .b}", "{a: .b}"),
        ('"x"', '"x"'),
        ("", "."),
        ("length.x", ".length.x"),
    ],
)
def test_the_leading_dot_may_be_left_out(written: str, wanted: str) -> None:
    assert with_leading_dot(written) == wanted


@pytest.mark.parametrize(
    "program", ["a[", ".a | [", "$x", "def f:", '"', "\0", "." + "+." * 5000, "1 2", 'include "a"; .']
)
def test_what_is_no_program_is_a_selector_error(program: str) -> None:
    with pytest.raises(SelectorError):
        compile_selector(program)


@pytest.mark.parametrize(
    "program",
    ["env", "$ENV.PATH", "input", "[inputs]", ". | input_filename", "debug", '"\\(env)"', "halt"],
)
def test_a_selector_sees_nothing_but_its_value(program: str) -> None:
    with pytest.raises(SelectorError) as caught:
        compile_selector(program)
    assert caught.value.forbidden


@pytest.mark.parametrize("program", [".env", '.["env"]', '"env $ENV"', "{env: .a}", ".a # env", "{input: 1, debug: 2}"])
def test_names_that_only_look_forbidden_are_fields_and_text(program: str) -> None:
    assert forbidden_names(program) == []
    compile_selector(program)


def test_code_is_what_stands_outside_strings_and_comments() -> None:
    assert code_of('.a == "x(y)" # env') == '.a == "" '
    assert code_of('"a\\(.b + "c")d" | .e').split() == ['"', "(.b", "+", '"")', '"', "|", ".e"]


@pytest.mark.parametrize(
    ("program", "light"),
    [
        ('.Instances.Instance[]|select(.Tags.Tag[]?.Key=="a")|.InstanceId', True),
        (".Images.Image|length|tostring", True),
        ('map(select(.Key=="n"))[0].Value', True),
        ('.Disks.Disk|map(.DiskId)|join(",")', True),
        ('if .Code==null then "no" else .Code end', True),
        (".Images.Image[] | {Id: .ImageId, Name: .ImageName}", True),
        ("[range(5)]", False),
        (".. | .a?", False),
        (".a as $x | $x", False),
        ("def f: f; f", False),
        ('test("(a+)+$")', False),
        ("[.[]|{a:.[],b:.[]}]", False),
        ('"a" * 100', False),
        (".a |= 1", False),
        ("[.,.]" + "|[.,.]" * 20, False),
        (".+." + "|.+." * 20, False),
    ],
)
def test_programs_whose_cost_is_bounded_run_here(program: str, light: bool) -> None:
    assert is_light(program) is light


def test_programs_of_any_cost_give_what_jq_gives() -> None:
    assert compile_selector("[range(3)] | map(. * 2)").first(None) == [0, 2, 4]
    assert compile_selector('.[] | capture("(?<n>[a-z]+)") | .n').all(["a1", "b2"]) == ["a", "b"]
    assert compile_selector(".a as $x | .b[] + $x").all({"a": 1, "b": [1, 2]}) == [2, 3]
    with pytest.raises(SelectorError, match="number"):
        compile_selector("[.[] as $x | $x.a]").first([1])


@pytest.mark.parametrize(
    "program", ["[range(1e12)]", "def f: f; f", "[limit(1e9; repeat(1))]", "[.,.]|tojson" + "|[.,.]|tojson" * 40]
)
def test_a_program_that_does_not_end_is_stopped(program: str) -> None:
    before = time.monotonic()
    with pytest.raises(Stopped):
        bounded.run_jq(program, b"null", only_first=False, deadline=0.5)
    assert time.monotonic() - before < 10


def test_a_program_that_wants_all_memory_is_stopped() -> None:
    with pytest.raises(Stopped):
        bounded.run_jq('"a" * 900000000 | . + .', b"null", only_first=True, deadline=20)


def test_a_helper_is_used_again_and_after_one_was_stopped() -> None:
    assert bounded.run_jq(".", b"1", only_first=True) == [1]
    with pytest.raises(Stopped):
        bounded.run_jq("def f: f; f", b"1", only_first=True, deadline=0.2)
    assert bounded.run_jq(".", b'"\xc3\xa9"', only_first=True) == ["é"]
    assert bounded.matches("(a|b)+", "abab")
    assert not bounded.matches("(a|b)+", "abc")
    big = b"[" + b"1," * 500_000 + b"1]"
    assert bounded.run_jq("[length, (.[0:3] | add)]", big, only_first=True) == [[500_001, 3]]


def test_what_is_selected_from_a_secret_is_secret() -> None:
    value = {"a": [Secret("x"), "y"], "b": Secret({"c": 1})}
    assert compile_selector("a[]").all(value) == [Secret("x"), "y"]
    assert compile_selector("b.c").first(value) == Secret(1)
    assert compile_selector(".a | length").first(value) == Secret(2)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='.[]{}()|,"?abc123:$@+-*/=<>! \n#\\', max_size=25))
def test_no_text_makes_the_compiler_raise_anything_but_a_selector_error(text: str) -> None:
    try:
        selector = compile_selector(text)
    except SelectorError as error:
        message = str(error)
        assert message
    else:
        assert selector.text == text


def test_a_selector_is_compiled_once() -> None:
    assert compile_selector("a.b | length") is compile_selector("a.b | length")
