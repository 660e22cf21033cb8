"""Training without the doubtful, whose place their entropy gives them."""

from dataclasses import replace

import numpy as np
import pytest

from classifier import crossval
from classifier.config import MEASURED
from classifier.crossval import cross_validate
from classifier.ensemble import Ensemble
from classifier.training import train_model


@pytest.fixture(scope="module", params=MEASURED)
def config(request, tiny_default):
    return replace(tiny_default, architecture=request.param, classes=3, epochs=4)


@pytest.fixture(scope="module")
def found(components, recording, config):
    return cross_validate(components, recording.truth, config)


def test_the_doubtful_are_not_trained_on(components, recording, config, monkeypatch):
    seen = []

    def spy(data, *args, **more):
        seen.append(set(data.labels.tolist()))
        return train_model(data, *args, **more)

    monkeypatch.setattr(crossval, "train_model", spy)
    cross_validate(components, recording.truth, config)
    assert seen == [{1, 2, 3}] * 2


def test_all_four_have_probabilities_that_sum_to_1(found, components):
    for p in (found.out_of_fold, found.ensemble.predict(components)):
        assert p.shape == (60, 4)
        np.testing.assert_allclose(p.sum(axis=1), 1)
        assert (p[:, 3] > 0).all()
    assert found.ensemble.trained_codes == (1, 2, 3)
    last = [key for key in found.models[0] if key.endswith("networks.last.weight")]
    assert [found.models[0][key].shape[2] for key in last] == [3]


def test_the_doubt_is_kept_with_the_weights(found, components):
    loaded = Ensemble.from_bytes(found.ensemble.to_bytes())
    assert loaded.doubt == found.ensemble.doubt
    np.testing.assert_array_equal(loaded.predict(components), found.ensemble.predict(components))


@pytest.mark.parametrize("change", [{"doubt": None}, {"trained_codes": (1, 4)}])
def test_three_classes_without_their_doubt_or_with_a_fourth_are_refused(found, change):
    broken = replace(found.ensemble, **change)
    with pytest.raises(ValueError, match=r"three classes|3 classes"):
        Ensemble.from_bytes(broken.to_bytes())


def test_labels_that_leave_a_fold_nothing_to_train_on_are_refused(components, config):
    labels = np.where(np.arange(60) == 0, 1, 4)
    with pytest.raises(ValueError, match="nothing to train on"):
        cross_validate(components, labels, config)
