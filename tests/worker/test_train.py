"""Training with the worker's own code: what a run stores, and how one goes on from another."""

import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from sqlalchemy import update

from app.actions import jobs, learning, training
from app.actions.training import RunView
from app.storage import runs
from app.storage.rows import AnyRow
from app.storage.tables import Prediction
from app.worker import looks
from app.worker import train as worker
from app.worker.looks import fit_look
from app.worker.work import Pulse
from classifier.crossval import cross_validate
from classifier.measures import VERSION
from tests.support.loop import TINY_TRAINING
from tests.support.world import ALICE, BOB, World


def carried_out(world: World, **more: Any) -> RunView:
    """A run asked for and carried out to its end."""
    return carried_on(world, training.request_run(world.context, ALICE, **more))


def carried_on(world: World, run: RunView) -> RunView:
    """A run that waits, carried out to its end."""
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


def test_a_repeat_comes_to_the_same_whatever_was_labeled_since(world: World) -> None:
    keys = world.recording(24, labels=[1, 2, 3, 4, 0, 0] * 4)
    original = carried_out(world, config={**TINY_TRAINING, "threads": 1})
    for key in keys[:6]:
        world.label(BOB, key, 2)
    world.recording(5, labels=[1, 2, 3, 4, 1])
    repeat = training.repeat_run(world.context, ALICE, original.id)
    done = carried_on(world, repeat)
    assert done.metrics is not None
    assert original.metrics is not None
    assert done.metrics["repeat"] == {"same_model": True, "furthest": 0.0, "differs": {}}
    assert "repeat" not in original.metrics
    for name in ("macro_f1", "cross_entropy", "confusion", "temperature"):
        assert done.metrics[name] == original.metrics[name]
    weights = training.weights_of(world.context, original.id)
    assert weights == training.weights_of(world.context, done.id) is not None


def test_a_repeat_says_how_far_it_is_off_and_what_else_differs(sqlite_world: World) -> None:
    world = sqlite_world
    keys = world.recording(24, labels=[1, 2, 3, 4] * 6)
    original = carried_out(world, config=TINY_TRAINING)
    with world.context.database.write() as session:
        environment = {**(original.environment or {}), "torch": "1.0"}
        runs.record(session, original.id, environment=environment, weights=b"other")
        session.execute(
            update(Prediction)
            .where(Prediction.component_id == keys[0])
            .values(p1=Prediction.p1 + 0.25)
        )
    done = carried_on(world, training.repeat_run(world.context, ALICE, original.id))
    found = (done.metrics or {})["repeat"]
    assert found["same_model"] is False
    assert found["furthest"] == pytest.approx(0.25)
    assert found["differs"].keys() == {"torch"}
    assert found["differs"]["torch"][0] == "1.0"


def test_a_run_learns_from_what_its_recordings_hold_without_a_label(
    world: World, monkeypatch: Any
) -> None:
    keys = world.recording(24, labels=[1, 2, 3, 4, 0, 0] * 4)
    world.recording(5)
    given: list[Any] = []

    def watched(*arguments: Any, **named: Any) -> Any:
        given.append(named["unlabeled"])
        return cross_validate(*arguments, **named)

    monkeypatch.setattr(worker, "cross_validate", watched)
    run = carried_out(world, config=TINY_TRAINING)
    unlabeled = [key for place, key in enumerate(keys) if place % 6 > 3]
    assert run.metrics is not None
    assert run.metrics["unlabeled"] == len(unlabeled) == 8
    kept = learning.measures_of(world.context, unlabeled, VERSION)
    assert kept is not None
    assert np.array_equal(given[0].measures, kept, equal_nan=True)
    # What is imported meanwhile is of another recording, and so not of this run.
    world.recording(3)
    assert run.snapshot_event_id is not None
    some = training.labels_at(world.context, run.snapshot_event_id)
    assert some.unlabeled.tolist() == unlabeled
    none = carried_out(world, config={**TINY_TRAINING, "unlabeled": 0})
    assert none.metrics is not None
    assert none.metrics["unlabeled"] == 0
    assert given[1] is None
    assert predictions(world, none.id).keys() > predictions(world, run.id).keys()


