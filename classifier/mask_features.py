"""What a mask's shape says, in numbers a person could have thought of.

Every function takes masks that `normalise` made and gives a dictionary of (components,) arrays.
None depends on the masks' intensity unit.
"""

from math import comb, pi

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from classifier.image_stacks import (
    ALONG,
    IN_PLANE,
    SIDE_PX,
    SIDES_ONLY,
    SPECK,
    Columns,
    Stack,
    blur,
    centre,
    filtered,
    holes,
    in_parts,
    normalise,
    polar,
    radius_of,
    thickness,
)

_FLOOR = 0.02
"""Share of the peak under which a pixel counts as empty: some extractions leave long tails."""


def mask_features(masks: NDArray[np.floating]) -> Columns:
    """Every feature of a mask's shape.

    masks: (components, 50, 50) raw, any intensity unit.
    Returns name to (components,) float64, all finite.
    """
    parts = [_of_some(normalise(some)) for some in in_parts(masks)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _of_some(masks: Stack) -> Columns:
    smooth = blur(masks, 1.0)
    return {
        **sizes(masks, smooth),
        **moments(smooth),
        **radial_profile(smooth),
        **ring(smooth),
        **pieces_and_holes(smooth),
        **outline(smooth),
        **ridges(masks),
        **grain(masks, smooth),
    }


def sizes(masks: Stack, smooth: Stack) -> Columns:
    """Areas at several levels, in log pixels, and how the levels relate."""
    areas = {level: (smooth > level).sum(axis=(1, 2)) + 1.0 for level in (0.15, 0.3, 0.5, 0.75)}
    support = (masks > _FLOOR).sum(axis=(1, 2)) + 1.0
    return {
        "log support": np.log(support),
        **{f"log area above {level}": np.log(area) for level, area in areas.items()},
        # A plateau with a sharp border loses little area from level to level, a cloud much.
        "area 0.75 / 0.3": areas[0.75] / areas[0.3],
        "area 0.5 / 0.15": areas[0.5] / areas[0.15],
        "mass / area": masks.sum(axis=(1, 2)) / support,
    }


def moments(smooth: Stack) -> Columns:
    """Axes of the ellipse with the same second moments, and lopsidedness."""
    columns: Columns = {}
    for name, weights in (("", smooth), (" of core", (smooth > 0.4).astype(np.float32))):
        m = _central_moments(weights)
        root = np.hypot((m[2, 0] - m[0, 2]) / 2, m[1, 1])
        middle = (m[2, 0] + m[0, 2]) / 2
        long, short = middle + root, np.maximum(middle - root, 0.05)
        columns |= {
            f"log long axis{name}": np.log(long + 0.1) / 2,
            f"log short axis{name}": np.log(short + 0.1) / 2,
            f"elongation{name}": np.sqrt(short / np.maximum(long, 0.05)),
        }
        if not name:
            spread = np.maximum(np.sqrt(long + short), 0.1)
            # How far the third moment points one way: an attached process pulls there.
            pull = np.hypot(m[3, 0] + m[1, 2], m[0, 3] + m[2, 1])
            columns["lopsidedness"] = pull / spread**3
            columns["tail weight"] = (m[4, 0] + 2 * m[2, 2] + m[0, 4]) / spread**4
    return columns


def _central_moments(weights: Stack) -> NDArray[np.float64]:
    """(5, 5, images) mean of dy^a dx^b round the centre of mass, a and b up to 4."""
    mass, y, x = centre(weights)
    powers = np.vander(ALONG.astype(np.float64), 5, increasing=True)
    raw = powers.T @ (weights @ powers) / mass[:, None, None]
    # (t - c)^a, written out in powers of t, is a linear map of the moments of t.
    turn_y, turn_x = _shifts(y), _shifts(x)
    return np.moveaxis(turn_y @ raw @ np.swapaxes(turn_x, 1, 2), 0, 2)


def _shifts(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """(images, 5, 5) coefficients of (t - centre)^a by powers of t."""
    found = np.zeros((len(centres), 5, 5))
    for a in range(5):
        for k in range(a + 1):
            found[:, a, k] = comb(a, k) * (-centres) ** (a - k)
    return found


def radial_profile(smooth: Stack) -> Columns:
    """Mean brightness over distance from the centre: in pixels, and in the mask's own radii."""
    _, y, x = centre((smooth > 0.3).astype(np.float32))
    radii_px = np.array([0.0, 2, 4, 6, 8, 10, 13, 16])
    in_px = np.broadcast_to(radii_px, (len(smooth), 8))
    own = radius_of(smooth)[:, None] * np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0])
    profile_px = polar(smooth, y, x, in_px).mean(axis=2)
    profile_own = polar(smooth, y, x, own).mean(axis=2)
    return {
        **{f"at {r:g} px": profile_px[:, k] for k, r in enumerate(radii_px) if k > 0},
        **{f"at {k / 4 if k < 7 else 2:g} radii": profile_own[:, k] for k in range(8)},
        # The steepest fall, in radii: the edge of a soma is sharp, a cloud's is not.
        "steepest fall": -np.diff(profile_own[:, :7], axis=1).min(axis=1),
        "log radius": np.log(own[:, 4]),
    }


