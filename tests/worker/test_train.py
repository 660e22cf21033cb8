"""Training with the worker's own code: what a run stores, and how one goes on from another."""

import threading
from typing import Any

import numpy as np
import torch

from app.actions import jobs, training
from app.actions.training import RunView
from app.storage import runs
from app.storage.rows import AnyRow
from app.worker import train as worker
from app.worker.work import Pulse
from classifier.crossval import cross_validate
from tests.support.loop import TINY_TRAINING
from tests.support.world import ALICE, World


def carried_out(world: World, **more: Any) -> RunView:
    """A run asked for and carried out to its end."""
    run = training.request_run(world.context, ALICE, **more)
    job = world.claimed(run.id)
    before = torch.get_num_threads()
    values = worker.train(world.context, job, Pulse(world.context, job, threading.Event()))
    torch.set_num_threads(before)
    assert jobs.finish(world.context, job, "succeeded", **values)
    return training.get_run(world.context, run.id)


def predictions(world: World, run_id: int) -> dict[int, AnyRow]:
    with world.context.database.read() as session:
        return {row.component_id: row for row in runs.predictions(session, run_id, None, 0, 999)}


def test_a_run_goes_on_from_another_with_its_models_and_folds(
    world: World, monkeypatch: Any
) -> None:
    keys = world.recording(24, labels=[1, 2, 3, 4] * 6)
    fresh = world.recording(4)
    parent = carried_out(world, config=TINY_TRAINING)
    world.label(ALICE, fresh[0], 3)
    given: list[Any] = []

    def watched(*arguments: Any, **named: Any) -> Any:
        given.append(named["warm"])
        return cross_validate(*arguments, **named)

    monkeypatch.setattr(worker, "cross_validate", watched)
    child = carried_out(world, start_from=parent.id)
    assert (child.start_from, child.config) == (parent.id, parent.config)
    (warm,) = given
    assert warm.ensemble.config.to_dict() == parent.config
    assert np.array_equal(warm.fold_of == -1, [False] * len(keys) + [True])
    before = training.folds_before(world.context, parent.id)
    with world.context.database.read() as session:
        after = runs.folds(session, child.id)
    assert before == {key: after[key] for key in keys}, "no model judges what it has seen"
    assert predictions(world, child.id).keys() == {*keys, *fresh}
