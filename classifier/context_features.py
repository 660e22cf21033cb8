"""What the summary images round a component say, in numbers a person could have thought of."""

import numpy as np
from numpy.typing import NDArray

from classifier.image_stacks import (
    SIDE_PX,
    Columns,
    Stack,
    blur,
    centre,
    in_parts,
    normalise,
    polar,
    radius_of,
)

IMAGES = ("mean", "correlation")
_RADII = (0.0, 0.35, 0.7, 1.0, 1.4, 2.0)


def context_features(masks: NDArray[np.floating], contexts: NDArray[np.floating]) -> Columns:
    """Every feature of the crops round the components; NaN where a crop is not there.

    masks: (components, 50, 50) raw. contexts: (components, 2, 50, 50), mean and correlation
    image round the same centre, NaN where there is none (also beyond the field's border).
    """
    parts = [
        _of_some(normalise(some), np.asarray(crops, dtype=np.float32))
        for some, crops in zip(in_parts(masks), in_parts(contexts), strict=True)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _of_some(masks: Stack, contexts: Stack) -> Columns:
    columns: Columns = {}
    for channel, image in enumerate(IMAGES):
        crops = contexts[:, channel]
        missing = ~np.isfinite(crops).any(axis=(1, 2))
        filled = _fill(crops)
        found = {
            **contrast(masks, filled),
            **likeness(masks, filled),
            **profile(masks, filled),
            **spots(masks, filled),
        }
        if image == "correlation":
            # A correlation means the same in every recording; a mean image's unit does not.
            found |= levels(masks, filled)
        for name, values in found.items():
            columns[f"{image}: {name}"] = np.where(missing, np.nan, values)
    mean, correlation = (_high_pass(_fill(contexts[:, channel])) for channel in range(2))
    columns["mean with correlation"] = _correlation(mean, correlation, np.ones_like(masks))
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


def _edge(sigma_px: float) -> Stack:
    """(1, 50, 50) the share of a Gaussian that lies within the window."""
    return blur(np.ones((1, SIDE_PX, SIDE_PX), dtype=np.float32), sigma_px)


def _spread(crops: Stack) -> NDArray[np.float64]:
    # Every third pixel tells the spread as well, nine times sooner.
    low, high = np.percentile(crops[:, ::3, ::3].reshape(len(crops), -1), [16, 84], axis=1)
    return np.asarray(np.maximum((high - low) / 2, 1e-6))


def _regions(masks: Stack) -> tuple[Stack, Stack, Stack]:
    """Weights of the core, of a ring round the mask, and of the wide surround; each sums to 1."""
    smooth = blur(masks, 1.0)
    core = (smooth > 0.4).astype(np.float32)
    near = ((blur(core, 3.0) > 0.03) & (smooth < 0.1)).astype(np.float32)
    wide = (smooth < 0.05).astype(np.float32)
    return _unit(core), _unit(near), _unit(wide)


def _unit(region: Stack) -> Stack:
    total = region.sum(axis=(1, 2), keepdims=True)
    return np.asarray(region / np.maximum(total, np.float32(1e-6)))


def contrast(masks: Stack, crops: Stack) -> Columns:
    """How much brighter the image is in the mask than beside it, against its own spread."""
    core, near, wide = _regions(masks)
    spread = _spread(crops)
    high = _high_pass(crops)
    means = {name: (crops * part).sum(axis=(1, 2)) for name, part in
             (("core", core), ("near", near), ("wide", wide))}  # fmt: skip
    return {
        "core over ring": (means["core"] - means["near"]) / spread,
        "core over surround": (means["core"] - means["wide"]) / spread,
        "ring over surround": (means["near"] - means["wide"]) / spread,
        "core, high pass": (high * core).sum(axis=(1, 2)) / _spread(high),
        "ring, high pass": (high * near).sum(axis=(1, 2)) / _spread(high),
    }


def likeness(masks: Stack, crops: Stack) -> Columns:
    """Correlation of the mask with the image: in the whole crop, near it, and within it."""
    smooth = blur(masks, 1.0)
    near = (blur((smooth > 0.15).astype(np.float32), 3.0) > 0.05).astype(np.float32)
    inside = (smooth > 0.15).astype(np.float32)
    high = _high_pass(blur(crops, 0.7))
    return {
        "likeness": _correlation(smooth, crops, np.ones_like(masks)),
        "likeness, high pass": _correlation(smooth, high, np.ones_like(masks)),
        "likeness nearby": _correlation(smooth, high, near),
        "likeness inside": _correlation(masks, high, inside),
    }


def _correlation(one: Stack, other: Stack, weights: Stack) -> NDArray[np.float64]:
    total = np.maximum(weights.sum(axis=(1, 2), keepdims=True), 1e-6)
    a = one - (one * weights).sum(axis=(1, 2), keepdims=True) / total
    b = other - (other * weights).sum(axis=(1, 2), keepdims=True) / total
    product = (a * b * weights).sum(axis=(1, 2))
    scale = np.sqrt((a * a * weights).sum(axis=(1, 2)) * (b * b * weights).sum(axis=(1, 2)))
    return np.asarray(product / np.maximum(scale, 1e-9), dtype=np.float64)


def profile(masks: Stack, crops: Stack) -> Columns:
    """The image over distance from the mask's middle, in its radii: a donut shows here too."""
    smooth = blur(masks, 1.0)
    _, y, x = centre((smooth > 0.3).astype(np.float32))
    radius = np.clip(radius_of(smooth), 3, 12)
    views = polar(blur(crops, 0.7), y, x, radius[:, None] * np.array(_RADII))
    spread = _spread(crops)
    means = views.mean(axis=2)
    means = (means - means[:, -1:]) / spread[:, None]
    return {
        **{f"at {r:g} radii": means[:, k] for k, r in enumerate(_RADII[:-1])},
        "dip": means[:, 1:4].max(axis=1) - means[:, 0],
        "unevenness of ring": views[:, 3].std(axis=1) / spread,
    }


def spots(masks: Stack, crops: Stack) -> Columns:
    """Whether the image has a blob of a soma's size or of a dot's size at the mask."""
    core, _, _ = _regions(masks)
    spread = _spread(crops)
    found: Columns = {}
    for small, large in ((1.0, 2.5), (2.5, 6.0)):
        blobs = blur(crops, small) / _edge(small) - blur(crops, large) / _edge(large)
        here = (blobs * core).sum(axis=(1, 2))
        found[f"blob {small:g}"] = here / spread
        found[f"blob {small:g}, rank"] = (blobs < here[:, None, None]).mean(
            axis=(1, 2), dtype=np.float64
        )
        found[f"best blob {small:g}"] = blobs[:, 19:32, 19:32].max(axis=(1, 2)) / spread
    return found


def levels(masks: Stack, crops: Stack) -> Columns:
    """The values themselves: in the core, beside it, and the greatest near the middle."""
    core, near, wide = _regions(masks)
    return {
        "core": (crops * core).sum(axis=(1, 2)),
        "ring": (crops * near).sum(axis=(1, 2)),
        "surround": (crops * wide).sum(axis=(1, 2)),
        "peak": blur(crops, 0.7)[:, 19:32, 19:32].max(axis=(1, 2)),
    }
