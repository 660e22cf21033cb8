"""What the classifier is shown as a contender is what its row says."""

from typing import Any

import numpy as np
import pytest

from benchmarks import somata_contender
from benchmarks.hand_features import ALL, EVERYTHING, MASK_AND_RECORDING
from benchmarks.simulated import Fields
from benchmarks.somata_contender import Somata
from classifier.config import TrainingConfig
from classifier.folds import FoldPlan
from classifier.inputs import KINDS, Components


@pytest.mark.parametrize(
    ("inputs", "kinds", "measures"),
    [
        (ALL, KINDS, "recording"),
        (EVERYTHING, KINDS, "alone"),
        (MASK_AND_RECORDING, ("mask",), "recording"),
    ],
)
def test_a_row_sees_the_inputs_that_it_names(
    monkeypatch: pytest.MonkeyPatch, inputs: str, kinds: tuple[str, ...], measures: str
) -> None:
    given: list[TrainingConfig] = []

    class Asked(Exception):
        pass

    def noted(_components: Any, _labels: Any, config: TrainingConfig, **_more: Any) -> None:
        given.append(config)
        raise Asked

    monkeypatch.setattr(somata_contender, "cross_validate", noted)
    fields = Fields(Components(np.zeros((2, 50, 50))), np.array([1, 2]))
    plan = FoldPlan(np.array([0, 1]), 2, True, "")
    with pytest.raises(Asked):
        Somata("Somata", inputs, TrainingConfig()).train(fields, plan, 3)
    assert (given[0].inputs, given[0].measures, given[0].seed) == (kinds, measures, 3)
