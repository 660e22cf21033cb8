"""The quick runs of benchmarks.thorough and thorough_by_masks, a worker to themselves."""

import pytest

from benchmarks import thorough, thorough_by_masks
from benchmarks.hand_features import ALL, MASK_AND_RECORDING
from tests.benchmarks.quick import quick, rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.mark.parametrize(
    ("benchmark", "inputs", "rankings"),
    [(thorough, ALL, 9), (thorough_by_masks, MASK_AND_RECORDING, 0)],
)
def test_thorough_has_a_row_for_every_contender(benchmark, inputs, rankings):
    found = rows(quick(benchmark))
    names = ("gradient boosting", "Somata", thorough.NAME)
    own = {name: [row for row in found if row[:2] == [name, inputs]] for name in names}
    assert {len(of_name) for of_name in own.values()} == {2 + rankings}
    assert own["Somata"][0][2:] != own[thorough.NAME][0][2:]
