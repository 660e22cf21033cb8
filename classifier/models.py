"""The registry of architectures. Every model maps prepared masks to log-probabilities.

Each takes (batch, 1, 50, 50) float32 and gives (batch, 4) log-probabilities, so that one loop
trains them all.
"""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn

from classifier.classes import CLASSES, MASK_SIZE_PX
from classifier.config import TrainingConfig


class Dropout(nn.Dropout):
    """Dropout that draws from a generator of its own once `hand_generator` has given it one.

    torch's draws from the one global generator, so two models that train at the same time in two
    threads would change each other's draws, and no run could be repeated.
    """

    def __init__(self, share: float) -> None:
        super().__init__(share)
        self.generator: torch.Generator | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """In training, zeros for a share of the values; the others grow to keep the mean."""
        if not self.training or self.p == 0:
            return x
        kept = torch.empty_like(x).bernoulli_(1 - self.p, generator=self.generator)
        return x * kept.div_(1 - self.p)


def hand_generator(model: nn.Module, generator: torch.Generator) -> None:
    """Let every dropout of a model draw from this generator."""
    for module in model.modules():
        if isinstance(module, Dropout):
            module.generator = generator


def cnn(config: TrainingConfig) -> nn.Module:
    """The network of the project's source document, section 3.2.

    Four convolutions, two max-poolings, two fully connected layers, three dropouts (after each
    pooling and between the fully connected layers), log-softmax. The document leaves the widths
    open; these suit two CPU cores. Batch normalisation, which it does not name either, lets the
    same layers train in tens of passes rather than hundreds.
    """
    first, second, third, fourth = config.channels
    light = config.dropout / 2
    side = -(-MASK_SIZE_PX // config.stem_stride) // config.pooling // config.pooling
    return nn.Sequential(
        OrderedDict(
            # The first kernel is 5 wide where it strides, so that no pixel is passed over.
            conv1=_convolution(1, first, 5 if config.stem_stride == 2 else config.kernel,
                               config.stem_stride),
            conv2=_convolution(first, second, config.kernel),
            pool1=nn.MaxPool2d(config.pooling),
            drop1=Dropout(light),
            conv3=_convolution(second, third, config.kernel),
            conv4=_convolution(third, fourth, config.kernel),
            pool2=nn.MaxPool2d(config.pooling),
            drop2=Dropout(light),
            flatten=nn.Flatten(),
            fc1=nn.Linear(fourth * side * side, config.hidden),
            relu=nn.ReLU(),
            drop3=Dropout(config.dropout),
            fc2=nn.Linear(config.hidden, CLASSES),
            log_softmax=nn.LogSoftmax(dim=1),
        )
    )  # fmt: skip


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


ARCHITECTURES: dict[str, Callable[[TrainingConfig], nn.Module]] = {"cnn": cnn}


def build_model(config: TrainingConfig) -> nn.Module:
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
