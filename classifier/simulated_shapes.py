"""What lies in the simulated tissue, and what an extraction makes of it.

Shapes are drawn in windows of 60x60 pixels, 1 where brightest, their middle in the window's.
"""

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from classifier.classes import DOUBTFUL, NEURON, NOISE, PROCESS

WINDOW_PX = 60
_MIDDLE = WINDOW_PX / 2
_Y, _X = (grid - _MIDDLE for grid in np.mgrid[:WINDOW_PX, :WINDOW_PX].astype(np.float32))
_PLACE = (_X + 1j * _Y).astype(np.complex64)

Window = NDArray[np.float32]


@dataclass(frozen=True)
class Optics:
    """What differs between recordings.

    radius_px: of a soma. blur_px: of the microscope. grain: of the footprints, as the standard
    deviation of their logarithm. brightness: over the neuropil. trace_snr: a factor.
    """

    radius_px: float
    blur_px: float
    grain: float
    brightness: float
    trace_snr: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Optics":
        """The optics of one recording."""
        return cls(
            radius_px=rng.uniform(5.2, 7.8),
            blur_px=rng.uniform(0.5, 1.0),
            grain=rng.uniform(0.12, 0.35),
            brightness=rng.uniform(0.6, 1.4),
            trace_snr=rng.uniform(0.7, 1.4),
        )


def draw_shape(code: int, quality: float, optics: Optics, rng: np.random.Generator) -> Window:
    """A shape of a class. quality, 0 to 1: how clear an example of it."""
    if code == NEURON:
        shape = _neuron(quality, optics, rng)
    elif code == PROCESS:
        shape = _process(optics, rng)
    elif code == DOUBTFUL:
        shape = _doubtful(quality, optics, rng)
    else:
        shape = _noise(quality, optics, rng)
    blurred = ndimage.gaussian_filter(shape, optics.blur_px)
    return np.asarray(blurred / blurred.max(), dtype=np.float32)


def _neuron(quality: float, optics: Optics, rng: np.random.Generator) -> Window:
    """A donut, or now and then a sharp disc; two in five with a process attached."""
    filled = rng.random() < 0.12
    hole = rng.uniform(0.0, 0.3) if filled else 0.35 + 0.6 * quality * rng.uniform(0.6, 1.0)
    soma: Window = _soma(
        radius=optics.radius_px * rng.uniform(0.8, 1.2),
        hole=hole,
        edge=rng.uniform(0.4, 0.9) + 0.4 * (1 - quality),
        lopsided=rng.uniform(0, 0.45 + 0.4 * (1 - quality)),
        irregular=0.07,
        rng=rng,
    )
    if rng.random() < 0.4:
        angle = rng.uniform(0, 2 * pi)
        start = optics.radius_px * 0.9
        reach = start + optics.radius_px * rng.uniform(0.6, 1.8)
        tip = angle + rng.normal(0, 0.2)
        line = _polyline(
            np.array([[start * np.sin(angle), start * np.cos(angle)],
                      [reach * np.sin(tip), reach * np.cos(tip)]]),
            rng.uniform(0.8, 1.4), rng,
        )  # fmt: skip
        return np.asarray(np.maximum(soma, line * np.float32(rng.uniform(0.4, 0.8))))
    return soma


def _doubtful(quality: float, optics: Optics, rng: np.random.Generator) -> Window:
    """A soma out of focus: a shape, but not clearly a donut; often a part of one."""
    return _soma(
        radius=optics.radius_px * rng.uniform(0.65, 1.15),
        hole=rng.uniform(0.0, 0.45) * (1 if rng.random() < 0.6 else 0.2),
        edge=rng.uniform(0.7, 1.7),
        lopsided=rng.uniform(0.2, 1.0),
        irregular=0.13 + 0.1 * (1 - quality),
        rng=rng,
    )


