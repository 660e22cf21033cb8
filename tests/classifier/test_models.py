"""Every architecture, at every depth and on every input."""

from typing import Any

import pytest
import torch
from torch import nn

from classifier.config import LAYERS, MEASURED, TrainingConfig
from classifier.examples import channels_in, columns_seen
from classifier.inputs import KINDS
from classifier.layers import ImageNet
from classifier.models import ARCHITECTURES, build_model

TINY: dict[str, Any] = {"channels": (4, 4, 6, 6), "hidden": 16, "dropout": 0.0}
DEPTHS = [(name, depth) for name, depths in sorted(LAYERS.items()) for depth in depths]


def learns_everywhere(config: TrainingConfig) -> None:
    """One step's gradients reach every parameter, from images and measures as in a training."""
    torch.manual_seed(0)
    model = build_model(config)
    measures = len(columns_seen(config)) if config.measured else 0
    numbers = torch.randn(16, measures)
    model.settle(numbers)
    out = model(torch.rand(16, channels_in(config), 50, 50), model.scale(numbers))
    assert out.shape == (16, config.classes)
    torch.testing.assert_close(out.exp().sum(1), torch.ones(16))
    nn.functional.nll_loss(out, torch.arange(16) % config.classes).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("pooling", [2, 3])
@pytest.mark.parametrize("stem_stride", [1, 2])
def test_every_architecture_gives_log_probabilities_and_learns_everywhere(
    architecture, kernel, pooling, stem_stride
):
    learns_everywhere(
        TrainingConfig(
            architecture=architecture, inputs=("mask",), kernel=kernel, pooling=pooling,
            stem_stride=stem_stride, **TINY,
        )
    )  # fmt: skip


@pytest.mark.parametrize(("architecture", "layers"), DEPTHS)
@pytest.mark.parametrize("inputs", [("mask",), ("mask", "context"), ("mask", "trace"), KINDS])
def test_every_depth_learns_everywhere_on_every_input(architecture, layers, inputs):
    learns_everywhere(
        TrainingConfig(architecture=architecture, layers=layers, inputs=inputs, **TINY)
    )


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_three_classes_make_three_columns(architecture):
    learns_everywhere(TrainingConfig(architecture=architecture, classes=3, **TINY))


def test_a_residual_network_looks_at_no_more_than_the_middle_of_its_window():
    model = build_model(TrainingConfig(architecture="resnet", window=32, **TINY)).eval()
    images, numbers = torch.rand(4, 3, 50, 50), torch.zeros(4, 0)
    with torch.inference_mode():
        found = model(images, numbers)
        beyond = torch.ones(50, 50)
        beyond[9:41, 9:41] = 0
        assert torch.equal(model(images + beyond, numbers), found)
        for corner in ((9, 9), (9, 40), (40, 9), (40, 40)):
            touched = images.clone()
            touched[:, :, *corner] += 5
            assert not torch.equal(model(touched, numbers), found), corner


def test_every_architecture_says_how_deep_it_is():
    assert set(LAYERS) == set(ARCHITECTURES)


@pytest.mark.parametrize(
    ("architecture", "layers"), [pair for pair in DEPTHS if pair[0] not in (*MEASURED, "resnet")]
)
def test_the_depth_is_the_number_of_weight_layers(architecture, layers):
    model = build_model(TrainingConfig(architecture=architecture, layers=layers, **TINY))
    counted = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    # CaImAn's is called by its convolutions alone.
    assert len(counted) == layers + 2 * (architecture == "caiman") + 2 * (architecture == "cnn")


def test_cnn_is_the_network_of_the_source_document():
    config = TrainingConfig(architecture="cnn", inputs=("mask",), channels=(4, 4, 6, 6))
    model = build_model(config)
    modules = list(model.modules())

    def count(*kinds):
        return sum(isinstance(module, kinds) for module in modules)

    assert count(nn.Conv2d) == 4
    assert count(nn.MaxPool2d) == 2
    assert count(nn.Linear) == 2
    assert count(nn.Dropout) == 3
    assert isinstance(model, ImageNet)
    assert modules[-1] is model.head, "log-softmax follows in `forward`"
    masks = torch.rand(16, 1, 50, 50)
    logits = model.eval().head(model.embed(masks, torch.zeros(16, 0)))
    out = model(masks, torch.zeros(16, 0))
    torch.testing.assert_close(out, torch.log_softmax(logits, dim=1))


def test_an_unknown_architecture_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'transformer'.*cnn"):
        build_model(TrainingConfig(architecture="transformer"))
