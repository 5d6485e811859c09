"""People: questions at the terminal, answers from elsewhere."""

from __future__ import annotations

import os
import pty
import re
import select
import time

import pytest

from tests.cli.world import COMMAND, EXECUTION, PATIENCE, SNAPSHOTS, World, eventually, read_until

APPROVAL = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: permission
    Action: ACS::Approve
    Properties: {Approvers: [ada]}
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 1S}
"""
RISKY = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: remove
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DeleteSnapshot, Parameters: {SnapshotId: s-00000000000000000000}}
"""


class Terminal:
    """The command line with a person at a terminal."""

    def __init__(self, world: World, *arguments: str) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(world.folder)
            os.execvpe(COMMAND[0], [*COMMAND, *arguments], {**world.environment, "TERM": "xterm", "NO_COLOR": "1"})
        self.screen = ""

    def see(self, wanted: str) -> None:
        """Read until this is on the screen."""
        deadline = time.monotonic() + PATIENCE
        while wanted not in self.screen:
            assert time.monotonic() < deadline, self.screen
            if select.select([self.descriptor], [], [], 0.2)[0]:
                try:
                    self.screen += os.read(self.descriptor, 65536).decode(errors="replace")
                except OSError as ended:  # the other side is closed
                    raise AssertionError(self.screen) from ended

    def type(self, text: str) -> None:
        self.screen = ""
        os.write(self.descriptor, text.encode())

    def end(self) -> int:
        """The exit code, once it has ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if select.select([self.descriptor], [], [], 0.1)[0]:
                try:
                    self.screen += os.read(self.descriptor, 65536).decode(errors="replace")
                except OSError:
                    break
        os.close(self.descriptor)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_an_approval_is_asked_for_at_the_terminal(world: World) -> None:
    terminal = Terminal(world, "run", world.write("approval.yml", APPROVAL))
    terminal.see("permission waits for approval")
    terminal.see("[a]pprove")
    terminal.type("x\n")
    terminal.see("[a]pprove")
    terminal.type("a\n")
    terminal.see("note:")
    terminal.type("go ahead\n")
    terminal.see("ada approved: go ahead")
    assert terminal.end() == 0
    logs = world.run("execution", "logs", EXECUTION.findall(_listed(world))[0])
    assert "ada approved: go ahead" in logs.out


def test_a_rejection_ends_with_6(world: World) -> None:
    terminal = Terminal(world, "run", world.write("approval.yml", APPROVAL))
    terminal.see("[r]eject")
    terminal.type("r\n")
    terminal.see("note:")
    terminal.type("\n")
    assert terminal.end() == 6


def test_a_question_closes_when_somebody_else_answers(world: World) -> None:
    terminal = Terminal(world, "run", world.write("approval.yml", APPROVAL))
    terminal.see("[r]eject")
    id_ = EXECUTION.findall(_listed(world))[0]
    assert world.run("execution", "approve", id_).code == 0
    terminal.see("(answered)")
    assert terminal.end() == 0


def test_an_interrupt_leaves_a_question_open(world: World) -> None:
    terminal = Terminal(world, "run", world.write("approval.yml", APPROVAL))
    terminal.see("decide [l]ater: ")
    terminal.type("\x03")
    assert terminal.end() == 130
    (listed,) = world.run("execution", "list", "-o", "json").document
    assert listed["Status"] == "Waiting"
    assert "nobody; oos execution resume" in world.run("execution", "show", listed["ExecutionId"]).out


def test_without_a_terminal_it_tells_how_to_answer(world: World) -> None:
    process = world.start("run", world.write("approval.yml", APPROVAL))
    said = read_until(process, "oos execution reject")
    found = EXECUTION.search(said)
    assert found is not None
    assert f"oos execution approve {found[0]}" in said
    assert world.run("execution", "list", "-o", "json").document[0]["Status"] == "Waiting"
    answer = world.run("execution", "approve", found[0], "--note", "fine")
    assert answer.code == 0, answer
    ended = world.end(process, said)
    assert ended.code == 0
    assert "ada approved: fine" in ended.err


def test_rejecting_from_elsewhere_ends_the_run_with_6(world: World) -> None:
    process = world.start("run", world.write("approval.yml", APPROVAL))
    said = read_until(process, "oos execution reject")
    found = EXECUTION.search(said)
    assert found is not None
    assert world.run("execution", "reject", found[0]).code == 0
    assert world.end(process).code == 6


def test_a_high_risk_operation_is_confirmed_unless_told_yes(world: World) -> None:
    template = world.write("risky.yml", RISKY)
    process = world.start("run", template)
    said = read_until(process, "oos execution reject")
    assert "ECS.DeleteSnapshot is a high-risk operation" in said
    process.kill()
    process.wait()
    assert "high-risk" not in world.run("run", template, "--yes").err


def test_an_answer_that_does_not_fit_is_refused(world: World) -> None:
    process = world.start("run", world.write("approval.yml", APPROVAL))
    found = EXECUTION.search(read_until(process, "oos execution reject"))
    assert found is not None
    refused = world.run("execution", "retry", found[0])
    assert refused.code == 1
    assert "waits for Approval" in refused.err
    unknown = world.run("execution", "approve", "exec-00000000000000000000")
    assert unknown.code == 2
    assert "there is no execution" in unknown.err


def test_cancelling_reaches_the_driver(world: World) -> None:
    process = world.start("run", world.write("approval.yml", APPROVAL))
    found = EXECUTION.search(read_until(process, "oos execution reject"))
    assert found is not None
    assert world.run("execution", "cancel", found[0], "--reason", "wrong week").code == 0
    ended = world.end(process)
    assert ended.code == 1
    assert "cancelled by ada: wrong week" in ended.err


def test_cancelling_what_nobody_drives_ends_it(world: World) -> None:
    process = world.start("run", world.write("approval.yml", APPROVAL))
    found = EXECUTION.search(read_until(process, "oos execution reject"))
    assert found is not None
    process.kill()
    process.wait()
    assert world.run("execution", "cancel", found[0]).code == 0
    assert world.run("execution", "list", "-o", "json").document[0]["Status"] == "Cancelled"
    again = world.run("execution", "cancel", found[0])
    assert again.code == 1
    assert "has ended already: Cancelled" in again.err


def test_an_answer_waits_for_the_next_driver(world: World) -> None:
    process = world.start("run", world.write("approval.yml", APPROVAL))
    found = EXECUTION.search(read_until(process, "oos execution reject"))
    assert found is not None
    process.kill()
    process.wait()
    told = world.run("execution", "approve", found[0])
    assert told.code == 0
    assert f"oos execution resume {found[0]}" in told.err
    assert world.run("execution", "resume", found[0]).code == 0


@pytest.mark.parametrize("verb", ["retry", "skip"])
def test_a_failure_can_be_tried_again_or_skipped(world: World, verb: str) -> None:
    failing = RISKY.replace("DeleteSnapshot", "CreateSnapshot").replace(
        "SnapshotId: s-00000000000000000000", "DiskId: d-00000000000000000000"
    )
    process = world.start("run", world.write("failing.yml", failing), "--mode", "FailurePause")
    said = read_until(process, "oos execution skip")
    found = EXECUTION.search(said)
    assert found is not None
    assert "InvalidDiskId.NotFound" in said
    assert world.run("execution", verb, found[0]).code == 0
    if verb == "skip":
        assert world.end(process).code == 0
        return
    eventually(lambda: "attempt 2" in world.run("execution", "logs", found[0]).out, "it is tried again")
    process.kill()
    process.wait()


def test_debug_mode_goes_task_by_task(world: World) -> None:
    nap = APPROVAL.replace("ACS::Approve", "ACS::Sleep").replace("{Approvers: [ada]}", "{Duration: 1S}")
    process = world.start("run", world.write("naps.yml", nap), "--mode", "Debug")
    said = read_until(process, "oos execution step")
    found = EXECUTION.search(said)
    assert found is not None
    assert world.run("execution", "step", found[0]).code == 0
    read_until(process, "oos execution step")
    assert world.run("execution", "step", found[0]).code == 0
    assert world.end(process).code == 0


def _listed(world: World) -> str:
    return world.run("execution", "list", "-o", "ndjson").out


def test_failed_items_are_tried_again_by_their_numbers(world: World) -> None:
    world.make_instances("web-1", "web-2")
    world.make_instances("db-1", host="h2")
    world.change_host("h2", full=True)
    template = world.write("snapshots.yml", SNAPSHOTS)
    process = world.start("run", template, "--mode", "FailurePause", "-p", "maxErrors:=0", "-p", "width:=3")
    found = EXECUTION.search(read_until(process, "oos execution skip"))
    assert found is not None
    record = world.run("execution", "show", found[0], "-o", "json").document
    (failed,) = record["Tasks"][1]["FailedItems"]
    wrong = world.run("execution", "retry", found[0], "--item", str(failed["Number"] % 3 + 1))
    assert wrong.code == 1
    assert "did not fail" in wrong.err
    world.change_host("h2", full=False)
    assert world.run("execution", "retry", found[0], "--item", str(failed["Number"])).code == 0
    # The driver's simulated host read its state before it was changed: the item fails again, and only that one.
    said = read_until(process, "oos execution skip")
    assert len(re.findall(r"snapshot\[\d\] d-[0-9a-f]+ Failed", said)) == 1
    assert world.run("execution", "skip", found[0], "--item", str(failed["Number"])).code == 0
    assert world.end(process).code == 0


def test_several_approvals_may_be_needed(world: World) -> None:
    quorum = APPROVAL.replace("{Approvers: [ada]}", "{Approvers: [ada, bob], MinRequiredApprovals: 2}")
    process = world.start("run", world.write("quorum.yml", quorum))
    said = read_until(process, "oos execution reject")
    assert "waits for approval by ada, bob, 2 of them" in said
    found = EXECUTION.search(said)
    assert found is not None
    assert world.run("execution", "approve", found[0]).code == 0
    eventually(lambda: "ada approved" in world.run("execution", "logs", found[0]).out, "the first approval is heard")
    again = world.run("execution", "approve", found[0])
    assert again.code == 1
    assert "ada has approved permission already" in again.err
    stranger = world.run("execution", "approve", found[0], OOS_USER="eve")
    assert "eve is not among the approvers" in stranger.err
    assert world.run("execution", "approve", found[0], OOS_USER="bob").code == 0
    assert world.end(process).code == 0


def test_an_approval_that_does_not_come_in_time_ends_with_6(world: World) -> None:
    expiring = APPROVAL.replace("{Approvers: [ada]}", "{Approvers: [ada], ExpiresAfter: 1S}")
    said = world.run("run", world.write("expiring.yml", expiring))
    assert said.code == 6, said
    assert "ApprovalExpired" in said.err


def test_a_person_may_end_an_execution_with_a_status_of_his_own(world: World) -> None:
    process = world.start("run", world.write("approval.yml", APPROVAL))
    found = EXECUTION.search(read_until(process, "oos execution reject"))
    assert found is not None
    assert world.run("execution", "complete", found[0], "--status", "success", "--note", "done by hand").code == 0
    assert world.end(process).code == 0


def test_parameters_can_be_changed_while_it_waits(world: World) -> None:
    template = APPROVAL.replace("Tasks:", "Parameters:\n  time: {Type: String, Default: 1H}\nTasks:", 1)
    process = world.start(
        "run", world.write("changing.yml", template.replace("Duration: 1S", "Duration: '{{ time }}'"))
    )
    found = EXECUTION.search(read_until(process, "oos execution reject"))
    assert found is not None
    assert world.run("execution", "update", found[0]).code == 2
    unknown = world.run("execution", "update", found[0], "-p", "tmie=1S")
    assert unknown.code == 2
    assert "did you mean time?" in unknown.err
    assert world.run("execution", "update", found[0], "-p", "time=1S", "--tag", "hurry=yes").code == 0
    read_until(process, "ada changes time")
    record = world.run("execution", "show", found[0], "-o", "json").document
    assert (record["Parameters"], record["Tags"]) == ({"time": "1S"}, {"hurry": "yes"})
    assert world.run("execution", "approve", found[0]).code == 0
    assert world.end(process).code == 0


PARENT = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: ask
    Action: ACS::Template
    Properties: {TemplateName: approval}
"""


