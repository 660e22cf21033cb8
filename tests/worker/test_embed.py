"""Embeddings by the run that serves: made whole or not shown, followed by newcomers."""

import threading
from typing import Any

import numpy as np
import pytest

from app.actions import embedding, importing, jobs, looks_like, promoting, training
from app.domain.errors import Cancelled
from app.storage.tables import Job
from app.worker import train as training_worker
from app.worker.embed import embed
from app.worker.score import serve
from app.worker.work import Pulse
from tests.support.loop import TINY_TRAINING
from tests.support.world import ALICE, World, make_recording


class Step(Pulse):
    """A pulse that does something else at its n-th call."""

    def __init__(self, world: World, job: Job, at: int, what: Any) -> None:
        super().__init__(world.context, job, threading.Event())
        self.left, self.what = at, what

    def __call__(self, progress: object = None) -> None:
        self.left -= 1
        if self.left == 0:
            self.what()


def stored(world: World, components: int, seed: int, labels: Any = None) -> list[int]:
    made = make_recording(components, seed=seed, labels=labels)
    return world.components_of(
        importing.store(world.context, ALICE, [made], source="made up")[0].recording_id
    )


def done(world: World, job_id: int, handler: Any) -> None:
    job = world.claimed(job_id)
    values = handler(world.context, job, Pulse(world.context, job, threading.Event()))
    assert jobs.finish(world.context, job, "succeeded", **values)


def trained(world: World) -> int:
    run = training.request_run(world.context, ALICE, {**TINY_TRAINING, "hidden": 8})
    done(world, run.id, training_worker.train)
    return run.id


def waiting(world: World) -> int:
    (job,) = jobs.live(world.context, "embed")
    return job.id


@pytest.fixture
def lab(world: World) -> World:
    """A world with 16 labeled components and a run by them."""
    stored(world, 16, 1, labels=[1, 2, 3, 4] * 4)
    trained(world)
    return world


def test_a_run_that_comes_to_serve_has_every_component_embedded(lab: World) -> None:
    assert embedding.shown(lab.context) is None
    done(lab, waiting(lab), embed)
    space = embedding.shown(lab.context)
    assert space is not None
    assert (space.run_id, space.components, space.laid_out) == (
        promoting.serving_run(lab.context), 16, 16
    )  # fmt: skip
    keys, vectors, places = embedding.vectors_of(lab.context, space.id)
    assert keys.tolist() == [row.component_id for row in lab.states()]
    assert vectors.shape[0] == 16
    assert vectors.shape[1] <= 32
    assert np.abs(places).max() == pytest.approx(1.0)


def test_a_second_request_waits_for_nobody_twice(lab: World) -> None:
    embedding.request(lab.context)
    embedding.request(lab.context)
    assert len(jobs.live(lab.context, "embed")) == 1


def test_newcomers_are_placed_beside_their_like_and_the_others_stay(lab: World) -> None:
    done(lab, waiting(lab), embed)
    space = embedding.shown(lab.context)
    assert space is not None
    before = embedding.vectors_of(lab.context, space.id)
    came = stored(lab, 3, 2)
    done(lab, jobs.live(lab.context, "score")[0].id, serve)
    done(lab, waiting(lab), embed)
    now = embedding.shown(lab.context)
    assert now is not None
    assert (now.id, now.components, now.laid_out) == (space.id, 19, 16)
    keys, _, places = embedding.vectors_of(lab.context, now.id)
    assert keys.tolist()[-3:] == came
    assert np.array_equal(places[:16], before[2])
    assert np.abs(places[16:]).max() <= 1


def test_where_newcomers_are_the_greater_part_all_are_laid_out_anew(lab: World) -> None:
    done(lab, waiting(lab), embed)
    first = embedding.shown(lab.context)
    stored(lab, 20, 2)
    done(lab, jobs.live(lab.context, "score")[0].id, serve)
    done(lab, waiting(lab), embed)
    now = embedding.shown(lab.context)
    assert first is not None
    assert now is not None
    assert now.id > first.id
    assert (now.components, now.laid_out) == (36, 36)
    assert len(embedding.vectors_of(lab.context, first.id)[0]) == 0, "it is removed"


def test_another_run_replaces_the_embeddings_at_once(lab: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(embedding, "WRITTEN_AT_ONCE", 4)
    done(lab, waiting(lab), embed)
    before = embedding.shown(lab.context)
    trained(lab)
    job = lab.claimed(waiting(lab))

    seen = []
    real = embedding.store

    def store(*given: Any) -> None:
        real(*given)
        seen.append(embedding.shown(lab.context))

    monkeypatch.setattr(embedding, "store", store)
    embed(lab.context, job, Pulse(lab.context, job, threading.Event()))
    assert seen == [before] * 4, "the one before is shown while the next is written"
    after = embedding.shown(lab.context)
    assert after is not None
    assert after.run_id == promoting.serving_run(lab.context)


def test_what_a_killed_attempt_wrote_is_never_shown_and_goes(lab: World) -> None:
    job = lab.claimed(waiting(lab))
    half = embedding.begin(lab.context, job, 1, np.zeros((2, 4), np.float32))
    embedding.store(
        lab.context, job, half, [1, 2], np.zeros((2, 1), np.float16), np.zeros((2, 2), np.float32)
    )
    assert embedding.shown(lab.context) is None
    embed(lab.context, job, Pulse(lab.context, job, threading.Event()))
    now = embedding.shown(lab.context)
    assert now is not None
    assert now.components == 16
    assert len(embedding.vectors_of(lab.context, half)[0]) == 0


def test_a_job_that_was_overtaken_stores_nothing(lab: World) -> None:
    job = lab.claimed(waiting(lab))

    def overtake() -> None:
        lab.clock.forward(hours=1)
        jobs.sweep(lab.context)
        lab.claimed(job.id)

    with pytest.raises(jobs.JobLost):
        embed(lab.context, job, Step(lab, job, 2, overtake))
    assert embedding.shown(lab.context) is None


def test_it_stops_when_it_is_asked_to(lab: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.worker.work.SHOW_PROGRESS_EVERY_S", 0.0)
    job = lab.claimed(waiting(lab))
    jobs.cancel(lab.context, job.id)
    with pytest.raises(Cancelled):
        embed(lab.context, job, Pulse(lab.context, job, threading.Event()))
    assert embedding.shown(lab.context) is None


def test_it_stands_still_while_more_urgent_work_is_done(
    lab: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    monkeypatch.setattr("app.worker.embed.time.sleep", naps.append)
    job = lab.claimed(waiting(lab))
    busy = [True, True, False]
    pulse = Pulse(
        lab.context, job, threading.Event(), lambda: busy.pop(0) if len(busy) > 1 else busy[0]
    )
    embed(lab.context, job, pulse)
    assert len(naps) == 2


def test_before_the_first_run_there_is_nothing_to_ask_for(world: World) -> None:
    world.recording(2)
    embedding.request(world.context)
    assert jobs.live(world.context, "embed") == []
    assert looks_like.nearest(world.context, 1, 3) == []
