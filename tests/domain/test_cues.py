import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.domain.cues import measure_cues, trace_snr

rows, columns = np.mgrid[0:50, 0:50].astype(np.float32) - 25
radius = np.hypot(rows, columns)
DISC = (radius < 8).astype(np.float32)
DONUT = np.exp(-(((radius - 8) / 2) ** 2)).astype(np.float32)
LINE = ((abs(rows) < 1.5) & (abs(columns) < 18)).astype(np.float32)
VEE = ((abs(rows - abs(columns)) < 1.5) & (abs(columns) < 14)).astype(np.float32)


def test_lines_and_vees_look_more_like_processes_than_somata_do() -> None:
    disc, donut, line, vee = measure_cues(np.stack([DISC, DONUT, LINE, VEE]), None).process
    assert min(line, vee) > max(disc, donut)


def test_a_donut_looks_more_like_a_donut_than_a_disc_does() -> None:
    disc, donut = measure_cues(np.stack([DISC, DONUT]), None).donut
    assert donut > disc


def test_brightness_does_not_count() -> None:
    dim, bright = measure_cues(np.stack([LINE, 1000 * LINE]), None).process
    assert dim == pytest.approx(bright, rel=1e-5)


def test_batches_do_not_show() -> None:
    many = np.tile(np.stack([DISC, LINE, VEE]), (500, 1, 1))
    process = measure_cues(many, None).process
    assert np.array_equal(process[:3], process[-3:])


@settings(deadline=None, max_examples=40)
@given(
    hnp.arrays(
        np.float32,
        (2, 50, 50),
        elements=st.floats(0, 2.0**20, width=32),
        fill=st.just(np.float32(0)),
    )
)
def test_any_mask_has_finite_cues_in_their_ranges(masks: np.ndarray) -> None:
    masks = masks[masks.any(axis=(1, 2))]
    cues = measure_cues(masks, None)
    assert np.isfinite(cues.process).all()
    assert np.isfinite(cues.donut).all()
    assert ((cues.process >= 0) & (cues.process <= 1)).all()
    assert ((cues.donut >= -1) & (cues.donut <= 1)).all()


def test_transients_stand_out_of_noise() -> None:
    generator = np.random.default_rng(1)
    noise = generator.normal(size=600).astype(np.float32)
    transients = noise.copy()
    transients[100:130] += 20
    quiet, busy, flat, cut = (
        trace_snr(trace[None])[0]
        for trace in (noise, transients, np.ones(600, np.float32), np.ones(2, np.float32))
    )
    assert busy > 2 * quiet
    assert flat == cut == 0
