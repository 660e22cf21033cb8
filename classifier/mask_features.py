"""What a mask's shape says, in numbers a person could have thought of.

Every function takes masks that `normalise` made and gives a dictionary of (components,) arrays.
None depends on the masks' intensity unit.
"""

from math import pi

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from classifier.image_stacks import (
    ALONG,
    IN_PLANE,
    SIDES_ONLY,
    SPECK,
    Columns,
    Stack,
    blur,
    centre,
    holes,
    in_parts,
    normalise,
    polar,
    radius_of,
)

_Y, _X = np.meshgrid(ALONG, ALONG, indexing="ij")
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
        mass, y, x = centre(weights)
        dy, dx = _Y - y[:, None, None], _X - x[:, None, None]
        yy, xx, xy = ((weights * p).sum(axis=(1, 2)) / mass for p in (dy * dy, dx * dx, dx * dy))
        root = np.hypot((yy - xx) / 2, xy)
        long, short = (yy + xx) / 2 + root, np.maximum((yy + xx) / 2 - root, 0.05)
        columns |= {
            f"log long axis{name}": np.log(long + 0.1) / 2,
            f"log short axis{name}": np.log(short + 0.1) / 2,
            f"elongation{name}": np.sqrt(short / np.maximum(long, 0.05)),
        }
        if not name:
            distance = np.hypot(dy, dx)
            spread = np.sqrt(long + short)
            # How far the third moment points one way: an attached process pulls there.
            pull = [(weights * d * distance**2).sum(axis=(1, 2)) / mass for d in (dy, dx)]
            columns["lopsidedness"] = np.hypot(*pull) / np.maximum(spread, 0.1) ** 3
            fourth = (weights * distance**4).sum(axis=(1, 2)) / mass
            columns["tail weight"] = fourth / np.maximum(spread, 0.1) ** 4
    return columns


def radial_profile(smooth: Stack) -> Columns:
    """Mean brightness over distance from the centre: in pixels, and in the mask's own radii."""
    _, y, x = centre((smooth > 0.3).astype(np.float32))
    in_px = np.broadcast_to(np.array([0.0, 2, 4, 6, 8, 10, 13, 16]), (len(smooth), 8))
    own = radius_of(smooth)[:, None] * np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0])
    profile_px = polar(smooth, y, x, in_px).mean(axis=2)
    profile_own = polar(smooth, y, x, own).mean(axis=2)
    return {
        **{f"at {r:g} px": profile_px[:, k] for k, r in enumerate(in_px[0]) if k > 0},
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
        sizes_px[0] = 0
        biggest = sizes_px[labels].max(axis=(1, 2))
        # A piece is counted where its first pixel lies.
        first = ndimage.find_objects(labels)
        of = np.array([piece[0].start for piece in first], dtype=np.int64)
        enough = sizes_px[1:] >= 3
        count_of = np.bincount(of[enough], minlength=len(smooth))
        columns[f"pieces above {level}"] = count_of.astype(np.float64)
        columns[f"largest piece above {level}"] = biggest / np.maximum(above.sum(axis=(1, 2)), 1)
        inside = holes(above).sum(axis=(1, 2))
        columns[f"hole above {level}"] = inside / np.maximum(above.sum(axis=(1, 2)) + inside, 1)
        # The images lie far apart, so none is near another's edge.
        padded = np.pad(above, ((0, 0), (1, 1), (1, 1)))
        depth = ndimage.distance_transform_edt(padded, sampling=(1e4, 1, 1))
        thick = np.asarray(depth, dtype=np.float64).max(axis=(1, 2))
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
    # Half a pixel more each way, since a pixel is a square and not a point.
    reach = np.full((len(above), directions), -50.0)
    for k, angle in enumerate(turn):
        along = (_X * np.cos(angle) + _Y * np.sin(angle)).astype(np.float32)
        reach[:, k] = np.where(above, along, np.float32(-50)).max(axis=(1, 2)) + 0.5
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
            ndimage.gaussian_filter(masks, (0, sigma, sigma), order=(0, *order), mode="constant")
            * sigma**2
            for order in ((2, 0), (0, 2), (1, 1))
        )
        root = np.hypot((yy - xx) / 2, xy)
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
    flat = np.sort(masks.reshape(len(masks), -1), axis=1)[:, ::-1]
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
