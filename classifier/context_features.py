"""What the summary images round a component say, in numbers a person could have thought of."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from classifier.image_stacks import (
    SIDE_PX,
    Columns,
    Shapes,
    Stack,
    blur,
    in_parts,
    polar,
)

IMAGES = ("mean", "correlation")
_RADII = (0.0, 0.35, 0.7, 1.0, 1.4, 2.0)


def context_features(masks: NDArray[np.floating], contexts: NDArray[np.floating]) -> Columns:
    """Every feature of the crops round the components; NaN where a crop is not there.

    masks: (components, 50, 50) raw. contexts: (components, 2, 50, 50), mean and correlation
    image round the same centre, NaN where there is none (also beyond the field's border).
    """
    parts = [
        features_of(Shapes.of(some), np.asarray(crops, dtype=np.float32))
        for some, crops in zip(in_parts(masks), in_parts(contexts), strict=True)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@dataclass(frozen=True, eq=False)
class Footprints:
    """What every image is compared with.

    masks: normalised; smooth: blurred. core, ring, wide: weights of the mask's core, of a ring
    round it and of the wide surround, each of sum 1. nearby, inside: 1 there and 0 elsewhere.
    y, x, radius_px: (components,) a disc like the mask; the centre from the window's middle.
    """

    masks: Stack
    smooth: Stack
    core: Stack
    ring: Stack
    wide: Stack
    nearby: Stack
    inside: Stack
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    radius_px: NDArray[np.float64]

    @classmethod
    def of(cls, shapes: Shapes) -> "Footprints":
        """Those of some shapes."""
        smooth = shapes.smooth
        core = (smooth > 0.4).astype(np.float32)
        inside = (smooth > 0.15).astype(np.float32)
        return cls(
            masks=shapes.masks,
            smooth=smooth,
            core=_unit(core),
            ring=_unit((blur(core, 3.0) > 0.03) & (smooth < 0.1)),
            wide=_unit(smooth < 0.05),
            nearby=(blur(inside, 3.0) > 0.05).astype(np.float32),
            inside=inside,
            y=shapes.y,
            x=shapes.x,
            radius_px=np.clip(shapes.radius_px, 3, 12),
        )


@dataclass(frozen=True, eq=False)
class Picture:
    """A summary image's crops. spread: (components,) of their values. soft: blurred a little.

    high, soft_high: without what is wider than a cell.
    """

    crops: Stack
    spread: NDArray[np.float64]
    soft: Stack
    high: Stack
    soft_high: Stack

    @classmethod
    def of(cls, crops: Stack) -> "Picture":
        """That of crops in which NaN says that there is no image."""
        filled = _fill(crops)
        soft = blur(filled, 0.7)
        return cls(filled, _spread(filled), soft, _high_pass(filled), _high_pass(soft))


def features_of(shapes: Shapes, contexts: Stack) -> Columns:
    """`context_features` of as many as fit the processor's cache."""
    footprints = Footprints.of(shapes)
    columns: Columns = {}
    pictures = [Picture.of(contexts[:, channel]) for channel in range(len(IMAGES))]
    for channel, (image, picture) in enumerate(zip(IMAGES, pictures, strict=True)):
        missing = ~np.isfinite(contexts[:, channel]).any(axis=(1, 2))
        found = {
            **contrast(footprints, picture),
            **likeness(footprints, picture),
            **profile(footprints, picture),
            **spots(footprints, picture),
        }
        if image == "correlation":
            # A correlation means the same in every recording; a mean image's unit does not.
            found |= levels(footprints, picture)
        for name, values in found.items():
            columns[f"{image}: {name}"] = np.where(missing, np.nan, values)
    alike = _correlation(*(picture.high for picture in pictures))
    there = np.asarray(np.isfinite(contexts).any(axis=(2, 3)), dtype=np.bool_)
    lacking = ~there.all(axis=1)
    columns["mean with correlation"] = np.where(lacking, np.nan, alike)
    return columns


def _fill(crops: Stack) -> Stack:
    """The crops with the median of each for what is missing in it, 0 where all is."""
    known = np.isfinite(crops)
    some = known.any(axis=(1, 2))
    middle = np.zeros(len(crops), dtype=np.float32)
    whole = known.all(axis=(1, 2))
    for part, median in ((whole, np.median), (some & ~whole, np.nanmedian)):
        if part.any():
            middle[part] = median(crops[part].reshape(int(part.sum()), -1), axis=1)
    return np.where(known, crops, middle[:, None, None]).astype(np.float32)


def _high_pass(crops: Stack) -> Stack:
    # Weighted by where there is image, so that the window's edge makes no slope.
    return np.asarray(crops - blur(crops, 6.0) / _edge(6.0))


@lru_cache
def _edge(sigma_px: float) -> Stack:
    """(1, 50, 50) the share of a Gaussian that lies within the window."""
    return blur(np.ones((1, SIDE_PX, SIDE_PX), dtype=np.float32), sigma_px)


def _spread(crops: Stack) -> NDArray[np.float64]:
    # Every third pixel tells the spread as well, nine times sooner.
    low, high = np.percentile(crops[:, ::3, ::3].reshape(len(crops), 17 * 17), [16, 84], axis=1)
    return np.asarray(np.maximum((high - low) / 2, 1e-6))


def _unit(region: NDArray[np.floating] | NDArray[np.bool_]) -> Stack:
    weights = region.astype(np.float32)
    total = weights.sum(axis=(1, 2), keepdims=True)
    return np.asarray(weights / np.maximum(total, np.float32(1e-6)))


def _sum(one: Stack, other: Stack) -> NDArray[np.float64]:
    """(components,) sum over the pixels of the product."""
    return np.asarray(np.einsum("nij,nij->n", one, other), dtype=np.float64)


def contrast(footprints: Footprints, picture: Picture) -> Columns:
    """How much brighter the image is in the mask than beside it, against its own spread."""
    core, ring, wide = (
        _sum(picture.crops, part) for part in (footprints.core, footprints.ring, footprints.wide)
    )
    high_spread = _spread(picture.high)
    return {
        "core over ring": (core - ring) / picture.spread,
        "core over surround": (core - wide) / picture.spread,
        "ring over surround": (ring - wide) / picture.spread,
        "core, high pass": _sum(picture.high, footprints.core) / high_spread,
        "ring, high pass": _sum(picture.high, footprints.ring) / high_spread,
    }


def likeness(footprints: Footprints, picture: Picture) -> Columns:
    """Correlation of the mask with the image: in the whole crop, near it, and within it."""
    smooth, high = footprints.smooth, picture.soft_high
    return {
        "likeness": _correlation(smooth, picture.crops),
        "likeness, high pass": _correlation(smooth, high),
        "likeness nearby": _correlation(smooth, high, footprints.nearby),
        "likeness inside": _correlation(footprints.masks, high, footprints.inside),
    }


def _correlation(one: Stack, other: Stack, weights: Stack | None = None) -> NDArray[np.float64]:
    """(components,) of each pair of images, over all pixels or over those of weight 1."""
    if weights is None:
        a = one - one.mean(axis=(1, 2), keepdims=True)
        b = other - other.mean(axis=(1, 2), keepdims=True)
    else:
        total = np.maximum(weights.sum(axis=(1, 2)), 1e-6)
        a, b = (
            (image - (_sum(image, weights) / total)[:, None, None].astype(np.float32)) * weights
            for image in (one, other)
        )
    scale = np.sqrt(_sum(a, a) * _sum(b, b))
    return np.asarray(_sum(a, b) / np.maximum(scale, 1e-9))


def profile(footprints: Footprints, picture: Picture) -> Columns:
    """The image over distance from the mask's middle, in its radii: a donut shows here too."""
    radii_px = footprints.radius_px[:, None] * np.array(_RADII)
    views = polar(picture.soft, footprints.y, footprints.x, radii_px)
    means = views.mean(axis=2)
    means = (means - means[:, -1:]) / picture.spread[:, None]
    return {
        **{f"at {r:g} radii": means[:, k] for k, r in enumerate(_RADII[:-1])},
        "dip": means[:, 1:4].max(axis=1) - means[:, 0],
        "unevenness of ring": views[:, 3].std(axis=1) / picture.spread,
    }


def spots(footprints: Footprints, picture: Picture) -> Columns:
    """Whether the image has a blob of a soma's size or of a dot's size at the mask."""
    found: Columns = {}
    medium = blur(picture.crops, 2.5) / _edge(2.5)
    small, large = blur(picture.crops, 1.0) / _edge(1.0), picture.crops - picture.high
    for sigma, blobs in ((1.0, small - medium), (2.5, medium - large)):
        here = _sum(blobs, footprints.core)
        rank = (blobs < here[:, None, None].astype(np.float32)).mean(axis=(1, 2))
        found[f"blob {sigma:g}"] = here / picture.spread
        found[f"blob {sigma:g}, rank"] = rank
        found[f"best blob {sigma:g}"] = _near_middle(blobs) / picture.spread
    return found


def levels(footprints: Footprints, picture: Picture) -> Columns:
    """The values themselves: in the core, beside it, and the greatest near the middle."""
    return {
        "core": _sum(picture.crops, footprints.core),
        "ring": _sum(picture.crops, footprints.ring),
        "surround": _sum(picture.crops, footprints.wide),
        "peak": _near_middle(picture.soft),
    }


def _near_middle(images: Stack) -> NDArray[np.float64]:
    """(components,) the greatest value within 6 pixels of the middle."""
    return np.asarray(images[:, 19:32, 19:32].max(axis=(1, 2)), dtype=np.float64)