def test_a_rejection_in_a_child_ends_its_parent_with_6_whoever_follows(world: World) -> None:
    (world.folder / "books").mkdir()
    world.write("books/approval.yml", APPROVAL)
    world.write("oos.toml", 'runbooks = ["books"]\n')
    process = world.start("run", world.write("parent.yml", PARENT))
    said = read_until(process, "oos execution reject")
    found = EXECUTION.search(said)
    assert found is not None
    follower = world.start("execution", "logs", "-f", found[0])
    read_until(follower, "waits for approval")
    assert world.run("execution", "reject", found[0], "--note", "not on a Friday").code == 0
    ended = world.end(process, said)
    assert ended.code == 6, ended
    assert "rejected by ada: not on a Friday" in ended.err
    assert world.end(follower).code == 6
    assert world.run("execution", "resume", found[0]).code == 6, "it has ended already"


STEPS = """\
FormatVersion: OOS-2019-06-01
Parameters: {word: {Default: plain}}
Tasks:
  - {Name: one, Action: 'ACS::Sleep', Properties: {Duration: 1S}}
  - {Name: two, Action: 'ACS::Sleep', Properties: {Duration: 1S}}
  - Name: three
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DescribeInstances, Parameters: {InstanceName: '{{ word }}'}}
Outputs: {word: {Type: String, Value: '{{ word }}'}}
"""


