"""The quick runs of what compares architectures and settings: a row for each."""

import pytest

from benchmarks import ablation, architectures
from classifier.config import LAYERS, TrainingConfig
from tests.benchmarks.quick import quick, rows


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_depth_that_convolves_has_a_row_and_a_course():
    found = rows(quick(architectures))
    depths = [
        f"{name}, {layers} layers" for name in ("cnn", "vgg", "resnet") for layers in LAYERS[name]
    ]
    scored = [row for row in found if len(row) == 8][1:]
    peers = ["logistic regression", "gradient boosting", "CaImAn's CNN, four classes", "Somata"]
    beside = [architectures.EXPORTED, "cnn, not augmented"]
    assert [row[0] for row in scored] == [*peers, *depths, *beside]
    assert all(0 < float(row[2]) < 1 for row in scored)
    courses = [row for row in found if len(row) == 4][1:]
    assert [row[0] for row in courses] == [*depths, *beside]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_setting_changed_has_a_row_and_changes_something():
    found = rows(quick(ablation))
    scored = [row[:6] for row in found if len(row) == 7][1:]
    assert [row[0] for row in scored] == list(ablation.CHANGES)
    assert len({tuple(row[1:]) for row in scored}) == len(scored)


def test_the_first_row_is_the_default_and_each_other_differs_from_it():
    default = TrainingConfig().to_dict()
    for name, changed in ablation.CHANGES.items():
        assert (name == "the default") == (changed == {})
        assert all(default[key] != value for key, value in changed.items())
