"""What the architectures are put together from."""

from abc import ABC, abstractmethod
from math import log

import torch
from torch import nn
from torch.nn import functional

from classifier.classes import MASK_SIZE_PX


class Classifier(nn.Module, ABC):
    """Images and numbers to log-probabilities; subclasses say how they embed.

    measured: whether it looks at the hand-made measures at all.
    width: of what `embed` gives. classes: of what it predicts.
    rehearsals: further steps in each training step that the opinions by measures alone take; they
        cost little, and learn for longer than the convolutions need.
    """

    measured: bool
    rehearsals = 0
    width: int
    classes: int

    @abstractmethod
    def embed(self, images: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """(batch, width) what a last layer sees."""

    @abstractmethod
    def opinions(self, images: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """(opinions, batch, classes) log-probabilities of each part that has an opinion of its
        own; each learns for itself. scaled: the measures as `scale` gives them.
        """

    def forward(self, images: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """(batch, classes) logarithm of the mean of its opinions' probabilities."""
        found = self.opinions(images, scaled)
        return found[0] if len(found) == 1 else found.logsumexp(dim=0) - log(len(found))

    def by_measures(self, scaled: torch.Tensor) -> torch.Tensor:
        """Those of its opinions that need no images; see `rehearsals`. Here: none."""
        return scaled.new_zeros((0, len(scaled), self.classes))

    def settle(self, numbers: torch.Tensor) -> None:
        """Take the scale of each measure from the training part, before the first step."""

    def expect(self, examples: int) -> None:
        """Be told how many examples a training has, before its first step. Here: no matter."""

    def finish(
        self, scaled: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, seed: int
    ) -> None:
        """Learn what is not learned step by step, after the last one. Here: nothing.

        scaled: (examples, measures) as `scale` gives them. targets: (examples,) columns of the
        classes. weights: (examples,) what each counts for.
        """

    def scale(self, numbers: torch.Tensor) -> torch.Tensor:
        """Measures on the scale that the network works with; NaN stays where one is missing.

        Apart from `forward`, so that a training does it once and can mix the scaled ones.
        """
        return numbers


_LOWEST = torch.iinfo(torch.int64).min


class Dropout(nn.Dropout):
    """Dropout that draws from a generator of its own once `hand_generator` has given it one; its
    share is rounded to 1/256.

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
        # A byte a value, eight to a draw: a draw for each value would take longer than the layers.
        gone = round(self.p * 256)
        draws = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device)
        # Without a lowest value the sign, and so every eighth byte, would not be drawn.
        draws.random_(_LOWEST, None, generator=self.generator)
        drawn = draws.view(torch.uint8)[: x.numel()]
        return x * (drawn.view(x.shape) >= gone).to(x.dtype).mul_(256 / (256 - gone))


class ImageNet(Classifier):
    """A network that looks at images alone.

    trunk: (batch, channels, window, window) to (batch, width). window: side of the middle of the
        images that it looks at, px.
    """

    measured = False

    def __init__(self, trunk: nn.Module, head: nn.Linear, window: int = MASK_SIZE_PX) -> None:
        super().__init__()
        self.trunk, self.head, self.window = trunk, head, window
        self.width, self.classes = head.in_features, head.out_features

    def embed(self, images: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """(batch, width) what the last layer sees; the measures count for nothing."""
        # Masks are centred on row 25, column 25, and stay so.
        first = MASK_SIZE_PX // 2 - self.window // 2
        seen = slice(first, first + self.window)
        result: torch.Tensor = self.trunk(images[:, :, seen, seen])
        return result

    def opinions(self, images: torch.Tensor, scaled: torch.Tensor) -> torch.Tensor:
        """See `Classifier.opinions`: one."""
        return functional.log_softmax(self.head(self.embed(images, scaled)), dim=1)[None]


def hand_generator(model: nn.Module, generator: torch.Generator) -> None:
    """Let every dropout of a model draw from this generator."""
    for module in model.modules():
        if isinstance(module, Dropout):
            module.generator = generator


class Normalised(nn.Sequential):
    """A convolution and its batch normalisation, and what may follow.

    In use the normalisation is folded into the convolution's weights: it is the same sum, and
    saves a pass over what the convolution gave.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, outputs, side, side)."""
        weighed, norm, *rest = self
        if self.training:
            x = norm(weighed(x))
        else:
            assert isinstance(weighed, nn.Conv2d)
            assert isinstance(norm, nn.BatchNorm2d)
            assert norm.running_var is not None
            assert norm.running_mean is not None
            factor = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
            x = functional.conv2d(
                x,
                weighed.weight * factor[:, None, None, None],
                norm.bias - norm.running_mean * factor,
                weighed.stride,
                weighed.padding,
            )
        for module in rest:
            x = module(x)
        return x


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> Normalised:
    """A convolution that keeps the grid (or divides it by the stride), normalised, rectified."""
    return Normalised(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two convolutions beside an identity shortcut, projected where width or grid change."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.first = convolution(inputs, outputs, kernel, stride)
        self.second = Normalised(
            nn.Conv2d(outputs, outputs, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.stride = stride
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = Normalised(
                nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, outputs, side, side)."""
        # Not a strided 1x1 convolution: with fewer than 16 channels, channels last, its gradients
        # are written past their buffer on CPUs (oneDNN issue 6035), and the process dies.
        kept = x[:, :, :: self.stride, :: self.stride] if self.stride > 1 else x
        both = self.second(self.first(x))
        both += self.shortcut(kept)
        return functional.relu(both, inplace=True)
