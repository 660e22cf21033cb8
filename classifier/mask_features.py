"""What a mask's shape says, in numbers a person could have thought of.

None depends on the masks' intensity unit. Each function gives a dictionary of (components,) arrays.
"""

from math import comb, pi

import numpy as np
from numpy.typing import NDArray

from classifier.classes import MASK_SIZE_PX
from classifier.image_stacks import (
    ALONG,
    SPECK,
    Columns,
    Shapes,
    Stack,
    centre,
    dot,
    filtered_along,
    filtered_down,
    polar,
)
from classifier.regions import (
    areas,
    borders,
    convex_hull,
    hole_areas,
    perimeters,
    pieces,
    thickness,
)
from classifier.side_by_side import parts_of

_FLOOR = 0.02
"""Share of the peak under which a pixel counts as empty: some extractions leave long tails."""

_OWN_RADII = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0])
_RING_RADII = np.linspace(0, 1.4, 15)


def mask_features(masks: NDArray[np.floating]) -> Columns:
    """Every feature of a mask's shape.

    masks: (components, 50, 50) raw, any intensity unit.
    Returns name to (components,) float64, all finite.
    """
    parts = [features_of(Shapes.of(masks[rows])) for rows in parts_of(len(masks)) or [slice(0)]]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def features_of(shapes: Shapes) -> Columns:
    """`mask_features` of as many as fit the processor's cache."""
    masks, smooth = shapes.masks, shapes.smooth
    radii_px = np.array([0.0, 2, 4, 6, 8, 10, 13, 16])
    in_px = np.broadcast_to(radii_px, (len(masks), len(radii_px)))
    own, fine = (shapes.radius_px[:, None] * radii for radii in (_OWN_RADII, _RING_RADII))
    views = polar(smooth, shapes.y, shapes.x, np.concatenate([in_px, own, fine], axis=1))
    view_px, view_own, view_fine = np.split(views, [8, 16], axis=1)
    return {
        **sizes(masks, smooth),
        **moments(smooth),
        **{f"at {r:g} px": view_px[:, k].mean(axis=1) for k, r in enumerate(radii_px) if k > 0},
        **radial_profile(view_own, shapes.radius_px),
        **ring(view_fine),
        **pieces_and_holes(smooth),
        **outline(smooth),
        **ridges(masks),
        **grain(masks, smooth),
    }


