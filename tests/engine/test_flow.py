"""How an execution goes from task to task."""

import pytest

from oos.diagnostics import DiagnosticError
from oos.engine.errors import TokenTaken
from oos.execution.status import Status
from tests.engine.templates import SEQUENCE, call, tasks
from tests.engine.world import PATIENCE


def statuses(execution):
    return {name: str(task.status) for name, task in execution.tasks.items()}


def test_tasks_run_in_their_order_and_outputs_flow_on(world):
    execution = world.run(SEQUENCE, parameters={"name": "disk"})
    assert execution.status is Status.SUCCESS
    assert execution.outputs == {"names": ["disk", "disk-2"]}
    assert list(world.service.done.values()) == ["disk", "disk-2"]


def test_a_task_whose_condition_is_false_is_skipped_and_the_run_goes_on(world):
    text = tasks(
        "{Name: left, Action: 'ACS::ExecuteAPI', When: {'Fn::Equals': [a, b]}, "
        "Properties: {Service: TEST, API: Make, Parameters: {Name: left}}}",
        call("run"),
    )
    execution = world.run(text)
    assert statuses(execution) == {"left": "Skipped", "run": "Success"}
    assert list(world.service.done.values()) == ["run"]


def test_a_failed_task_fails_the_execution_and_nothing_follows(world):
    execution = world.run(tasks(call("bad", "Fail"), call("after")))
    assert execution.status is Status.FAILED
    assert execution.fault.code == "Test.Failed"
    assert "bad failed" in execution.fault.message
    assert "after" not in execution.tasks


@pytest.mark.parametrize(
    ("on_error", "followed"),
    [("'ACS::NEXT'", ["second", "third"]), ("third", ["third"])],
)
def test_a_handled_error_goes_on_where_it_says_and_ends_in_success(world, on_error, followed):
    execution = world.run(tasks(call("bad", "Fail", OnError=on_error), call("second"), call("third")))
    assert execution.status is Status.SUCCESS
    assert list(world.service.done.values()) == followed


def test_success_may_end_the_execution_early(world):
    execution = world.run(tasks(call("first", OnSuccess="'ACS::END'"), call("second")))
    assert execution.status is Status.SUCCESS
    assert list(world.service.done.values()) == ["first"]


@pytest.mark.parametrize(("size", "followed"), [("big", ["grow"]), ("small", ["shrink", "grow"]), ("odd", [])])
def test_a_choice_takes_the_first_true_branch(world, size, followed):
    text = f"""
FormatVersion: OOS-2019-06-01
Parameters: {{size: {{Type: String}}}}
Tasks:
  - Name: choose
    Action: ACS::Choice
    Properties:
      DefaultTask: ACS::END
      Choices:
        - {{When: {{'Fn::Equals': ['{{{{ size }}}}', big]}}, NextTask: grow}}
        - {{When: {{'Fn::Equals': ['{{{{ size }}}}', small]}}, NextTask: shrink}}
  - {call("shrink")}
  - {call("grow")}
"""
    execution = world.run(text, parameters={"size": size})
    assert execution.status is Status.SUCCESS
    assert list(world.service.done.values()) == followed


def test_a_sleep_holds_no_thread_and_ends(world):
    execution = world.run(tasks("{Name: nap, Action: 'ACS::Sleep', Properties: {Duration: 1S}}", call("after")))
    assert execution.status is Status.SUCCESS
    nap = execution.tasks["nap"]
    assert 0.9 <= (nap.ended - nap.started).total_seconds() < PATIENCE


def wait_for(name, **properties):
    fields = ", ".join(f"{key}: {value}" for key, value in properties.items())
    return (
        f"{{Name: {name}, Action: 'ACS::WaitFor', Retries: 3, DelayType: Constant, Delay: 1, "
        f"Properties: {{Service: TEST, API: Count, Parameters: {{Name: {name}}}, PropertySelector: Value, {fields}}}}}"
    )


def test_a_wait_looks_again_until_it_sees_what_it_wants(world):
    execution = world.run(tasks(wait_for("two", DesiredValues="[2]")))
    assert execution.status is Status.SUCCESS
    assert world.service.calls["Count two"] == 2


