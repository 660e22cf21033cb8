import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier import training
from classifier.config import TrainingConfig
from classifier.examples import Examples, make_examples
from classifier.losses import balancing_weights, class_shares, loss_weights, smoothed_loss
from classifier.mixing import beta
from classifier.training import TrainingSet, train_model

CPU = torch.device("cpu")


@pytest.fixture
def data(recording, masks, groups, tiny):
    return TrainingSet(make_examples(masks, tiny), recording.truth, groups)


def weights_of(data, config, seed):
    return train_model(data, config, seed=seed, device=CPU).model.state_dict()


def test_the_same_seed_gives_the_same_weights_whatever_was_drawn_before(data, tiny):
    first = weights_of(data, tiny, seed=5)
    torch.rand(17)
    again = weights_of(data, tiny, seed=5)
    assert all(torch.equal(first[name], again[name]) for name in first)
    other = weights_of(data, tiny, seed=6)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_training_leaves_the_callers_random_stream_alone(data, tiny):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    weights_of(data, tiny, seed=5)
    assert torch.equal(torch.rand(3), expected)


def test_the_loss_falls():
    masks = torch.zeros(40, 1, 50, 50)
    masks[:20, :, 24:27, 10:40] = 1
    masks[20:, :, 15:36, 15:36] = 1
    examples = Examples(masks, torch.zeros(40, 0))
    data = TrainingSet(examples, np.repeat([2, 3], 20), np.zeros(40, int))
    config = TrainingConfig(
        architecture="cnn", inputs=("mask",), epochs=8, batch_size=16, channels=(4, 4, 8, 8),
        hidden=16,
    )  # fmt: skip
    losses = train_model(data, config, seed=0, device=CPU).training_loss
    assert losses[-1] < 0.5 * losses[0]


def test_every_batch_is_reported_and_a_raise_reaches_the_caller(data, tiny):
    seen = []

    class Enough(BaseException):
        pass

    def on_batch(progress):
        seen.append((progress.epoch, progress.batch))
        if len(seen) == 3:
            raise Enough

    with pytest.raises(Enough):
        train_model(data, tiny, seed=0, device=CPU, on_batch=on_batch)
    assert seen == [(1, 1), (1, 2), (1, 3)]


def test_stops_when_the_held_out_loss_no_longer_falls(data, tiny, monkeypatch):
    losses = iter([1.0, 0.5, 0.7, 0.8, 0.9, 1.0])
    monkeypatch.setattr(training._Loop, "_held_out_loss", lambda *args: next(losses))
    config = TrainingConfig.from_dict(
        {**tiny.to_dict(), "epochs": 6, "patience": 3, "validation_fraction": 0.1}
    )
    result = train_model(data, config, seed=0, device=CPU)
    assert result.best_epoch == 2
    assert len(result.validation_loss) == 5


def test_batches_draw_each_class_equally_often():
    targets = torch.tensor([0] * 90 + [1] * 9 + [3])
    weights = balancing_weights(targets, 1.0)
    totals = [float(weights[targets == k].sum()) for k in (0, 1, 3)]
    assert totals == pytest.approx([1, 1, 1])


def test_smoothing_mixes_in_the_even_distribution():
    log_p = torch.log(torch.tensor([[0.7, 0.1, 0.1, 0.1]]))
    target = torch.eye(4)[:1]
    even = -log_p.mean()
    mixed = 0.9 * -log_p[0, 0] + 0.1 * even
    torch.testing.assert_close(smoothed_loss(log_p, target, 0.1)[0], mixed)


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_the_balance_goes_from_as_they_come_to_all_alike(balance):
    targets = torch.tensor([0] * 64 + [1] * 16 + [3] * 4)
    weights = balancing_weights(targets, balance)
    totals = torch.tensor([weights[targets == k].sum() for k in (0, 1, 3)])
    wanted = torch.tensor([64.0, 16, 4]) ** (1 - balance)
    torch.testing.assert_close(totals / totals.sum(), wanted / wanted.sum())


