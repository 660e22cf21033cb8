"""Crops of summary images, against slices cut by hand."""

import numpy as np
import pytest
from scipy import ndimage

from classifier.crops import crop_contexts

IMAGE = np.random.default_rng(0).random((120, 140)).astype(np.float32)


def test_a_crop_is_a_slice_with_the_rounded_centre_at_25_25():
    crops = crop_contexts([IMAGE], np.array([[60.4, 70.6], [30.0, 40.0]]))
    assert crops.shape == (2, 1, 50, 50)
    np.testing.assert_array_equal(crops[0, 0], IMAGE[35:85, 46:96])
    np.testing.assert_array_equal(crops[1, 0], IMAGE[5:55, 15:65])


def test_halves_round_up_as_where_masks_are_cut():
    crops = crop_contexts([IMAGE], np.array([[60.5, 61.5]]))
    assert crops[0, 0, 25, 25] == IMAGE[61, 62]


def test_there_is_nothing_beyond_the_border():
    crop = crop_contexts([IMAGE], np.array([[10.0, 130.0]]))[0, 0]
    assert np.isnan(crop[:15]).all()
    assert np.isnan(crop[:, 35:]).all()
    np.testing.assert_array_equal(crop[15:, :35], IMAGE[:35, 105:])


def test_at_scale_2_a_mask_pixel_is_half_a_source_pixel():
    crop = crop_contexts([IMAGE], np.array([[60.0, 70.0]]), mask_scale=2.0)[0, 0]
    assert crop[25, 25] == IMAGE[60, 70]
    np.testing.assert_array_equal(crop[1::2, 1::2], IMAGE[48:73, 58:83])
    assert crop[26, 25] == pytest.approx((IMAGE[60, 70] + IMAGE[61, 70]) / 2)


def test_at_scale_one_half_every_second_source_pixel_is_taken():
    image = np.tile(IMAGE, (2, 2))
    crop = crop_contexts([image], np.array([[100.0, 100.0]]), mask_scale=0.5)[0, 0]
    np.testing.assert_array_equal(crop, image[50:150:2, 50:150:2])


def test_an_uneven_scale_interpolates():
    crop = crop_contexts([IMAGE], np.array([[60.0, 70.0]]), mask_scale=1.4)[0, 0]
    along = (np.arange(50) - 25) / 1.4
    places = np.meshgrid(60 + along, 70 + along, indexing="ij")
    wanted = ndimage.map_coordinates(IMAGE, places, order=1)
    np.testing.assert_allclose(crop, wanted, atol=1e-6)


def test_an_image_that_is_not_there_is_missing_everywhere():
    crops = crop_contexts([None, IMAGE], np.array([[60.0, 70.0]]))
    assert np.isnan(crops[:, 0]).all()
    assert np.isfinite(crops[:, 1]).all()
    assert crop_contexts([None, IMAGE], np.zeros((0, 2))).shape == (0, 2, 50, 50)
