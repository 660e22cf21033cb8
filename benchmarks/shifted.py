"""Recordings with other zoom, indicator and brightness, none of them in any training.

Two kinds: the shared fields of view after such changes, each field with draws of its own, so that
a contender that trained on the other fields as they are can be tested on a field as nobody has
seen it; and recordings of the project's own simulator.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch.nn import functional

from benchmarks.simulated import Labels, Referee, joined
from classifier.inputs import Components
from classifier.simulate import SimulationConfig, simulate_recording

HALF_PX = 25
_OTHER_SIMULATOR_RATES_HZ = (7.0, 12.0, 25.0, 40.0)


@dataclass(frozen=True)
class Shift:
    """How one recording differs from what it was.

    zoom: pixels for a pixel. stretch: how much longer transients last. decay_s: of the further
    exponential filter. frame_rate_hz, seconds: of the new trace, which is cut to that length.
    trace_noise: added, in units of the trace's own noise. gain: of the trace's unit.
    mean_gamma, mean_noise, mean_gain, mean_offset: of the mean image. correlation_gain,
    correlation_noise: of the correlation image. speckle: standard deviation of the logarithm of
    each mask pixel. threshold: share of a mask's greatest value under which it is cut.
    """

    zoom: float
    stretch: float
    decay_s: float
    frame_rate_hz: float
    seconds: float
    trace_noise: float
    gain: float
    mean_gamma: float
    mean_noise: float
    mean_gain: float
    mean_offset: float
    correlation_gain: float
    correlation_noise: float
    speckle: float
    threshold: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Shift":
        """One recording's differences, the zoom well away from 1."""
        closer = rng.random() < 0.5
        return cls(
            zoom=float(np.exp(rng.uniform(*np.log((1.15, 1.5) if closer else (0.67, 0.87))))),
            stretch=float(np.exp(rng.uniform(np.log(0.5), np.log(2.0)))),
            decay_s=float(rng.uniform(0.0, 0.5)),
            frame_rate_hz=float(rng.uniform(5, 40)),
            seconds=float(rng.uniform(30, 120)),
            trace_noise=float(rng.uniform(0.2, 0.8)),
            gain=float(np.exp(rng.normal(0, 1.5))),
            mean_gamma=float(np.exp(rng.uniform(np.log(0.6), np.log(1.6)))),
            mean_noise=float(rng.uniform(0.0, 0.12)),
            mean_gain=float(np.exp(rng.normal(0, 1.5))),
            mean_offset=float(rng.uniform(0, 3)),
            correlation_gain=float(rng.uniform(0.55, 1.0)),
            correlation_noise=float(rng.uniform(0.0, 0.05)),
            speckle=float(rng.uniform(0.05, 0.2)),
            threshold=float(rng.uniform(0.0, 0.08)),
        )


def shifted(components: Components, seed: int) -> Components:
    """The same components as other recordings would have shown them; labels stay what they were.

    Every field of view gets differences of its own. The order of components stays.
    """
    places: list[NDArray[np.intp]] = []
    parts: list[Components] = []
    for recording in np.unique(components.groups):
        rows = np.flatnonzero(components.groups == recording)
        rng = np.random.default_rng([seed, int(recording)])
        places.append(rows)
        parts.append(_shift_recording(components.take(rows), Shift.draw(rng), rng))
    return joined(parts).take(np.argsort(np.concatenate(places)))


def _shift_recording(part: Components, shift: Shift, rng: np.random.Generator) -> Components:
    traces, rates = part.traces, part.frame_rates_hz
    if traces is not None and rates is not None:
        traces = [
            None if trace is None else shift_trace(trace, float(rate), shift, rng)
            for trace, rate in zip(traces, rates, strict=True)
        ]
        rates = np.full(len(part), shift.frame_rate_hz)
    return replace(
        part,
        masks=shift_masks(part.masks, shift, rng),
        traces=traces,
        frame_rates_hz=rates,
        contexts=None if part.contexts is None else shift_contexts(part.contexts, shift, rng),
        centres_px=None if part.centres_px is None else part.centres_px * shift.zoom,
    )


def zoom_images(images: NDArray[np.floating], zoom: float, padding: str) -> NDArray[np.float32]:
    """(n, 50, 50) images zoomed round row 25, column 25. padding: of torch's `grid_sample`."""
    stack = np.asarray(images, dtype=np.float32)
    if zoom < 1:
        # Shrinking without a blur would let single pixels through and drop their neighbours.
        sigma = 0.45 * np.sqrt(1 / zoom**2 - 1)
        sigmas = (0, sigma, sigma)
        if padding == "zeros":
            stack = ndimage.gaussian_filter(stack, sigmas, mode="constant")
        else:
            stack = ndimage.gaussian_filter(stack, sigmas, mode="nearest")
    along = (np.arange(2 * HALF_PX) - HALF_PX) / zoom + HALF_PX
    # Pixel k lies at (2 k + 1) / size - 1 for align_corners=False.
    places = torch.from_numpy(((2 * along + 1) / (2 * HALF_PX) - 1).astype(np.float32))
    grid = torch.stack(torch.meshgrid(places, places, indexing="xy"), dim=-1)
    found = functional.grid_sample(
        torch.from_numpy(stack)[:, None],
        grid.expand(len(stack), -1, -1, -1),
        padding_mode=padding,
        align_corners=False,
    )
    return np.asarray(found[:, 0].numpy())


