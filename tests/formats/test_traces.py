"""Traces as they are stored: whatever the file held, they are numbers that can be reckoned with."""

import numpy as np
import pytest

from app.formats.traces import LARGEST, finite


@pytest.mark.parametrize("damage", [np.nan, np.inf, -np.inf, 3e38, -2 * LARGEST, 1e300])
def test_a_damaged_frame_is_filled_from_its_neighbours(damage: float) -> None:
    notes: list[str] = []
    found = finite(np.array([[1.0, damage, 3.0], [4.0, 5.0, 6.0]]), notes)
    assert found.dtype == np.float32
    assert found.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert [note[:8] for note in notes] == ["1 traces"]


def test_a_trace_of_nothing_but_damage_is_zero() -> None:
    notes: list[str] = []
    assert finite(np.array([[np.nan, 3e38]]), notes).tolist() == [[0, 0]]
    assert "nothing but such frames" in notes[0]


def test_what_is_large_but_not_absurd_stays() -> None:
    notes: list[str] = []
    given = np.array([[LARGEST, -LARGEST, 0.0]], np.float32) / 2
    np.testing.assert_array_equal(finite(given, notes), given)
    assert notes == []
