"""Letting the run that serves judge what is new, and the queue follow it."""

import threading

import pytest

from app.actions import jobs, judging, promoting
from app.domain.errors import Cancelled
from app.worker.score import serve
from app.worker.work import Pulse
from tests.support.world import ALICE, World

SAYS_NEURON = (0.7, 0.1, 0.1, 0.1)
SAYS_NOISE = (0.1, 0.1, 0.7, 0.1)


def sort_the_queue(world: World) -> None:
    """Do the worker's part of the promotion that waits."""
    (waiting,) = jobs.live(world.context, "promote")
    job = world.claimed(waiting.id)
    values = serve(world.context, job, Pulse(world.context, job, threading.Event()))
    assert jobs.finish(world.context, job, "succeeded", **values)


def test_the_queue_follows_the_promoted_run(world: World) -> None:
    key = world.component(labeled_by=[ALICE])
    older = world.train({key: SAYS_NEURON})
    world.train({key: SAYS_NOISE})
    assert world.state(key).predicted == 3
    promoting.promote(world.context, ALICE, older)
    sort_the_queue(world)
    state = world.state(key)
    assert (state.run_id, state.predicted) == (older, 1)
    assert state.quality is not None, "nobody has answered since that run's snapshot"


def test_the_queue_goes_back_to_the_newest_run(world: World) -> None:
    key = world.component(labeled_by=[ALICE])
    older = world.train({key: SAYS_NEURON})
    newer = world.train({key: SAYS_NOISE})
    promoting.promote(world.context, ALICE, older)
    sort_the_queue(world)
    promoting.follow_newest(world.context, ALICE)
    sort_the_queue(world)
    assert (world.state(key).run_id, world.state(key).predicted) == (newer, 3)


def test_whoever_is_promoted_while_the_queue_is_sorted_is_shown_in_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "STORED_AT_ONCE", 1)
    keys = world.recording(3)
    first = world.train(dict.fromkeys(keys, SAYS_NEURON))
    second = world.train(dict.fromkeys(keys, SAYS_NOISE))
    promoting.promote(world.context, ALICE, first)
    (waiting,) = jobs.live(world.context, "promote")
    job = world.claimed(waiting.id)

    class Interrupted(Pulse):
        calls = 0

        def __call__(self, progress: object = None) -> None:
            self.calls += 1
            if self.calls == 4:
                promoting.promote(world.context, ALICE, second)

    serve(world.context, job, Interrupted(world.context, job, threading.Event()))
    assert {world.state(key).run_id for key in keys} == {second}


def test_a_sorting_stops_when_it_is_asked_to(world: World) -> None:
    key = world.component()
    older = world.train({key: SAYS_NEURON})
    world.train({key: SAYS_NOISE})
    promoting.promote(world.context, ALICE, older)
    (waiting,) = jobs.live(world.context, "promote")
    job = world.claimed(waiting.id)
    jobs.cancel(world.context, waiting.id)
    with pytest.raises(Cancelled):
        serve(world.context, job, Pulse(world.context, job, threading.Event()))
    assert world.state(key).predicted == 3
