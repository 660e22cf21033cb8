import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.prepare import prepare_masks
from classifier.simulate import SimulationConfig, simulate_recording

MASKS = simulate_recording(
    SimulationConfig(components=12, frames=20, field_shape_px=(80, 80)), seed=3
).masks


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(1e-6, 1e6))
def test_intensity_scale_says_nothing(scale):
    scaled = prepare_masks(MASKS * np.float32(scale))
    torch.testing.assert_close(scaled, prepare_masks(MASKS), rtol=1e-4, atol=1e-5)


def test_each_mask_is_prepared_alone():
    together = prepare_masks(MASKS)
    apart = torch.cat([prepare_masks(mask[None]) for mask in MASKS])
    assert torch.equal(together, apart)


def test_one_speckle_pixel_does_not_dim_the_rest():
    mask = np.zeros((1, 50, 50), np.float32)
    mask[0, 20:30, 20:30] = 1
    speckled = mask.copy()
    speckled[0, 25, 25] = 1000
    difference = (prepare_masks(speckled) - prepare_masks(mask)).abs()
    assert difference.max() < 0.3
    assert (difference > 1e-6).sum() == 1


def test_output_is_bounded_and_keeps_what_is_empty_empty():
    prepared = prepare_masks(MASKS)
    assert prepared.shape == (12, 1, 50, 50)
    assert prepared.dtype == torch.float32
    assert prepared.min() == 0
    assert prepared.max() <= 1.5**0.5 + 1e-6
    assert torch.equal(prepared[:, 0] > 0, torch.from_numpy(MASKS > 0))


def test_a_single_pixel_is_a_mask():
    mask = np.zeros((1, 50, 50), np.float32)
    mask[0, 25, 25] = 1e-20
    assert prepare_masks(mask)[0, 0, 25, 25] == 1


@pytest.mark.parametrize(
    ("value", "reason"),
    [(np.nan, "not finite"), (np.inf, "not finite"), (-1, "negative"), (0, "all zero")],
)
def test_an_unusable_mask_is_named(value, reason):
    masks = np.ones((3, 50, 50), np.float32)
    masks[1] = value
    with pytest.raises(ValueError, match=f"Mask 1 .*{reason}"):
        prepare_masks(masks)


@pytest.mark.parametrize("shape", [(50, 50), (2, 49, 50), (2, 50, 50, 1)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        prepare_masks(np.ones(shape))


def test_no_masks_are_no_rows():
    assert prepare_masks(np.zeros((0, 50, 50))).shape == (0, 1, 50, 50)
