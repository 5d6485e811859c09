"""Parameters as callers write them become typed requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from oos.service.binding import Others, bind, parameters_of, response_schema
from oos.service.errors import ApiError, InvalidParameter
from oos.service.filtering import Tag
from oos.service.parameter import Form, Param
from oos.values.json import Value
from oos.values.secret import Secret

NO_SECRET = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemDisk:
    size: Annotated[int | None, Param("In GiB.", minimum=1)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A request with a field of every kind."""

    instance_id: Annotated[str, Param("The instance.")]
    force_stop: bool = False
    amount: Annotated[int, Param("How many.", minimum=1, maximum=100)] = 1
    price: float = 0.0
    mode: Annotated[str, Param("How.", allowed=("KeepCharging", "StopCharging"))] = ""
    os_type: Annotated[str, Param(name="OSType")] = ""
    user_name: Annotated[str, Param(pattern="[a-z]+", most=8)] = ""
    description: str | None = None
    disk_ids: Annotated[tuple[str, ...] | None, Param("Disks.", form=Form.JSON, most=3)] = None
    image_id: Annotated[tuple[str, ...], Param("Images.", form=Form.COMMAS)] = ()
    tag: Annotated[tuple[Tag, ...], Param("Tags.")] = ()
    system_disk: SystemDisk = SystemDisk()
    parameters: Mapping[str, Value] | None = None
    content: Secret = NO_SECRET
    script: str | Secret = ""
    anything: Any = None


OTHERS = Others(
    ignored=("AutoPay", "SystemDiskCategory"), refused=("Password", "Encrypted", "SystemDiskEncrypted", "Network*")
)
CASES = yaml.safe_load((Path(__file__).with_name("binding.yml")).read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["given"]))
def test_parameters_bind_as_the_table_says(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(ApiError) as caught:
            bind(Sample, case["given"], OTHERS)
        assert caught.value.code == case["error"]
        assert case.get("message", "") in caught.value.message
        return
    request = bind(Sample, case["given"], OTHERS)
    for attribute, wanted in case.get("wanted", {}).items():
        found = getattr(request, attribute)
        assert (list(found) if isinstance(found, tuple) else found) == wanted
        assert type(found) is type(wanted) or isinstance(found, tuple)
    if "tags" in case:
        assert {each.key: each.value for each in request.tag} == case["tags"]
    if "size" in case:
        assert request.system_disk.size == case["size"]


def test_a_secret_is_used_but_never_repeated() -> None:
    bound = bind(Sample, {"InstanceId": Secret("i-secret"), "Content": Secret("hunter2")})
    assert bound.instance_id == "i-secret"
    assert bound.content.reveal() == "hunter2"
    assert bind(Sample, {"InstanceId": "i-1", "Script": Secret("hunter2")}).script == Secret("hunter2")
    assert bind(Sample, {"InstanceId": "i-1", "Script": "echo"}).script == "echo"
    assert "hunter2" not in repr(bound)
    for given_ in (
        {"InstanceId": "i-1", "Amount": Secret("hunter2")},
        {"InstanceId": "i-1", "ForceStop": Secret("hunter2")},
        {"InstanceId": "i-1", "Mode": Secret("hunter2")},
        {"InstanceId": "i-1", "Tag": Secret('[{"Key": "a", "Colour": "hunter2"}]')},
        {"InstanceId": "i-1", "SystemDisk": Secret('["hunter2"]')},
        {"InstanceId": "i-1", "Parameters": Secret(["hunter2"])},
        {"InstanceId": "i-1", "UserName": Secret("hunter2")},
        {"InstanceId": "i-1", "Tags": [Secret(3)]},
    ):
        with pytest.raises(ApiError) as caught:
            bind(Sample, given_)
        assert "hunter2" not in str(caught.value)


def test_secrets_in_a_map_stay_secrets() -> None:
    whole = bind(Sample, {"InstanceId": "i-1", "Parameters": Secret('{"word": "hunter2"}')})
    part = bind(Sample, {"InstanceId": "i-1", "Parameters": {"word": Secret("hunter2")}})
    assert whole.parameters == part.parameters == {"word": Secret("hunter2")}


def test_an_empty_text_is_a_value_where_text_is_free() -> None:
    assert bind(Sample, {"InstanceId": "i-1", "Description": ""}).description == ""
    assert bind(Sample, {"InstanceId": "i-1"}).description is None


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="more than once"):
        bind(Sample, {"InstanceId": "i-1", "Tag": [{"Key": "a"}], "Tags": [{"Key": "b"}]})
    with pytest.raises(InvalidParameter, match="more than once"):
        bind(Sample, {"InstanceId": "i-1", "ForceStop": True, "forcestop": False})


@given(st.lists(st.tuples(st.text("abc", min_size=1), st.text("xyz")), min_size=1, max_size=12), st.booleans())
def test_flattened_lists_are_the_lists_they_stand_for(tags: list[tuple[str, str]], dots: bool) -> None:
    dot = "." if dots else ""
    flat: dict[str, str] = {"InstanceId": "i-1"}
    for number, (key, value) in enumerate(tags, 1):
        flat[f"Tag{dot}{number}{dot}Key"] = key
        flat[f"Tag{dot}{number}{dot}Value"] = value
    whole = {"InstanceId": "i-1", "Tag": [{"Key": key, "Value": value} for key, value in tags]}
    assert bind(Sample, flat) == bind(Sample, whole)


def test_parameters_tell_about_themselves() -> None:
    known = {each.name: each for each in parameters_of(Sample)}
    assert parameters_of(Sample)[0].name == "InstanceId"
    assert known["InstanceId"].required
    assert (known["Amount"].type_name, known["Amount"].default) == ("Number", 1)
    assert known["Mode"].allowed == ("KeepCharging", "StopCharging")
    assert known["OSType"].type_name == "String"
    assert (known["Tag"].type_name, [each.name for each in known["Tag"].members]) == ("List", ["Key", "Value"])
    assert [each.name for each in known["SystemDisk"].members] == ["Size"]
    assert (known["Content"].type_name, known["Content"].default) == ("String", None)
    assert known["DiskIds"].description == "Disks."


class Item(TypedDict):
    Id: str
    Size: int


class Items(TypedDict):
    Item: list[Item]


class Answer(TypedDict):
    Items: Items
    Whole: bool


def test_the_shape_of_a_response_is_known() -> None:
    schema = response_schema(Answer)
    assert [each and each.type_name for each in (schema.at("Items", "Item"), schema.at("Items", "Item", "Size"))] == [
        "List",
        "Number",
    ]
    assert schema.at("RequestId") is not None
    assert schema.at("Items", "Itme") is None
