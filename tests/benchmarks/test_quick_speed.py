"""The quick run of benchmarks.speed: long enough to have a file, and a worker, to itself."""

import pytest

from benchmarks import speed
from benchmarks.hand_features import ALL
from tests.benchmarks.quick import quick, rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_speed_has_a_row_for_every_model_and_budget():
    found = rows(quick(speed))
    names = [row[0] for row in found]
    everything = f"Somata, {ALL}"
    assert {"CaImAn's CNN, fp32", "Somata, mask", everything} < set(names)
    assert sum(name.startswith("the document's CNN, ") for name in names) == 2, "wide and narrow"
    assert f"{everything}, measures kept" in names
    assert {f"{epochs} epochs" for epochs in speed.QUICK_EPOCHS} < set(names)
    assert {"from the last weights", "all over again"} < set(names)
