import pytest
import torch
from torch import nn

from classifier.config import TrainingConfig
from classifier.models import ARCHITECTURES, build_model


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("pooling", [2, 3])
@pytest.mark.parametrize("stem_stride", [1, 2])
def test_every_architecture_gives_log_probabilities_and_learns_everywhere(
    architecture, kernel, pooling, stem_stride
):
    config = TrainingConfig(
        architecture=architecture, kernel=kernel, pooling=pooling, stem_stride=stem_stride,
        channels=(4, 4, 6, 6), hidden=16, dropout=0.0,
    )  # fmt: skip
    model = build_model(config)
    out = model(torch.rand(16, 1, 50, 50))
    assert out.shape == (16, 4)
    torch.testing.assert_close(out.exp().sum(1), torch.ones(16))
    nn.functional.nll_loss(out, torch.arange(16) % 4).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_cnn_is_the_network_of_the_source_document():
    modules = list(build_model(TrainingConfig(channels=(4, 4, 6, 6))).modules())

    def count(*kinds):
        return sum(isinstance(module, kinds) for module in modules)

    assert count(nn.Conv2d) == 4
    assert count(nn.MaxPool2d) == 2
    assert count(nn.Linear) == 2
    assert count(nn.Dropout) == 3
    assert isinstance(modules[-1], nn.LogSoftmax)


def test_an_unknown_architecture_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'transformer'.*cnn"):
        build_model(TrainingConfig(architecture="transformer"))
