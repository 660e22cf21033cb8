"""No component is judged by a network that has seen it, however the folds came about."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from classifier import crossval
from classifier.calibration import Calibration
from classifier.config import TrainingConfig
from classifier.crossval import CrossValidation, WarmStart, cross_validate
from classifier.ensemble import in_folds, of_members
from classifier.examples import Examples, make_examples
from classifier.inputs import Components
from classifier.training import StateDict, TrainingSet, train_model


@dataclass
class Seen:
    """What each network was trained on and started from, in their order."""

    parts: list[TrainingSet] = field(default_factory=list)

    def by(self, network: int, components: Components, config: TrainingConfig) -> np.ndarray:
        """(components,) whether that network was shown each."""
        shown = set(_told(self.parts[network].examples))
        return np.array([one in shown for one in _told(make_examples(components, config))])

    def start(self, network: int) -> StateDict | None:
        return self.parts[network].start


def _told(examples: Examples) -> list[bytes]:
    """What a network is told of each example, which no other has the like of."""
    pairs = zip(examples.images, examples.numbers, strict=True)
    return [image.numpy().tobytes() + row.numpy().tobytes() for image, row in pairs]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Watches the trainings, which must be one after the other (`threads=1`)."""
    found = Seen()

    def spy(data, *args, **kwargs):
        found.parts.append(data)
        return train_model(data, *args, **kwargs)

    monkeypatch.setattr(crossval, "train_model", spy)
    return found


def check(
    seen: Seen, components: Components, config: TrainingConfig, result: CrossValidation
) -> None:
    """Each component is unknown to the networks of its own fold, and known to all others."""
    assert len(seen.parts) == config.folds * config.members
    for network in range(len(seen.parts)):
        own = result.fold_of == network // config.members
        np.testing.assert_array_equal(seen.by(network, components, config), ~own)


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("recordings", [1, 4])
@pytest.mark.parametrize("architecture", ["cnn", "fusion", "late_fusion", "committee"])
def test_no_network_sees_what_its_fold_tests(
    seen, components, recording, tiny, members, recordings, architecture
):
    config = replace(tiny, architecture=architecture, members=members, threads=1)
    known = replace(components, recordings=np.arange(len(components)) % recordings)
    result = cross_validate(known, recording.truth, config)
    assert result.grouped == (recordings >= config.folds)
    check(seen, known, config, result)


@pytest.mark.parametrize("recordings", [1, 4])
def test_whoever_goes_on_leaves_to_each_network_what_it_has_not_seen(
    seen, components, recording, tiny_default, recordings
):
    config = replace(tiny_default, members=2, threads=1)
    known = replace(components, recordings=np.arange(len(components)) % recordings)
    first = np.arange(len(known)) % 3 != 0
    earlier = cross_validate(known.take(first), recording.truth[first], config)
    seen_before = [seen.by(network, known, config) for network in range(len(seen.parts))]
    seen.parts.clear()

    fold_of = np.full(len(known), -1)
    fold_of[first] = earlier.fold_of
    warm = WarmStart(earlier.ensemble, fold_of)
    result = cross_validate(known, recording.truth, config, warm=warm)
    check(seen, known, config, result)
    np.testing.assert_array_equal(result.fold_of[first], earlier.fold_of)
    for network, before in enumerate(seen_before):
        assert seen.start(network) is earlier.models[network]
        tested = result.fold_of == network // config.members
        assert not (tested & before).any()


def test_each_prediction_is_its_own_folds(components, recording, tiny_default, monkeypatch):
    monkeypatch.setattr(crossval, "noise_aware_calibration", lambda logs, labels: Calibration())
    config = replace(tiny_default, members=2)
    result = cross_validate(components, recording.truth, config)
    examples = make_examples(components, config)
    by_fold = [of_members(one, examples) for one in in_folds(result.ensemble.load(), 2)]
    for row, fold in enumerate(result.fold_of):
        own = np.exp(by_fold[fold][row])
        np.testing.assert_allclose(result.out_of_fold[row], own, atol=1e-5)
