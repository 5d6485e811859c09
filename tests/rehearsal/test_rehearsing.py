"""Rehearsing: what can be given, what can go wrong, who can speak, and what is observed of it."""

from __future__ import annotations

import pytest

from oos.diagnostics import DiagnosticError
from tests.rehearsal.trying import observed, told, tried

STOP = """
Parameters: {id: {Type: String, Default: i-web-1}}
Tasks:
  - Name: look
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DescribeInstances, Parameters: {InstanceIds: ['{{ id }}']}}
    Outputs: {status: {Type: String, ValueSelector: 'Instances.Instance[].Status'}}
  - Name: stop
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: StopInstance, Parameters: {InstanceId: '{{ id }}'}}
  - Name: wait
    Action: ACS::WaitFor
    Properties:
      Service: ECS
      API: DescribeInstances
      Parameters: {InstanceIds: ['{{ id }}']}
      PropertySelector: Instances.Instance[].Status
      DesiredValues: [Stopped]
    Retries: 3
    DelayType: Constant
    Delay: 10
Outputs: {was: {Type: String, Value: '{{ look.status }}'}}
"""

DATABASES = """
Tasks:
  - Name: find
    Action: ACS::ExecuteAPI
    Properties: {Service: RDS, API: DescribeDBInstances, Parameters: {RegionId: lab}}
    Outputs: {ids: {Type: List, ValueSelector: 'Items.DBInstance[].DBInstanceId'}}
  - Name: restart
    Action: ACS::ExecuteAPI
    Properties: {Service: RDS, API: RestartDBInstance, Parameters: {DBInstanceId: '{{ ACS::TaskLoopItem }}'}}
    Loop: {Items: '{{ find.ids }}', RateControl: {Mode: Concurrency, Concurrency: 1, MaxErrors: 1}}
  - Name: wait
    Action: ACS::WaitFor
    Properties:
      Service: RDS
      API: DescribeDBInstanceAttribute
      Parameters: {DBInstanceId: rm-1}
      PropertySelector: Items.DBInstanceAttribute[].DBInstanceStatus
      DesiredValues: [Running]
Outputs: {ids: {Type: List, Value: '{{ find.ids }}'}}
"""


# what is given


def test_a_case_that_expects_nothing_expects_success() -> None:
    assert observed(STOP, "given: {instances: {web-1: {}}}")["outputs"] == {"was": "Running"}
    (difference,) = told(STOP, "cases: [{name: it}]")
    assert difference.startswith(
        'x.rehearsal.yml:1:9: error[OOS810]: it: status: expected "Success", observed "Failed"'
    )
    assert "i-web-1" in difference


def test_services_that_no_module_offers_answer_what_the_case_says() -> None:
    seen = observed(
        DATABASES,
        """
        given:
          responses:
            RDS.DescribeDBInstances: {Items: {DBInstance: [{DBInstanceId: rm-1}, {DBInstanceId: rm-2}]}}
            RDS.RestartDBInstance:
              - {when: {DBInstanceId: rm-2}, fails: {code: InvalidDBInstanceState, message: it is being moved}}
              - {}
            RDS.DescribeDBInstanceAttribute:
              - {gives: {Items: {DBInstanceAttribute: [{DBInstanceStatus: Rebooting}]}}, times: 2}
              - {Items: {DBInstanceAttribute: [{DBInstanceStatus: Running}]}}
        expect:
          status: Success
          tasks: [find, restart: {items: [Success, {status: Failed, code: InvalidDBInstanceState}]}, wait]
          outputs: {ids: [rm-1, rm-2]}
          changes: [RDS.RestartDBInstance: {DBInstanceId: rm-1}, RDS.RestartDBInstance: {DBInstanceId: rm-2}]
          took: PT6S
        """,
    )
    assert len(seen["calls"]) == 6


def test_what_nobody_offers_and_the_case_does_not_answer_cannot_be_rehearsed() -> None:
    with pytest.raises(DiagnosticError, match="no installed module offers the service RDS"):
        tried(DATABASES, "cases: [{name: it}]")


def test_product_actions_that_no_module_offers_give_the_outputs_that_the_case_says() -> None:
    template = """
    Tasks:
      - Name: desktop
        Action: ACS::ECD::RunCommand
        Properties: {desktopId: '{{ ACS::TaskLoopItem }}', commandContent: dir}
        Loop:
          Items: [a, b]
          RateControl: {Mode: Concurrency, MaxErrors: 1}
          Outputs: {said: {AggregateType: 'Fn::ListJoin', AggregateField: out}}
        Outputs: {out: {Type: String, ValueSelector: commandOutput}}
    Outputs: {said: {Type: List, Value: '{{ desktop.said }}'}}
    """
    case = """
    given:
      responses:
        ACS::ECD::RunCommand: [{when: {desktopId: b}, fails: {code: NoSuchDesktop}}, {commandOutput: C drive}]
    expect:
      status: Success
      tasks: [desktop: {items: {Success: 1, Failed: 1}}]
      outputs: {said: [C drive, null]}
      calls: [ACS::ECD::RunCommand: {desktopId: a, commandContent: dir}, ACS::ECD::RunCommand: {desktopId: b}]
    """
    observed(template, case)


