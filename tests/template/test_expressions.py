"""Expressions: references keep types, text prints them, and evaluation raises nothing but a diagnostic."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oos.template.expression import EvaluationError, Reference, ReferenceKind
from oos.template.reference import split
from oos.template.selector import compile_selector
from oos.values.secret import Secret
from tests.template.scopes import MapScope, built, evaluated
from tests.template.templates import expressions, values


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "x", [1], {"a": [None]}])
def test_a_reference_alone_takes_the_value_with_its_type(value: Any) -> None:
    assert evaluated("{{ p }}", {"p": value}) == value
    assert evaluated(["{{p}}"], {"p": value}) == [value]


@pytest.mark.parametrize(
    ("value", "printed"),
    [(None, "null"), (True, "true"), (5, "5"), (1.5, "1.5"), ("x", "x"), ([1, "a"], '[1,"a"]'), ({"é": 1}, '{"é":1}')],
)
def test_a_reference_among_text_is_printed(value: Any, printed: str) -> None:
    assert evaluated("<{{ p }}>", {"p": value}) == f"<{printed}>"
    assert evaluated("{{ p }} ", {"p": value}) == f"{printed} "


def test_references_are_substituted_before_functions() -> None:
    assert evaluated({"Fn::Join": ["{{ s }}", "{{ l }}"]}, {"s": "-", "l": ["a", "b"]}) == "a-b"


def test_keys_are_not_substituted() -> None:
    assert evaluated({"{{ p }}": "{{ p }}"}, {"p": "x"}) == {"{{ p }}": "x"}


@pytest.mark.parametrize(
    ("inner", "kind", "name", "field"),
    [
        ("name", ReferenceKind.NAME, "name", ""),
        (" a-b_C9 ", ReferenceKind.NAME, "a-b_C9", ""),
        ("task.output", ReferenceKind.NAME, "task", "output"),
        ("task . output", ReferenceKind.NAME, "task", "output"),
        ("t.Regions.Region[]?.LocalName", ReferenceKind.NAME, "t", "Regions.Region[]?.LocalName"),
        ("t.X[] | {a: .b}", ReferenceKind.NAME, "t", "X[] | {a: .b}"),
        ("acs::regionid", ReferenceKind.PSEUDO, "ACS::RegionId", ""),
        ("ACS::Unknown", ReferenceKind.PSEUDO, "ACS::Unknown", ""),
        ("oos:path/to/name", ReferenceKind.STORE, "path/to/name", ""),
        ("oos-secret:name", ReferenceKind.SECRET, "name", ""),
    ],
)
def test_what_a_reference_names(inner: str, kind: ReferenceKind, name: str, field: str) -> None:
    expression, builder = built("{{" + inner + "}}")
    assert not builder.faults
    (reference,) = expression.references
    assert (reference.kind, reference.name, reference.field) == (kind, name, field)


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("{{ a }}{{b}}", [" a ", "b"]),
        ("{{{a}}}", ["a"]),
        ('{"x": {{ a }}}', [" a "]),
        ("{{ t.X | {a: .b}}}", [" t.X | {a: .b}"]),
        ("{{ t.X | {a: {b: .c}}}} y", [" t.X | {a: {b: .c}}"]),
        ("{{ a", []),
        ("}} {{", []),
        ("{ {a} }", []),
        ("{{\n a\n}}", ["\n a\n"]),
    ],
)
def test_where_references_begin_and_end(text: str, inner: list[str]) -> None:
    assert [found for _, _, found in split(text)] == inner


@pytest.mark.parametrize("inner", ["", " ", "a b", "a.", "ACS::", "oos:", "x:y"])
def test_what_is_no_reference_is_a_fault(inner: str) -> None:
    _, builder = built("x {{" + inner + "}}")
    assert [fault.code for fault in builder.faults] == ["OOS212"]


@pytest.mark.parametrize("inner", [".x", "${a}", " .Names ", "/if", "#each x"])
def test_what_begins_like_no_reference_is_left_to_another_program(inner: str) -> None:
    expression, builder = built("x {{" + inner + "}}")
    assert expression.raw == "x {{" + inner + "}}"
    assert not builder.faults
    assert [note.code for note in builder.notes] == ["OOS212"]


def test_functions_of_another_service_are_data_inside_its_templates() -> None:
    body = {"TemplateBody": {"a": {"Fn::GetAtt": ["{{ x }}", "y"], "b": {"Fn::Str": "{{ p }} {{ .n }}"}}}}
    assert evaluated(body, {"p": 1}) == {
        "TemplateBody": {"a": {"Fn::GetAtt": [None, "y"], "b": {"Fn::Str": "1 {{ .n }}"}}}
    }


def test_expressions_are_equal_when_they_are_written_equally() -> None:
    assert built("{{a}}-{{ b }}")[0] == built("{{ a }}-{{b}}")[0]
    assert built({"Fn::Not": [True]})[0] == built({"fn::not": True})[0]
    assert built("1")[0] != built(1)[0]
    assert built(True)[0] != built(1)[0]
    assert hash(built("{{a}}")[0]) == hash(built("{{ a }}")[0])
    assert repr(built("{{a}}")[0]) == "Expression('{{ a }}')"


def test_a_condition_is_true_or_false_or_a_fault() -> None:
    for value, wanted in ((True, True), ("False", False), (None, False), (Secret("true"), True)):
        assert built("{{ p }}", condition=True)[0].holds(MapScope({"p": value})) is wanted
    with pytest.raises(EvaluationError, match="must be true or false"):
        built("{{ p }}", condition=True)[0].holds(MapScope({"p": "maybe"}))


@settings(max_examples=300, deadline=None)
@given(expressions(), st.dictionaries(st.sampled_from(["a", "b", "c1.a", "ACS::RegionId", "a.X[].Y"]), values()))
def test_evaluation_raises_nothing_but_a_diagnostic(expression: Any, known: dict[str, Any]) -> None:
    tree, builder = built(expression)
    if builder.faults:
        return
    known["Conditions"] = _AnyCondition()
    with suppress(EvaluationError):
        tree.evaluate(MapScope(known))


@settings(max_examples=200, deadline=None)
@given(expressions())
def test_a_secret_that_goes_in_never_comes_out_plain(expression: Any) -> None:
    canary = "canary-7f3a"
    known = dict.fromkeys(["a", "b", "c1.a", "a.X[].Y", "oos-secret:z"], Secret(canary))
    tree, builder = built(expression)
    if builder.faults:
        return
    shown: Any = ""
    try:
        shown = tree.evaluate(MapScope({**known, "Conditions": _AnyCondition()}))
    except EvaluationError as error:
        shown = str(error)
    assert canary not in repr(shown)


def test_a_path_into_a_response_that_cannot_be_followed_is_a_diagnostic() -> None:
    class Responses(MapScope):
        def lookup(self, reference: Reference) -> Any:
            return compile_selector(reference.field).all({"X": 5})

    expression, _ = built("{{ t.X[].Y }}")
    for evaluate in (expression.evaluate, expression.holds):
        with pytest.raises(EvaluationError, match="OOS313"):
            evaluate(Responses())


class _AnyCondition(dict[str, Any]):
    def __missing__(self, name: str) -> bool:
        return True
