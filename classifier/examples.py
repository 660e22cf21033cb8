"""What the network is given: prepared images and measures, side by side."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from classifier.config import TrainingConfig
from classifier.inputs import CONTEXT_IMAGES, Components
from classifier.measures import kinds as kinds_of_measures
from classifier.measures import measure, scales_of
from classifier.prepare import prepare_caiman, prepare_contexts, prepare_masks
from classifier.scale import rescale, rescale_masks

CONTEXT_CHANNELS = slice(1, 1 + len(CONTEXT_IMAGES))


@dataclass(frozen=True, eq=False)
class Examples:
    """Prepared components.

    images: (components, channels, 50, 50): the mask, and where a model looks at contexts also the
        mean and the correlation crop; 0 where there is none.
    numbers: (components, measures), NaN where a trace or an image is missing; no columns where a
        model looks at images alone.
    """

    images: torch.Tensor
    numbers: torch.Tensor

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: torch.Tensor) -> "Examples":
        """Those rows."""
        return Examples(self.images[rows], self.numbers[rows])

    def to(self, device: torch.device) -> "Examples":
        """The same on a device, images with channels last in memory: faster convolutions."""
        images = self.images.to(device).contiguous(memory_format=torch.channels_last)
        return Examples(images, self.numbers.to(device))


def columns_seen(kinds: tuple[str, ...]) -> list[int]:
    """Which columns of the measures a model that looks at these kinds is given."""
    return [column for column, kind in enumerate(kinds_of_measures()) if kind in kinds]


@lru_cache
def columns_of_kind(kind: str, seen: tuple[str, ...], device: torch.device) -> torch.Tensor:
    """(measures seen,) which of the columns that a model is given are of this kind."""
    of = kinds_of_measures()
    chosen = [of[column] == kind for column in columns_seen(seen)]
    return torch.tensor(chosen, device=device)


def make_examples(components: Components, config: TrainingConfig) -> Examples:
    """The one way from raw components to what a network is given, in training and in use.

    A network that looks at the hand-made measures is shown everything at the usual size; the
    others see each mask at the size it has. Raises ValueError for masks that cannot be used.
    """
    masks, contexts = components.masks, components.contexts
    numbers = torch.zeros((len(components), 0))
    if config.measured:
        table = components.measures
        if table is None:
            table = measure(components, wanted=config.inputs)
        table = np.asarray(table, dtype=np.float32)
        numbers = torch.from_numpy(table[:, columns_seen(config.inputs)])
        scales = scales_of(table)
        masks = rescale_masks(masks, scales)
        if contexts is not None and "context" in config.inputs:
            contexts = rescale(contexts, scales)
    prepare = prepare_caiman if config.preparation == "caiman" else prepare_masks
    parts = [prepare(masks)]
    if "context" in config.inputs:
        if contexts is None:
            contexts = np.full((len(masks), len(CONTEXT_IMAGES), *masks.shape[1:]), np.nan)
        parts.append(prepare_contexts(contexts))
    return Examples(torch.cat(parts, dim=1), numbers)
