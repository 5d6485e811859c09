"""What no installed module offers: such a template may be checked, and is not started."""

from __future__ import annotations

import pytest

from oos.diagnostics import DiagnosticError
from tests.engine.world import World

ELSEWHERE = """
FormatVersion: OOS-2019-06-01
Parameters: {size: {Type: Number}}
Tasks:
  - Name: make
    Action: ACS::ExecuteAPI
    Properties: {Service: TEST, API: Make, Parameters: {Name: before}}
  - Name: database
    Action: ACS::ExecuteAPI
    Properties: {Service: RDS, API: DescribeDBInstances}
  - Name: desktop
    Action: ACS::ECD::StartDesktop
    Properties: {desktopId: x}
"""


def test_a_template_that_needs_what_nobody_offers_is_refused_before_anything_is_journaled(world: World) -> None:
    engine = world.engine()
    with pytest.raises(DiagnosticError) as refused:
        engine.start(world.request(ELSEWHERE, parameters={"size": 1}))
    told = [(each.code, str(each.severity), each.span.line) for each in refused.value.diagnostics]
    assert told == [("OOS210", "error", 10), ("OOS210", "error", 12)]
    assert list(world.journal.execution_ids()) == []
    assert not world.service.calls
    assert not world.locks.held
