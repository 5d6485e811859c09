"""Turns are taken by whoever has nothing else to do, one at a time, and nothing that was said waits."""

import random
import threading
import time

import pytest

from oos.engine.runtime import ThreadRuntime

PATIENCE = 20.0


class Turns:
    """An engine that notes on which thread it turns."""

    def __init__(self, workers=8):
        self.runtime = ThreadRuntime(workers)
        self.threads = []
        self.told = []
        self.turning = 0
        self.stopping = False
        self.patience = 3600.0
        self.changed = threading.Condition()

    def __enter__(self):
        self.runtime.launch(self.turn, lambda: self.patience)
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.runtime.post(lambda: None)
        self.runtime.close(PATIENCE)

    def turn(self):
        self.turning += 1
        assert self.turning == 1, "two turns at once"
        for message in self.runtime.receive():
            message()
        self.threads.append(threading.current_thread().name)
        self.turning -= 1
        with self.changed:
            self.changed.notify_all()
        return not self.stopping

    def tell(self, word):
        return lambda: self.told.append(word)

    def until(self, so):
        with self.changed:
            assert self.changed.wait_for(so, PATIENCE)


@pytest.fixture
def turns():
    with Turns() as made:
        yield made


def test_what_is_said_is_heard_though_nothing_is_due(turns):
    turns.runtime.post(turns.tell("hello"))
    turns.until(lambda: turns.told == ["hello"])


def test_one_job_after_the_other_stays_on_one_thread(turns):
    on = []

    def next_job(number):
        def job():
            on.append(threading.current_thread().name)
            return lambda: next_job(number + 1) if number < 200 else turns.told.append("done")

        turns.runtime.submit(job)

    turns.runtime.post(lambda: next_job(0))
    turns.until(lambda: turns.told == ["done"])
    assert len(set(on)) == 1
    assert turns.threads.count(on[0]) >= 200


def test_a_job_that_takes_long_holds_up_nobody(turns):
    release = threading.Event()

    def slow():
        release.wait(PATIENCE)
        return turns.tell("slow")

    def after():
        # The worker that brings this goes on with a slow job, and the others wait for threads.
        for _ in range(4):
            turns.runtime.submit(slow)
        turns.runtime.submit(lambda: turns.tell("quick"))

    turns.runtime.post(lambda: turns.runtime.submit(lambda: after))
    turns.until(lambda: "quick" in turns.told)
    turns.runtime.post(turns.tell("said"))
    turns.until(lambda: "said" in turns.told)
    assert "slow" not in turns.told
    release.set()
    turns.until(lambda: turns.told.count("slow") == 4)


def test_what_is_due_earlier_because_of_a_workers_turn_is_not_overslept(turns):
    def hurry():
        turns.patience = 0.05
        turns.told.append("hurried")

    turns.runtime.post(lambda: turns.runtime.submit(lambda: hurry))
    turns.until(lambda: turns.told == ["hurried"])
    seen = len(turns.threads)
    turns.until(lambda: len(turns.threads) > seen + 1)


def test_nothing_that_is_said_is_lost_whoever_says_it_when():
    for seed in range(30):
        chance = random.Random(seed)
        with Turns(chance.choice([1, 2, 5])) as turns:
            pauses = [chance.choice([0, 0, 0.0001, 0.001]) for _ in range(64)]

            def job(turns=turns, pauses=pauses):
                time.sleep(pauses[len(turns.told) % 64])
                return turns.tell("job")

            def say(turns=turns, pauses=pauses, job=job):
                for pause in pauses:
                    time.sleep(pause)
                    turns.runtime.post(turns.tell("word"))
                    turns.runtime.post(lambda: turns.runtime.submit(job))

            speakers = [threading.Thread(target=say) for _ in range(3)]
            for each in speakers:
                each.start()
            for each in speakers:
                each.join()
            turns.until(lambda turns=turns: turns.told.count("job") == turns.told.count("word") == 192)


def test_the_last_turn_may_be_a_workers():
    turns = Turns()
    with turns:

        def stop():
            turns.stopping = True

        turns.runtime.post(lambda: turns.runtime.submit(lambda: stop))
        turns.until(lambda: turns.stopping)
        thread = turns.runtime._thread
        thread.join(PATIENCE)
        assert not thread.is_alive()
