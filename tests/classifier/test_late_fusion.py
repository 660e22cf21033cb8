"""The committee and the residual network: each trained as if alone, pooled in the end."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier.committee import Committee
from classifier.config import TrainingConfig
from classifier.crossval import WarmStart, cross_validate
from classifier.ensemble import Ensemble
from classifier.examples import Examples, make_examples
from classifier.guessing import draft, with_guesses
from classifier.late_fusion import LateFusion, parts_of
from classifier.training import BatchProgress, TrainingSet, train_model

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def config(tiny_default):
    return replace(tiny_default, architecture="late_fusion", epochs=1, min_batches=1, trees=2)


@pytest.fixture(scope="module")
def data(components, recording, groups, config):
    return TrainingSet(make_examples(components, config), recording.truth, groups)


@pytest.fixture(scope="module")
def model(data, config):
    found = train_model(data, config, seed=3, device=CPU).model
    assert isinstance(found, LateFusion)
    return found


def test_each_part_is_trained_as_if_it_were_alone(model, data, config):
    images, numbers = data.examples.images, data.examples.numbers
    shown = {
        "residual": Examples(images, numbers[:, :0]),
        "committee": Examples(torch.zeros(len(images), 0), numbers),
    }
    for name, part in parts_of(config).items():
        alone = train_model(replace(data, examples=shown[name]), part, seed=3, device=CPU).model
        own = model.parts[name].state_dict()
        for key, weights in alone.state_dict().items():
            assert torch.equal(own[key], weights), (name, key)


@pytest.mark.parametrize("share", [0.6, 0.4])
def test_the_parts_are_pooled_by_the_logarithm(data, config, share):
    sharing = replace(config, committee_share=share)
    model = train_model(data, sharing, seed=3, device=CPU).model
    assert isinstance(model, LateFusion)
    images, scaled = data.examples.images, model.scale(data.examples.numbers)
    with torch.inference_mode():
        committee, residual = (part(images, scaled) for part in (model.committee, model.residual))
        found = model(images, scaled)
    pooled = share * committee + (1 - share) * residual
    torch.testing.assert_close(found, torch.log_softmax(pooled, dim=1))


def test_a_model_stored_when_it_looked_at_all_pixels_by_ten_layers_is_read_as_it_was():
    config = TrainingConfig(architecture="late_fusion", hidden=8, trees=2)
    stored = config.to_dict()
    del stored["window"], stored["committee_share"]
    read = TrainingConfig.from_stored({**stored, "inputs": ["mask"]})
    assert parts_of(read)["residual"].depth == 10
    assert (read.window, read.committee_share) == (50, 0.6)


def test_the_residual_network_takes_more_and_smaller_steps_than_the_committee():
    parts = parts_of(TrainingConfig(architecture="late_fusion", layers=18, window=28))
    assert parts["residual"] == replace(
        TrainingConfig(), architecture="resnet", layers=18, inputs=("mask",), stem_stride=1,
        window=28, channels=(8, 8, 16, 16), mixup=0.0, epochs=24, batch_size=32, min_batches=40,
        learning_rate=1.2 * 0.005, weight_decay=0.2 * 0.05,
    )  # fmt: skip
    # It looks at no image.
    assert parts["committee"] == TrainingConfig(window=28)


def test_the_most_that_a_config_may_ask_for_has_parts():
    most = TrainingConfig(
        architecture="late_fusion", epochs=5000, min_batches=1000, learning_rate=10.0
    )
    least = TrainingConfig(architecture="late_fusion", batch_size=2, learning_rate=1e-6)
    for config in (most, least):
        assert parts_of(config).keys() == {"residual", "committee"}


def test_its_images_are_masks_alone_whatever_else_it_looks_at(data, components, config):
    assert data.examples.images.shape[1] == 1
    assert data.examples.numbers.shape[1] > 0
    hidden = replace(components, contexts=None, measures=components.measures)
    assert torch.equal(make_examples(hidden, config).images, data.examples.images)


def test_its_steps_are_counted_over_both_parts(data, config):
    seen: list[BatchProgress] = []
    train_model(data, replace(config, epochs=2), seed=0, device=CPU, on_batch=seen.append)
    epochs = [step.epoch for step in seen]
    assert epochs == sorted(epochs)
    assert {step.epochs for step in seen} == {6}
    assert set(epochs) == set(range(1, 7))


def test_it_is_kept_and_gone_on_from(components, recording, config):
    found = cross_validate(components, recording.truth, config)
    kept = Ensemble.from_bytes(found.ensemble.to_bytes())
    assert np.array_equal(kept.predict(components), found.ensemble.predict(components))
    assert np.isfinite(found.out_of_fold).all()
    warm = WarmStart(kept, found.fold_of)
    on = cross_validate(components, recording.truth, config, warm=warm)
    again = cross_validate(components, recording.truth, config, warm=warm)
    assert np.array_equal(on.out_of_fold, again.out_of_fold)
    residual = "residual.head.weight"
    assert not torch.equal(on.models[0][residual], found.models[0][residual])
    assert not torch.equal(on.models[0][residual], on.models[1][residual])


def test_its_committee_alone_guesses_for_the_first_draft(data, components, config):
    first = draft(data, config, seed=3, device=CPU)
    assert isinstance(first, Committee)
    guessing = with_guesses(data, first, data.examples.take(torch.arange(10)))
    assert 0 < guessing.guessed <= 10
    again = draft(replace(data, start=whole_of(data, config)), config, seed=3, device=CPU)
    assert isinstance(again, LateFusion)


def whole_of(data, config):
    return train_model(data, config, seed=3, device=CPU).model.state_dict()


def test_what_lacks_trace_and_surroundings_is_judged_too(components, recording, config):
    found = cross_validate(components, recording.truth, config)
    masks = replace(components, traces=None, contexts=None, measures=None)
    said = found.ensemble.predict(masks)
    assert said.sum(axis=1) == pytest.approx(1)