def sizes(masks: Stack, smooth: Stack) -> Columns:
    """Areas at several levels, in log pixels, and how the levels relate."""
    area = {level: areas(smooth > level) + 1.0 for level in (0.15, 0.3, 0.5, 0.75)}
    support = areas(masks > _FLOOR) + 1.0
    return {
        "log support": np.log(support),
        **{f"log area above {level}": np.log(pixels) for level, pixels in area.items()},
        # A plateau with a sharp border loses little area from level to level, a cloud much.
        "area 0.75 / 0.3": area[0.75] / area[0.3],
        "area 0.5 / 0.15": area[0.5] / area[0.15],
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
    raw = powers.T @ (weights.astype(np.float64) @ powers) / mass[:, None, None]
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


def radial_profile(views: NDArray[np.float64], radius_px: NDArray[np.float64]) -> Columns:
    """Mean brightness over distance from the centre, in the mask's own radii.

    views: (components, 8, angles) the mask round its centre at `_OWN_RADII`.
    """
    profile = views.mean(axis=2)
    return {
        **{f"at {k / 4 if k < 7 else 2:g} radii": profile[:, k] for k in range(8)},
        # The steepest fall, in radii: the edge of a soma is sharp, a cloud's is not.
        "steepest fall": -np.diff(profile[:, :7], axis=1).min(axis=1),
        "log radius": np.log(radius_px),
    }


def ring(views: NDArray[np.float64]) -> Columns:
    """Whether a bright ring surrounds a dimmer middle, and whether it closes.

    views: (components, 15, angles) the mask round its centre at `_RING_RADII`.
    """
    over_angles = views.mean(axis=2)
    crest = views.max(axis=1)
    middle = views[:, :3].mean(axis=(1, 2))
    # On a plateau the innermost, rather than where rounding left the greatest value.
    highest = over_angles.max(axis=1)
    best = (over_angles >= highest[:, None] - 1e-5).argmax(axis=1)
    # The dimmest part of the crest: a closed ring has none, a crescent or a line does.
    dimmest = np.sort(crest, axis=1)[:, :6].mean(axis=1)
    band = views[:, 4:12].mean(axis=1)
    orders = np.abs(np.fft.rfft(band, axis=1)) / np.maximum(band.sum(axis=1), 0.01)[:, None]
    return {
        "dip against ring": highest - middle,
        "dip share": middle / np.maximum(highest, 0.01),
        "ring at (radii)": best / 10.0,
        "ring closure": dimmest,
        "dip at the ring's dimmest": dimmest - middle,
        "crest variation": crest.std(axis=1) / np.maximum(crest.mean(axis=1), 0.01),
        "angular variation": views[:, 5:10].mean(axis=1).std(axis=1),
        # Two lobes opposite each other are a line, one is a crescent.
        **{f"angular order {k}": orders[:, k] for k in (1, 2, 3)},
    }


def pieces_and_holes(smooth: Stack) -> Columns:
    """Connected pieces, the heaviest one's share, holes, and the thickest place."""
    levels = (0.2, 0.5)
    above = np.concatenate([smooth > level for level in levels])
    image_of, pixels = pieces(above)
    biggest = np.zeros(len(above), dtype=np.int64)
    np.maximum.at(biggest, image_of, pixels)
    enough = np.bincount(image_of[pixels >= 3], minlength=len(above)).astype(np.float64)
    area, hole, thick = areas(above), hole_areas(above), thickness(above)
    found = {
        "pieces": enough,
        "largest piece": biggest / np.maximum(area, 1),
        "hole": hole / np.maximum(area + hole, 1),
        "log thickness": np.log(thick + 0.5),
        "thickness / size": thick / np.sqrt(np.maximum(area, 1) / pi),
    }
    parts = {name: np.split(values, len(levels)) for name, values in found.items()}
    return {
        f"{name} above {level}": part[k] for k, level in enumerate(levels)
        for name, part in parts.items()
    }  # fmt: skip


def outline(smooth: Stack) -> Columns:
    """Solidity, roundness and widths of the area above 0.3, and how steep its border is."""
    above = smooth > 0.3
    area = np.maximum(areas(above), 1)
    hull, hull_perimeter, widest, narrowest = convex_hull(above)
    steepness = _border_steepness(smooth, above)
    return {
        "solidity": area / np.maximum(hull, 1),
        "log hull": np.log(np.maximum(hull, 1)),
        "roundness": 4 * pi * hull / np.maximum(hull_perimeter, 1) ** 2,
        "raggedness": perimeters(above) / np.maximum(hull_perimeter, 1),
        "width ratio": narrowest / np.maximum(widest, 1),
        "log widest": np.log(np.maximum(widest, 1)),
        "edge steepness": steepness,
        "edge steepness x radius": steepness * np.sqrt(area / pi),
    }


def _border_steepness(smooth: Stack, above: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(components,) mean length of the gradient on the border of the region."""
    image, y, x = np.nonzero(borders(above))
    slopes = []
    for axis in (1, 2):
        # Central differences, one-sided at the window's edge.
        at = (y, x)[axis - 1]
        low, high = np.maximum(at - 1, 0), np.minimum(at + 1, MASK_SIZE_PX - 1)
        rise = (
            smooth[image, high, x] - smooth[image, low, x]
            if axis == 1
            else smooth[image, y, high] - smooth[image, y, low]
        )
        slopes.append(rise / (high - low))
    total = np.bincount(image, np.hypot(*slopes), len(smooth))
    return np.asarray(total / np.maximum(np.bincount(image, minlength=len(smooth)), 1))


def ridges(masks: Stack) -> Columns:
    """Curvature of the brightness at two scales: lines bend one way, blobs both."""
    columns: Columns = {}
    for sigma in (1.5, 3.0):
        along = [filtered_along(masks, sigma, order) for order in (0, 1, 2)]
        yy, xy, xx = (filtered_down(along[k], sigma, 2 - k) for k in (0, 1, 2))
        # In place where it can be: fetching new memory takes longer than computing in it.
        half = yy + xx
        half *= np.float32(sigma**2 / 2)
        yy -= xx
        yy *= np.float32(0.5)
        yy *= yy
        xy *= xy
        yy += xy
        root = np.sqrt(yy, out=yy)
        root *= np.float32(sigma**2)
        low, high = half - root, half + root
        weights = np.maximum(np.negative(low, out=xx), 0, out=xx)
        total = np.maximum(weights.sum(axis=(1, 2)), SPECK)
        # The difference of the two curvatures against the sum of their sizes.
        size = np.maximum(root, np.abs(half, out=xy), out=xy)
        size += np.float32(SPECK / 2)
        share = np.divide(root, size, out=size)
        columns |= {
            f"strongest ridge {sigma:g}": weights.max(axis=(1, 2)),
            f"strongest blob {sigma:g}": np.maximum(-high.min(axis=(1, 2)), 0),
            f"strongest dip {sigma:g}": np.maximum(low.max(axis=(1, 2)), 0),
            f"lineness {sigma:g}": dot(weights, share) / total,
            f"dip at centre {sigma:g}": 2 * half[:, 24:27, 24:27].mean(axis=(1, 2)),
        }
    return columns


def grain(masks: Stack, smooth: Stack) -> Columns:
    """Speckle, and how the brightness is spread over the pixels."""
    inside = smooth > 0.15
    count = np.maximum(areas(inside), 1)
    apart, level = (masks - smooth) * inside, smooth * inside
    rough, level = (np.sqrt(dot(image, image) / count) for image in (apart, level))
    ordered = np.sort(masks.reshape(len(masks), MASK_SIZE_PX**2), axis=1)
    brightest = np.maximum(ordered[:, -1], SPECK)
    bright = masks > _FLOOR
    positive = np.maximum(areas(bright), 1)
    at = np.arange(len(masks))
    share = masks / np.maximum(masks.sum(axis=(1, 2), keepdims=True), SPECK)
    return {
        "speckle": rough / np.maximum(level, SPECK),
        "filled": areas(bright & inside) / count,
        "peak": np.log(brightest),
        "median / peak": ordered[at, -1 - positive // 2] / brightest,
        "upper quarter / peak": ordered[at, -1 - positive // 4] / brightest,
        "spread of mass": np.exp(-dot(share, np.log(share + np.float32(1e-12)))) / positive,
    }
