"""The shared fields, and the referee who alone knows the truth."""

import numpy as np
import pytest

from benchmarks.simulated import Referee, load, some_fields
from tests.formats.shared_data import shared

TRUTH = np.array([1, 2, 3, 4] * 25)


def test_the_fields_come_without_their_truth():
    fields, referee = load(shared("simulated/public_small.npz"))
    assert len(fields) == len(referee) == len(fields.components.masks)
    assert fields.components.contexts is not None
    assert fields.components.contexts.shape[1:] == (2, 50, 50)
    assert np.isnan(fields.components.contexts).any()
    assert referee.agreement(fields.labels) < 0.95
    for holder in (fields, fields.components):
        assert not any("truth" in name for name in vars(holder))
    assert not any("truth" in name and not name.startswith("_") for name in dir(referee))


def test_a_missing_file_is_named_with_what_to_do(tmp_path):
    with pytest.raises(SystemExit, match=r"public\.npz is missing at .* --data PATH"):
        load(tmp_path / "public.npz")


def test_perfect_suspicion_finds_every_wrong_label_first():
    labels = TRUTH.copy()
    labels[:10] = labels[:10] % 4 + 1
    found = Referee(TRUTH).finding((labels != TRUTH).astype(float), labels)
    assert found == {"first_tenth": 1.0, "auc": 1.0, "chance": 0.1}
    assert Referee(TRUTH).finding(np.zeros(100), labels)["auc"] == 0.5


def test_a_simulated_labeler_errs_as_the_labelers_did():
    answers = np.where(np.arange(100) % 4 == 0, 4, TRUTH)[:, None]
    referee = Referee(TRUTH, answers)
    said = referee.answer(np.arange(100), np.random.default_rng(0))
    assert (said[TRUTH == 1] == 4).all()
    assert (said[TRUTH != 1] == TRUTH[TRUTH != 1]).all()


def test_nobody_can_be_asked_where_nobody_answered():
    with pytest.raises(ValueError, match="seen nobody answer"):
        Referee(TRUTH).confusion()


def test_a_quick_look_takes_whole_rows_from_a_few_fields():
    fields, referee = load(shared("simulated/public_small.npz"))
    few, their_referee = some_fields(fields, referee, count=3, most_each=10)
    assert len(np.unique(few.components.groups)) == 3
    assert len(few) == len(their_referee) <= 30
    assert np.array_equal(few.components.masks[0] > 0, few.components.masks[0] != 0)
