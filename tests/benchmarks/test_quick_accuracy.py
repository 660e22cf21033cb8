"""The quick run of benchmarks.accuracy: long enough to have a file, and a worker, to itself."""

import pytest

from benchmarks import accuracy
from benchmarks.hand_features import FeatureTable
from tests.benchmarks.quick import quick, rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_accuracy_has_a_row_for_every_contender_and_ranking():
    found = rows(quick(accuracy))
    for contender in accuracy.contenders(True, 1, FeatureTable()):
        own = [row for row in found if row[:2] == [contender.name, contender.inputs]]
        ranked = accuracy.looks_for_wrong_labels(contender)
        assert len(own) == 2 + 9 * ranked
        assert all(0 <= float(row[2]) <= 1 for row in own if not ranked)
    rankings = {row[2] for row in found}
    assert {"chance wrong (ours)", "label quality (ours)", "cleanlab find_label_issues"} < rankings