def test_targets_of_services_that_no_module_offers_are_selected() -> None:
    template = """
    Tasks:
      - Name: select
        Action: ACS::SelectTargets
        Properties:
          ResourceType: ALIYUN::RDS::Instance
          Filters: [{Type: Tags, Tags: [{Key: role, Value: db}]}]
        Outputs: {ids: {Type: List, ValueSelector: 'Items.DBInstance[].DBInstanceId'}}
    Outputs: {ids: {Type: List, Value: '{{ select.ids }}'}}
    """
    case = """
    given: {responses: {RDS.DescribeDBInstances: {Items: {DBInstance: [{DBInstanceId: rm-1}]}}}}
    expect: {status: Success, outputs: {ids: [rm-1]}, calls: [RDS.DescribeDBInstances: {Tags: [{Key: role}]}]}
    """
    observed(template, case)


def test_web_addresses_answer_what_the_case_says_and_messages_are_calls() -> None:
    template = """
    Tasks:
      - Name: ask
        Action: ACS::ExecuteHttpRequest
        Properties:
          Method: GET
          URL: https://example.net/ready
          WaitFor: {Rules: [{PropertySelector: .ready, Operator: Equals, Value: true}]}
        Retries: 5
        DelayType: Constant
        Delay: 60
      - Name: tell
        Action: ACS::Notify
        Properties: {NotifyType: WebHook, WebHook: {URI: 'https://example.net/hook', Content: {text: done}}}
    """
    case = """
    given:
      responses:
        GET https://example.net/ready: [{fails: {message: connection refused}}, {status: 503, body: {}}, {ready: true}]
    expect: {status: Success, took: PT2M, changes: [..., 'POST https://example.net/hook': {text: done}]}
    """
    observed(template, case)


def test_templates_and_the_parameter_store_are_given() -> None:
    template = """
    Parameters: {password: {Type: String, Default: '{{ oos-secret:web/password }}'}}
    Tasks:
      - Name: other
        Action: ACS::Template
        Properties: {TemplateName: other, Parameters: {word: '{{ oos:greeting }}'}}
        Outputs: {said: {Type: String, ValueSelector: said}}
    Outputs: {said: {Type: String, Value: '{{ other.said }} {{ password }}'}}
    """
    with pytest.raises(DiagnosticError, match="the parameter store has no oos-secret:web/password"):
        tried(template, "cases: [{name: it, given: {store: {greeting: hi}}}]")
    case = """
    given: {store: {greeting: hi, web/password: opensesame}}
    expect: {status: Failed, message: /.*there is no template or action other.*/}
    """
    observed(template, case)


def test_a_template_that_the_case_names_a_file_for_is_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    from oos.rehearsal.read import read_cases
    from oos.rehearsal.rehearse import rehearse, template_of
    from tests.rehearsal.trying import HEAD, MODULES, nowhere

    folder = tmp_path_factory.mktemp("books")
    other = (
        "Tasks: [{Name: nap, Action: ACS::Sleep, Properties: {Duration: 1H}}]\nOutputs: {a: {Type: String, Value: b}}"
    )
    (folder / "other.yml").write_text(HEAD + other)
    main = "Tasks: [{Name: other, Action: ACS::Template, Properties: {TemplateName: Nap}}]"
    (folder / "main.json").write_text("# any\n" + HEAD + main)
    cases = folder / "main.rehearsal.yml"
    cases.write_text(
        "cases: [{name: it, given: {templates: {nap: other.yml}}, "
        "expect: {status: Success, took: PT1H, tasks: [other: {tasks: [nap]}]}}]"
    )
    file = read_cases(cases.read_text(), str(cases))
    title, text = template_of(file, nowhere)
    (one,) = rehearse(file, title, text, MODULES, nowhere)
    assert not one.differences


def test_arguments_that_do_not_fit_are_refused_and_that_can_be_expected() -> None:
    template = STOP.replace("Default: i-web-1", "AllowedPattern: 'i-.+'")
    refused = "expect: {status: Refused, code: OOS605, message: /.*id.*/, calls: []}"
    observed(template, f"parameters: {{id: x}}\n{refused}")
    with pytest.raises(DiagnosticError, match="does not match i-"):
        tried(template, "cases: [{name: it, parameters: {id: x}}]")


