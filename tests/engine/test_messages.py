"""Messages and approvals: web hooks and mail that arrive or fail, quorum, expiry, rules on web answers."""

import email
import email.policy
import time

import pytest

from oos.execution.notify import NotAllowed
from oos.execution.status import NotifyType, Status, WaitReason
from tests.engine.servers import smtp_server, web_hook
from tests.engine.templates import call, tasks
from tests.engine.test_people import told, until_waiting
from tests.engine.world import finished


@pytest.fixture
def hook():
    with web_hook() as running:
        yield running


@pytest.fixture
def mailbox():
    with smtp_server() as running:
        yield running


def notify(hook, content="{msgtype: text, text: {content: hello}}", more=""):
    hook_properties = f"{{URI: '{hook.address}/hook?token=abc', Content: {content}}}"
    return (
        f"{{Name: tell, Action: 'ACS::Notify'{more}, Properties: {{NotifyType: WebHook, WebHook: {hook_properties}}}}}"
    )


def test_a_web_hook_is_told(world, hook):
    execution = world.run(tasks(notify(hook)))
    assert execution.status is Status.SUCCESS, execution.fault
    received = hook.received[0]
    assert received.json == {"msgtype": "text", "text": {"content": "hello"}}
    assert received.headers["Content-Type"] == "application/json"
    assert received.headers["Idempotency-Key"]


def test_a_web_hook_is_told_again_while_it_is_not_ready(world, hook):
    hook.answers[:] = [(503, "busy"), (200, "ok")]
    execution = world.run(tasks(notify(hook, more=", DelayType: Constant, Delay: 1, Retries: 3")))
    assert execution.status is Status.SUCCESS
    assert len({each.headers["Idempotency-Key"] for each in hook.received}) == 1
    assert len(hook.received) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [((404, "no such hook"), "404 Not Found"), ((200, {"errcode": 310000, "errmsg": "keywords"}), "errcode 310000")],
)
def test_a_message_that_is_not_taken_fails_the_task_at_once(world, hook, answer, said):
    hook.answers[:] = [answer]
    execution = world.run(tasks(notify(hook), call("after")))
    assert execution.fault.code == "NotifyFailed"
    assert said in execution.fault.message
    assert len(hook.received) == 1
    assert not world.service.done


def test_a_message_that_nobody_hears_fails_the_task_after_its_retries(world, hook):
    hook.address = "http://127.0.0.1:9"
    execution = world.run(tasks(notify(hook, more=", DelayType: Constant, Delay: 1, Retries: 1")))
    assert execution.fault.code == "NotifyFailed"
    assert "http://127.0.0.1:9/hook" in execution.fault.message
    assert "token" not in execution.fault.message


def test_the_address_of_the_execution_is_added_where_people_see_it(world, hook):
    text = tasks(notify(hook)).replace("NotifyType: WebHook", "NotifyType: WebHook, AppendExecutionLink: true")
    execution = world.run(text)
    assert hook.received[0].json["text"]["content"] == f"hello\noos execution show {execution.id}"


def mail(mailbox, to="[ann@example.org, bob@example.org]", more=""):
    return tasks(
        "{Name: write, Action: 'ACS::Notify', DelayType: Constant, Delay: 1, Properties: {NotifyType: Mail, Mail: "
        f"{{Host: 127.0.0.1, Port: {mailbox.port}, From: oos@example.org, To: {to}, "
        f"Subject: 'Grüße', Content: 'done'{more}}}}}}}"
    )


def test_a_mail_is_delivered(world, mailbox):
    execution = world.run(mail(mailbox))
    assert execution.status is Status.SUCCESS, execution.fault
    envelope = mailbox.mails[0]
    assert envelope.rcpt_tos == ["ann@example.org", "bob@example.org"]
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert (message["Subject"], message.get_content().strip()) == ("Grüße", "done")


def test_a_mail_is_sent_again_while_the_server_is_busy(world, mailbox):
    mailbox.busy = 1
    assert world.run(mail(mailbox)).status is Status.SUCCESS
    assert len(mailbox.mails) == 1


