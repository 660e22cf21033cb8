"""Exports of models that were really trained, read back by onnxruntime."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from numpy.testing import assert_allclose

from classifier import export
from classifier.calibration import Calibration
from classifier.config import TrainingConfig
from classifier.crossval import cross_validate
from classifier.doubt import Doubt
from classifier.ensemble import Ensemble
from classifier.export import example_masks, run_onnx, to_onnx
from classifier.inputs import Components
from classifier.prepare import prepare_caiman, prepare_masks
from classifier.prepare_graph import PrepareCaiman, PrepareMasks
from classifier.simulate import SimulationConfig, simulate_recording

MASKS_ALONE = TrainingConfig(
    architecture="resnet",
    inputs=("mask",),
    folds=2,
    epochs=2,
    batch_size=16,
    min_batches=2,
    channels=(2, 2, 2, 2),
    hidden=8,
    threads=1,
)


def train(config: TrainingConfig, codes=(1, 2, 3, 4)) -> Ensemble:
    found = simulate_recording(
        SimulationConfig(components=80, frames=2, field_shape_px=(170, 170)), seed=3
    )
    rows = np.isin(found.truth, codes)
    components = Components(found.masks[rows], recordings=np.arange(rows.sum()) % 4)
    return cross_validate(components, found.truth[rows], config).ensemble


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    return train(replace(MASKS_ALONE, members=2))


@pytest.fixture(scope="module")
def model(ensemble) -> bytes:
    return to_onnx(ensemble)


@pytest.mark.parametrize(
    "changes",
    [
        {"architecture": "cnn"},
        {"architecture": "vgg", "layers": 6},
        {"architecture": "caiman", "preparation": "caiman"},
        {"architecture": "cnn", "classes": 3},
        {"architecture": "resnet", "window": 28},
    ],
    ids=lambda changes: "-".join(str(value) for value in changes.values()),
)
def test_every_architecture_of_masks_alone_answers_as_torch_does(changes):
    ensemble = train(replace(MASKS_ALONE, **changes))
    masks = example_masks(20)
    apart = run_onnx(to_onnx(ensemble), masks) - ensemble.predict(Components(masks[:, 0]))
    assert np.abs(apart).max() < 1e-4


def test_members_folds_and_calibration_are_in_the_graph(ensemble, model):
    masks = example_masks(20)
    assert any(ensemble.calibration.offsets)
    assert_allclose(run_onnx(model, masks), ensemble.predict(Components(masks[:, 0])), atol=1e-4)


def test_runtimes_of_2022_can_read_it(model):
    read = onnx.load_from_string(model)
    onnx.checker.check_model(read, full_check=True)
    assert read.ir_version == 8
    assert [(one.domain, one.version) for one in read.opset_import] == [("", 17)]


def test_a_class_that_had_no_labels_gets_nothing():
    found = run_onnx(to_onnx(train(MASKS_ALONE, codes=(1, 3))), example_masks(5))
    assert (found[:, [1, 3]] == 0).all()
    assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_the_units_of_a_mask_do_not_matter(model):
    masks = example_masks(6)
    assert_allclose(run_onnx(model, masks * 1e-6), run_onnx(model, masks * 1e9), atol=1e-5)


def test_what_is_negative_or_not_a_number_counts_as_zero(model):
    masks = example_masks(4)
    assert (masks == 0).any()
    spoilt = np.where(masks == 0, -3.0, masks).astype(np.float32)
    assert_allclose(run_onnx(model, spoilt), run_onnx(model, masks), atol=1e-6)
    spoilt[spoilt < 0] = np.nan
    assert_allclose(run_onnx(model, spoilt), run_onnx(model, masks), atol=1e-6)


def test_an_empty_mask_gets_the_same_for_each_trained_class(model):
    masks = np.concatenate([np.zeros((1, 1, 50, 50), np.float32), example_masks(1)])
    found = run_onnx(model, masks)
    assert_allclose(found[0], 0.25)
    assert_allclose(found[1:], run_onnx(model, masks[1:]), atol=1e-6)


def test_the_metadata_name_classes_codes_and_versions(ensemble, model):
    read = onnx.load_from_string(model)
    onnx.checker.check_model(read)
    about = {entry.key: entry.value for entry in read.metadata_props}
    assert json.loads(about["somata.classes"])["4"] == "doubtful neuron"
    assert json.loads(about["somata.trained_codes"]) == [1, 2, 3, 4]
    assert json.loads(about["somata.versions"])["torch"] == ensemble.versions["torch"]
    assert TrainingConfig.from_dict(json.loads(about["somata.config"])) == ensemble.config


@pytest.mark.parametrize(
    "changes", [{"architecture": "fusion"}, {"inputs": ("mask", "context")}], ids=str
)
def test_a_model_that_looks_at_more_is_refused(changes):
    with pytest.raises(ValueError, match="looks at more than a mask"):
        export.check_exportable(replace(MASKS_ALONE, **changes))


def test_a_graph_that_answers_otherwise_is_not_handed_out(ensemble, model):
    other = replace(ensemble, calibration=Calibration(ensemble.calibration.temperature / 2))
    with pytest.raises(ValueError, match="from the run's own"):
        export._compare(model, other)


def test_the_doubt_of_three_classes_is_spread_as_numpy_does():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), size=9)
    probabilities[0] = [1, 0, 0]
    doubt = Doubt(-1.0, 2.5)
    found = export._spread(doubt, torch.from_numpy(probabilities))
    assert_allclose(found.numpy(), doubt.spread(probabilities), atol=1e-9)


def test_both_preparations_are_those_of_training():
    masks = example_masks(30)
    given = torch.from_numpy(masks)
    assert_allclose(PrepareMasks()(given), prepare_masks(masks[:, 0]), atol=1e-6)
    assert_allclose(PrepareCaiman()(given), prepare_caiman(masks[:, 0]), atol=1e-6)