# what goes wrong

FAULTS = {
    "an error of a call": (
        "faults: [{fault: error, call: ECS.StopInstance, code: IncorrectInstanceStatus, message: it is busy}]",
        "{status: Failed, code: IncorrectInstanceStatus, message: /.*busy/, tasks: [look, stop: Failed]}",
    ),
    "an error after the effect": (
        "faults: [{fault: error after effect, call: ECS.StopInstance}]",
        "{status: Failed, fleet: {instances: {web-1: {power: Stopped}}}}",
    ),
    "a call about something else goes well": (
        "faults: [{fault: error, call: ECS.StopInstance, of: i-web-2}]",
        "{status: Success}",
    ),
    "the first look fails": (
        "faults: [{fault: hang, call: ECS.DescribeInstances, after: 1, times: 1}]",
        "{status: Success, took: /PT4.S/}",
    ),
    "a lost reply is an error that can be tried again": (
        "faults: [{fault: lost reply, call: ECS.DescribeInstances, after: 1, times: 2}]",
        "{status: Success, took: PT20S}",
    ),
    "a slow call": ("faults: [{fault: slow, call: ECS.StopInstance, takes: 2h}]", "{status: Success, took: PT2H}"),
    "a host that is gone": (
        "faults: [{fault: gone, host: h-1}]",
        "{status: Failed, message: /.*h-1.*/, tasks: [look: Failed]}",
    ),
    "a host that goes while it is waited": (
        "faults: [{fault: gone, host: h-1, from: wait}]",
        "{status: Failed, code: ServiceUnavailable, tasks: [look, stop, wait: Failed]}",
    ),
    "a host that comes back": (
        "faults: [{fault: gone, host: h-1, from: never}, {fault: gone, host: h-1, until: look}]",
        "{status: Success}",
    ),
    "an error of the hypervisor": (
        "faults: [{fault: error, method: stop, of: i-web-1}]",
        "{status: Failed, message: /.*as the fault plan has it.*/}",
    ),
    "a process that dies before": (
        "faults: [{fault: crash, call: ECS.StopInstance, times: 1}]",
        "{status: Success, tasks: [look, stop, wait]}",
    ),
    "a process that dies after": (
        "faults: [{fault: crash after effect, call: ECS.StopInstance, times: 1}]",
        "{status: Success, changes: [ECS.StopInstance, ECS.StopInstance], tasks: [look, stop, wait]}",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_does_what_it_says(name: str) -> None:
    faults, expect = FAULTS[name]
    observed(STOP, f"given: {{instances: {{web-1: {{}}, web-2: {{}}}}}}\n{faults}\nexpect: {expect}")


# people

APPROVAL = """
Tasks:
  - Name: ask
    Action: ACS::Approve
    Properties: {Approvers: [alice, bob], MinRequiredApprovals: 2}
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 1H}
"""

PEOPLE = {
    "two approve": (
        "people: [{approve: ask, by: alice}, {approve: ask, by: bob, note: fine}]",
        "{status: Success, tasks: [ask, nap], took: PT1H}",
    ),
    "one of two is not enough": (
        "people: [{approve: ask, by: alice}]",
        "{status: Waiting, tasks: [ask: {status: Waiting, waiting: Approval}]}",
    ),
    "one rejects": ("people: [{reject: ask, by: bob, note: not now}]", "{status: Cancelled, tasks: [ask: Cancelled]}"),
    "a stranger may not": (
        "people: [{approve: ask, by: mallory}]",
        "{status: Waiting, refusals: [/mallory is not among the approvers.*/]}",
    ),
    "somebody cancels a sleep": (
        "people: [{approve: '*', by: alice}, {approve: '*', by: bob}, {cancel: nap}]",
        "{status: Cancelled, tasks: [ask, nap: Cancelled], took: PT0S}",
    ),
    "step by step": (
        "mode: Debug\npeople: [{execute: '*', always: true}, {approve: ask, by: alice}, {approve: ask, by: bob}]",
        "{status: Success}",
    ),
    "ended by hand": ("people: [{complete: ask, status: Failed, by: alice}]", "{status: Failed}"),
}


@pytest.mark.parametrize("name", PEOPLE)
def test_people_answer(name: str) -> None:
    people, expect = PEOPLE[name]
    observed(APPROVAL, f"{people}\nexpect: {expect}")


def test_a_refusal_and_an_answer_that_nobody_waited_for_are_differences() -> None:
    refused, waiting = told(APPROVAL, "cases: [{name: it, people: [{approve: ask, by: mallory}]}]")
    assert 'observed "Waiting"' in refused
    assert "refusals: refused: mallory is not among the approvers" in waiting
    (unheard,) = told(
        APPROVAL,
        "cases: [{name: it, people: [{approve: ask, by: alice}, {reject: nap}], expect: {status: Waiting}}]",
    )
    assert "x.rehearsal.yml:1:56: error[OOS810]: it: people: nobody waited for it: reject nap" in unheard


def test_after_a_failure_a_person_tries_again_or_goes_on() -> None:
    given = "given: {instances: {web-1: {}}}\nmode: FailurePause\n"
    faults = "faults: [{fault: error, call: ECS.StopInstance, times: 1}]\n"
    observed(STOP, f"{given}{faults}people: [{{retry: stop}}]\nexpect: {{status: Success, tasks: [look, stop, wait]}}")
    skip = f"{given}{faults}people: [{{skip: stop}}, {{skip: wait}}]\n"
    observed(STOP, f"{skip}expect: {{status: Success, tasks: [look, stop: Skipped, wait: Skipped]}}")


# triggers

TIMER = """
Tasks:
  - Name: timer
    Action: ACS::TimerTrigger
    Properties: {Type: cron, Expression: '0 0 6 ? * *', EndDate: '2026-01-04'}
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 10M}
Outputs: {at: {Type: String, Value: '{{ ACS::CurrentUTCTime }}'}}
"""


def test_a_timer_fires_once_unless_it_is_said_how_long_it_lasts() -> None:
    seen = observed(TIMER, "expect: {status: Waiting, tasks: [timer: {firings: [{tasks: [timer, nap]}]}]}")
    assert seen["took"] == "PT6H10M"
    observed(TIMER, "lasts: 48h\nexpect: {status: Waiting, tasks: [timer: {firings: {Success: 2}}], took: PT48H}")
    observed(TIMER, "lasts: PT100H\nexpect: {status: Success, tasks: [timer: {firings: {Success: 4}}]}")


EVENTS = """
Tasks:
  - Name: event
    Action: ACS::EventTrigger
    Properties: {Product: ECS, Name: ['Instance:StateChange'], Content: {state: [Stopped]}}
    Outputs: {id: {Type: String, ValueSelector: .content.resourceId}}
  - Name: start
    Action: ACS::ECS::StartInstance
    Properties: {instanceId: '{{ event.id }}'}
"""


def test_an_event_that_matches_fires_and_others_do_not() -> None:
    observed(
        EVENTS,
        """
        given: {instances: {web-1: {power: Stopped}}}
        events:
          - {product: ECS, name: Instance:StateChange, content: {resourceId: i-web-1, state: Starting}}
          - {product: ECS, name: Instance:StateChange, content: {resourceId: i-web-1, state: Stopped}}
        expect:
          status: Waiting
          tasks: [event: {firings: [{status: Success, tasks: [event: {outputs: {id: i-web-1}}, start]}]}]
          fleet: {instances: {web-1: {power: Running}}}
        """,
    )
    observed(
        EVENTS,
        """
        given: {instances: {web-1: {power: Stopped}}}
        events: [{message: {content: {resourceId: i-web-1}}}]
        expect: {fleet: {instances: {web-1: {power: Running}}}}
        """,
    )


# loops


def test_children_are_told_of_with_their_tasks_and_faults_find_them_by_path() -> None:
    template = """
    Tasks:
      - Name: start
        Action: ACS::ECS::StartInstance
        Properties: {instanceId: '{{ ACS::TaskLoopItem }}'}
        Loop: {Items: [i-web-1, i-web-2, i-web-3], RateControl: {Mode: Concurrency, Concurrency: 2, MaxErrors: 3}}
    """
    observed(
        template,
        """
        given: {instances: {web: {count: 3, power: Stopped}}}
        faults: [{fault: gone, host: h-1, from: 'start[2]/startInstance'}]
        expect:
          status: Success
          tasks:
            - start:
                items:
                  - {item: i-web-1, tasks: [getInstance, chooseByStatus, startInstance, untilRunning: Success]}
                  - Success
                  - {status: Failed, tasks: [..., startInstance: Failed]}
        """,
    )


def test_inner_loops_and_what_they_wait_for_are_told_of() -> None:
    template = """
    Tasks:
      - Name: each
        Action: ACS::Loop
        Properties:
          LoopItems: [a, b]
          LoopTasks:
            - {Name: nap, Action: ACS::Sleep, Properties: {Duration: 1M}}
            - {Name: ask, Action: ACS::Approve, Properties: {Approvers: [alice]}}
    """
    observed(
        template,
        """
        people: [{approve: each/ask, by: alice}]
        expect: {status: Running, tasks: [each: {status: Running, items: {Success: 1, Running: 1}}]}
        """,
    )
