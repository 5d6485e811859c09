"""Functions: the table of cases, the samples of the function table, and what no argument may do to them."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from oos.template.aggregate import aggregate
from oos.template.expression import EvaluationError
from oos.template.functions.function import Function, FunctionError
from oos.template.functions.table import FUNCTIONS, find_function
from oos.values.json import equals
from oos.values.secret import Secret
from tests.template.scopes import MapScope, built, evaluated

CASES = yaml.safe_load((Path(__file__).parent / "functions.yml").read_text(encoding="utf-8"))
SPEC_NAMES = re.findall(
    r"\w+",
    """
    Base64Encode Base64Decode MergeMapToList MergeMap Join Select Split Replace Min Max First Last ListJoin Equals If
    Not And Or AddHour FormatUTCTime Eval DurationBetween CalculateTimeByOpsWindow Intersection Union Difference Jq
    MapJoin IsIpInCIDR Sub Escape ConvertMapToList MergeList CalculateBatch RangeSelect ContainsSubString
    FindMatchedPackage Sum
    """,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def _title(case: dict[str, Any]) -> str:
    return str(case["expr"])[:70]


@pytest.mark.parametrize("case", [case for case in CASES if "result" in case], ids=_title)
def test_a_function_gives_its_result(case: dict[str, Any]) -> None:
    assert case["evidence"] in ("firm", "used", "analog", "ours")
    result = evaluated(case["expr"], case.get("given"))
    assert equals(result, case["result"]), result
    assert type(result) is type(case["result"]) or isinstance(result, int | float)


@pytest.mark.parametrize("case", [case for case in CASES if "fault" in case], ids=_title)
def test_a_function_says_what_it_cannot_work_with(case: dict[str, Any]) -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluated(case["expr"], case.get("given"))
    assert case["fault"] in caught.value.diagnostic.message
    assert caught.value.diagnostic.span.line == 2
    assert caught.value.diagnostic.code == "OOS310"


@pytest.mark.parametrize("case", [case for case in CASES if "check" in case], ids=_title)
def test_a_wrong_number_of_arguments_is_found_when_reading(case: dict[str, Any]) -> None:
    _, builder = built(case["expr"])
    assert [fault.code for fault in builder.faults] == [case["check"]]


def test_the_table_holds_every_function_of_the_language_and_a_case_for_each() -> None:
    names = {function.name for function in FUNCTIONS}
    assert names == {f"Fn::{name}" for name in SPEC_NAMES}
    assert names == {next(iter(case["expr"])) for case in CASES}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_the_sample_of_a_row_holds(function: Function) -> None:
    argument, wanted = function.sample
    now = {"ACS::CurrentUTCTime": "2019-06-01T09:00:00Z"}
    result = evaluated({function.name: argument}, now)
    assert equals(result, wanted) or (function.needs_time and result == now["ACS::CurrentUTCTime"])
    assert function.summary
    assert function.usage


def test_names_of_functions_match_without_regard_to_case() -> None:
    assert find_function("fn::JOIN") is find_function("Fn::Join")
    assert evaluated({"fn::join": ["-", ["a", "b"]]}) == "a-b"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FUNCTIONS), JSON)
def test_no_argument_makes_a_function_raise_anything_but_a_function_error(function: Function, argument: Any) -> None:
    if function.name == "Fn::Jq":
        return  # arbitrary programs have a test of their own
    with suppress(FunctionError):
        function.call(argument, "2019-06-01T09:00:00Z")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_arguments_of_the_right_number_make_a_function_raise_anything_else(data: st.DataObject) -> None:
    function = data.draw(st.sampled_from([each for each in FUNCTIONS if not each.whole and each.name != "Fn::Jq"]))
    arguments = [data.draw(JSON) for _ in function.arguments]
    with suppress(FunctionError):
        function.call(arguments, None)


def test_a_result_made_of_a_secret_is_a_secret() -> None:
    secret = {"p": Secret("hunter2")}
    assert evaluated({"Fn::Join": ["-", ["a", "{{ p }}"]]}, secret) == Secret("a-hunter2")
    assert evaluated("x{{ p }}", secret) == Secret("xhunter2")
    assert evaluated("{{ p }}", secret) == Secret("hunter2")
    assert evaluated({"k": ["{{ p }}"]}, secret) == {"k": [Secret("hunter2")]}
    assert evaluated("{{ m }}!", {"m": {"k": Secret("v")}}) == Secret('{"k":"v"}!')
    assert evaluated({"Fn::Base64Encode": "{{ p }}"}, secret) == Secret("aHVudGVyMg==")


def test_a_comparison_with_a_secret_is_a_plain_boolean() -> None:
    secret = {"p": Secret("hunter2"), "t": Secret("true")}
    assert evaluated({"Fn::Equals": ["{{ p }}", "hunter2"]}, secret) is True
    assert evaluated({"Fn::Not": "{{ t }}"}, secret) is False
    assert evaluated({"Fn::If": ["{{ t }}", "a", "b"]}, secret) == "a"


def test_a_message_about_a_secret_does_not_tell_it() -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluated({"Fn::Eval": ["{{ p }}"]}, {"p": Secret("hunter2")})
    assert "hunter2" not in str(caught.value)


def test_results_are_bounded() -> None:
    big = {"t": "x" * 3_000_000, "l": list(range(150_000))}
    for expression in (
        "{{ t }}{{ t }}",
        {"Fn::Join": ["", ["{{ t }}", "{{ t }}"]]},
        {"Fn::Replace": [{"x": "yyyy"}, "{{ t }}"]},
        {"Fn::Sub": ["${a}${a}", {"a": "{{ t }}"}]},
        ["{{ l }}", "{{ l }}"],
        {"Fn::MergeList": ["{{ l }}", "{{ l }}"]},
    ):
        with pytest.raises(EvaluationError):
            evaluated(expression, big)


@pytest.mark.parametrize(
    ("kind", "values", "wanted"),
    [
        ("Fn::ListJoin", ["a", None, ["b"]], ["a", None, ["b"]]),
        ("Fn::MergeList", ["a", None, ["b", "c"]], ["a", "b", "c"]),
        ("Fn::Sum", [1, None, "2", 0.5], 3.5),
        ("Fn::Max", [1, None, 3], 3),
        ("Fn::First", ["a", "b"], "a"),
        ("Fn::ListJoin", [], []),
        ("Fn::Sum", [], 0),
    ],
)
def test_an_aggregate_puts_the_outputs_of_all_items_together(kind: str, values: list[Any], wanted: Any) -> None:
    assert equals(aggregate(kind, values), wanted)


def test_an_aggregate_of_secrets_stays_secret() -> None:
    assert aggregate("Fn::ListJoin", [Secret("a"), "b"]) == [Secret("a"), "b"]
    assert aggregate("Fn::Max", [Secret("a"), "b"]) == Secret("b")


def test_an_aggregate_that_does_not_fit_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="must be a Number"):
        aggregate("Fn::Sum", ["a"])
    with pytest.raises(ValueError, match="aggregates nothing"):
        aggregate("Fn::Base64Encode", ["a"])


def test_a_condition_that_is_only_named_is_looked_up() -> None:
    expression, _ = built("isProd", condition=True)
    assert expression.condition_names == ("isProd",)
    assert expression.holds(MapScope({"Conditions": {"isProd": "True"}}))
