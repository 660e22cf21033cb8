"""What nobody has labeled is learned from by guesses, and the figures stay honest."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier import crossval, guessing
from classifier.config import TrainingConfig
from classifier.crossval import WarmStart, cross_validate
from classifier.examples import make_examples
from classifier.guessing import ENOUGH_LABELS, Unlabeled, drawn, with_guesses
from classifier.inference import predict_log_probabilities
from classifier.progress import Progress
from classifier.training import GUESSES_COUNT, TrainingSet, new_model, train_model

LABELED = np.arange(40)
OTHERS = np.arange(40, 60)


@pytest.fixture(scope="module")
def config(tiny_default):
    return replace(tiny_default, threads=1)


@pytest.fixture(scope="module")
def labeled(components):
    return components.take(LABELED)


@pytest.fixture(scope="module")
def others(components):
    return components.take(OTHERS)


@pytest.fixture
def trainings(monkeypatch):
    """Every set that a network was trained on."""
    seen = []

    def spy(data, config, **more):
        seen.append(data)
        return train_model(data, config, **more)

    for trains in (crossval, guessing):
        monkeypatch.setattr(trains, "train_model", spy)
    return seen


def test_the_surest_two_thirds_of_each_guess_come_behind_the_labels(
    labeled, others, recording, config
):
    data = TrainingSet(make_examples(labeled, config), recording.truth[LABELED], labeled.groups)
    draft = new_model(config, 3)
    unlabeled = make_examples(others, config)
    found = with_guesses(data, draft, unlabeled)
    chances = predict_log_probabilities(draft, unlabeled)
    guesses = chances.argmax(axis=1) + 1
    assert found.guessed == sum(round(2 / 3 * (guesses == code).sum()) for code in (1, 2, 3, 4))
    np.testing.assert_array_equal(found.labels[:40], data.labels)
    for code in (1, 2, 3, 4):
        sure = np.sort(chances.max(axis=1)[guesses == code])
        wanted = sure[len(sure) - round(2 / 3 * len(sure)) :]
        taken = found.examples.take(torch.arange(40, len(found.labels))[found.labels[40:] == code])
        given = predict_log_probabilities(draft, taken).max(axis=1)
        np.testing.assert_allclose(np.sort(given), wanted, atol=1e-6)


@pytest.mark.parametrize("guessed", [5, 30])
def test_guesses_count_for_little(labeled, recording, config, guessed):
    data = TrainingSet(
        make_examples(labeled, config), recording.truth[LABELED], labeled.groups, guessed=guessed
    )
    given = 40 - guessed
    assert (data.counts[:given] == 1).all()
    assert data.counts[given:].sum() == pytest.approx(min(guessed, GUESSES_COUNT * given))


def test_guesses_are_not_held_out(labeled, recording, config):
    config = replace(config, validation_fraction=0.3)
    labels = recording.truth[LABELED]
    alone = TrainingSet(make_examples(labeled, config), labels, labeled.groups)
    beside = with_guesses(alone, new_model(config, 0), make_examples(labeled, config))
    for data in (alone, beside):
        found = train_model(data, config, seed=0, device=torch.device("cpu"))
        assert len(found.validation_loss) == 2
    wrong = replace(beside, labels=np.where(np.arange(len(beside.labels)) < 40, beside.labels, 4))
    held = [
        train_model(data, replace(config, epochs=1, learning_rate=1e-6), seed=0,
                    device=torch.device("cpu")).validation_loss[0]
        for data in (beside, wrong)
    ]  # fmt: skip
    assert held[0] == pytest.approx(held[1], abs=1e-3), "guesses do not come into it"


def test_each_network_is_drafted_and_then_trained_with_guesses(
    labeled, others, recording, config, trainings
):
    found = cross_validate(labeled, recording.truth[LABELED], config, unlabeled=others)
    drafts, finals = trainings[::2], trainings[1::2]
    assert [data.guessed for data in drafts] == [0, 0]
    assert all(data.guessed > 0 for data in finals)
    assert found.metrics["unlabeled"] == 20
    assert found.out_of_fold.shape == (40, 4)
    np.testing.assert_allclose(found.out_of_fold.sum(axis=1), 1)


def test_a_fold_learns_nothing_of_the_recordings_that_it_tests(
    labeled, others, recording, config, trainings
):
    found = cross_validate(labeled, recording.truth[LABELED], config, unlabeled=others)
    assert found.grouped
    for fold, data in enumerate(trainings[1::2]):
        tested = np.unique(labeled.groups[found.fold_of == fold])
        hidden = np.concatenate([labeled.measures[found.fold_of == fold],
                                 others.measures[np.isin(others.groups, tested)]])  # fmt: skip
        known = {row.numpy().tobytes() for row in data.examples.numbers}
        assert not any(row.tobytes() in known for row in hidden)


def test_without_whole_recordings_all_the_unlabeled_are_there(
    labeled, others, recording, config, trainings
):
    one = replace(labeled, recordings=None)
    rest = replace(others, recordings=None)
    found = cross_validate(one, recording.truth[LABELED], config, unlabeled=rest)
    assert not found.grouped
    assert [data.guessed > 0 for data in trainings] == [False, True] * 2


def test_the_same_again_gives_the_same(labeled, others, recording, config):
    first, again, without = (
        cross_validate(labeled, recording.truth[LABELED], config, unlabeled=unlabeled)
        for unlabeled in (others, others, None)
    )
    np.testing.assert_array_equal(first.out_of_fold, again.out_of_fold)
    assert np.abs(first.out_of_fold - without.out_of_fold).max() > 1e-4
    assert without.metrics["unlabeled"] == 0


@pytest.mark.parametrize("unlabeled", [0, 800])
def test_who_wants_none_or_has_none_learns_from_labels_alone(
    labeled, others, recording, config, trainings, unlabeled
):
    config = replace(config, unlabeled=unlabeled)
    some = others if unlabeled == 0 else others.take(np.arange(0))
    cross_validate(labeled, recording.truth[LABELED], config, unlabeled=some)
    assert [data.guessed for data in trainings] == [0, 0]


def test_models_that_are_trained_on_guess_themselves(labeled, others, recording, config, trainings):
    earlier = cross_validate(labeled, recording.truth[LABELED], config)
    trainings.clear()
    warm = WarmStart(earlier.ensemble, earlier.fold_of)
    cross_validate(labeled, recording.truth[LABELED], config, unlabeled=others, warm=warm)
    assert len(trainings) == 2, "no draft is trained"
    assert all(data.guessed > 0 for data in trainings)


def test_progress_goes_once_from_start_to_end(labeled, others, recording, config):
    seen: list[Progress] = []
    cross_validate(
        labeled, recording.truth[LABELED], config, unlabeled=others,
        on_progress=seen.append,
    )  # fmt: skip
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert fractions[0] < 0.3
    assert fractions[-1] == pytest.approx(1)
    for fold in (1, 2):
        drafting = [progress.drafting for progress in seen if progress.fold == fold]
        assert drafting == sorted(drafting, reverse=True), "first the draft, then the training"
        assert set(drafting) == {True, False}


def test_only_so_many_are_drawn_and_the_same_ones_each_time():
    config = TrainingConfig(unlabeled=5, seed=2)
    assert len(drawn(3, 100, config)) == 3
    rows = drawn(1000, 100, config)
    assert len(rows) == len(set(rows.tolist())) == 5
    np.testing.assert_array_equal(rows, drawn(1000, 100, config))
    assert rows.tolist() != drawn(1000, 100, replace(config, seed=3)).tolist()


def test_with_enough_labels_guesses_are_left_out():
    assert len(drawn(50, ENOUGH_LABELS - 1, TrainingConfig())) == 50
    assert len(drawn(50, ENOUGH_LABELS, TrainingConfig())) == 0


def test_unlabeled_components_without_measures_are_refused(labeled, others, recording, config):
    with pytest.raises(ValueError, match="need measures"):
        Unlabeled.drawn_from(replace(others, measures=None), 40, config)


def test_a_model_of_before_learns_from_labels_alone():
    assert TrainingConfig.from_stored({}).unlabeled == 0
    assert TrainingConfig.from_stored({"unlabeled": 7}).unlabeled == 7
