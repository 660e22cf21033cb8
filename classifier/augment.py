"""New views of a batch: shear, rotation, shift, flip and zoom in one resampling, and wear."""

from dataclasses import dataclass
from math import pi

import torch
from torch.nn import functional

from classifier.classes import MASK_SIZE_PX


@dataclass(frozen=True)
class AugmentationRanges:
    """How far a view may differ from what it is of. Each is drawn anew for each component.

    rotation_turns: a component has no up or down, so any angle by default.
    shear: tangent of the shear angle, either way.
    shift_px: either way on both axes; the centre of mass of a cut mask is off by this much.
    zoom: a factor of exp(-zoom) to exp(zoom), the same on both axes: optics differ.
    flip: mirror half of the views.
    worn: the share of views in which the mask is worn as extractions wear them: pixels are
        missing (up to `speckle` of them), what is dimmer than up to `threshold` is cut off, or
        (half of these) everything beyond a line up to `cut_px` from the centre.
    """

    rotation_turns: float = 1.0
    shear: float = 0.15
    shift_px: float = 2.0
    zoom: float = 0.2
    flip: bool = True
    worn: float = 0.3
    speckle: float = 0.2
    threshold: float = 0.4
    cut_px: float = 5.0


DEFAULT_RANGES = AugmentationRanges()


def augment(
    images: torch.Tensor,
    generator: torch.Generator,
    ranges: AugmentationRanges = DEFAULT_RANGES,
) -> torch.Tensor:
    """One random view of each component; the rest of the window is zero.

    images: (batch, channels, height, width) prepared, the mask first; all channels move together.
    generator: the source of all randomness, on the CPU, so that every device sees the same views.
    Returns a tensor of the same shape and device.
    """
    theta = random_affine(len(images), generator, ranges).to(images.device)
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    views = functional.grid_sample(images, grid, padding_mode="zeros", align_corners=False)
    if ranges.worn == 0:
        return views
    worn = wear(views[:, :1], generator, ranges)
    return torch.cat([worn, views[:, 1:]], dim=1)


def wear(
    masks: torch.Tensor, generator: torch.Generator, ranges: AugmentationRanges
) -> torch.Tensor:
    """Prepared masks (batch, 1, height, width), some of them worn; none loses all of its pixels."""
    count, side = len(masks), masks.shape[-1]

    def draw(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator).to(masks.device)

    def each(extent: float) -> torch.Tensor:
        chosen = (draw(count) < ranges.worn).float()
        return (chosen * draw(count) * extent)[:, None, None, None]

    kept = draw(*masks.shape) >= each(ranges.speckle)
    kept &= masks > each(ranges.threshold)
    angle = draw(count)[:, None, None] * 2 * pi
    along = torch.arange(side, device=masks.device) - side // 2
    distance = along[:, None] * torch.sin(angle) + along * torch.cos(angle)
    uncut = draw(count) >= ranges.worn / 2
    edge = ranges.cut_px * (0.4 + 0.6 * draw(count))
    kept &= ((distance < edge[:, None, None]) | uncut[:, None, None])[:, None]
    result = masks * kept
    lost = result.amax(dim=(1, 2, 3), keepdim=True) <= 0
    return torch.where(lost, masks, result)


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
