"""The quick run of benchmarks.few_labels, and whom its draws let learn from what."""

import numpy as np
import pytest

from benchmarks import few_labels
from benchmarks.simulated import Fields, Referee
from classifier.inputs import Components
from tests.benchmarks.quick import quick, rows


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_few_labels_has_a_row_for_every_contender():
    found = rows(quick(few_labels))[1:]
    names = ["logistic regression", "gradient boosting"]
    names += [few_labels.FROM_LABELS_ALONE, few_labels.FROM_ALL, few_labels.THOROUGHLY]
    assert [row[1] for row in found] == names
    assert all(row[0] == "60" and 0 < float(row[3]) < 1 for row in found)
    assert found[2][3:7] != found[3][3:7]


def test_nobody_is_asked_about_a_field_that_holds_labels():
    groups = np.repeat(np.arange(6), 20)
    masks = np.ones((120, 50, 50), np.float32)
    labels = np.tile([1, 2, 3, 4], 30)
    fields = Fields(Components(masks, recordings=groups), labels)
    draw = few_labels.Draw.of(fields, Referee(labels), 12, seed=3)
    assert len(draw.labeled) == 12
    assert len(draw.unlabeled) == 48
    assert len(draw.asked) == len(draw.referee) == 60
    known = set(draw.labeled.components.groups.tolist()) | set(draw.unlabeled.groups.tolist())
    assert not known & set(draw.asked.groups.tolist())
