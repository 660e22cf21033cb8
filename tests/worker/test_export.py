"""A run's model as a file: by the command line's way, and as a job."""

import dataclasses
import itertools
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from app.actions import exporting_models, jobs, training
from app.actions.exporting_models import MASKS_ALONE, sees_masks_alone
from app.domain.errors import Conflict, InvalidInput, NoModel, NotExported
from app.worker.export import export, export_model
from app.worker.work import Worker
from classifier.config import LAYERS, TrainingConfig
from classifier.crossval import cross_validate
from classifier.export import check_exportable, run_onnx
from classifier.inputs import KINDS, Components
from tests.actions.test_exporting_models import run_of_masks
from tests.support.recordings import masks_of
from tests.support.world import ALICE, World

LABELS = np.array([1, 2, 3, 4] * 4, np.int8)
MASKS = masks_of(LABELS)
TINY = {
    "folds": 2, "epochs": 1, "min_batches": 1, "batch_size": 8, "channels": [2, 2, 2, 2],
    "hidden": 8, "architecture": "cnn", "inputs": ["mask"],
}  # fmt: skip


def trained(world: World) -> tuple[int, np.ndarray]:
    """A run with a really trained model, and what that says of the masks."""
    run = world.train({world.component(): (0.4, 0.3, 0.2, 0.1)})
    found = cross_validate(Components(MASKS), LABELS, TrainingConfig.from_dict(TINY))
    training.record_result(
        world.context,
        run,
        config=found.ensemble.config.to_dict(),
        metrics={"macro_f1": 0.5},
        weights=found.ensemble.to_bytes(),
    )
    return run, found.ensemble.predict(Components(MASKS))


def test_the_file_answers_as_the_model_does(sqlite_world: World, tmp_path: Path) -> None:
    run, expected = trained(sqlite_world)
    path = export_model(sqlite_world.context, tmp_path / "out", "onnx", None)
    assert path.name == f"model_run_{run}.onnx"
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    found = run_onnx(path.read_bytes(), MASKS[:, None])
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_job_writes_the_package_that_an_admin_then_fetches(sqlite_world: World) -> None:
    context = sqlite_world.context
    run, _ = trained(sqlite_world)
    job = exporting_models.request_export(context, ALICE, run, "fiji")
    Worker(context, {"export": export}).work("slow")
    ended = jobs.view(context, job.id)
    assert (ended.state, ended.error) == ("succeeded", None)
    data = exporting_models.exported_file(context, ALICE, run, "fiji")
    assert exporting_models.exports_of(context, run)["fiji"].size == len(data)
    with zipfile.ZipFile(BytesIO(data)) as package:
        assert {"rdf.yaml", "weights.onnx"} <= set(package.namelist())
        text = package.read("README.md").decode()
    assert f"# Somata run {run}\n" in text
    assert "macro F1 0.500" in text


def test_who_cancels_while_it_is_written_gets_no_file(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = sqlite_world.context
    run = run_of_masks(sqlite_world)
    job = exporting_models.request_export(context, ALICE, run, "onnx")

    def written_while_cancelled(*_: object) -> bytes:
        exporting_models.cancel_export(context, ALICE, run, "onnx")
        return b"a file"

    monkeypatch.setattr("app.worker.export.model_file", written_while_cancelled)
    Worker(context, {"export": export}).work("slow")
    assert jobs.view(context, job.id).state == "cancelled"
    with pytest.raises(NotExported):
        exporting_models.exported_file(context, ALICE, run, "onnx")


def test_what_cannot_be_exported_says_why_and_leaves_no_file(world: World, tmp_path: Path) -> None:
    with pytest.raises(NoModel, match="Train first"):
        export_model(world.context, tmp_path, "onnx", None)
    run = world.train({world.component(): (0.4, 0.3, 0.2, 0.1)})
    training.record_result(world.context, run, config=TrainingConfig().to_dict())
    with pytest.raises(Conflict, match="looks at more than the mask"):
        export_model(world.context, tmp_path / "out", "fiji", run)
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match="Name a folder"):
        export_model(world.context, tmp_path / "file", "onnx", run)


def test_the_web_knows_without_torch_which_models_can_be_exported() -> None:
    kinds = [("mask", *more) for n in range(3) for more in itertools.combinations(KINDS[1:], n)]
    for architecture, inputs in itertools.product(LAYERS, kinds):
        config = dataclasses.replace(TrainingConfig(), architecture=architecture, inputs=inputs)
        try:
            check_exportable(config)
        except ValueError:
            assert not sees_masks_alone(config.to_dict()), config
        else:
            assert sees_masks_alone(config.to_dict()), config


def test_what_the_refusal_advises_to_train_can_be_exported() -> None:
    check_exportable(TrainingConfig.from_dict(MASKS_ALONE))
