"""Traces of simulated components: transients, slow neuropil, drift and shot noise."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from classifier.classes import DOUBTFUL, NEURON, NOISE, PROCESS

SNR_RANGE = {NEURON: (4.0, 12.0), PROCESS: (3.0, 9.0), DOUBTFUL: (1.8, 7.0), NOISE: (0.0, 2.5)}
"""Height of a transient over the noise, from the poorest to the clearest example of a class."""

EVENTS_PER_S = {NEURON: 0.12, PROCESS: 0.2, DOUBTFUL: 0.1, NOISE: 0.06}


def simulate_traces(
    truth: NDArray[np.int8],
    quality: NDArray[np.float64],
    snr_factor: float,
    frames: int,
    frame_rate_hz: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Each component's SNR (components,) and its trace (components, frames), noise of about 1.

    One indicator a recording: it rises within 40 to 120 ms and decays within 0.3 to 1.2 s.
    """
    low, high = np.array([SNR_RANGE[int(code)] for code in truth]).T
    snr = (low + (high - low) * quality) * snr_factor
    rate = np.array([EVENTS_PER_S[int(code)] for code in truth])
    rate = rate * np.exp(rng.normal(0, 0.5, size=len(truth)))
    events = rng.poisson((rate / frame_rate_hz)[:, None], size=(len(truth), frames))
    sizes = events * np.exp(rng.normal(0, 0.35, size=events.shape))
    kernel = _transient(rng.uniform(0.04, 0.12), rng.uniform(0.3, 1.2), frame_rate_hz)
    transients = signal.fftconvolve(sizes, kernel[None, :], axes=1)[:, :frames]
    slow = ndimage.gaussian_filter1d(rng.standard_normal((1, frames)), 2 * frame_rate_hz, axis=1)
    shared = slow / slow.std() * rng.uniform(0.1, 0.6, size=(len(truth), 1))
    # Noise components ride on drift that looks like activity to an extraction.
    drift = np.cumsum(rng.standard_normal((len(truth), frames)), axis=1) / np.sqrt(frames)
    drift *= np.where(truth == NOISE, 1.2, 0.3)[:, None]
    noise = rng.standard_normal((len(truth), frames))
    return snr, (snr[:, None] * transients + shared + drift + noise).astype(np.float32)


def _transient(rise_s: float, decay_s: float, frame_rate_hz: float) -> NDArray[np.float64]:
    """The response to one event, 1 at its peak: a fast rise and an exponential decay."""
    t = np.arange(int(5 * decay_s * frame_rate_hz) + 2) / frame_rate_hz
    response = (1 - np.exp(-t / rise_s)) * np.exp(-t / decay_s)
    return np.asarray(response / response.max())
