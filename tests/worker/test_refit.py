"""The instant refit with real networks: what it moves in the queue, and what it must not touch."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from app.actions import importing, jobs, promoting, refitting, training
from app.domain.recordings import ImportedLabels, Recording
from app.domain.serving import OF_A_RUN
from app.storage.tables import ComponentState
from app.worker import train as training_worker
from app.worker.refit import Refitter
from app.worker.work import Pulse
from tests.support.loop import TINY_TRAINING
from tests.support.world import ALICE, BOB, World

KINDS = 12
"""Components of a kind in each recording."""


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
    run = training.request_run(world.context, ALICE, TINY_TRAINING)
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


def orders(world: World, keys: Sequence[int]) -> list[tuple[float | None, ...]]:
    states = [world.state(key) for key in keys]
    return [tuple(getattr(one, name) for name in OF_A_RUN) for one in states]


def test_a_few_labels_make_the_rest_of_their_kind_less_confusing(world: World) -> None:
    stored(world, recording(1, labels=[1] * KINDS + [0] * KINDS + [3] * KINDS))
    keys = stored(world, recording(2))
    rings, bars = keys[KINDS : 2 * KINDS], keys[2 * KINDS :]
    run = trained(world)
    refitter = Refitter()
    assert refit(world, refitter)["moved"] == 0, "nobody has labeled anything since"
    before = {key: world.state(key).entropy for key in keys}
    for key in rings[:8]:
        world.label(BOB, key, 4)
    said = refit(world, refitter)
    print(said, before, {key: world.state(key).entropy for key in keys})
    assert False
