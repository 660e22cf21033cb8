"""Measures of whole stacks against what scipy and loops say of one component at a time."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import ndimage, stats

from classifier.context_features import context_features
from classifier.mask_features import mask_features
from classifier.scale import rescale
from classifier.trace_features import trace_features

ROWS = range(0, 60, 4)
TURN = np.arange(24) * 2 * np.pi / 24


@pytest.fixture(scope="module")
def shapes(recording) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each mask on its own scale, and blurred."""
    found = []
    for row in ROWS:
        mask = recording.masks[row].astype(np.float64)
        mask /= blurred(mask, 1.0).max()
        found.append((mask, blurred(mask, 1.0)))
    return found


@pytest.fixture(scope="module")
def of_masks(recording) -> dict[str, np.ndarray]:
    return mask_features(recording.masks[ROWS])


@pytest.fixture(scope="module")
def of_contexts(components) -> dict[str, np.ndarray]:
    return context_features(components.masks[ROWS], components.contexts[ROWS])


def blurred(image: np.ndarray, sigma: float, order: tuple[int, int] = (0, 0)) -> np.ndarray:
    return ndimage.gaussian_filter(image, sigma, order=order, mode="constant")


def without_edge(image: np.ndarray, sigma: float) -> np.ndarray:
    return blurred(image, sigma) / blurred(np.ones((50, 50)), sigma)


