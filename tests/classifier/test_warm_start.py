"""Going on from an earlier cross-validation: sooner done, and as honest."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier import crossval
from classifier.committee import SPARED_OF_FEW, Committee
from classifier.config import MEASURED
from classifier.crossval import WarmStart, cross_validate
from classifier.examples import make_examples
from classifier.late_fusion import LateFusion
from classifier.training import TrainingSet, train_model


@pytest.fixture(scope="module", params=MEASURED)
def config(request, tiny_default):
    return replace(tiny_default, architecture=request.param, epochs=16, threads=1)


@pytest.fixture(scope="module")
def earlier(components, recording, config):
    return cross_validate(components.take(np.arange(40)), recording.truth[:40], config)


@pytest.fixture
def warm(earlier):
    known = np.full(60, -1)
    known[:40] = earlier.fold_of
    return WarmStart(earlier.ensemble, known)


@pytest.fixture
def trainings(monkeypatch):
    """What each network was trained on and how."""
    seen = []

    def spy(data, config, **more):
        seen.append((data, config))
        return train_model(data, config, **more)

    monkeypatch.setattr(crossval, "train_model", spy)
    return seen


def test_a_twelfth_of_the_epochs_at_a_lower_rate(components, recording, config, warm, trainings):
    config = replace(config, epochs=24)
    found = cross_validate(components, recording.truth, config, warm=warm)
    assert [used.epochs for _, used in trainings] == [2, 2]
    assert trainings[0][1].learning_rate == pytest.approx(0.3 * config.learning_rate)
    assert found.ensemble.config == config
    # Late fusion shows its residual network's course, which takes twice the passes.
    shown = 4 if config.architecture == "late_fusion" else 2
    assert all(len(fold["training_loss"]) == shown for fold in found.metrics["folds"])


def test_each_network_goes_on_from_its_own_folds_weights(
    components, recording, config, warm, trainings
):
    cross_validate(components, recording.truth, config, warm=warm)
    for (data, _), state in zip(trainings, warm.ensemble.models, strict=True):
        assert data.start is state


def test_the_given_weights_are_where_training_starts(components, recording, config, earlier):
    still = replace(config, epochs=1, learning_rate=1e-6, weight_decay=0.0)
    warm = WarmStart(earlier.ensemble, earlier.fold_of)
    some = components.take(np.arange(40))
    found = cross_validate(some, recording.truth[:40], still, warm=warm)
    for before, after in zip(earlier.models, found.models, strict=True):
        for name in before:
            # The running means of the normalisations follow the data, and trees are grown anew;
            # weights hardly move.
            if "trees." not in name and "running" not in name and "tracked" not in name:
                torch.testing.assert_close(after[name], before[name], atol=1e-4, rtol=1e-3)


def test_as_much_is_hidden_as_in_a_training_afresh(components, recording, config, warm):
    examples = make_examples(components, config)
    data = TrainingSet(examples, recording.truth, components.groups, warm.ensemble.models[0])
    model = train_model(data, config, seed=0, device=torch.device("cpu")).model
    committee = model.committee if isinstance(model, LateFusion) else model
    assert isinstance(committee, Committee)
    assert committee.networks.spare.p == SPARED_OF_FEW


def test_out_of_fold_stays_honest_with_newcomers(
    components, recording, config, warm, earlier, trainings
):
    found = cross_validate(components, recording.truth, config, warm=warm)
    np.testing.assert_array_equal(found.fold_of[:40], earlier.fold_of)
    assert (found.fold_of >= 0).all()
    for fold, (data, _) in enumerate(trainings):
        trained_on = {row.numpy().tobytes() for row in data.examples.numbers}
        tested = components.measures[found.fold_of == fold]
        assert not any(row.tobytes() in trained_on for row in tested)
        assert len(data.labels) == (found.fold_of != fold).sum()


def test_another_number_of_networks_is_refused(components, recording, config, warm):
    with pytest.raises(ValueError, match="2 networks, not 2 for each of 2 folds"):
        cross_validate(components, recording.truth, replace(config, members=2), warm=warm)