def shift_masks(
    masks: NDArray[np.floating], shift: Shift, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Masks at another zoom, with other speckle and another threshold; none becomes empty."""
    zoomed = zoom_images(masks, shift.zoom, "zeros")
    grain = rng.standard_normal(zoomed.shape, dtype=np.float32)
    worn = zoomed * np.exp(np.float32(shift.speckle) * grain)
    peak = worn.max(axis=(1, 2), keepdims=True)
    kept = np.where(worn >= shift.threshold * peak, worn, 0)
    return np.asarray(np.where(peak > 0, kept, masks), dtype=np.float32)


def shift_trace(
    trace: NDArray[np.floating], frame_rate_hz: float, shift: Shift, rng: np.random.Generator
) -> NDArray[np.float32]:
    """A trace with slower or faster transients, at another frame rate, length, noise and unit."""
    values = np.asarray(trace, dtype=np.float64)
    noise = np.median(np.abs(np.diff(values))) / (0.6745 * np.sqrt(2)) + 1e-9
    lasts_s = len(values) / frame_rate_hz * shift.stretch
    frames = int(min(lasts_s, shift.seconds) * shift.frame_rate_hz)
    edges_s = np.arange(frames + 1) / shift.frame_rate_hz
    # A frame is the mean light of its time, so the running sum is what is interpolated.
    total = np.concatenate([[0.0], np.cumsum(values)])
    at = np.interp(edges_s / shift.stretch * frame_rate_hz, np.arange(len(total)), total)
    resampled = np.diff(at) / (frame_rate_hz / shift.frame_rate_hz / shift.stretch)
    resampled = _decay(resampled, shift.decay_s * shift.frame_rate_hz)
    noisy = resampled + shift.trace_noise * noise * rng.standard_normal(len(resampled))
    return np.asarray(noisy * shift.gain, dtype=np.float32)


def _decay(values: NDArray[np.float64], frames: float) -> NDArray[np.float64]:
    """The values after an exponential filter that lasts so many frames, of unit sum."""
    if frames < 0.1:
        return values
    kernel = np.exp(-np.arange(int(6 * frames) + 2) / frames)
    padded = np.concatenate([np.full(len(kernel), values[0]), values])
    return np.asarray(np.convolve(padded, kernel / kernel.sum())[len(kernel) :][: len(values)])


def shift_contexts(
    contexts: NDArray[np.floating], shift: Shift, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Crops at another zoom, brightness, contrast and noise; NaN stays where the field ends."""
    missing = ~np.isfinite(contexts)
    filled = np.where(missing, np.float32(0), contexts).astype(np.float32)
    # Zoom the weights too, so that the zeros beyond the field darken no border.
    known = (~missing).astype(np.float32)
    zoomed = np.empty_like(filled)
    for channel in range(2):
        values = zoom_images(filled[:, channel], shift.zoom, "reflection")
        weights = zoom_images(known[:, channel], shift.zoom, "reflection")
        zoomed[:, channel] = np.where(weights > 0.5, values / np.maximum(weights, 0.5), np.nan)
    mean, correlation = zoomed[:, 0], zoomed[:, 1]
    low, high = np.nanmin(mean), np.nanmax(mean)
    mean = np.clip((mean - low) / max(float(high - low), 1e-9), 0, 1) ** shift.mean_gamma
    mean = mean + shift.mean_noise * np.nanstd(mean) * rng.standard_normal(mean.shape)
    correlation = correlation * shift.correlation_gain
    correlation = correlation + shift.correlation_noise * rng.standard_normal(mean.shape)
    return np.stack(
        [(mean + shift.mean_offset) * shift.mean_gain, np.clip(correlation, -1, 1)], axis=1
    ).astype(np.float32)


def other_simulator(seed: int, components: int = 300) -> tuple[Components, Referee]:
    """Four recordings of the project's own simulator, each at a frame rate of its own."""
    parts: list[Components] = []
    truth: list[Labels] = []
    for number, rate in enumerate(_OTHER_SIMULATOR_RATES_HZ):
        config = SimulationConfig(
            components=components, frames=int(60 * rate), frame_rate_hz=rate, annotators=()
        )
        made = simulate_recording(config, 1000 * (seed + 1) + number)
        images = [made.summary_images[kind] for kind in ("mean", "correlation")]
        parts.append(
            Components(
                masks=made.masks,
                traces=list(made.traces),
                frame_rates_hz=np.full(components, rate),
                contexts=crop_contexts(images, made.centroids_px),
                recordings=np.full(components, number, dtype=np.int64),
                centres_px=made.centroids_px,
            )
        )
        truth.append(made.truth.astype(np.int64))
    return joined(parts), Referee(np.concatenate(truth))


def crop_contexts(
    images: list[NDArray[np.float32]], centroids_px: NDArray[np.floating]
) -> NDArray[np.float32]:
    """(components, images, 50, 50) crops round centres (y, x), NaN beyond the images."""
    padded = np.pad(
        np.stack(images), ((0, 0), (HALF_PX, HALF_PX), (HALF_PX, HALF_PX)), constant_values=np.nan
    )
    corners = np.rint(centroids_px).astype(np.int64)
    return np.stack(
        [padded[:, y : y + 2 * HALF_PX, x : x + 2 * HALF_PX] for y, x in corners]
    ).astype(np.float32)
