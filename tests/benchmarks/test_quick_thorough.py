"""The quick run of benchmarks.thorough, a worker to itself."""

import pytest

from benchmarks import thorough
from benchmarks.hand_features import ALL, MASK_AND_RECORDING
from tests.benchmarks.quick import quick, rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_thorough_has_a_row_for_every_contender_and_what_it_beats():
    found = rows(quick(thorough))
    for inputs, ranked in ((ALL, True), (MASK_AND_RECORDING, False)):
        for name in ("gradient boosting", "Somata", thorough.THOROUGH):
            own = [row for row in found if row[:2] == [name, inputs]]
            assert len(own) == 2 + 9 * ranked
    scores = {row[2] for row in found if row[1] == ALL}
    assert len(scores) > 3
