import numpy as np
import pytest
import torch

from classifier import training
from classifier.config import TrainingConfig
from classifier.examples import Examples, make_examples
from classifier.training import TrainingSet, balancing_weights, smoothed_loss, train_model

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
