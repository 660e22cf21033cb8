"""The worker around the jobs: what it does for one that cannot answer for a while."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.actions import jobs, tuning
from app.actions.context import Context
from app.storage.tables import Job
from app.worker.work import LOOK_AROUND_EVERY_S, Pulse, Worker
from tests.support.world import ALICE, World

Step = Callable[[Pulse], object]


@contextmanager
def at_work(world: World, step: Step) -> Iterator[tuple[Worker, int, threading.Event]]:
    """A worker in the midst of a long step; it goes on with `step` once the event is set."""
    job_id = jobs.enqueue(world.context, "demo", by=ALICE, request={})
    begun, go_on = threading.Event(), threading.Event()

    def handler(_context: Context, _job: Job, pulse: Pulse) -> dict[str, Any]:
        pulse()
        if step is Pulse.keep_alive:
            step(pulse)
        begun.set()
        go_on.wait(30)
        step(pulse)
        return {}

    worker = Worker(world.context, {"demo": handler})
    thread = threading.Thread(target=worker.work, args=("slow",))
    thread.start()
    assert begun.wait(30)
    try:
        yield worker, job_id, go_on
    finally:
        go_on.set()
        thread.join(30)


@pytest.fixture(autouse=True)
def at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pulse writes each time."""
    monkeypatch.setattr("app.worker.work.SHOW_PROGRESS_EVERY_S", 0.0)


def state(world: World, job_id: int) -> str:
    return jobs.view(world.context, job_id).state


def test_a_cancelled_job_has_ended_at_the_second_look_whatever_step_it_is_in(world: World) -> None:
    with at_work(world, Pulse.__call__) as (worker, job_id, go_on):
        worker.beat_for_long_steps()
        jobs.cancel(world.context, job_id)
        worker.beat_for_long_steps()
        assert state(world, job_id) == "running", "it may still stop by itself"
        worker.beat_for_long_steps()
        assert state(world, job_id) == "cancelled"
        go_on.set()
    assert state(world, job_id) == "cancelled", "its next pulse told it, and it wrote nothing more"


def test_a_job_that_is_nearly_done_is_left_to_end(world: World) -> None:
    with at_work(world, Pulse.keep_alive) as (worker, job_id, go_on):
        jobs.cancel(world.context, job_id)
        for _ in range(3):
            worker.beat_for_long_steps()
        assert state(world, job_id) == "running"
        go_on.set()
    assert state(world, job_id) == "succeeded"


def test_a_long_step_keeps_its_job(world: World) -> None:
    with at_work(world, Pulse.__call__) as (worker, job_id, _):
        for _ in range(4):
            world.clock.forward(seconds=20)
            worker.beat_for_long_steps()
            assert jobs.sweep(world.context) == []
        assert state(world, job_id) == "running"


def test_an_idle_worker_takes_a_seat_at_the_tuning_of_another(world: World) -> None:
    worker = Worker(world.context, {})
    tuning.request_study(world.context, ALICE)
    assert jobs.claim(world.context, "spare") is not None
    jobs.show_worker(world.context, "another")
    worker._look_around_once()
    assert len(jobs.live(world.context, "assist")) == 1
    assert world.tasks.lanes[-1] == "spare"


def test_a_worker_that_has_just_started_looks_around_at_once(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(sqlite_world.context, {})
    monkeypatch.setattr(worker, "_look_around_once", worker.stopping.set)
    began = time.monotonic()
    worker.look_around()
    assert time.monotonic() - began < LOOK_AROUND_EVERY_S