def _noise(quality: float, optics: Optics, rng: np.random.Generator) -> Window:
    """A cloud without contour, mostly; scattered specks, or what is left of a soma far below."""
    kind = rng.random()
    if kind < 0.07 * (2 - quality):
        return _soma(optics.radius_px * rng.uniform(0.4, 1.2), 0.0, rng.uniform(2.2, 3.5),
                     rng.uniform(0.3, 1.0), 0.22, rng)  # fmt: skip
    wide = optics.radius_px * (rng.uniform(0.6, 1.15) if kind < 0.93 else rng.uniform(0.25, 0.5))
    stretch = rng.uniform(0.65, 1.0)
    angle = rng.uniform(0, pi)
    y = _Y * np.cos(angle) + _X * np.sin(angle)
    x = (_X * np.cos(angle) - _Y * np.sin(angle)) / stretch
    envelope = np.exp(-0.5 * (np.hypot(y, x) / wide) ** 2)
    white = rng.standard_normal(_Y.shape, dtype=np.float32)
    texture = ndimage.gaussian_filter(white, rng.uniform(1.5, 3.5))
    lumps = np.exp(rng.uniform(0.2, 0.8) * texture / texture.std())
    return np.asarray(envelope * lumps, dtype=np.float32)


def _process(optics: Optics, rng: np.random.Generator) -> Window:
    """Bright dots, a line segment straight or bent, a V or a Y."""
    kind = rng.choice(4, p=[0.25, 0.4, 0.22, 0.13])
    width = rng.uniform(0.8, 1.7) * optics.radius_px / 6.5
    angle = rng.uniform(0, 2 * pi)
    if kind == 0:
        return _dots(angle, width * rng.uniform(1.0, 1.5), rng)
    length = optics.radius_px * rng.uniform(1.2, 4.2)
    along = np.array([np.sin(angle), np.cos(angle)])
    across = np.array([along[1], -along[0]])
    if kind == 1:
        bend = rng.normal(0, 0.13) * length
        points = np.array([-along * length / 2, across * bend, along * length / 2])
        return _polyline(points, width, rng)
    arms = 2 if kind == 2 else 3
    # Two arms open by 40 to 110 degrees; the third of a Y goes the other way.
    half_open = np.deg2rad(rng.uniform(20, 55))
    directions = [angle - half_open, angle + half_open, angle + pi][:arms]
    shape: Window = np.zeros_like(_Y)
    for direction in directions:
        reach = length * rng.uniform(0.35, 0.65)
        end = reach * np.array([np.sin(direction), np.cos(direction)])
        shape = np.maximum(shape, _polyline(np.array([np.zeros(2), end]), width, rng))
    return shape


def _soma(
    radius: float,
    hole: float,
    edge: float,
    lopsided: float,
    irregular: float,
    rng: np.random.Generator,
) -> Window:
    """A disc with a dim middle. hole, 0 to 1: how dim; lopsided, 0 to 1: how much of a crescent."""
    offset = complex(rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5))
    place = _PLACE - np.complex64(offset)
    r = np.abs(place)
    heading = place / np.maximum(r, np.float32(1e-3))
    border = np.full_like(r, radius)
    # Powers of the heading are the waves around the border; the higher, the weaker.
    turned = heading * heading
    for weakness in (1.0, 0.45, 0.2):
        border += _wave(turned, radius * irregular * weakness * rng.normal(), rng)
        turned = turned * heading
    outer = 1 / (1 + np.exp(np.clip((r - border) / (0.5 * edge), -30, 30)))
    nucleus = border * rng.uniform(0.5, 0.62)
    inner = 1 / (1 + np.exp(np.clip((r - nucleus) / (0.45 * edge), -30, 30)))
    side = 1 + _wave(heading, lopsided, rng) * np.minimum(r / np.float32(radius), 1)
    return np.asarray(outer * (1 - hole * inner) * np.maximum(side, 0.02), dtype=np.float32)


def _wave(turned: NDArray[np.complex64], height: float, rng: np.random.Generator) -> Window:
    """A cosine of that height around the middle, in a random phase."""
    phase = rng.uniform(0, 2 * pi)
    return np.asarray((turned * np.complex64(height * np.exp(1j * phase))).real)


