"""What the network is given: prepared images and measures, side by side."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from classifier.classes import MASK_SIZE_PX
from classifier.config import TrainingConfig
from classifier.inputs import CONTEXT_IMAGES, Components
from classifier.measures import kinds as kinds_of_measures
from classifier.measures import measure, names_alone, scales_of
from classifier.prepare import check_masks, prepare_caiman, prepare_contexts, prepare_masks
from classifier.scale import rescale, rescale_masks
from classifier.side_by_side import for_each, parts_of

CONTEXT_CHANNELS = slice(1, 1 + len(CONTEXT_IMAGES))

HIDDEN_SHARE = 0.1
"""Of the examples, one in ten is shown without its trace, one in ten without its context and one
in ten as if it came without its recording, so that what lacks any of them is nothing new to the
network."""


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
        return Examples(channels_last(self.images.to(device)), self.numbers.to(device))


def joined(one: Examples, other: Examples) -> Examples:
    """Those of one and behind them those of the other, prepared by the same config."""
    return Examples(torch.cat([one.images, other.images]), torch.cat([one.numbers, other.numbers]))


def channels_last(images: torch.Tensor) -> torch.Tensor:
    """The images with their channels last in memory, which makes convolutions faster."""
    if images.ndim < 4:
        return images
    return images.contiguous(memory_format=torch.channels_last)


def columns_seen(config: TrainingConfig) -> list[int]:
    """Which columns of the measures a model of this config is given."""
    kinds = kinds_of_measures()
    last = len(kinds) if config.measures == "recording" else len(names_alone())
    return [column for column in range(last) if kinds[column] in config.inputs]


@lru_cache
def columns_of_kind(kind: str, config: TrainingConfig, device: torch.device) -> torch.Tensor:
    """(measures seen,) which of the columns that a model is given are of this kind of input, or,
    for `recording`, hang on the rest of the recording.
    """
    seen, of = columns_seen(config), kinds_of_measures()
    beside = kind == "recording"
    chosen = [column >= len(names_alone()) if beside else of[column] == kind for column in seen]
    return torch.tensor(chosen, device=device)


def channels_in(config: TrainingConfig) -> int:
    """Image channels that a model of this config is given."""
    return 1 + (len(CONTEXT_IMAGES) if config.contexts_pictured else 0)


def make_examples(components: Components, config: TrainingConfig) -> Examples:
    """The one way from raw components to what a network is given, in training and in use.

    A network that looks at the hand-made measures is shown everything at the usual size; the
    others see each mask at the size it has. Raises ValueError for masks that cannot be used.
    """
    masks = check_masks(components.masks)
    contexts = components.contexts if config.contexts_pictured else None
    numbers, scales = torch.zeros((len(masks), 0)), np.ones(len(masks))
    if config.measured:
        table = components.measures
        if table is None:
            table = measure(components, wanted=config.inputs)
        table = np.asarray(table, dtype=np.float32)
        numbers = torch.from_numpy(table[:, columns_seen(config)])
        scales = scales_of(table)
    if not config.pictured:
        return Examples(torch.zeros((len(masks), 0)), numbers)
    images = torch.zeros((len(masks), channels_in(config), MASK_SIZE_PX, MASK_SIZE_PX))
    prepare = prepare_caiman if config.preparation == "caiman" else prepare_masks

    def fill(rows: slice) -> None:
        images[rows, :1] = prepare(rescale_masks(masks[rows], scales[rows]))
        if contexts is not None:
            crops = rescale(contexts[rows], scales[rows])
            images[rows, CONTEXT_CHANNELS] = prepare_contexts(crops)

    for_each(fill, parts_of(len(masks)))
    return Examples(images, numbers)


def hide(batch: Examples, generator: torch.Generator, config: TrainingConfig) -> Examples:
    """The batch with some examples' traces, some contexts and some recordings missing."""
    images, numbers = batch.images, batch.numbers
    kinds = [kind for kind in config.inputs if kind != "mask"]
    if config.measured and config.measures == "recording":
        kinds.append("recording")
    for kind in kinds:
        gone = (torch.rand(len(images), generator=generator) < HIDDEN_SHARE).to(images.device)
        if numbers.shape[1]:
            columns = columns_of_kind(kind, config, numbers.device)
            numbers = numbers.masked_fill(gone[:, None] & columns, torch.nan)
        if kind == "context" and images.ndim == 4:
            images = images.clone()
            images[:, CONTEXT_CHANNELS] *= (~gone).float()[:, None, None, None]
    return Examples(images, numbers)
