import json
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.calibration import Calibration
from classifier.ensemble import FIRST_FORMAT, FORMAT, Ensemble, of_members
from classifier.inputs import Components


def test_a_loaded_ensemble_predicts_the_same(trained, masks):
    loaded = Ensemble.from_bytes(trained.ensemble.to_bytes())
    np.testing.assert_array_equal(loaded.predict(masks), trained.ensemble.predict(masks))
    assert loaded.config == trained.ensemble.config
    assert loaded.calibration == trained.ensemble.calibration
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
        {"offsets": [0, 0, 0]},
        {"offsets": [0, 0, 0, float("nan")]},
        {"offsets": [0, 0, 0, 9]},
        {"trained_codes": [9]},
        {"trained_codes": []},
        {"versions": []},
        {"doubt": {"offset": 0.0, "slope": 1.0}},
        {"doubt": {"offset": "none", "slope": 1.0}},
        {"doubt": []},
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


# --- the architectures that judge by measures ---


def test_all_of_a_measured_model_survives_its_bytes(trained_measured, components):
    loaded = Ensemble.from_bytes(trained_measured.ensemble.to_bytes())
    assert loaded.config == trained_measured.ensemble.config
    np.testing.assert_array_equal(
        loaded.predict(components), trained_measured.ensemble.predict(components)
    )


def test_measured_predictions_do_not_depend_on_their_neighbours(trained_measured, components):
    together = trained_measured.ensemble.predict(components)
    halves = [
        trained_measured.ensemble.predict(components.take(rows))
        for rows in (np.arange(60) % 2 == 0, np.arange(60) % 2 == 1)
    ]
    np.testing.assert_allclose(halves[0], together[::2], atol=1e-5)
    np.testing.assert_allclose(halves[1], together[1::2], atol=1e-5)
    alone = trained_measured.ensemble.predict(components.take(np.array([7])))
    np.testing.assert_allclose(alone[0], together[7], atol=1e-5)


def test_no_components_give_no_measured_predictions(trained_measured):
    nothing = Components(np.zeros((0, 50, 50)))
    assert trained_measured.ensemble.predict(nothing).shape == (0, 4)
    assert trained_measured.ensemble.embed(nothing).shape == (2, 0, 8)


def test_folds_predict_apart_and_their_mean_together(trained_default, components):
    by_fold = trained_default.ensemble.predict_folds(components)
    assert by_fold.shape == (2, 60, 4)
    assert not np.allclose(by_fold[0], by_fold[1])
    np.testing.assert_allclose(by_fold.sum(axis=2), 1)
    np.testing.assert_array_equal(
        by_fold.mean(axis=0), trained_default.ensemble.predict(components)
    )


def test_the_mean_of_members_bears_a_class_that_none_gives_a_chance(monkeypatch):
    logs = iter([np.array([[0.0, -1000.0]]), np.array([[0.0, -1002.0]])])
    monkeypatch.setattr("classifier.ensemble.predict_log_probabilities", lambda *_: next(logs))
    found = of_members([None, None], None)  # type: ignore[list-item, arg-type]  # not looked at
    assert found[0, 1] == pytest.approx(-1000 + np.log((1 + np.exp(-2)) / 2))


# --- the first format ---


def first_format(ensemble: Ensemble, **change: object) -> bytes:
    """The bytes that Somata 0.1 wrote of the document's CNN."""

    def then(name: str) -> str:
        if name.startswith("head."):
            return "fc2." + name.removeprefix("head.")
        return name.removeprefix("trunk.")

    tensors = {
        f"{index}/{then(name)}": tensor
        for index, state in enumerate(ensemble.models)
        for name, tensor in state.items()
    }
    fields = (
        "architecture", "folds", "seed", "epochs", "batch_size", "min_batches", "learning_rate",
        "weight_decay", "dropout", "label_smoothing", "validation_fraction", "patience", "kernel",
        "pooling", "channels", "hidden", "stem_stride", "augment", "threads",
    )  # fmt: skip
    config = ensemble.config.to_dict()
    about = {
        "config": {name: config[name] for name in fields},
        "models": len(ensemble.models),
        "temperature": ensemble.calibration.temperature,
        "trained_codes": list(ensemble.trained_codes),
        "classes": {"1": "neuron", "2": "process", "3": "noise", "4": "doubtful neuron"},
        "versions": ensemble.versions,
        **change,
    }
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(whole, {FIRST_FORMAT: json.dumps(about)})


def test_an_ensemble_of_the_first_format_predicts_as_ever(trained, masks):
    # It had no offsets.
    then = replace(trained.ensemble, calibration=Calibration(temperature=1.3))
    loaded = Ensemble.from_bytes(first_format(then))
    np.testing.assert_array_equal(loaded.predict(masks), then.predict(masks))
    assert loaded.config.inputs == ("mask",)
    again = Ensemble.from_bytes(loaded.to_bytes())
    np.testing.assert_array_equal(again.predict(masks), then.predict(masks))


@pytest.mark.parametrize("config", ["none", None, [], {"folds": 10**9}])
def test_a_first_description_that_does_not_fit_is_refused(trained, config):
    with pytest.raises(ValueError, match=r"\w"):
        Ensemble.from_bytes(first_format(trained.ensemble, config=config))
