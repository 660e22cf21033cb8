"""What a worker gives the classifier: measured once, from what was imported."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from app.actions import importing, jobs, learning, training
from app.domain.recordings import Recording
from app.storage.tables import Prediction
from app.worker import inputs, train
from app.worker.inputs import components_of, measure_all
from app.worker.work import Pulse
from classifier.inputs import Components
from classifier.measures import RELATIVE, VERSION, kinds, measure, names, names_alone
from tests.support.loop import TINY_TRAINING
from tests.support.world import ALICE, World, make_recording

SIDE = 200
MEAN = np.arange(SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
CORRELATION = MEAN[::-1].copy()


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def known(components: int = 6, seed: int = 900, **changed: Any) -> Recording:
    """A recording with traces and images, unless told otherwise."""
    made = make_recording(components, seed=seed)
    traces = np.random.default_rng(seed).normal(size=(components, 100)).astype(np.float32)
    everything = {
        "traces": traces,
        "frame_rate_hz": 20.0,
        "summary_images": {"mean": MEAN, "correlation": CORRELATION},
    }
    return replace(made, **{**everything, **changed})


def bring_in(world: World, recording: Recording) -> list[int]:
    stored = importing.store(world.context, ALICE, [recording], source="made up")
    return world.components_of(stored[0].recording_id)


def measured(world: World) -> list[tuple[int, int]]:
    """What a call of `measure_all` reports."""
    said: list[tuple[int, int]] = []
    measure_all(world.context, lambda done, total: said.append((done, total)))
    return said


def alone(kind: str) -> NDArray[np.bool_]:
    """The columns of a kind that hang on nothing but the component itself."""
    columns = np.array(kinds()) == kind
    columns[len(names_alone()) :] = False
    return columns


def kept(world: World, keys: list[int], version: int = VERSION) -> NDArray[np.float32]:
    found = learning.measures_of(world.context, keys, version)
    assert found is not None
    return found


def test_each_recording_is_measured_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = bring_in(world, known()) + bring_in(world, known(seed=901))
    assert set(measured(world)) == {(0, 2), (1, 2)}
    before = kept(world, keys)
    monkeypatch.setattr(inputs, "measure_alone", None)
    assert measured(world) == [], "nothing is left to measure"
    np.testing.assert_array_equal(kept(world, keys), before)


def test_another_version_is_measured_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = bring_in(world, known())
    measured(world)
    monkeypatch.setattr(inputs, "VERSION", VERSION + 1)
    assert learning.measures_of(world.context, keys, VERSION + 1) is None
    assert set(measured(world)) == {(0, 1)}
    assert kept(world, keys, VERSION + 1).shape == (6, len(kinds()))
    assert learning.measures_of(world.context, keys, VERSION) is None, "in place of the earlier"
    assert measured(world) == []


def test_only_what_is_new_is_measured(world: World) -> None:
    bring_in(world, known())
    measured(world)
    newer = bring_in(world, known(seed=901))
    assert set(measured(world)) == {(0, 1)}
    assert kept(world, newer).shape == (6, len(kinds()))


def test_what_was_imported_since_is_measured_when_it_is_asked_for(world: World) -> None:
    earlier = bring_in(world, known())
    measured(world)
    since = bring_in(world, known(seed=901))
    found = components_of(world.context, earlier + since)
    assert found.measures is not None
    of_traces = found.measures[:, alone("trace")]
    assert np.isfinite(of_traces).all(), "without its traces it would be judged as if it had none"
    assert measured(world) == []


def test_two_jobs_may_measure_the_same_recording_at_once(world: World) -> None:
    keys = bring_in(world, known())
    table = np.arange(12, dtype=np.float32).reshape(6, 2)
    both = threading.Barrier(2, timeout=20)

    def keep(number: int) -> None:
        both.wait()
        for _ in range(20):
            learning.keep_measures(world.context, keys, table + number, VERSION)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(keep, (0, 1)))
    found = kept(world, keys)
    assert any(np.array_equal(found, table + number) for number in (0, 1)), "one job's, not a mix"


def test_what_is_kept_is_what_the_classifier_measures(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "MEASURED_AT_ONCE", 4)
    recording = known(25, mask_scale=2.0)
    keys = bring_in(sqlite_world, recording)
    measured(sqlite_world)
    contexts = components_of(sqlite_world.context, keys).contexts
    whole = Components(
        recording.masks,
        traces=None if recording.traces is None else list(recording.traces),
        frame_rates_hz=np.full(25, 20.0),
        contexts=contexts,
        centres_px=2.0 * recording.centroids_px,
    )
    # The parts are measured at the scale of the whole, and compared with the whole.
    table, expected = kept(sqlite_world, keys), measure(whole)
    np.testing.assert_array_equal(np.isnan(table), np.isnan(expected))
    plain = np.array([not name.startswith(RELATIVE) for name in names()])
    np.testing.assert_allclose(table[:, plain], expected[:, plain], rtol=1e-4, atol=1e-4)
    # A rank may change where two measures are the same but for rounding.
    assert (np.abs(table - expected) > 1e-3).mean() < 0.01
    assert np.isfinite(table).all(), "neighbours and ranks are there too"


def test_contexts_are_cropped_round_the_centre(sqlite_world: World) -> None:
    places = np.array([[60.0, 120.4], [100.0, 31.6], [3.0, 190.0]], np.float32)
    keys = bring_in(sqlite_world, known(3, centroids_px=places))
    contexts = components_of(sqlite_world.context, keys).contexts
    assert contexts is not None
    np.testing.assert_array_equal(contexts[0, 0], MEAN[35:85, 95:145])
    np.testing.assert_array_equal(contexts[1, 1], CORRELATION[75:125, 7:57])
    inside = np.isfinite(contexts[2, 0])
    assert inside[22:, :35].all()
    assert inside.sum() == 28 * 35, "the field ends above and to the right"
    np.testing.assert_array_equal(contexts[2, 0][22:, :35], MEAN[:28, 165:])


@pytest.mark.parametrize(("architecture", "cut"), [("committee", False), ("fusion", True)])
def test_contexts_are_cut_out_for_who_looks_at_them_alone(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch, architecture: str, cut: bool
) -> None:
    world = sqlite_world
    keys = bring_in(world, known(24))
    for place, key in enumerate(keys):
        world.label(ALICE, key, 1 + place % 4)
    bring_in(world, known(5, seed=901))
    shown: list[bool] = []

    def watched(*args: Any, **kwargs: Any) -> Components:
        found = components_of(*args, **kwargs)
        shown.append(found.contexts is not None)
        return found

    monkeypatch.setattr(train, "components_of", watched)
    config = {**TINY_TRAINING, "architecture": architecture}
    run = training.request_run(world.context, ALICE, config)
    job = world.claimed(run.id)
    train.train(world.context, job, Pulse(world.context, job, threading.Event()))
    assert shown == [cut, cut], "those of the training, and those that are scored"


def test_components_come_in_the_order_asked_for(sqlite_world: World) -> None:
    recordings = (known(3), known(3, seed=901))
    first, second = (bring_in(sqlite_world, one) for one in recordings)
    measured(sqlite_world)
    asked = [second[2], first[0], second[1]]
    found = components_of(sqlite_world.context, asked)
    masks = [recordings[1].masks[2], recordings[0].masks[0], recordings[1].masks[1]]
    np.testing.assert_allclose(found.masks, masks, rtol=1e-3)
    assert found.groups[0] == found.groups[2] != found.groups[1]
    assert found.measures is not None
    np.testing.assert_array_equal(found.measures, kept(sqlite_world, asked))
    np.testing.assert_array_equal(found.measures[1], kept(sqlite_world, [first[0]])[0])


@pytest.mark.parametrize(
    ("lacking", "kind"),
    [({"traces": None, "frame_rate_hz": None}, "trace"), ({"summary_images": {}}, "context")],
)
def test_a_recording_may_lack_traces_or_images(
    sqlite_world: World, lacking: dict[str, Any], kind: str
) -> None:
    keys = bring_in(sqlite_world, known(**lacking))
    measured(sqlite_world)
    table = kept(sqlite_world, keys)
    assert np.isnan(table[:, np.array(kinds()) == kind]).all()
    other = {"trace": "context", "context": "trace"}[kind]
    assert np.isfinite(table[:, alone(other)]).any()
    assert np.isfinite(table[:, alone("mask")]).all()
    contexts = components_of(sqlite_world.context, keys).contexts
    assert contexts is not None
    assert np.isnan(contexts).all() == (kind == "context")


def test_predictions_say_their_fold_and_what_is_unknown(sqlite_world: World) -> None:
    told = bring_in(sqlite_world, known(24))
    rest = bring_in(sqlite_world, known(5, seed=901, traces=None, frame_rate_hz=None))
    for place, key in enumerate(told):
        sqlite_world.label(ALICE, key, 1 + place % 4)
    run = training.request_run(
        sqlite_world.context, ALICE, {**TINY_TRAINING, "architecture": "fusion"}
    )
    job = sqlite_world.claimed(run.id)
    train.train(sqlite_world.context, job, Pulse(sqlite_world.context, job, threading.Event()))
    assert jobs.finish(sqlite_world.context, job, "succeeded")
    with sqlite_world.context.database.read() as session:
        found = {key: session.get(Prediction, (run.id, key)) for key in told + rest}
    folds = set()
    for key in told:
        row = found[key]
        assert row is not None
        assert row.out_of_fold
        assert row.mutual_information is None, "one fold alone was asked"
        folds.add(row.fold)
    assert folds == set(range(training.get_run(sqlite_world.context, run.id).config["folds"]))
    for key in rest:
        row = found[key]
        assert row is not None
        assert (row.out_of_fold, row.fold) == (False, None)
        assert row.mutual_information is not None
        assert 0 <= row.mutual_information <= row.entropy
