"""Strategies for hypothesis: values, expressions and whole templates as plain data."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from oos.template.functions.table import FUNCTIONS

NAMES = st.sampled_from(["a", "b", "c1", "Name_x", "long-name"])
WORDS = st.sampled_from(
    ["x", "", "true", "no", "1e3", "007", "12:30:00", "~", "a: b", "- a", "é😀", "a\nb\n", " x ", "#c", "{", "'\""]
)
REFERENCES = st.sampled_from(
    ["{{ a }}", "{{b}}", "{{ c1.a }}", "{{ ACS::RegionId }}", "{{ oos:x/y }}", "{{ oos-secret:z }}", "{{ a.X[].Y }}"]
)


def values() -> st.SearchStrategy[Any]:
    """Plain values."""
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    return st.recursive(
        scalars | WORDS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ).filter(_is_encodable)


def _is_encodable(value: Any) -> bool:
    try:
        repr(value).encode()
    except UnicodeEncodeError:
        return False
    return True


def expressions() -> st.SearchStrategy[Any]:
    """Values with references and functions in them."""
    leaves = (
        st.none() | st.booleans() | st.integers(-99, 99) | WORDS | REFERENCES | st.builds("n-{}".format, REFERENCES)
    )

    def compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        calls = st.sampled_from(FUNCTIONS).flatmap(lambda function: _call(function, inner))
        return st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3) | calls

    return st.recursive(leaves, compound, max_leaves=8)


def _call(function: Any, inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    count = len(function.arguments)
    arguments = st.lists(inner, min_size=count, max_size=count)
    return (inner if function.whole else arguments).map(lambda argument: {function.name: argument})


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    """Templates that are right in structure; their names may lead nowhere."""
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique_by=str.casefold))
    data: dict[str, Any] = {"FormatVersion": "OOS-2019-06-01"}
    if draw(st.booleans()):
        data["Description"] = draw(WORDS | st.dictionaries(st.sampled_from(["en", "zh-cn"]), WORDS))
    if draw(st.booleans()):
        data["Parameters"] = draw(st.dictionaries(NAMES, _parameters(), max_size=3))
    if draw(st.booleans()):
        data["Conditions"] = draw(st.dictionaries(NAMES, expressions(), max_size=2))
    data["Tasks"] = [draw(_tasks(name)) for name in names]
    if draw(st.booleans()):
        output = st.fixed_dictionaries({"Type": _TYPES, "Value": expressions()})
        data["Outputs"] = draw(st.dictionaries(NAMES, output, max_size=2))
    return data


_TYPES = st.sampled_from(["String", "Number", "Boolean", "List", "Json"])


def _parameters() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"Type": _TYPES},
        optional={
            "Default": values(),
            "AllowedValues": st.lists(values(), max_size=2),
            "Label": WORDS,
            "NoEcho": st.booleans(),
            "MinLength": st.integers(0, 9),
            "MaxValue": st.integers(0, 9) | st.floats(0, 9),
            "AssociationPropertyMetadata": values(),
        },
    )


@st.composite
def _tasks(draw: st.DrawFn, name: str) -> dict[str, Any]:
    action = draw(
        st.sampled_from(["ACS::ExecuteAPI", "ACS::Sleep", "ACS::Choice", "ACS::ECS::StartInstance", "acs::notify"])
    )
    task: dict[str, Any] = {"Name": name, "Action": action}
    if draw(st.booleans()):
        task["When"] = draw(expressions())
    if action == "ACS::Choice":
        branch = st.fixed_dictionaries({"When": expressions(), "NextTask": NAMES | st.just("ACS::END")})
        task["Properties"] = {"DefaultTask": draw(NAMES), "Choices": draw(st.lists(branch, max_size=2))}
    else:
        keys = st.sampled_from(["Service", "API", "Parameters", "Duration", "instanceId", "WebHook"])
        task["Properties"] = draw(st.dictionaries(keys, expressions(), max_size=3))
    if draw(st.booleans()):
        task["OnError"] = draw(NAMES | st.just("acs::next"))
        task["Outputs"] = draw(
            st.dictionaries(NAMES, st.fixed_dictionaries({"Type": _TYPES, "ValueSelector": expressions()}), max_size=2)
        )
    if action in ("ACS::ExecuteAPI", "ACS::ECS::StartInstance") and draw(st.booleans()):
        task["Loop"] = {"Items": draw(expressions()), "RateControl": draw(expressions())}
    if draw(st.booleans()):
        task["Retries"] = draw(st.integers(0, 300) | REFERENCES)
        task["DelayType"] = draw(st.sampled_from(["Constant", "linear"]))
    return task
