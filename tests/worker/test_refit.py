"""The instant refit with real networks: what it moves in the queue, and what it must not touch."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from app.actions import importing, jobs, promoting, refitting, training
from app.domain.recordings import ImportedLabels, Recording
from app.domain.serving import REFITTED
from app.storage import runs
from app.worker import train as training_worker
from app.worker.inputs import components_of
from app.worker.refit import Refitter
from app.worker.score import serve
from app.worker.work import Pulse
from classifier import instant
from classifier.uncertainty import predictive_entropy
from tests.support.loop import TINY_TRAINING
from tests.support.world import ALICE, BOB, World

KINDS = 12
"""Components of a kind in each recording."""

FILE_SAYS = [1] * KINDS + [0] * KINDS + [3] * KINDS
"""Discs are neurons and bars are noise; nobody has said anything of rings."""


def recording(seed: int, labels: Sequence[int] = ()) -> Recording:
    """Three kinds of masks that any network sees apart: small discs, rings and wide bars.

    labels: the file's own, if any.
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-25:25, -25:25].astype(np.float32)
    radius = np.hypot(y, x)
    shapes = [radius < 5, (radius > 8) & (radius < 11), (np.abs(y) < 3) & (np.abs(x) < 16)]
    masks = np.repeat(np.stack(shapes).astype(np.float32), KINDS, axis=0)
    masks *= rng.uniform(0.8, 1.2, masks.shape).astype(np.float32)
    own = (ImportedLabels("a file", np.array(labels, np.int8)),) if labels else ()
    return Recording(
        name=f"kinds {seed}",
        source_format="arrays",
        masks=masks,
        centroids_px=rng.uniform(25, 175, (3 * KINDS, 2)).astype(np.float32),
        source_indices=np.arange(3 * KINDS, dtype=np.int64),
        field_shape_px=(200, 200),
        imported_labels=own,
    )


def stored(world: World, made: Recording) -> list[int]:
    """Its components: discs, rings, bars."""
    found = importing.store(world.context, ALICE, [made], source="made up")
    return world.components_of(found[0].recording_id)


def trained(world: World) -> int:
    """A run trained by the worker on what is labeled now, that serves."""
    config = {**TINY_TRAINING, "epochs": 8, "min_batches": 4, "learning_rate": 0.01}
    run = training.request_run(world.context, ALICE, config)
    done(world, run.id, training_worker.train)
    return run.id


def done(world: World, job_id: int, handler: Any) -> dict[str, Any]:
    """Let a handler do a job to its end; returns the progress that it leaves."""
    job = world.claimed(job_id)
    before = torch.get_num_threads()
    values: dict[str, Any] = handler(
        world.context, job, Pulse(world.context, job, threading.Event())
    )
    torch.set_num_threads(before)
    assert jobs.finish(world.context, job, "succeeded", **values)
    return jobs.view(world.context, job_id).progress


def refit(world: World, refitter: Refitter) -> dict[str, Any]:
    """Ask for a refit and let it be done; returns what it says of itself."""
    refitting.request(world.context)
    (waiting,) = jobs.live(world.context, "refit")
    return done(world, waiting.id, refitter)


def sorted_by(world: World, handler: Any) -> None:
    """What a worker does of an import or a promotion: judge what is new, sort the queue."""
    job_id = jobs.enqueue(world.context, "score", by=None, request={})
    done(world, job_id, handler)


def orders(world: World, keys: Sequence[int]) -> list[tuple[float | None, ...]]:
    states = [world.state(key) for key in keys]
    return [tuple(getattr(one, name) for name in REFITTED) for one in states]


def predictions(world: World, run_id: int) -> list[tuple[Any, ...]]:
    with world.context.database.read() as session:
        return [tuple(row) for row in runs.predictions(session, run_id, None, 0, 999)]


