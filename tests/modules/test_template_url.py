"""Templates at web addresses: started, checked, and refused where nothing useful stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oos.app.remote_templates import MOST_BYTES
from oos.service.catalog import installed_modules
from tests.engine.servers import Hook, web_hook
from tests.modules.executions import runner
from tests.modules.test_executions import GREET
from tests.modules.world import World


@pytest.fixture
def world() -> Iterator[World]:
    made = World(installed_modules())
    with runner(made):
        yield made


@pytest.fixture
def hook() -> Iterator[Hook]:
    with web_hook() as made:
        made.answers = [(200, GREET)]
        yield made


def test_a_template_at_an_address_is_checked_and_started_once(world: World, hook: Hook) -> None:
    url = f"{hook.address}/folder/greet.yml?Signature=s3cret-signature"
    assert world.call("OOS.ValidateTemplateContent", TemplateURL=url)["Tasks"]
    assert "ParameterConstraints" in world.call("OOS.GetTemplateParameterConstraints", TemplateURL=url)
    first, second = (
        world.call("OOS.StartExecution", "t", TemplateURL=url, Parameters={"name": "Ada"})["Execution"]
        for _ in range(2)
    )
    assert first["ExecutionId"] == second["ExecutionId"]
    assert (first["TemplateName"], "s3cret" in repr(first)) == ("greet.yml", False)


@pytest.mark.parametrize(
    ("answer", "says"),
    [((404, "gone"), "HTTP 404"), ((200, "x" * (MOST_BYTES + 1)), "at most")],
)
def test_what_cannot_be_fetched_is_refused(world: World, hook: Hook, answer: tuple[int, Any], says: str) -> None:
    hook.answers = [answer]
    refusal = world.refusal("OOS.ValidateTemplateContent", TemplateURL=f"{hook.address}/t?key=s3cret")
    assert refusal.code == "InvalidParameter.TemplateURL"
    assert says in refusal.message
    assert "s3cret" not in refusal.message


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/t", "//example.org/t", "http://[", "t.yml"])
def test_only_web_addresses_are_asked(world: World, url: str) -> None:
    assert world.refusal("OOS.StartExecution", TemplateURL=url).code == "InvalidParameter.TemplateURL"


def test_one_way_to_name_a_template_is_enough(world: World, hook: Hook) -> None:
    given = {"TemplateURL": f"{hook.address}/t", "TemplateContent": GREET}
    assert world.refusal("OOS.StartExecution", **given).code == "InvalidParameter.TemplateContent"
    assert world.refusal("OOS.StartExecution").code == "MissingParameter"
    assert world.refusal("OOS.ValidateTemplateContent").code == "MissingParameter"
    assert hook.received == []
