"""Packages for Fiji, checked and run as bioimage.io's own reader does."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import yaml
from bioimageio.core import test_model as run_its_test
from bioimageio.spec import ValidationContext
from PIL import Image

from classifier.ensemble import Ensemble
from classifier.export import to_onnx
from classifier.fiji import Card, _quiet, check_package, documentation, to_fiji
from classifier.inputs import Components
from tests.classifier.test_export import MASKS_ALONE, train

METRICS = {
    "accuracy": 0.7,
    "macro_f1": 0.6543,
    "calibration_error": 0.021,
    "classes": {"2": {"support": 1400, "precision": 0.81, "recall": None}},
}
CARD = Card("Somata run 7", "Training run 7 of a lab.", 4200, METRICS)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The reader leaves files open, and remarks on how it reads its own zips."""
    with _quiet():
        yield


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    return train(MASKS_ALONE)


@pytest.fixture(scope="module")
def model(ensemble) -> bytes:
    return to_onnx(ensemble)


@pytest.fixture(scope="module")
def package(ensemble, model) -> bytes:
    return to_fiji(model, ensemble, CARD)


@pytest.fixture(scope="module")
def files(package) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def path(package, tmp_path) -> Path:
    written = tmp_path / "model.zip"
    written.write_bytes(package)
    return Path(written)


def test_its_own_reader_runs_it_to_the_same_probabilities(path):
    with ValidationContext(progressbar=False, log_warnings=False):
        summary = run_its_test(path, weight_format="onnx")
    assert summary.status == "passed", summary.format()


def test_it_says_what_it_is_and_how_its_axes_lie(files):
    read = yaml.safe_load(files["rdf.yaml"])
    assert (read["type"], read["name"], read["license"]) == (
        "model",
        "Somata run 7",
        "BSD-3-Clause",
    )
    assert [axis.get("id", axis["type"]) for axis in read["inputs"][0]["axes"]] == [
        *("batch", "channel", "y", "x")
    ]
    names = read["outputs"][0]["axes"][1]["channel_names"]
    assert names == ["neuron", "process", "noise", "doubtful_neuron"]
    assert read["weights"]["onnx"]["opset_version"] == 17


def test_the_test_masks_come_with_the_models_own_answers(ensemble, model, files):
    masks = np.load(BytesIO(files["test_input.npy"]))
    answers = np.load(BytesIO(files["test_output.npy"]))
    assert masks.shape == (1, 1, 50, 50)
    np.testing.assert_allclose(answers, ensemble.predict(Components(masks[:, 0])), atol=1e-4)
    assert files["weights.onnx"] == model


def test_a_person_finds_a_cover_and_what_to_know(files):
    cover = Image.open(BytesIO(files["cover.png"]))
    assert cover.width == 2 * cover.height
    text = files["README.md"].decode()
    assert "Training run 7 of a lab." in text
    assert "## Validation" in text
    assert "1 neuron, 2 process, 3 noise, 4 doubtful neuron" in text
    assert "4,200 labels" in text
    assert "macro F1 0.654" in text
    assert "| process | 1,400 | 0.81 | - |" in text


def test_without_metrics_it_says_so(ensemble):
    text = documentation(ensemble, Card("Somata run 7", "Of a lab."))
    assert "How it did out of fold was not kept." in text


def test_a_damaged_package_is_refused_with_the_reason(files, tmp_path):
    damaged = tmp_path / "damaged.zip"
    with zipfile.ZipFile(damaged, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data if name != "weights.onnx" else b"something else")
    with pytest.raises(ValueError, match=r"refuses it.*SHA256 mismatch"):
        check_package(damaged)
