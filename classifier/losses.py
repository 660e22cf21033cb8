"""What each example counts for in training: the loss, and the balance of the classes."""

import torch

from classifier.config import TrainingConfig


def balancing_weights(targets: torch.Tensor, balance: float) -> torch.Tensor:
    """(examples,) weights that give every class present a total of its share to (1 - balance).

    balance: 0 leaves the classes as they are, 1 gives each the same total.
    """
    counts = torch.bincount(targets).float()
    return (1.0 / counts[targets]) ** balance


def class_shares(targets: torch.Tensor, config: TrainingConfig) -> torch.Tensor:
    """(examples,) chances of being drawn, up to a factor."""
    return balancing_weights(targets, config.balance if config.balance_by == "sampling" else 0.0)


def loss_weights(targets: torch.Tensor, config: TrainingConfig) -> torch.Tensor:
    """(examples,) weights in the loss, 1 on the average."""
    weights = balancing_weights(targets, config.balance if config.balance_by == "weights" else 0.0)
    return weights / weights.mean()


def smoothed_loss(
    log_probabilities: torch.Tensor, targets: torch.Tensor, smoothing: float
) -> torch.Tensor:
    """Categorical cross-entropy of each, with a share of each target over all classes.

    log_probabilities: (..., examples, classes). targets: (examples, classes), rows sum to 1.
    Returns (..., examples).
    """
    soft = (1 - smoothing) * targets + smoothing / targets.shape[1]
    return -(soft * log_probabilities).sum(dim=-1)
