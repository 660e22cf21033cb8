"""What the summary images round a component say, in numbers a person could have thought of."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from classifier.classes import MASK_SIZE_PX
from classifier.image_stacks import (
    Columns,
    Shapes,
    Stack,
    blur,
    dot,
    polar,
    smoothed,
)
from classifier.inputs import CONTEXT_IMAGES
from classifier.regions import areas
from classifier.side_by_side import parts_of

_CHANNELS = tuple(range(len(CONTEXT_IMAGES)))
_RADII = (0.0, 0.35, 0.7, 1.0, 1.4, 2.0)


def context_features(masks: NDArray[np.floating], contexts: NDArray[np.floating]) -> Columns:
    """Every feature of the crops round the components; NaN where a crop is not there.

    masks: (components, 50, 50) raw. contexts: (components, 2, 50, 50), mean and correlation
    image round the same centre, NaN where there is none (also beyond the field's border).
    """
    parts = [
        features_of(Shapes.of(masks[rows]), np.asarray(contexts[rows], dtype=np.float32))
        for rows in parts_of(len(masks)) or [slice(0)]
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@dataclass(frozen=True, eq=False)
class Pattern:
    """Images that others are correlated with: their values less their means, and their lengths.

    weights: where they are looked at, 1 there and 0 elsewhere; None is everywhere.
    """

    centred: Stack
    length: NDArray[np.float64]
    weights: Stack | None = None

    @classmethod
    def of(cls, images: Stack, weights: Stack | None = None) -> "Pattern":
        """That of images (components, 50, 50)."""
        if weights is None:
            centred = images - images.mean(axis=(1, 2), keepdims=True)
        else:
            mean = dot(images, weights) / np.maximum(weights.sum(axis=(1, 2)), 1e-6)
            centred = images - mean[:, None, None].astype(np.float32)
            centred *= weights
        return cls(centred, np.sqrt(dot(centred, centred)), weights)

    def with_images(self, images: Stack) -> NDArray[np.float64]:
        """(components,) correlation with each image, over the same pixels."""
        return self.correlation(Pattern.of(images, self.weights))

    def correlation(self, other: "Pattern") -> NDArray[np.float64]:
        """(components,) of each pair."""
        together = dot(self.centred, other.centred)
        return np.asarray(together / np.maximum(self.length * other.length, 1e-9))


@dataclass(frozen=True, eq=False)
class Footprints:
    """What every image is compared with.

    whole, nearby: the blurred mask in the whole crop, and near it; inside: the mask within itself.
    core, ring, wide: weights of the mask's core, of a ring round it and of the wide surround, each
    of sum 1. y, x, radius_px: (components,) a disc like the mask; the centre from the window's
    middle.
    """

    whole: Pattern
    nearby: Pattern
    inside: Pattern
    core: Stack
    ring: Stack
    wide: Stack
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    radius_px: NDArray[np.float64]

    @classmethod
    def of(cls, shapes: Shapes) -> "Footprints":
        """Those of some shapes."""
        smooth = shapes.smooth
        core = (smooth > 0.4).astype(np.float32)
        inside = (smooth > 0.15).astype(np.float32)
        nearby = (blur(inside, 3.0) > 0.05).astype(np.float32)
        return cls(
            whole=Pattern.of(smooth),
            nearby=Pattern.of(smooth, nearby),
            inside=Pattern.of(shapes.masks, inside),
            core=_unit(core),
            ring=_unit((blur(core, 3.0) > 0.03) & (smooth < 0.1)),
            wide=_unit(smooth < 0.05),
            y=shapes.y,
            x=shapes.x,
            radius_px=np.clip(shapes.radius_px, 3, 12),
        )


@dataclass(frozen=True, eq=False)
class Picture:
    """A summary image's crops. centred: less their means. spread: (components,) of their values.
    soft: blurred a little.

    large: what is wider than a cell. high, soft_high: the crops, and the soft ones, without that.
    """

    crops: Stack
    centred: Pattern
    spread: NDArray[np.float64]
    soft: Stack
    large: Stack
    high: Stack
    soft_high: Stack

    @classmethod
    def of(cls, crops: Stack) -> "Picture":
        """That of crops in which NaN says that there is no image."""
        filled = _fill(crops)
        soft, large = blur(filled, 0.7), smoothed(filled, 6.0)
        soft_high = soft - smoothed(soft, 6.0)
        return cls(
            crops=filled,
            centred=Pattern.of(filled),
            spread=_spread(filled),
            soft=soft,
            large=large,
            high=filled - large,
            soft_high=soft_high,
        )


def features_of(shapes: Shapes, contexts: Stack) -> Columns:
    """`context_features` of as many as fit the processor's cache."""
    columns = {name: np.full(len(contexts), np.nan) for name in _names()}
    there = np.stack([areas(np.isfinite(contexts[:, k])) > 0 for k in _CHANNELS], axis=1)
    for some in (_CHANNELS, (0,), (1,)):
        rows = np.flatnonzero((there == np.isin(_CHANNELS, some)).all(axis=1))
        if len(rows):
            for name, values in _of_alike(shapes.take(rows), contexts[rows], some).items():
                columns[name][rows] = values
    return columns


@lru_cache
def _names() -> tuple[str, ...]:
    none = np.zeros((0, len(CONTEXT_IMAGES), MASK_SIZE_PX, MASK_SIZE_PX), dtype=np.float32)
    return tuple(_of_alike(Shapes.of(none[:, 0]), none, _CHANNELS))


def _of_alike(shapes: Shapes, contexts: Stack, channels: tuple[int, ...]) -> Columns:
    """Features of components of which all have the images of these channels, and no others."""
    columns: Columns = {}
    footprints = Footprints.of(shapes)
    pictures = [Picture.of(contexts[:, channel]) for channel in channels]
    for channel, picture in zip(channels, pictures, strict=True):
        found = {
            **contrast(footprints, picture),
            **likeness(footprints, picture),
            **profile(footprints, picture),
            **spots(footprints, picture),
        }
        if CONTEXT_IMAGES[channel] == "correlation":
            # A correlation means the same in every recording; a mean image's unit does not.
            found |= levels(footprints, picture)
        columns |= {f"{CONTEXT_IMAGES[channel]}: {name}": values for name, values in found.items()}
    if len(pictures) == len(CONTEXT_IMAGES):
        mean, correlation = (Pattern.of(picture.high) for picture in pictures)
        columns["mean with correlation"] = mean.correlation(correlation)
    return columns


def _fill(crops: Stack) -> Stack:
    """The crops with the median of each for what is missing in it; of each there is some."""
    filled = np.ascontiguousarray(crops)
    known = np.isfinite(filled)
    count = areas(known)
    rows = np.flatnonzero(count < MASK_SIZE_PX**2)
    if len(rows):
        count, known = count[rows], known[rows]
        with_gaps = np.where(known, filled[rows], np.float32(np.nan))
        # What is missing comes last.
        ordered = np.sort(with_gaps.reshape(len(rows), MASK_SIZE_PX**2), axis=1)
        at = np.arange(len(rows))
        middle = (ordered[at, (count - 1) // 2] + ordered[at, count // 2]) / 2
        filled = filled.copy()
        filled[rows] = np.where(known, with_gaps, middle[:, None, None])
    return filled


def _spread(crops: Stack) -> NDArray[np.float64]:
    """(components,) half of what lies between the 16th and the 84th percentile."""
    # Every third pixel tells the spread as well, nine times sooner.
    ordered = np.sort(crops[:, ::3, ::3].reshape(len(crops), 17 * 17), axis=1)
    low, high = (_percentile(ordered, percent) for percent in (16, 84))
    return np.asarray(np.maximum((high - low) / 2, 1e-6))


def _percentile(ordered: NDArray[np.float32], percent: float) -> NDArray[np.float64]:
    """The percentile of each row, interpolated as numpy does."""
    low, part = divmod(percent / 100 * (ordered.shape[1] - 1), 1)
    below, above = (ordered[:, int(low) + k].astype(np.float64) for k in (0, 1))
    return np.asarray(below + (above - below) * part)


def _unit(region: NDArray[np.floating] | NDArray[np.bool_]) -> Stack:
    weights = region.astype(np.float32)
    weights /= np.maximum(weights.sum(axis=(1, 2), keepdims=True), np.float32(1e-6))
    return weights


def contrast(footprints: Footprints, picture: Picture) -> Columns:
    """How much brighter the image is in the mask than beside it, against its own spread."""
    # Differences of means are told from small numbers exactly, from large ones roughly.
    centred = picture.centred.centred
    core, ring, wide = (
        dot(centred, part) for part in (footprints.core, footprints.ring, footprints.wide)
    )
    high_spread = _spread(picture.high)
    return {
        "core over ring": (core - ring) / picture.spread,
        "core over surround": (core - wide) / picture.spread,
        "ring over surround": (ring - wide) / picture.spread,
        "core, high pass": dot(picture.high, footprints.core) / high_spread,
        "ring, high pass": dot(picture.high, footprints.ring) / high_spread,
    }


def likeness(footprints: Footprints, picture: Picture) -> Columns:
    """Correlation of the mask with the image: in the whole crop, near it, and within it."""
    high = picture.soft_high
    return {
        "likeness": footprints.whole.correlation(picture.centred),
        "likeness, high pass": footprints.whole.with_images(high),
        "likeness nearby": footprints.nearby.with_images(high),
        "likeness inside": footprints.inside.with_images(high),
    }


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
    small, medium = smoothed(picture.crops, 1.0), smoothed(picture.crops, 2.5)
    small -= medium
    medium -= picture.large
    for sigma, blobs in ((1.0, small), (2.5, medium)):
        here = dot(blobs, footprints.core)
        rank = areas(blobs < here[:, None, None].astype(np.float32)) / MASK_SIZE_PX**2
        found[f"blob {sigma:g}"] = here / picture.spread
        found[f"blob {sigma:g}, rank"] = rank
        found[f"best blob {sigma:g}"] = _near_middle(blobs) / picture.spread
    return found


def levels(footprints: Footprints, picture: Picture) -> Columns:
    """The values themselves: in the core, beside it, and the greatest near the middle."""
    return {
        "core": dot(picture.crops, footprints.core),
        "ring": dot(picture.crops, footprints.ring),
        "surround": dot(picture.crops, footprints.wide),
        "peak": _near_middle(picture.soft),
    }


def _near_middle(images: Stack) -> NDArray[np.float64]:
    """(components,) the greatest value within 6 pixels of the middle."""
    return np.asarray(images[:, 19:32, 19:32].max(axis=(1, 2)), dtype=np.float64)
