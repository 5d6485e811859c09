"""Arguments: coerced to their types, held against constraints, secrets kept, defaults evaluated, all faults at once."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from oos.diagnostics import DiagnosticError
from oos.template.check import check
from oos.template.model import Template
from oos.template.parameters import bind_arguments, unknown_arguments
from oos.template.parse import parse
from oos.template.printer import yaml_text
from oos.values.json import equals
from oos.values.secret import Secret
from tests.template.catalog import CATALOG
from tests.template.scopes import MapScope
from tests.template.templates import values

CASES = yaml.safe_load((Path(__file__).parent / "parameters.yml").read_text(encoding="utf-8"))
SCOPE = MapScope({"ACS::RegionId": "here", "ACS::ExecutionId": "exec-1"})


def declared(**parameters: Any) -> Template:
    tasks = [{"Name": "t", "Action": "ACS::Pause"}]
    return parse(yaml_text({"FormatVersion": "OOS-2019-06-01", "Parameters": parameters, "Tasks": tasks}), "t")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['declare']} {case.get('give', '-')}"[:80])
def test_an_argument_is_bound_or_refused(case: dict[str, Any]) -> None:
    template = declared(p=case["declare"])
    given = {"p": case["give"]} if "give" in case else {}
    if "fault" in case:
        code, _, part = case["fault"].partition(" ")
        with pytest.raises(DiagnosticError) as caught:
            bind_arguments(template, given, SCOPE)
        (fault,) = caught.value.diagnostics
        assert (fault.code, fault.source) == (code, "parameters")
        assert part in str(fault)
    else:
        bound = bind_arguments(template, given, SCOPE)["p"]
        assert equals(bound, case["bound"])
        assert type(bound) is type(case["bound"])


def test_every_fault_is_told_at_once() -> None:
    template = declared(a={"Type": "Number"}, b={"MinLength": 3}, c={})
    with pytest.raises(DiagnosticError) as caught:
        bind_arguments(template, {"a": "x", "b": "y", "d": 1, "bb": 2}, SCOPE)
    assert [each.code for each in caught.value.diagnostics] == ["OOS602", "OOS602", "OOS603", "OOS606", "OOS601"]


def test_unknown_names_are_faults_or_left_out() -> None:
    template = declared(name={"Default": "x"})
    with pytest.raises(DiagnosticError, match="did you mean name"):
        bind_arguments(template, {"nam": 1}, SCOPE)
    assert bind_arguments(template, {"nam": 1}, SCOPE, unknown="warn") == {"name": "x"}
    assert [each.code for each in unknown_arguments(template, {"nam": 1, "name": 2})] == ["OOS602"]


def test_names_match_without_regard_to_case_but_exactly_first() -> None:
    template = declared(name={}, NAME={"Default": "d"})
    assert bind_arguments(template, {"Name": "x"}, SCOPE) == {"name": "x", "NAME": "d"}
    assert bind_arguments(template, {"NAME": "x", "name": "y"}, SCOPE) == {"name": "y", "NAME": "x"}


def test_defaults_refer_to_pseudo_parameters_and_to_each_other() -> None:
    template = declared(
        region={"Default": "{{ ACS::RegionId }}"},
        full={"Default": "{{ short }}-{{acs::executionid}}"},
        short={"Default": {"Fn::Join": ["", ["x", "{{ Region }}"]]}},
        count={"Type": "Number", "Default": "{{ one }}"},
        one={"Type": "String", "Default": "1"},
    )
    wanted = {"region": "here", "full": "xhere-exec-1", "short": "xhere", "count": 1, "one": "1"}
    assert bind_arguments(template, {}, SCOPE) == wanted
    assert bind_arguments(check(template, CATALOG).template, {}, SCOPE) == wanted
    assert bind_arguments(template, {"region": "there"}, SCOPE)["full"] == "xthere-exec-1"


def test_defaults_that_need_each_other_are_a_fault() -> None:
    template = declared(a={"Default": "{{ b }}"}, b={"Default": "{{ a }}"})
    with pytest.raises(DiagnosticError, match="OOS406"):
        bind_arguments(template, {}, SCOPE)


def test_defaults_cannot_grow_without_bound() -> None:
    doubling = {f"p{n}": {"Default": f"{{{{ p{n - 1} }}}}{{{{ p{n - 1} }}}}"} for n in range(1, 40)}
    lists = {f"l{n}": {"Type": "List", "Default": [f"{{{{ l{n - 1} }}}}"] * 9} for n in range(1, 20)}
    for more in (doubling, lists):
        template = declared(p0={"Default": "xx"}, l0={"Type": "List", "Default": [1]}, **more)
        before = time.process_time()
        with pytest.raises(DiagnosticError, match="OOS311"):
            bind_arguments(template, {}, SCOPE)
        assert time.process_time() - before < 5


def test_a_value_that_does_not_echo_is_a_secret_and_stays_out_of_messages() -> None:
    template = declared(
        password={"NoEcho": True, "AllowedPattern": "[a-z]+"},
        url={"Default": "https://{{ password }}@host"},
        pin={"Type": "Number", "NoEcho": True, "Default": 1234, "MaxValue": 5},
    )
    bound = bind_arguments(template, {"password": "hunter"}, SCOPE)
    assert bound == {"password": Secret("hunter"), "url": Secret("https://hunter@host"), "pin": Secret(1234)}
    with pytest.raises(DiagnosticError) as caught:
        bind_arguments(template, {"password": "hunter2", "pin": Secret(9999)}, SCOPE)
    assert [each.code for each in caught.value.diagnostics] == ["OOS605", "OOS607"]
    assert "hunter2" not in str(caught.value)
    assert "9999" not in str(caught.value)
    with pytest.raises(DiagnosticError) as caught:
        bind_arguments(template, {"password": "x", "pin": "canary"}, SCOPE)
    assert "canary" not in str(caught.value)
    plain = declared(p={"Type": "Number"}, q={"AllowedValues": ["canaries"]})
    with pytest.raises(DiagnosticError) as caught:
        bind_arguments(plain, {"p": Secret("canary"), "q": [Secret("canary")]}, SCOPE)
    assert "canary" not in str(caught.value)


def test_a_pattern_that_never_ends_is_stopped() -> None:
    template = declared(p={"AllowedPattern": "(a|a)*b"})
    with pytest.raises(DiagnosticError, match="OOS504"):
        bind_arguments(template, {"p": "a" * 60}, SCOPE)


def test_a_value_too_long_for_a_pattern_is_refused() -> None:
    with pytest.raises(DiagnosticError, match="OOS605"):
        bind_arguments(declared(p={"AllowedPattern": ".*"}), {"p": "x" * 5000}, SCOPE)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["String", "Number", "Boolean", "List", "Json"]), values(), values())
def test_no_value_makes_binding_raise_anything_but_diagnostics(kind: str, default: Any, value: Any) -> None:
    template = declared(p={"Type": kind, "Default": default, "AllowedValues": [default]})
    with suppress(DiagnosticError):
        assert list(bind_arguments(template, {"p": value}, SCOPE)) == ["p"]
