import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier import crossval
from classifier.config import TrainingConfig
from classifier.crossval import cross_validate
from classifier.inputs import Components
from classifier.prepare import prepare_masks
from classifier.progress import Progress
from classifier.training import train_model


def test_every_component_gets_a_prediction_and_json_can_hold_the_metrics(recording, trained):
    assert trained.out_of_fold.shape == (60, 4)
    np.testing.assert_allclose(trained.out_of_fold.sum(axis=1), 1)
    assert trained.grouped
    assert len(trained.models) == 2
    metrics = json.loads(json.dumps(trained.metrics, allow_nan=False))
    assert metrics["components"] == 60
    calibration = trained.ensemble.calibration
    assert metrics["temperature"] == pytest.approx(calibration.temperature)
    assert metrics["offsets"] == pytest.approx(calibration.offsets)
    assert metrics["before_temperature"]["cross_entropy"] > 0
    for table in (metrics["reliability"], metrics["before_temperature"]["reliability"]):
        assert sum(row["count"] for row in table) == 60
    assert len(metrics["folds"]) == 2


def test_no_component_is_in_the_training_part_of_the_fold_that_predicts_it(
    recording, masks, tiny, monkeypatch
):
    parts = []

    def spy(data, *args, **kwargs):
        parts.append(data.examples.images)
        return train_model(data, *args, **kwargs)

    monkeypatch.setattr(crossval, "train_model", spy)
    # One fold after the other, so that `parts` is in their order.
    one_by_one = replace(tiny, threads=1)
    result = cross_validate(masks, recording.truth, one_by_one)
    prepared = prepare_masks(recording.masks)
    for index, mask in enumerate(prepared):
        seen = [bool((part == mask).all(dim=(1, 2, 3)).any()) for part in parts]
        assert not seen[result.fold_of[index]]
        assert sum(seen) == 1


def test_the_same_seed_gives_the_same_numbers(recording, masks, tiny, trained):
    again = cross_validate(masks, recording.truth, tiny)
    np.testing.assert_array_equal(again.out_of_fold, trained.out_of_fold)
    assert again.ensemble.calibration == trained.ensemble.calibration
    assert again.ensemble.to_bytes() == trained.ensemble.to_bytes()


def test_progress_counts_up_and_the_time_left_down_to_zero(recording, masks, tiny):
    seen: list[Progress] = []
    cross_validate(masks, recording.truth, tiny, on_progress=seen.append)
    for fold in (1, 2):
        places = [(p.epoch, p.batch) for p in seen if p.fold == fold]
        assert places == sorted(places)
        assert places[0] == (1, 1)
    fractions = [p.fraction for p in seen]
    assert fractions == sorted(fractions)
    assert (seen[0].folds, seen[0].epochs) == (2, 2)
    assert seen[0].seconds_left > 0
    assert (fractions[-1], seen[-1].seconds_left) == (1, 0)


def test_how_many_folds_train_at_once_changes_no_number(recording, masks, tiny, trained):
    alone = cross_validate(masks, recording.truth, replace(tiny, threads=1))
    np.testing.assert_array_equal(alone.out_of_fold, trained.out_of_fold)


def test_a_cancel_from_progress_reaches_the_caller(recording, masks, tiny):
    class Cancelled(RuntimeError):
        pass

    def cancel(progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        cross_validate(masks, recording.truth, tiny, on_progress=cancel)


def test_forty_labels_of_two_classes_train_and_the_others_get_nothing():
    rng = np.random.default_rng(0)
    drawn = np.zeros((40, 50, 50), np.float32)
    drawn[:20, 24:27, 10:40] = 1
    drawn[20:, 15:36, 15:36] = 1
    drawn += 0.1 * rng.random(drawn.shape, dtype=np.float32)
    labels = np.repeat([2, 3], 20)
    config = TrainingConfig(
        architecture="cnn", inputs=("mask",), folds=3, epochs=10, batch_size=16,
        channels=(4, 4, 8, 8), hidden=16,
    )  # fmt: skip
    result = cross_validate(Components(drawn), labels, config)
    assert not result.grouped
    assert result.metrics["accuracy"] > 0.9
    assert (result.out_of_fold[:, [0, 3]] == 0).all()
    assert (result.ensemble.predict(Components(drawn))[:, [0, 3]] == 0).all()


def test_eight_components_are_enough(recording, tiny):
    labels = np.array([1, 1, 1, 1, 1, 1, 1, 2])
    result = cross_validate(Components(recording.masks[:8], recordings=np.arange(8)), labels, tiny)
    assert np.isfinite(result.out_of_fold).all()


@pytest.mark.parametrize(
    ("labels", "groups", "reason"),
    [
        (np.ones(20, int), np.arange(20), "one class"),
        (np.tile([1, 2], 10)[:7], np.arange(7), "too few"),
        (np.tile([1, 2], 10), np.arange(19), "20 masks, but 19 recordings"),
        (np.tile([1, 7], 10), np.arange(20), "codes 1 to 4"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(recording, tiny, labels, groups, reason):
    few = recording.masks[: len(labels)]
    with pytest.raises(ValueError, match=reason):
        cross_validate(Components(few, recordings=groups), labels, tiny)


def test_training_runs_on_the_device_it_is_given(recording, masks, tiny):
    result = cross_validate(masks, recording.truth, tiny, device=torch.device("cpu"))
    assert all(tensor.device.type == "cpu" for tensor in result.models[0].values())


# --- the default architecture, and several members a fold ---


@pytest.fixture(scope="module")
def two_members(components, recording, tiny_default):
    return cross_validate(components, recording.truth, replace(tiny_default, members=2))


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_two_members_are_the_same_bytes_at_any_thread_count(
    components, recording, tiny_default, two_members, threads
):
    config = replace(tiny_default, members=2, threads=threads)
    again = cross_validate(components, recording.truth, config)
    np.testing.assert_array_equal(again.out_of_fold, two_members.out_of_fold)
    same_config = replace(again.ensemble, config=two_members.ensemble.config)
    assert same_config.to_bytes() == two_members.ensemble.to_bytes()


def test_members_differ_and_their_mean_predicts(two_members, components):
    assert len(two_members.models) == 4
    assert len(two_members.metrics["folds"]) == 4
    first, second = two_members.models[:2]
    assert any(not torch.equal(first[name], second[name]) for name in first)
    assert two_members.ensemble.predict_folds(components).shape == (2, 60, 4)
    assert sum(row["components"] for row in two_members.metrics["folds"]) == 120


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("members", [1, 2])
def test_no_network_has_seen_what_it_tests(
    components, recording, tiny_default, monkeypatch, grouped, members
):
    parts = []

    def spy(data, *args, **kwargs):
        parts.append({row.numpy().tobytes() for row in data.examples.numbers})
        return train_model(data, *args, **kwargs)

    monkeypatch.setattr(crossval, "train_model", spy)
    some = components if grouped else replace(components, recordings=None)
    config = replace(tiny_default, threads=1, members=members)
    found = cross_validate(some, recording.truth, config)
    assert found.grouped is grouped
    assert len(parts) == 2 * members
    for row, fold in zip(components.measures, found.fold_of, strict=True):
        seen = [row.tobytes() in part for part in parts]
        assert not any(seen[fold * members : (fold + 1) * members])
        assert sum(seen) == members


def test_components_and_labels_must_be_as_many(masks, tiny):
    with pytest.raises(ValueError, match="60 components, but 59 labels"):
        cross_validate(masks, np.tile([1, 2], 30)[:59], tiny)
