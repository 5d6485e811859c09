"""Crashes: killed at any write of the journal, a run resumes to the same end, each effect done once."""

import pytest

from oos.engine.errors import EngineStopped, OwnedElsewhere
from oos.execution.status import Status
from tests.engine.dying import DyingJournal, Killed
from tests.engine.templates import LOOP, PARENT, PRODUCT, SEQUENCE, call, tasks
from tests.engine.world import World, finished

STORIES = {"sequence": SEQUENCE, "loop": LOOP, "children": PARENT}


def new_world():
    return World(("ACS::TEST::MakeThing", PRODUCT), journal=DyingJournal())


def run_undisturbed(text):
    world = new_world()
    execution = world.run(text)
    world.close()
    assert execution.status is Status.SUCCESS
    return world.journal.writes, execution.outputs, sorted(map(str, world.service.done.values()))


def run_killed(text, write, before):
    """Drive to the end in as many processes as it takes; the first one dies at this write."""
    world = new_world()
    world.journal.dies_at, world.journal.dies_before = write, before
    engine = world.engine()
    try:
        id_ = engine.start(world.request(text, client_token="run"))
        finished(engine, id_)
    except (Killed, EngineStopped):
        engine.close()
    world.locks.held.clear()  # the kernel frees the locks of a dead process
    world.journal.dies_at = None
    second = world.engine()
    ids = [each for each in world.journal.execution_ids() if "." not in each]
    if ids:
        id_ = second.resume(ids[0], by="tester")
    else:
        id_ = second.start(world.request(text, client_token="run"))
    execution = finished(second, id_)
    world.close()
    return world, execution


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("story", STORIES)
def test_killed_at_any_write_a_run_resumes_to_the_same_end(story, before):
    writes, outputs, made = run_undisturbed(STORIES[story])
    for write in range(1, writes + 1):
        world, execution = run_killed(STORIES[story], write, before)
        place = f"killed {'before' if before else 'after'} write {write} of {writes}"
        assert execution.status is Status.SUCCESS, place
        assert execution.outputs == outputs, place
        assert sorted(map(str, world.service.done.values())) == made, place
        assert set(world.service.effects.values()) == {1}, place


def test_an_execution_belongs_to_one_process(world):
    world.service.hold.clear()
    first, second = world.engine(), world.engine()
    id_ = first.start(world.request(SEQUENCE))
    with pytest.raises(OwnedElsewhere):
        second.resume(id_, by="tester")
    world.service.hold.set()
    assert finished(first, id_).status is Status.SUCCESS


def test_resuming_what_this_process_drives_changes_nothing(world):
    world.service.hold.clear()
    engine = world.engine()
    id_ = engine.start(world.request(SEQUENCE))
    assert engine.resume(id_, by="tester") == id_
    world.service.hold.set()
    assert finished(engine, id_).status is Status.SUCCESS
    assert set(world.service.effects.values()) == {1}


def test_an_interrupted_call_in_doubt_waits_for_a_person_and_is_not_made_again(world):
    world.service.hold.clear()
    first = world.engine()
    id_ = first.start(world.request(tasks(call("doubt", "Once"))))
    while not world.service.calls["Once"]:
        pass
    first.close(0.5)
    world.locks.held.clear()
    second = world.engine()
    second.resume(id_, by="tester")
    assert second.wait(id_, 0.5) is None
    execution = second.look(id_)
    assert execution.shown_status is Status.WAITING
    assert execution.waiting.reason == "Interrupted"
    assert world.service.calls["Once"] == 1


def test_draining_leaves_what_is_left_resumable(world):
    world.service.hold.clear()
    first = world.engine()
    id_ = first.start(world.request(LOOP, parameters={"items": list("abcdef")}))
    while world.service.in_flight < 2:
        pass
    first.drain()
    world.service.hold.set()
    with pytest.raises(EngineStopped):
        first.wait(id_, 20)
    assert world.service.calls["Make"] == 2
    second = world.engine()
    second.resume(id_, by="tester")
    assert finished(second, id_).outputs == {"names": list("abcdef")}
    assert world.service.calls["Make"] == 6
