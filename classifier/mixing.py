"""Examples mixed with each other as a batch is learned: wrong labels then weigh less.

Source: Zhang et al., mixup (2018).
"""

import torch

from classifier.examples import Examples


def mix(
    batch: Examples,
    targets: torch.Tensor,
    weights: torch.Tensor,
    parameter: float,
    generator: torch.Generator,
) -> tuple[Examples, torch.Tensor, torch.Tensor]:
    """Each example with some of another's, labels and weights as well.

    targets: (batch, classes). weights: (batch,). parameter: of the beta distribution that the share
    of the other is drawn from, one for the whole batch.
    """
    share = beta(parameter, generator)
    other = torch.randperm(len(targets), generator=generator).to(targets.device)

    def mixed(x: torch.Tensor) -> torch.Tensor:
        return share * x + (1 - share) * x[other]

    return Examples(mixed(batch.images), mixed(batch.numbers)), mixed(targets), mixed(weights)


def beta(parameter: float, generator: torch.Generator) -> float:
    """One draw of the symmetric beta distribution, by Joehnk's method."""
    while True:
        # As logarithms: with a small parameter both powers are too small for a number.
        drawn = torch.rand(2, generator=generator).double().clamp_min(1e-30).log() / parameter
        total = drawn.logsumexp(dim=0)
        if total <= 0:
            return float((drawn[0] - total).exp())
