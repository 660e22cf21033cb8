import json
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.ensemble import FORMAT, Ensemble
from classifier.inputs import Components


def test_a_loaded_ensemble_predicts_the_same(trained, masks):
    loaded = Ensemble.from_bytes(trained.ensemble.to_bytes())
    np.testing.assert_array_equal(loaded.predict(masks), trained.ensemble.predict(masks))
    assert loaded.config == trained.ensemble.config
    assert loaded.temperature == trained.temperature
    assert loaded.versions["torch"]


def test_predictions_do_not_depend_on_their_neighbours(trained, masks):
    together = trained.ensemble.predict(masks)
    alone = np.concatenate(
        [trained.ensemble.predict(masks.take(np.array([i]))) for i in range(len(masks))]
    )
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1)


def test_no_masks_give_no_predictions(trained):
    assert trained.ensemble.predict(Components(np.zeros((0, 50, 50)))).shape == (0, 4)


def test_predicting_leaves_the_callers_random_stream_alone(trained, masks):
    torch.manual_seed(2)
    expected = torch.rand(2)
    torch.manual_seed(2)
    trained.ensemble.predict(masks.take(np.arange(2)))
    assert torch.equal(torch.rand(2), expected)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_cut_or_foreign_bytes_are_a_value_error(data, trained):
    whole = trained.ensemble.to_bytes()
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ValueError, match=r"\w"):
        Ensemble.from_bytes(whole[:cut])
    with pytest.raises(ValueError, match=r"\w"):
        Ensemble.from_bytes(data.draw(st.binary(max_size=200)))


@settings(max_examples=60, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
def test_a_changed_header_byte_never_does_worse_than_a_value_error(place, value, trained):
    changed = bytearray(trained.ensemble.to_bytes())
    changed[int(place * min(len(changed), 3000))] = value
    with suppress(ValueError):
        Ensemble.from_bytes(bytes(changed))


def test_a_header_that_claims_gigabytes_is_refused_before_reading():
    with pytest.raises(ValueError, match="cut"):
        Ensemble.from_bytes((2**60).to_bytes(8, "little") + b"{}")


@pytest.mark.parametrize(
    "change",
    [
        {"config": {"folds": 10**9}},
        {"config": {"architecture": "other"}},
        {"config": {"channels": [8, 4, 6, 6]}},
        {"config": "none"},
        {"models": 3},
        {"models": -1},
        {"temperature": float("nan")},
        {"temperature": 0},
        {"trained_codes": [9]},
        {"trained_codes": []},
        {"versions": []},
    ],
)
def test_a_description_that_does_not_fit_is_refused(change, trained):
    blob = trained.ensemble.to_bytes()
    header = json.loads(blob[8 : 8 + int.from_bytes(blob[:8], "little")])
    about = json.loads(header["__metadata__"][FORMAT])
    about.update(change)
    tensors = safetensors.torch.load(blob)
    hostile = safetensors.torch.save(tensors, {FORMAT: json.dumps(about)})
    with pytest.raises(ValueError, match=r"\w"):
        Ensemble.from_bytes(hostile)


def test_weights_that_are_not_finite_are_refused(trained):
    state = dict(trained.models[0])
    name = next(iter(state))
    state[name] = torch.full_like(state[name], torch.nan)
    broken = replace(trained.ensemble, models=(state, trained.models[1]))
    with pytest.raises(ValueError, match="not finite"):
        Ensemble.from_bytes(broken.to_bytes())