def test_debug_mode_goes_on_at_a_later_task_with_other_parameters(world: World) -> None:
    id_ = world.run("run", world.write("steps.yml", STEPS), "--mode", "Debug", "--detach", "-q").out.strip()
    eventually(lambda: "waits before" in world.run("execution", "show", id_).out, "it waits")
    wrong = world.run("execution", "step", id_, "--task", "three")
    assert wrong.code == 1
    assert "waits for a person at one, not at three" in wrong.err
    cancelled = world.run("execution", "cancel", id_, "--task", "one", "--note", "no need", "-o", "json")
    assert cancelled.document == {"ExecutionId": id_, "Told": "CancelTask"}
    eventually(lambda: "two" in world.run("execution", "show", id_).out, "it waits at the next")
    stepped = world.run("execution", "step", id_, "--to", "three", "-p", "word=other", "--note", "enough")
    assert stepped.code == 0, stepped
    eventually(lambda: "Success" in world.run("execution", "show", id_).out, "it ends")
    assert world.run("execution", "show", id_, "-o", "json").document["Outputs"] == {"word": "other"}
    told = world.run("audit", "show", id_).out
    assert "CancelTask (no need) by ada" in told
    assert "ExecuteTask (enough) by ada" in told
    assert "by ada by ada" not in told


def test_an_empty_name_stands_for_no_execution(world: World) -> None:
    id_ = world.run("run", world.write("wait.yml", APPROVAL), "--detach", "-q").out.strip()
    for words in (["cancel"], ["complete", "--status", "Failed"], ["approve"], ["show"]):
        said = world.run("execution", *words, "")
        assert said.code == 2, said
        assert "it is empty" in said.err
    assert world.run("execution", "reject", id_, "-o", "json").document == {"ExecutionId": id_, "Told": "Reject"}