def _dots(angle: float, width: float, rng: np.random.Generator) -> Window:
    shape: Window = np.zeros_like(_Y)
    count = int(rng.choice([1, 2, 3], p=[0.45, 0.4, 0.15]))
    gap = width * rng.uniform(3.2, 5.5)
    for index in range(count):
        offset = (index - (count - 1) / 2) * gap
        y, x = np.array([np.sin(angle), np.cos(angle)]) * offset + rng.normal(0, 0.6, size=2)
        dot = np.exp(-0.5 * (((_Y - y) ** 2 + (_X - x) ** 2) / width**2))
        shape = np.maximum(shape, dot * np.float32(rng.uniform(0.6, 1.0)))
    return shape


def _polyline(points: NDArray[np.float64], width: float, rng: np.random.Generator) -> Window:
    """A line through points (y, x from the middle), beaded along its length. width: its sigma."""
    steps = np.linspace(0, len(points) - 1, 24 * len(points))
    places = np.stack(
        [np.interp(steps, np.arange(len(points)), points[:, axis]) for axis in (0, 1)]
    )
    if len(points) > 2:
        places = ndimage.gaussian_filter1d(places, 8, axis=1, mode="nearest")
    beads = np.exp(0.35 * ndimage.gaussian_filter1d(rng.standard_normal(len(steps)), 3) * 3)
    rows, columns = np.clip(np.rint(places + _MIDDLE).astype(int), 0, WINDOW_PX - 1)
    line = np.zeros((WINDOW_PX, WINDOW_PX), dtype=np.float32)
    np.add.at(line, (rows, columns), beads.astype(np.float32))
    blurred = ndimage.gaussian_filter(line, width)
    return np.asarray(blurred / blurred.max(), dtype=np.float32)


def wear(
    shape: Window, code: int, quality: float, optics: Optics, rng: np.random.Generator
) -> Window:
    """The footprint that an extraction finds for a shape; may be all zero.

    Its grain is finer and stronger for dim and doubtful components, a threshold bites into its
    border, patch limits cut it straight, and mostly only the heaviest connected piece stays.
    """
    dimness = {NEURON: 0.5, PROCESS: 0.7, DOUBTFUL: 0.7, NOISE: 1.2}[code] * (1.4 - 0.8 * quality)
    grain = rng.standard_normal(shape.shape, dtype=np.float32)
    if rng.random() < 0.55:
        fine = rng.uniform(0.5, 0.9)
        grain = ndimage.gaussian_filter(grain, fine)
        grain /= grain.std()
    strength = optics.grain * dimness * rng.uniform(0.5, 1.6)
    peak = shape.max()
    if peak <= 0:
        return shape
    worn = shape / peak * np.exp(strength * grain)
    worn += np.float32(0.12 * strength) * np.roll(grain, 7, axis=0) * (shape > 0.03 * peak)
    worn[worn < rng.uniform(0.06, 0.28) * worn.max()] = 0
    if rng.random() < 0.15:
        worn = _cut(worn, rng)
    if rng.random() < 0.8:
        worn = _heaviest_piece(worn)
    # Whatever unit the extraction chose: no reader may rely on it.
    amplitude = optics.brightness * np.exp(rng.normal(0.3 - 0.5 * dimness, 0.5))
    return np.asarray(worn * amplitude, dtype=np.float32)


def _cut(footprint: Window, rng: np.random.Generator) -> Window:
    """The footprint without what lies past a straight line along a row or a column."""
    turns = int(rng.integers(4))
    turned = np.rot90(footprint, turns).copy()
    weight = turned.sum(axis=1).cumsum()
    keep = int(np.searchsorted(weight, rng.uniform(0.55, 0.95) * weight[-1])) + 1
    turned[keep:] = 0
    return np.ascontiguousarray(np.rot90(turned, -turns))


def _heaviest_piece(footprint: Window) -> Window:
    pieces, count = ndimage.label(footprint > 0, structure=np.ones((3, 3)))
    if count < 2:
        return footprint
    weights = np.bincount(pieces.ravel(), weights=footprint.ravel())
    weights[0] = 0
    # Dots of one process are separate pieces: what weighs nearly as much stays too.
    return np.asarray(footprint * (weights >= 0.35 * weights.max())[pieces])