def test_a_wait_fails_when_its_retries_are_used_up(world):
    execution = world.run(tasks(wait_for("never", DesiredValues="[99]")))
    assert execution.status is Status.FAILED
    assert execution.fault.code == "RetriesUsedUp"
    assert world.service.calls["Count never"] == 4


def test_a_wait_stops_at_once_at_a_stop_value(world):
    execution = world.run(tasks(wait_for("stop", DesiredValues="[99]", StopRetryValues="[1]")))
    assert execution.fault.code == "StopRetryValueReached"
    assert world.service.calls["Count stop"] == 1


def test_a_wait_looks_again_when_a_host_did_not_answer(world):
    text = tasks(
        "{Name: host, Action: 'ACS::WaitFor', Retries: 3, DelayType: Constant, Delay: 1, Properties: "
        "{Service: TEST, API: Count, Parameters: {Name: host, Times: 1}, PropertySelector: Value, DesiredValues: [2]}}"
    )
    assert world.run(text).status is Status.SUCCESS


def test_a_wait_hands_the_error_body_to_the_selector(world):
    text = tasks(
        "{Name: gone, Action: 'ACS::WaitFor', Properties: {Service: TEST, API: Fail, Parameters: {Name: x}, "
        "PropertySelector: .Code, DesiredValues: [Test.Failed]}}"
    )
    assert world.run(text).status is Status.SUCCESS


def test_a_check_looks_once(world):
    text = tasks(
        "{Name: look, Action: 'ACS::CheckFor', Properties: {Service: TEST, API: Count, Parameters: {Name: look}, "
        "PropertySelector: Value, DesiredValues: [2]}}"
    )
    execution = world.run(text)
    assert execution.fault.code == "CheckFailed"
    assert "saw 1" in execution.fault.message
    assert world.service.calls["Count look"] == 1


def test_arguments_that_do_not_fit_start_nothing(world):
    with pytest.raises(DiagnosticError, match="nmae"):
        world.run(SEQUENCE, parameters={"nmae": "x"})
    assert list(world.journal.execution_ids()) == []


def test_the_same_client_token_starts_one_execution(world):
    engine = world.engine()
    request = world.request(SEQUENCE, client_token="tuesday")
    first, second = engine.start(request), engine.start(request)
    assert first == second
    assert engine.wait(first, 20).status is Status.SUCCESS
    assert len(world.service.done) == 2


def test_a_client_token_stands_for_one_start_not_for_another(world):
    engine = world.engine()
    text = tasks(call("change")) + "Parameters: {word: {Default: a}, secret: {NoEcho: true, Default: s}}\n"
    id_ = engine.start(world.request(text, client_token="tuesday", parameters={"word": "b"}))
    assert engine.start(world.request(text, client_token="tuesday")) == id_
    assert engine.start(world.request(text, client_token="tuesday", parameters={"Word": "b"})) == id_
    for parameters in ({"word": "c"}, {"secret": "hidden"}):
        with pytest.raises(TokenTaken, match=f"the client token started {id_} before, with another value") as refused:
            engine.start(world.request(text, client_token="tuesday", parameters=parameters))
        assert "hidden" not in str(refused.value)
    with pytest.raises(TokenTaken, match=r"of .*, not of other.yml"):
        engine.start(world.request(SEQUENCE, client_token="tuesday", template_name="other.yml"))
    assert len(list(world.journal.execution_ids())) == 1


def test_a_wait_that_says_nothing_of_retries_looks_again_after_two_seconds(world):
    text = tasks(
        "{Name: plain, Action: 'ACS::WaitFor', Properties: {Service: TEST, API: Count, Parameters: {Name: plain}, "
        "PropertySelector: Value, DesiredValues: [2]}}"
    )
    execution = world.run(text)
    assert execution.status is Status.SUCCESS
    waited = execution.tasks["plain"].ended - execution.tasks["plain"].started
    assert 2 <= waited.total_seconds() < PATIENCE