def test_classes_are_balanced_by_drawing_or_by_weight_but_not_by_both(tiny):
    targets = torch.tensor([0] * 90 + [1] * 10)
    by_sampling = replace(tiny, balance=1.0, balance_by="sampling")
    shares, weights = class_shares(targets, by_sampling), loss_weights(targets, by_sampling)
    assert float(shares[90:].sum()) == pytest.approx(float(shares[:90].sum()))
    assert (weights == 1).all()
    by_weights = replace(tiny, balance=1.0, balance_by="weights")
    shares, weights = class_shares(targets, by_weights), loss_weights(targets, by_weights)
    assert (shares == shares[0]).all()
    assert float(weights.mean()) == pytest.approx(1)
    assert float(weights[90:].sum()) == pytest.approx(float(weights[:90].sum()), rel=1e-5)


def test_both_ways_of_balancing_train_and_differ(data, tiny):
    found = [
        weights_of(data, replace(tiny, balance=1.0, balance_by=by), seed=1)
        for by in ("sampling", "weights")
    ]
    assert any(not torch.equal(found[0][name], found[1][name]) for name in found[0])


@pytest.mark.parametrize("mixup", [0.3, 1.0, 2.0])
def test_mixed_targets_stay_a_distribution(data, tiny, mixup):
    config = replace(tiny, mixup=mixup)
    targets = torch.from_numpy(data.labels.astype(int) - 1)
    model = training.new_model(config, 0)
    loop = training._Loop(model, data.examples, targets, data.counts, config, seed=0)
    kinds_of_target = set()
    for _ in range(5):
        batch, soft, weights = loop._draw(data.examples)
        assert soft.shape == (16, 4)
        assert (soft >= 0).all()
        torch.testing.assert_close(soft.sum(dim=1), torch.ones(16))
        assert (batch.images >= 0).all()
        assert (weights > 0).all()
        kinds_of_target |= set((soft > 0).sum(dim=1).tolist())
    assert kinds_of_target == {1, 2}, "of one example or of two"


def test_without_mixup_targets_are_the_labels(data, tiny):
    config = replace(tiny, mixup=0.0)
    targets = torch.from_numpy(data.labels.astype(int) - 1)
    model = training.new_model(config, 0)
    loop = training._Loop(model, data.examples, targets, data.counts, config, seed=0)
    _, soft, _ = loop._draw(data.examples)
    assert set(soft.unique().tolist()) == {0, 1}


@pytest.mark.parametrize("parameter", [0.3, 1.0, 2.0])
def test_the_share_of_a_mixture_is_beta_distributed(parameter):
    generator = torch.Generator().manual_seed(0)
    drawn = np.array([beta(parameter, generator) for _ in range(3000)])
    assert drawn.mean() == pytest.approx(0.5, abs=0.03)
    assert drawn.var() == pytest.approx(1 / (4 * (2 * parameter + 1)), rel=0.1)


def test_the_smallest_mixup_is_drawn_as_soon_as_any():
    generator = torch.Generator().manual_seed(0)
    drawn = [beta(1e-9, generator) for _ in range(100)]
    assert all(share < 1e-6 or share > 1 - 1e-6 for share in drawn)


def test_nothing_to_train_on_is_refused(data, tiny):
    empty = TrainingSet(data.examples.take(torch.arange(0)), data.labels[:0], data.groups[:0])
    with pytest.raises(ValueError, match="nothing to train on"):
        train_model(empty, tiny, seed=0, device=CPU)


def test_a_model_that_is_loaded_meanwhile_changes_no_initial_weights(tiny):
    wanted = training.new_model(tiny, 3).state_dict()
    stop = threading.Event()

    def load_others() -> None:
        while not stop.is_set():
            training.new_model(tiny, 0)

    with ThreadPoolExecutor(2) as pool:
        pool.submit(load_others)
        try:
            for _ in range(20):
                found = training.new_model(tiny, 3).state_dict()
                assert all(torch.equal(found[name], wanted[name]) for name in wanted)
        finally:
            stop.set()