def confusing(world: World, keys: Sequence[int]) -> Any:
    """How confusing the queue takes these to be, nats."""
    return np.array([world.state(key).queue_entropy for key in keys])


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else labels here who would be let in between."""
    monkeypatch.setattr("app.worker.refit.LONGEST_BREATH_S", 0.0)


def test_labels_that_contradict_the_run_turn_the_order_of_their_kind_round(world: World) -> None:
    stored(world, recording(1, labels=FILE_SAYS))
    keys = stored(world, recording(2))
    labeled, discs, bars = keys[:8], keys[8:KINDS], keys[2 * KINDS :]
    run_id = trained(world)
    refitter = Refitter()
    assert refit(world, refitter)["moved"] == 0, "nobody has labeled anything since"
    assert world.next_for(BOB, "entropy", recording=2) in bars
    assert confusing(world, discs).max() < confusing(world, bars).min()
    said, shown = predictions(world, run_id), [world.state(key).entropy for key in keys]
    for key in labeled:
        world.label(BOB, key, 3)
    before = orders(world, labeled)
    progress = refit(world, refitter)
    assert (progress["run"], progress["labels"], progress["moved"] > 0) == (run_id, 8, True)
    assert confusing(world, discs).min() > confusing(world, bars).max()
    for strategy in ("entropy", "margin", "dcal"):
        assert world.next_for(BOB, strategy, recording=2) not in bars, strategy
    assert predictions(world, run_id) == said, "programs fetch what the run said"
    assert [world.state(key).entropy for key in keys] == shown, "and lists show it"
    assert orders(world, labeled) == before


def test_what_a_file_has_a_label_of_is_ordered_by_the_fold_that_never_saw_it(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    named = stored(world, recording(1, labels=FILE_SAYS))
    keys = stored(world, recording(2))
    trained(world)
    late = stored(world, recording(3, labels=[3] * 2 * KINDS + [1] * KINDS))
    sorted_by(world, serve)
    for key in keys[:8]:
        world.label(BOB, key, 3)
    refitter = Refitter()
    refit(world, refitter)
    kept = refitter.kept
    assert kept is not None
    place = {key: row for row, key in enumerate(kept.keys.tolist())}
    labels = np.zeros(len(kept.keys), np.int64)
    labels[[place[key] for key in named]] = FILE_SAYS
    labels[[place[key] for key in keys[:8]]] = 3
    by_fold = instant.refit(kept.ensemble, kept.memory, labels, kept.fold_of)
    for key in named:
        if FILE_SAYS[named.index(key)]:
            own = by_fold[kept.fold_of[place[key]], place[key]]
            assert world.state(key).mutual_information is None
            assert world.state(key).queue_entropy == pytest.approx(
                predictive_entropy(own[None])[0], abs=2e-3
            )
    for key in late:
        of_all = by_fold[:, place[key]].mean(axis=0)
        assert world.state(key).queue_entropy == pytest.approx(
            predictive_entropy(of_all[None])[0], abs=2e-3
        ), "no fold was told what the file says"


def test_what_came_later_is_looked_at_once_and_the_rest_not_again(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sqlite_world
    keys = stored(world, recording(1, labels=FILE_SAYS))
    first = trained(world)
    looked: list[list[int]] = []

    def watched(context: Any, some: list[int], *, pictured: bool) -> Any:
        looked.append(some)
        return components_of(context, some, pictured=pictured)

    monkeypatch.setattr("app.worker.refit.components_of", watched)
    refitter = Refitter()
    refit(world, refitter)
    late = stored(world, recording(2))
    refit(world, refitter)
    assert looked == [keys], "the run has not judged the others yet"
    sorted_by(world, serve)
    world.label(BOB, late[0], 3)
    refit(world, refitter)
    assert looked == [keys, late]
    assert refitter.kept is not None
    assert refitter.kept.memory.logs.shape[1] == len(refitter.kept.measures) == len(keys + late)

    second = trained(world)
    refit(world, refitter)
    assert refitter.kept.run_id == second != first
    assert looked[2:] == [keys + late], "another run sees with other eyes"


def test_no_more_is_remembered_than_there_is_room_for(sqlite_world: World) -> None:
    world = sqlite_world
    stored(world, recording(1, labels=FILE_SAYS))
    keys = stored(world, recording(2))
    trained(world)
    refitter = Refitter(most=16)
    for key in keys[:14]:
        world.label(BOB, key, 3)
        refit(world, refitter)
        assert refitter.kept is not None
        assert len(refitter.kept.keys) <= 16
    assert refitter.kept is not None
    assert set(keys[10:14]) <= set(refitter.kept.keys.tolist()), "the newest labels are known"


def test_a_killed_workers_refit_is_made_again_by_the_next(sqlite_world: World) -> None:
    world = sqlite_world
    stored(world, recording(1, labels=FILE_SAYS))
    keys = stored(world, recording(2))
    trained(world)
    for key in keys[:8]:
        world.label(BOB, key, 3)
    refitting.request(world.context)
    (waiting,) = jobs.live(world.context, "refit")
    job = world.claimed(waiting.id)

    class Killed(Pulse):
        def __call__(self, progress: object = None) -> None:
            raise SystemExit

    before = orders(world, keys)
    with pytest.raises(SystemExit):
        Refitter()(world.context, job, Killed(world.context, job, threading.Event()))
    world.clock.forward(minutes=5)
    assert "queued again" in jobs.sweep(world.context)[0]
    assert done(world, waiting.id, Refitter())["moved"] > 0
    assert orders(world, keys) != before


def test_a_run_that_is_promoted_meanwhile_keeps_its_order(sqlite_world: World) -> None:
    world = sqlite_world
    keys = stored(world, recording(1, labels=FILE_SAYS))
    first = trained(world)
    for key in keys[:8]:
        world.label(BOB, key, 3)
    second = trained(world)
    world.label(BOB, keys[8], 3)
    refitting.request(world.context)
    (waiting,) = jobs.live(world.context, "refit")
    job = world.claimed(waiting.id)

    class Interrupted(Pulse):
        def __call__(self, progress: object = None) -> None:
            if promoting.serving_run(world.context) == second:
                promoting.promote(world.context, ALICE, first)
                sorted_by(world, serve)

    values = Refitter()(world.context, job, Interrupted(world.context, job, threading.Event()))
    assert values["progress"]["moved"] == 0
    assert {one.run_id for one in world.states()} == {first}
    for one in world.states():
        assert one.queue_entropy == one.entropy
