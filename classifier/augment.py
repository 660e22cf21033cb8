"""New views of a batch of masks: shear, rotation, shift, flip and zoom in one resampling."""

from dataclasses import dataclass
from math import pi

import torch
from torch.nn import functional

from classifier.classes import MASK_SIZE_PX


@dataclass(frozen=True)
class AugmentationRanges:
    """How far a view may differ from its mask. Each is drawn anew for each mask.

    rotation_turns: a component has no up or down, so any angle by default.
    shear: tangent of the shear angle, either way.
    shift_px: either way on both axes; the centre of mass of a cut mask is off by this much.
    zoom: a factor of exp(-zoom) to exp(zoom), the same on both axes: optics differ.
    flip: mirror half of the views.
    """

    rotation_turns: float = 1.0
    shear: float = 0.15
    shift_px: float = 2.0
    zoom: float = 0.15
    flip: bool = True


DEFAULT_RANGES = AugmentationRanges()


def augment(
    masks: torch.Tensor,
    generator: torch.Generator,
    ranges: AugmentationRanges = DEFAULT_RANGES,
) -> torch.Tensor:
    """One random view of each mask; the rest of the window is zero.

    masks: (batch, channels, height, width) prepared masks.
    generator: the source of all randomness, on the CPU, so that every device sees the same views.
    Returns a tensor of the same shape and device.
    """
    theta = random_affine(len(masks), generator, ranges).to(masks.device)
    grid = functional.affine_grid(theta, list(masks.shape), align_corners=False)
    return functional.grid_sample(masks, grid, padding_mode="zeros", align_corners=False)


def random_affine(
    count: int, generator: torch.Generator, ranges: AugmentationRanges
) -> torch.Tensor:
    """(count, 2, 3) float32 maps from output to input places, in units of half a window."""

    def draw(extent: float) -> torch.Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * extent

    angle = draw(ranges.rotation_turns * pi)
    shear = draw(ranges.shear)
    scale = torch.exp(draw(ranges.zoom))
    mirror = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    if not ranges.flip:
        mirror = torch.ones(count)
    half_window_px = MASK_SIZE_PX / 2
    shift_x, shift_y = (draw(ranges.shift_px / half_window_px) for _ in range(2))
    cos, sin = torch.cos(angle), torch.sin(angle)
    # Mirror and shear first, then turn, then zoom: the product of the three matrices.
    rows = (
        torch.stack([cos * mirror, cos * shear - sin, shift_x * scale], dim=1),
        torch.stack([sin * mirror, sin * shear + cos, shift_y * scale], dim=1),
    )
    return torch.stack(rows, dim=1) / scale[:, None, None]
