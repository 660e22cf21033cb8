import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.prepare import prepare_caiman, prepare_contexts, prepare_masks
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


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(1e-6, 1e6))
def test_caimans_patches_have_no_intensity_scale_either(scale):
    scaled = prepare_caiman(MASKS * np.float32(scale))
    torch.testing.assert_close(scaled, prepare_caiman(MASKS), rtol=1e-4, atol=1e-5)


def test_caimans_patch_is_the_middle_at_unit_norm_stretched_over_the_window():
    mask = np.ones((1, 50, 50), np.float32)
    patch = prepare_caiman(mask)
    assert patch.shape == (1, 1, 50, 50)
    torch.testing.assert_close(patch, torch.full((1, 1, 50, 50), 1 / 42))
    beyond = mask.copy()
    # Half the window is 4 gSig + 1 = 21 pixels: what lies further out does not count.
    beyond[:, :4] = beyond[:, 46:] = 1000
    assert torch.equal(prepare_caiman(beyond), patch)
    narrow = prepare_caiman(mask, gsig_px=2.0)
    torch.testing.assert_close(narrow, torch.full((1, 1, 50, 50), 1 / 18))


def test_caimans_patch_of_a_mask_with_nothing_near_the_middle_is_empty():
    mask = np.zeros((1, 50, 50), np.float32)
    mask[0, 0, 0] = 1
    assert torch.equal(prepare_caiman(mask), torch.zeros(1, 1, 50, 50))


CROPS = np.random.default_rng(0).gamma(2.0, size=(5, 2, 50, 50)).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(unit=st.floats(1e-9, 1e4), zero=st.floats(-3, 3))
def test_a_context_has_neither_unit_nor_zero(unit, zero):
    before = prepare_contexts(CROPS)
    moved = prepare_contexts((CROPS + np.float32(zero)) * np.float32(unit))
    torch.testing.assert_close(moved, before, rtol=1e-3, atol=1e-3)


def test_what_is_missing_of_a_context_is_its_middle():
    crops = CROPS.copy()
    crops[0, 0, :10] = np.nan
    crops[1] = np.nan
    crops[2] = 7
    prepared = prepare_contexts(crops)
    assert torch.isfinite(prepared).all()
    assert (prepared[0, 0, :10] == 0).all()
    assert (prepared[1] == 0).all(), "no image"
    assert (prepared[2] == 0).all(), "a flat image"
    assert prepared.min() >= -3
    assert prepared.max() <= 4
    assert prepared[3, 0].median() == pytest.approx(0, abs=0.02)
