"""How far each step goes: the learning rate over a training, and what is pulled to zero."""

from math import cos, pi

from torch import nn

WARM_UP = 0.2


def decaying(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Parameter groups: matrices and kernels decay, biases and normalisations do not."""
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def one_cycle(done: float) -> float:
    """The share of the peak learning rate at a share of all steps: a rise, then a cosine to 0.

    Source: Smith and Topin, Super-Convergence (2018).
    """
    if done < WARM_UP:
        return 0.05 + 0.95 * done / WARM_UP
    return 0.5 * (1 + cos(pi * min((done - WARM_UP) / (1 - WARM_UP), 1.0)))