def disc(smooth: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre of what lies above 0.3, and the radius of a disc as large."""
    above = smooth > 0.3
    filled = ndimage.binary_fill_holes(above)
    return np.array(ndimage.center_of_mass(above)), float(np.sqrt(filled.sum() / np.pi))


def around(image: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    places = centre[:, None] + radius * np.stack([np.sin(TURN), np.cos(TURN)])
    return ndimage.map_coordinates(image, np.clip(places, 0, 48.999), order=1)


def filled(crop: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(crop), crop, np.nanmedian(crop)).astype(np.float64)


@pytest.mark.parametrize("sigma", [1.5, 3.0])
def test_ridges_are_eigenvalues_of_the_curvature(shapes, of_masks, sigma):
    for row, (mask, _) in enumerate(shapes):
        yy, xx, xy = (sigma**2 * blurred(mask, sigma, order) for order in ((2, 0), (0, 2), (1, 1)))
        curvature = np.stack([np.stack([yy, xy], -1), np.stack([xy, xx], -1)], -1)
        low, high = np.moveaxis(np.linalg.eigvalsh(curvature), -1, 0)
        weights = np.maximum(-low, 0)
        share = (high - low) / (np.abs(low) + np.abs(high) + 1e-9)
        for name, value in {
            "strongest ridge": weights.max(),
            "strongest blob": np.maximum(-high, 0).max(),
            "strongest dip": np.maximum(low, 0).max(),
            "lineness": (weights * share).sum() / weights.sum(),
            "dip at centre": (low + high)[24:27, 24:27].mean(),
        }.items():
            assert_allclose(of_masks[f"{name} {sigma:g}"][row], value, rtol=1e-4, atol=1e-5)


def test_profiles_are_means_over_circles(shapes, of_masks):
    for row, (_, smooth) in enumerate(shapes):
        centre, radius = disc(smooth)
        assert_allclose(of_masks["log radius"][row], np.log(radius), rtol=1e-6)
        at_six = around(smooth, centre, 6).mean()
        assert_allclose(of_masks["at 6 px"][row], at_six, rtol=1e-4, atol=1e-5)
        own = np.array([around(smooth, centre, radius * k / 10) for k in range(15)])
        means, crest = own.mean(axis=1), np.sort(own.max(axis=0))
        dip = means.max() - own[:3].mean()
        assert_allclose(of_masks["dip against ring"][row], dip, rtol=1e-4, atol=1e-5)
        assert_allclose(of_masks["ring closure"][row], crest[:6].mean(), rtol=1e-4, atol=1e-5)


def test_pieces_holes_and_outline_are_scipys(shapes, of_masks):
    for row, (_, smooth) in enumerate(shapes):
        above = smooth > 0.5
        labels, _ = ndimage.label(above, structure=np.ones((3, 3)))
        sizes = np.bincount(labels.flat)[1:]
        assert of_masks["pieces above 0.5"][row] == (sizes >= 3).sum()
        share = sizes.max() / above.sum()
        assert_allclose(of_masks["largest piece above 0.5"][row], share)
        closed = ndimage.binary_fill_holes(above).sum()
        assert_allclose(of_masks["hole above 0.5"][row], 1 - above.sum() / closed, atol=1e-9)
        above = smooth > 0.3
        border = above & ~ndimage.binary_erosion(above)
        slope = np.hypot(*np.gradient(smooth))[border].mean()
        assert_allclose(of_masks["edge steepness"][row], slope, rtol=1e-4)


def test_moments_and_grain_are_sums_over_pixels(shapes, of_masks):
    along = np.arange(50)
    for row, (mask, smooth) in enumerate(shapes):
        weights = smooth / smooth.sum()
        y, x = (weights.sum(axis=1 - axis) @ along for axis in (0, 1))
        dy, dx = (along - y)[:, None], (along - x)[None]
        spread = [[(weights * a * b).sum() for a in (dy, dx)] for b in (dy, dx)]
        short, long = np.linalg.eigvalsh(spread)
        assert_allclose(of_masks["elongation"][row], np.sqrt(max(short, 0.05) / long), rtol=1e-4)
        pixels = mask.ravel()
        count = max((pixels > 0.02).sum(), 1)
        entropy = stats.entropy(pixels / pixels.sum())
        assert_allclose(of_masks["spread of mass"][row], np.exp(entropy) / count, rtol=1e-4)
        middle = np.sort(pixels)[::-1][count // 2] / pixels.max()
        assert_allclose(of_masks["median / peak"][row], middle, rtol=1e-5)


@pytest.mark.parametrize("channel", [0, 1], ids=["mean", "correlation"])
def test_surroundings_are_compared_pixel_by_pixel(shapes, components, of_contexts, channel):
    image = ("mean", "correlation")[channel]
    for row, (_, smooth) in enumerate(shapes):
        crop = filled(components.contexts[ROWS[row], channel])
        core = smooth > 0.4
        ring = (blurred(core.astype(float), 3.0) > 0.03) & (smooth < 0.1)
        nearby = blurred((smooth > 0.15).astype(float), 3.0) > 0.05
        low, high = np.percentile(crop[::3, ::3], [16, 84])
        spread = (high - low) / 2
        soft = blurred(crop, 0.7)
        high_pass = soft - without_edge(soft, 6.0)
        blobs = without_edge(crop, 2.5) - without_edge(crop, 6.0)
        for name, value in {
            "core over ring": (crop[core].mean() - crop[ring].mean()) / spread,
            "likeness": np.corrcoef(smooth.flat, crop.flat)[0, 1],
            "likeness nearby": np.corrcoef(smooth[nearby], high_pass[nearby])[0, 1],
            "blob 2.5": blobs[core].mean() / spread,
            "best blob 2.5": blobs[19:32, 19:32].max() / spread,
            "at 0.35 radii": _profile(soft, smooth, 0.35) / spread,
        }.items():
            found = of_contexts[f"{image}: {name}"][row]
            assert_allclose(found, value, rtol=1e-3, atol=1e-4, err_msg=name)


def _profile(soft: np.ndarray, smooth: np.ndarray, radii: float) -> float:
    centre, radius = disc(smooth)
    radius = float(np.clip(radius, 3, 12))
    here, far = (around(soft, centre, radius * k).mean() for k in (radii, 2.0))
    return float(here - far)


def test_a_zoomed_image_is_interpolated_between_its_pixels(components):
    crops = components.contexts[ROWS, 0]
    whole = crops[np.isfinite(crops).all(axis=(1, 2))]
    assert len(whole)
    for scale in (0.7, 1.6):
        zoomed = rescale(whole, np.full(len(whole), scale))
        places = np.meshgrid(*[(np.arange(50) - 25) / scale + 25] * 2, indexing="ij")
        sigma = 0.45 * np.sqrt(max(1 / scale**2 - 1, 0))
        for crop, found in zip(whole, zoomed, strict=True):
            soft = blurred(crop.astype(np.float64), sigma) if sigma else crop
            middle = (slice(16, 34),) * 2
            expected = ndimage.map_coordinates(soft, places, order=1)[middle]
            assert_allclose(found[middle], expected, rtol=1e-4, atol=1e-5)


def test_traces_are_measured_one_by_one(recording):
    rate = recording.frame_rate_hz
    found = trace_features(list(recording.traces[ROWS]), np.full(len(ROWS), rate))
    for row, trace in enumerate(recording.traces[ROWS].astype(np.float64)):
        noise = np.median(np.abs(np.diff(trace))) / (0.6745 * np.sqrt(2))
        scaled = (trace - np.percentile(trace, 30)) / noise
        smooth = ndimage.gaussian_filter1d(scaled, 0.1 * rate)
        lag = round(0.2 * rate)
        steps = smooth[lag:] - smooth[:-lag]
        low = np.minimum(smooth - np.median(smooth), 0)
        z = (smooth - np.median(smooth)) / np.sqrt((low[low < 0] ** 2).mean())
        peaks, free = [], smooth.copy()
        for _ in range(5):
            peaks.append(free.argmax())
            free[np.abs(np.arange(len(free)) - peaks[-1]) < rate] = -np.inf
        after = np.minimum(np.array(peaks) + round(0.5 * rate), len(scaled) - 1)
        for name, value in {
            "log peak": np.log1p(max(smooth.max(), 0)),
            "log top percent": np.log1p(np.percentile(smooth, 99) - np.median(smooth)),
            "skewness": np.cbrt(stats.skew(smooth)),
            "share above 3": np.sqrt((z > 3).mean()),
            "rise against fall": np.cbrt((steps**3).mean() / steps.std() ** 3),
            "event at 0.5 s": scaled[after].mean() / max(smooth[peaks].mean(), 0.5),
        }.items():
            assert_allclose(found[name][row], value, rtol=1e-4, atol=1e-5, err_msg=name)