def ring(smooth: Stack) -> Columns:
    """Whether a bright ring surrounds a dimmer middle, and whether it closes."""
    _, y, x = centre((smooth > 0.3).astype(np.float32))
    own = radius_of(smooth)[:, None] * np.linspace(0, 1.4, 15)
    views = polar(smooth, y, x, own)
    over_angles = views.mean(axis=2)
    crest = views.max(axis=1)
    middle = views[:, :3].mean(axis=(1, 2))
    best = over_angles.argmax(axis=1)
    return {
        "dip against ring": over_angles.max(axis=1) - middle,
        "dip share": middle / np.maximum(over_angles.max(axis=1), 0.01),
        "ring at (radii)": best / 10.0,
        # The dimmest part of the crest: a closed ring has none, a crescent or a line does.
        "ring closure": np.sort(crest, axis=1)[:, :6].mean(axis=1),
        "dip at the ring's dimmest": np.sort(crest, axis=1)[:, :6].mean(axis=1) - middle,
        "crest variation": crest.std(axis=1) / np.maximum(crest.mean(axis=1), 0.01),
        "angular variation": views[:, 5:10].mean(axis=1).std(axis=1),
        # Two lobes opposite each other are a line, one is a crescent.
        **{
            f"angular order {k}": np.abs(np.fft.rfft(views[:, 4:12].mean(axis=1), axis=1)[:, k])
            / np.maximum(views[:, 4:12].mean(axis=1).sum(axis=1), 0.01)
            for k in (1, 2, 3)
        },
    }


def pieces_and_holes(smooth: Stack) -> Columns:
    """Connected pieces, the heaviest one's share, holes, and the thickest place."""
    columns: Columns = {}
    for level in (0.2, 0.5):
        above = smooth > level
        labels, count = ndimage.label(above, structure=IN_PLANE)
        sizes_px = np.bincount(labels.ravel(), minlength=count + 1)
        image_of = np.zeros(count + 1, dtype=np.int64)
        places = np.nonzero(labels)
        image_of[labels[places]] = places[0]
        biggest = np.zeros(len(smooth), dtype=np.int64)
        np.maximum.at(biggest, image_of[1:], sizes_px[1:])
        enough = sizes_px[1:] >= 3
        count_of = np.bincount(image_of[1:][enough], minlength=len(smooth))
        columns[f"pieces above {level}"] = count_of.astype(np.float64)
        columns[f"largest piece above {level}"] = biggest / np.maximum(above.sum(axis=(1, 2)), 1)
        inside = holes(above).sum(axis=(1, 2))
        columns[f"hole above {level}"] = inside / np.maximum(above.sum(axis=(1, 2)) + inside, 1)
        thick = thickness(above)
        columns[f"log thickness above {level}"] = np.log(thick + 0.5)
        columns[f"thickness / size above {level}"] = thick / np.sqrt(
            np.maximum(above.sum(axis=(1, 2)), 1) / pi
        )
    return columns


def outline(smooth: Stack) -> Columns:
    """Solidity, roundness and widths of the area above 0.3, and how steep its border is."""
    above = smooth > 0.3
    area = np.maximum(above.sum(axis=(1, 2)), 1)
    hull, hull_perimeter, widest, narrowest = convex_hull(above)
    steps = sum(
        np.abs(np.diff(np.pad(above, ((0, 0), (1, 1), (1, 1))).astype(np.int8), axis=axis)).sum(
            axis=(1, 2)
        )
        for axis in (1, 2)
    )
    gradient = np.hypot(np.gradient(smooth, axis=1), np.gradient(smooth, axis=2))
    border = above & ~ndimage.binary_erosion(above, SIDES_ONLY)
    steepness = (gradient * border).sum(axis=(1, 2)) / np.maximum(border.sum(axis=(1, 2)), 1)
    return {
        "solidity": area / np.maximum(hull, 1),
        "log hull": np.log(np.maximum(hull, 1)),
        "roundness": 4 * pi * hull / np.maximum(hull_perimeter, 1) ** 2,
        "raggedness": steps / np.maximum(hull_perimeter, 1),
        "width ratio": narrowest / np.maximum(widest, 1),
        "log widest": np.log(np.maximum(widest, 1)),
        "edge steepness": steepness,
        "edge steepness x radius": steepness * np.sqrt(area / pi),
    }