def test_a_mail_that_one_of_its_recipients_cannot_get_fails_the_task(world, mailbox):
    execution = world.run(mail(mailbox, to="[ann@example.org, nobody@example.org]"))
    assert execution.fault.code == "NotifyFailed"
    assert "nobody@example.org (550 no such mailbox)" in execution.fault.message


def test_no_password_travels_in_the_open(world, mailbox):
    execution = world.run(mail(mailbox, more=", Account: oos, Password: hunter22"))
    assert "no encryption" in execution.fault.message
    assert "hunter22" not in execution.fault.message


def test_a_mail_without_recipients_says_what_is_missing(world, mailbox):
    assert "needs Host" in world.run(mail(mailbox, to="[]")).fault.message


def approve(**properties):
    fields = ", ".join(f"{name}: {value}" for name, value in properties.items())
    return tasks(f"{{Name: ask, Action: 'ACS::Approve', Properties: {{{fields}}}}}", call("after"))


def by(name, type_=NotifyType.APPROVE, **fields):
    import msgspec

    return msgspec.structs.replace(told(type_, **fields), by=name)


def test_enough_different_people_must_approve(world):
    engine = world.engine()
    id_ = engine.start(world.request(approve(Approvers="[ann, bob, eve]", MinRequiredApprovals="2")))
    until_waiting(engine, id_, WaitReason.APPROVAL)
    engine.tell(id_, by("ann", note="fine"))
    while not engine.look(id_).current.activity.approvals:
        time.sleep(0.01)
    with pytest.raises(NotAllowed, match="ann has approved ask already; 1 more"):
        engine.tell(id_, by("ann"))
    with pytest.raises(NotAllowed, match="mallory is not among the approvers"):
        engine.tell(id_, by("mallory"))
    assert not world.service.done
    engine.tell(id_, by("bob", note="me too"))
    execution = finished(engine, id_)
    assert execution.status is Status.SUCCESS
    given = execution.tasks["ask"].response["Approvals"]
    assert [(each["By"], each["Note"]) for each in given] == [("ann", "fine"), ("bob", "me too")]


def test_only_an_approver_can_reject(world):
    engine = world.engine()
    id_ = engine.start(world.request(approve(Approvers="[ann]")))
    until_waiting(engine, id_, WaitReason.APPROVAL)
    with pytest.raises(NotAllowed, match="mallory"):
        engine.tell(id_, by("mallory", NotifyType.REJECT))
    engine.tell(id_, by("ann", NotifyType.REJECT, note="not on Friday"))
    execution = finished(engine, id_)
    assert (execution.status, execution.rejected_by) == (Status.CANCELLED, "ann")


def test_the_settings_can_forbid_to_approve_ones_own(world):
    engine = world.engine()
    id_ = engine.start(world.request(approve(), by="ann", forbid_self_approval=True))
    until_waiting(engine, id_, WaitReason.APPROVAL)
    with pytest.raises(NotAllowed, match="forbid to approve one's own"):
        engine.tell(id_, by("ann"))
    engine.tell(id_, by("bob"))
    assert finished(engine, id_).status is Status.SUCCESS


def test_an_approval_that_does_not_come_in_time_fails_the_task(world):
    execution = world.run(approve(Approvers="[ann]", ExpiresAfter="1S"))
    assert execution.fault.code == "ApprovalExpired"
    assert "0 of 1 approvals came in time" in execution.fault.message


@pytest.mark.parametrize("properties", [{"MinRequiredApprovals": "3", "Approvers": "[a, b]"}, {"ExpiresAfter": "soon"}])
def test_an_approval_that_could_never_be_given_fails_at_once(world, properties):
    assert world.run(approve(**properties)).fault.code == "InvalidApproval"


def test_those_who_shall_approve_are_told(world, hook):
    engine = world.engine()
    text = approve(Approvers="[ann]", NotifyType="WebHook", WebHook=f"{{URI: '{hook.address}/ask'}}")
    id_ = engine.start(world.request(text))
    until_waiting(engine, id_, WaitReason.APPROVAL)
    told_ = hook.received[0].json
    assert (told_["ExecutionId"], told_["Approvers"], told_["ExecutionLink"]) == (
        id_,
        ["ann"],
        f"oos execution show {id_}",
    )
    engine.tell(id_, by("ann"))
    assert finished(engine, id_).status is Status.SUCCESS