def test_a_run_of_an_earlier_version_is_gone_on_from_with_the_columns_it_saw(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    world.recording(24, labels=[1, 2, 3, 4] * 6)
    fusion = {**TINY_TRAINING, "architecture": "fusion"}
    parent = carried_out(world, config={**fusion, "measures": "alone"})
    then = {name: value for name, value in parent.config.items() if name != "measures"}
    with world.context.database.write() as session:
        runs.record(session, parent.id, config=then)
    child = carried_out(world, start_from=parent.id)
    assert child.config == {**then, "measures": "alone"}
    assert carried_out(world, config=fusion).config["measures"] == "recording"


def test_every_prediction_is_ranked_for_the_queue_and_every_label_for_rounds(world: World) -> None:
    keys = world.recording(24, labels=[1, 2, 3, 4] * 6)
    fresh = world.recording(6)
    for key in (*keys[:6], fresh[0]):
        world.label(ALICE, key, 2)
    run = carried_out(world, config=TINY_TRAINING)
    for key, row in predictions(world, run.id).items():
        state = world.state(key)
        for order in ("mutual_information", "dcal", "dal", "diverse"):
            assert getattr(state, order) == getattr(row, order)
        assert 0 <= row.dcal <= 1
        assert 0 <= row.dal <= 1
        assert (row.diverse is None) == (key in (*keys[:6], fresh[0])), "what people answered"
        labeled = key in keys or key == fresh[0]
        assert (row.mutual_information is None) == labeled, "each label has one fold's opinion"
        probabilities = sorted((row.p1, row.p2, row.p3, row.p4))
        assert state.margin == probabilities[3] - probabilities[2]
        assert (row.chance_wrong is not None) == labeled
    wrong = [row.chance_wrong for row in predictions(world, run.id).values() if row.out_of_fold]
    assert 0 <= min(wrong) < max(wrong) <= 1


def test_a_label_that_was_given_again_is_less_suspect(world: World) -> None:
    keys = world.recording(12)
    for place, key in enumerate(keys):
        world.label(ALICE, key, 1 + place % 2)
    undoubted = training.labels_at(world.context, world.log()[-1].id)
    world.label(ALICE, keys[0], 1)
    world.label(BOB, keys[1], 4)
    world.label(BOB, keys[1], 2)
    world.label(BOB, keys[2], 2)
    found: Any = SimpleNamespace(out_of_fold=np.full((12, 4), 0.25), fold_of=np.zeros(12, int))
    now = training.labels_at(world.context, world.log()[-1].id)
    before, after = (
        [row["chance_wrong"] for row in worker.out_of_fold_rows(1, snapshot, found, {})]
        for snapshot in (undoubted, now)
    )
    assert after[0] < before[0], "she said the same again"
    assert after[1] < before[1], "another thought again, and agrees"
    assert after[2] > before[2], "the latest look counts, and another stands against it"


def test_what_people_have_not_seen_the_like_of_is_ranked_before_what_they_have(
    world: World,
) -> None:
    keys = world.recording(24)
    measured = np.zeros((24, 60), np.float32)
    measured[12:] = 5.0
    measured[:, -1] = np.nan
    learning.keep_measures(world.context, keys, measured, VERSION)
    for key in keys[:8]:
        world.label(ALICE, key, 1)
    look = fit_look(world.context)
    assert look is not None
    chances = look.look(measured).chance
    assert chances[8:12].min() > 0.5 > chances[12:].max()


def test_the_look_is_fitted_on_a_bounded_draw_with_both_kinds_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(looks, "FITTED_ON", 10)
    labeled = np.zeros(100, dtype=bool)
    for count, expected in ((0, 0), (3, 3), (60, 5), (97, 7)):
        labeled[:count] = True
        drawn = looks._drawn(labeled)
        assert (len(drawn), int(labeled[drawn].sum())) == (10, expected)
        assert np.array_equal(drawn, looks._drawn(labeled)), "the same each time"