def convex_hull(above: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """Area, perimeter, greatest and least width of each image's convex hull, in pixels.

    From the support function in 32 directions: how far the shape reaches that way.
    """
    directions = 32
    turn = np.arange(directions) * 2 * pi / directions
    # The outermost pixels of each row are enough: what lies between reaches less far.
    filled = above.any(axis=2)
    left = above.argmax(axis=2) - SIDE_PX // 2
    right = SIDE_PX // 2 - 1 - above[:, :, ::-1].argmax(axis=2)
    reach = np.empty((len(above), directions))
    for k, angle in enumerate(turn):
        outermost = right if np.cos(angle) > 0 else left
        along = np.where(filled, outermost * np.cos(angle) + ALONG * np.sin(angle), -50.0)
        # Half a pixel more each way, since a pixel is a square and not a point.
        reach[:, k] = along.max(axis=1) + 0.5
    step = 2 * pi / directions
    sides = (
        np.roll(reach, 1, axis=1) + np.roll(reach, -1, axis=1) - 2 * reach * np.cos(step)
    ) / np.sin(step)
    sides = np.maximum(sides, 0)
    widths = reach[:, : directions // 2] + reach[:, directions // 2 :]
    empty = ~above.any(axis=(1, 2))
    found = (
        (reach * sides).sum(axis=1) / 2,
        sides.sum(axis=1),
        widths.max(axis=1),
        widths.min(axis=1),
    )
    return tuple(np.where(empty, 1.0, value) for value in found)


def ridges(masks: Stack) -> Columns:
    """Curvature of the brightness at two scales: lines bend one way, blobs both."""
    columns: Columns = {}
    for sigma in (1.5, 3.0):
        yy, xx, xy = (
            filtered(masks, sigma, order) * np.float32(sigma**2)
            for order in ((2, 0), (0, 2), (1, 1))
        )
        root = np.sqrt(((yy - xx) / 2) ** 2 + xy**2)
        low, high = (yy + xx) / 2 - root, (yy + xx) / 2 + root
        weights = np.maximum(-low, 0)
        total = np.maximum(weights.sum(axis=(1, 2)), SPECK)
        columns |= {
            f"strongest ridge {sigma:g}": weights.max(axis=(1, 2)),
            f"strongest blob {sigma:g}": np.maximum(-high, 0).max(axis=(1, 2)),
            f"strongest dip {sigma:g}": np.maximum(low, 0).max(axis=(1, 2)),
            f"lineness {sigma:g}": (weights * (high - low) / (np.abs(low) + np.abs(high) + SPECK))
            .sum(axis=(1, 2)) / total,
            f"dip at centre {sigma:g}": (low + high)[:, 24:27, 24:27].mean(axis=(1, 2)),
        }  # fmt: skip
    return columns


def grain(masks: Stack, smooth: Stack) -> Columns:
    """Speckle, and how the brightness is spread over the pixels."""
    inside = smooth > 0.15
    count = np.maximum(inside.sum(axis=(1, 2)), 1)
    rough = np.sqrt((((masks - smooth) * inside) ** 2).sum(axis=(1, 2)) / count)
    level = np.sqrt(((smooth * inside) ** 2).sum(axis=(1, 2)) / count)
    flat = np.sort(masks.reshape(len(masks), SIDE_PX**2), axis=1)[:, ::-1]
    positive = np.maximum((flat > _FLOOR).sum(axis=1), 1)
    at = np.arange(len(flat))
    filled = ((masks > _FLOOR) & inside).sum(axis=(1, 2)) / count
    share = flat / np.maximum(flat.sum(axis=1), SPECK)[:, None]
    return {
        "speckle": rough / np.maximum(level, SPECK),
        "filled": filled,
        "peak": np.log(np.maximum(flat[:, 0], SPECK)),
        "median / peak": flat[at, positive // 2] / np.maximum(flat[:, 0], SPECK),
        "upper quarter / peak": flat[at, positive // 4] / np.maximum(flat[:, 0], SPECK),
        "spread of mass": np.exp(-(share * np.log(share + 1e-12)).sum(axis=1)) / positive,
    }
