"""The 50x50 crop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.recordings import TARGET_NEURON_RADIUS_PX
from app.formats.crop import centre_above_floor, centre_of_mass, crop_mask
from app.formats.footprint import from_dense, from_pixels
from tests.formats.builders import disc


def test_the_centre_of_mass_lies_on_row_25_column_25():
    mask = crop_mask(from_dense(disc(20, 30)))
    assert mask.shape == (50, 50)
    assert mask.dtype == np.float32
    assert int(mask.argmax()) == 25 * 50 + 25


def test_rows_stay_rows_and_weights_stay_as_they_are():
    footprint = from_pixels([10, 10, 10, 11], [40, 41, 42, 41], [1.0, 2.0, 1.0, 0.5])
    mask = crop_mask(footprint)
    assert mask[25, 24:27].tolist() == [1.0, 2.0, 1.0]
    assert mask[26, 25] == 0.5
    assert mask.sum() == 4.5


def test_a_cell_at_the_border_is_zero_beyond_it():
    mask = crop_mask(from_dense(disc(0, 0, 6)))
    y, x = centre_of_mass(from_dense(disc(0, 0, 6)))
    assert not mask[: 25 - round(y)].any()
    assert not mask[:, : 25 - round(x)].any()
    assert mask[25 - round(y), 25 - round(x)] == 7.0


@given(
    st.lists(
        st.tuples(st.integers(0, 99), st.integers(0, 99), st.floats(0.01, 100)),
        min_size=1,
        max_size=30,
        unique_by=lambda pixel: pixel[:2],
    )
)
def test_every_pixel_of_the_window_is_the_source_pixel_at_its_place(pixels):
    field = np.zeros((100, 100))
    for y, x, weight in pixels:
        field[y, x] = weight
    footprint = from_dense(field)
    y, x = (int(np.floor(place + 0.5)) for place in centre_of_mass(footprint))
    expected = np.pad(field, 25)[y : y + 50, x : x + 50]
    np.testing.assert_array_equal(crop_mask(footprint), expected.astype(np.float32))


@pytest.mark.parametrize("radius", [3.0, 5.0, 16.0, 30.0])
def test_a_given_neuron_radius_maps_to_the_target_radius(radius):
    field = disc(100, 110, radius, (220, 230)) > 0
    mask = crop_mask(from_dense(field.astype(float)), neuron_radius_px=radius)
    measured = np.sqrt(np.count_nonzero(mask > 0.5) / np.pi)
    assert measured == pytest.approx(TARGET_NEURON_RADIUS_PX, abs=0.6)
    rows, columns = np.nonzero(mask > 0.5)
    assert rows.mean() == pytest.approx(25, abs=0.5)
    assert columns.mean() == pytest.approx(25, abs=0.5)


def test_shrinking_is_smoothed_so_that_fine_stripes_do_not_alias():
    stripes = np.zeros((300, 300))
    stripes[50:250, 50:250:2] = 1
    mask = crop_mask(from_dense(stripes), neuron_radius_px=32.0)
    assert mask[15:35, 15:35].std() < 0.1


def test_a_faint_floor_over_the_whole_field_does_not_drag_the_centre_away():
    field = np.full((200, 200), 0.01)
    field[30:36, 160:166] = 1.0
    footprint = from_dense(field)
    assert centre_of_mass(footprint)[0] > 80
    assert centre_above_floor(footprint, (200, 200)) == pytest.approx((32.5, 162.5))