def test_an_approval_nobody_can_be_told_of_fails(world, hook):
    hook.answers[:] = [(410, "gone")]
    text = approve(NotifyType="WebHook", WebHook=f"{{URI: '{hook.address}/ask'}}")
    assert world.run(text).fault.code == "NotifyFailed"


def http(hook, more, retry=""):
    return (
        tasks(
            f"{{Name: ask, Action: 'ACS::ExecuteHttpRequest'{retry}, "
            f"Properties: {{URL: '{hook.address}/api?x=1', {more}}}, "
            "Outputs: {state: {Type: String, ValueSelector: state}}}",
        )
        + "Outputs: {state: {Type: String, Value: '{{ ask.state }}'}}\n"
    )


def test_a_web_address_is_asked(world, hook):
    hook.answers[:] = [(200, {"state": "up"})]
    execution = world.run(http(hook, "Method: GET, Query: {y: [2]}, Headers: {X-Test: yes}"))
    assert execution.outputs == {"state": "up"}
    received = hook.received[0]
    assert (received.method, received.path) == ("GET", "/api?x=1&y=%5B2%5D")
    assert received.headers["X-Test"] in ("yes", "True")


def test_a_body_is_posted_as_json(world, hook):
    world.run(http(hook, "Body: {a: [1, {b: c}]}"))
    assert (hook.received[0].method, hook.received[0].json) == ("POST", {"a": [1, {"b": "c"}]})


def test_an_error_of_the_address_fails_the_task(world, hook):
    hook.answers[:] = [(500, "broken")]
    execution = world.run(http(hook, "Method: GET"))
    assert execution.fault.code == "HttpStatus.500"
    assert "broken" in execution.fault.message


UP = (
    "{Rules: [{PropertySelector: state, Operator: In, Value: [up, idle]}, "
    "{PropertySelector: state, Operator: NotIn, Value: [idle]}]}"
)


def test_a_check_fails_unless_all_rules_hold(world, hook):
    hook.answers[:] = [(200, {"state": "idle"})]
    execution = world.run(http(hook, f"CheckFor: {UP}"))
    assert execution.fault.code == "CheckFailed"
    assert 'state is "idle"' in execution.fault.message


def test_a_wait_asks_again_until_all_rules_hold(world, hook):
    hook.answers[:] = [(503, "starting"), (200, {"state": "idle"}), (200, {"state": "up"})]
    execution = world.run(http(hook, f"WaitFor: {UP}", ", Retries: 5, DelayType: Constant, Delay: 1"))
    assert execution.outputs == {"state": "up"}
    assert len(hook.received) == 3


def test_rules_that_make_no_sense_are_said_to(world, hook):
    execution = world.run(http(hook, "CheckFor: {Rules: [{PropertySelector: state, Operator: Like, Value: x}]}"))
    assert execution.fault.code == "InvalidRules"
    assert not hook.received


def test_an_answer_that_does_not_come_ends_in_its_time(world, hook):
    hook.hold.clear()
    execution = world.run(http(hook, "Method: GET, Timeout: 1"))
    assert execution.fault.code == "HttpRequestFailed"


def test_an_interrupted_post_waits_for_a_person(world, hook):
    engine, id_ = interrupted(world, hook, "Method: POST")
    assert "nothing can tell" in until_waiting(engine, id_, WaitReason.INTERRUPTED).waiting.note
    assert len(hook.received) == 1


def test_an_interrupted_get_is_made_again(world, hook):
    engine, id_ = interrupted(world, hook, "Method: GET")
    assert finished(engine, id_).outputs == {"state": "up"}
    assert len(hook.received) == 2


def interrupted(world, hook, properties):
    """A request whose process died before the answer came, taken over by another one."""
    hook.answers[:] = [(200, {"state": "up"})]
    hook.hold.clear()
    first = world.engine()
    id_ = first.start(world.request(http(hook, properties)))
    while not hook.received:
        time.sleep(0.01)
    first.close(1)
    hook.hold.set()
    world.locks.held.clear()
    second = world.engine()
    second.resume(id_, by="tester")
    return second, id_
