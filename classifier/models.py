"""The registry of architectures. Every model maps prepared components to log-probabilities.

Each takes images (batch, channels, 50, 50) and measures, both float32, and gives
(batch, classes) log-probabilities, so that one loop trains them all. `embed` gives what the last
layer, `head`, sees.
"""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn

from classifier.classes import MASK_SIZE_PX
from classifier.committee import Committee
from classifier.config import TrainingConfig
from classifier.examples import channels_in, columns_seen
from classifier.fusion import Fusion
from classifier.late_fusion import LateFusion
from classifier.layers import Classifier, Dropout, ImageNet, convolution
from classifier.residual import ResidualNet


def cnn(config: TrainingConfig) -> Classifier:
    """The network of the project's source document, section 3.2.

    Four convolutions, two max-poolings, two fully connected layers, three dropouts (after each
    pooling and between the fully connected layers), log-softmax. The document leaves the widths
    open; these suit two CPU cores. Batch normalisation, which it does not name either, lets the
    same layers train in tens of passes rather than hundreds.
    """
    first, second, third, fourth = config.channels
    light = config.dropout / 2
    side = -(-MASK_SIZE_PX // config.stem_stride) // config.pooling // config.pooling
    # The first kernel is 5 wide where it strides, so that no pixel is passed over.
    stem = 5 if config.stem_stride == 2 else config.kernel
    trunk = OrderedDict(
        conv1=convolution(channels_in(config), first, stem, config.stem_stride),
        conv2=convolution(first, second, config.kernel),
        pool1=nn.MaxPool2d(config.pooling),
        drop1=Dropout(light),
        conv3=convolution(second, third, config.kernel),
        conv4=convolution(third, fourth, config.kernel),
        pool2=nn.MaxPool2d(config.pooling),
        drop2=Dropout(light),
        flatten=nn.Flatten(),
        fc1=nn.Linear(fourth * side * side, config.hidden),
        relu=nn.ReLU(),
        drop3=Dropout(config.dropout),
    )
    return ImageNet(nn.Sequential(trunk), nn.Linear(config.hidden, config.classes))


def caiman(config: TrainingConfig) -> Classifier:
    """The shape of the CNN that CaImAn sorts by, with as many outputs as there are classes.

    Two 3x3 convolutions of 32, pooling, two of 64, pooling, 512 fully connected; no padding but in
    the third, no normalisation. Source: Giovannucci et al., eLife 2019, and CaImAn's
    `cnn_model.json`.
    """
    side = (((MASK_SIZE_PX - 4) // 2) - 2) // 2
    trunk = nn.Sequential(
        nn.Conv2d(channels_in(config), 32, 3), nn.ReLU(),
        nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2), Dropout(0.25),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),
        nn.Conv2d(64, 64, 3), nn.ReLU(), nn.MaxPool2d(2), Dropout(0.25),
        nn.Flatten(), nn.Linear(64 * side * side, 512), nn.ReLU(), Dropout(0.5),
    )  # fmt: skip
    return ImageNet(trunk, nn.Linear(512, config.classes))


VGG_BLOCKS = {4: (1, 1), 6: (2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Convolutions before each pooling; two or three fully connected layers make up the depth."""


def vgg(config: TrainingConfig) -> Classifier:
    """Small kernels, one over another, the width doubled after each pooling.

    4 and 6 weight layers end in two fully connected layers, 16 and 19 in the three of Simonyan and
    Zisserman (2014). Batch normalisation after every convolution, without which 16 and 19 layers do
    not train here; the mean over the last grid in place of the paper's 4,096 wide layers.
    """
    blocks = VGG_BLOCKS[config.depth]
    width = channels_in(config)
    layers: list[nn.Module] = []
    for number, convolutions in enumerate(blocks):
        wider = config.channels[0] * min(2**number, 8)
        for _ in range(convolutions):
            layers.append(convolution(width, wider, config.kernel))
            width = wider
        layers += [nn.MaxPool2d(config.pooling, 2, ceil_mode=True), Dropout(config.dropout / 2)]
    layers += [nn.AdaptiveAvgPool2d(4 if len(blocks) == 2 else 1), nn.Flatten()]
    width = width * 16 if len(blocks) == 2 else width
    for _ in range(1 if len(blocks) == 2 else 2):
        layers += [nn.Linear(width, config.hidden), nn.ReLU(), Dropout(config.dropout)]
        width = config.hidden
    return ImageNet(nn.Sequential(*layers), nn.Linear(width, config.classes))


def resnet(config: TrainingConfig) -> Classifier:
    """Identity shortcuts over pairs of convolutions: see `ResidualNet`."""
    return ResidualNet(config)


def committee(config: TrainingConfig) -> Classifier:
    """Somata's default: see `Committee`."""
    return Committee(config, len(columns_seen(config)))


def fusion(config: TrainingConfig) -> Classifier:
    """The same beside convolutions: see `Fusion`."""
    measures = len(columns_seen(config))
    return Fusion(config, channels_in(config), measures)


def late_fusion(config: TrainingConfig) -> Classifier:
    """The same and a deep residual network, each by itself: see `LateFusion`."""
    return LateFusion(config, len(columns_seen(config)))


ARCHITECTURES: dict[str, Callable[[TrainingConfig], Classifier]] = {
    "committee": committee,
    "fusion": fusion,
    "late_fusion": late_fusion,
    "cnn": cnn,
    "vgg": vgg,
    "resnet": resnet,
    "caiman": caiman,
}


def build_model(config: TrainingConfig) -> Classifier:
    """A new model with random weights from torch's global generator, channels last in memory.

    Raises ValueError where the architecture is not registered.
    """
    try:
        build = ARCHITECTURES[config.architecture]
    except KeyError:
        known = ", ".join(sorted(ARCHITECTURES))
        raise ValueError(
            f"architecture {config.architecture!r} is not registered. Known are: {known}."
        ) from None
    model = build(config)
    # Channels last is about twice as fast for small widths on CPUs.
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks this form
    return model
