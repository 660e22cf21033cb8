"""A trained model applied to prepared components, batch by batch."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from classifier.examples import Examples
from classifier.layers import Classifier

PREDICTION_BATCH = 256
"""With more, what the first layers give no longer fits a processor's cache."""

MEASURED_BATCH = 1024
"""Of who looks at no image: nothing is large there, and each batch costs some calls of Python."""


def predict_log_probabilities(model: Classifier, examples: Examples) -> NDArray[np.float64]:
    """(components, classes) log-probabilities, computed in batches without gradients.

    The examples go to the model's device batch by batch; the result is on the CPU.
    """
    return _in_batches(model, examples, model.forward, model.classes)


def embed(model: Classifier, examples: Examples) -> NDArray[np.float32]:
    """(components, width) what the model's last layer sees of each component."""
    found = _in_batches(model, examples, model.embed, model.width)
    return found.astype(np.float32)


def _in_batches(
    model: Classifier,
    examples: Examples,
    function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    width: int,
) -> NDArray[np.float64]:
    device = next(model.parameters()).device
    model.eval()
    parts = [np.zeros((0, width))]
    with torch.inference_mode():
        size = PREDICTION_BATCH if examples.images.ndim == 4 else MEASURED_BATCH
        for rows in torch.arange(len(examples)).split(size):
            batch = examples.take(rows).to(device)
            parts.append(function(batch.images, model.scale(batch.numbers)).double().cpu().numpy())
    return np.concatenate(parts)
