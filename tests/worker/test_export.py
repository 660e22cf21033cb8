"""A run's model as an ONNX file, by the command line's way."""

from pathlib import Path

import numpy as np
import pytest

from app.actions import training
from app.actions.context import Context
from app.domain.errors import InvalidInput, NoModel
from app.worker.export import export_onnx
from classifier.config import TrainingConfig
from classifier.crossval import cross_validate
from classifier.export import run_onnx
from classifier.inputs import Components
from tests.support.recordings import masks_of
from tests.support.world import World

LABELS = np.array([1, 2, 3, 4] * 4, np.int8)
MASKS = masks_of(LABELS)
TINY = {
    "folds": 2, "epochs": 1, "min_batches": 1, "batch_size": 8, "channels": [4, 4, 4, 4],
    "hidden": 8,
}  # fmt: skip


def keep_model(context: Context, **config: object) -> tuple[int, np.ndarray]:
    """A run with a really trained model, and what that says of the masks."""
    run = training.request_run(context, None, {})
    found = cross_validate(Components(MASKS), LABELS, TrainingConfig.from_dict({**TINY, **config}))
    training.record_result(context, run.id, weights=found.ensemble.to_bytes())
    return run.id, found.ensemble.predict(Components(MASKS))


def test_the_file_answers_as_the_model_does(world: World, tmp_path: Path):
    run, expected = keep_model(world.context, architecture="cnn", inputs=["mask"])
    path = export_onnx(world.context, tmp_path / "out", run)
    assert path.name == f"model_run_{run}.onnx"
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    found = run_onnx(path.read_bytes(), MASKS[:, None])
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_what_cannot_be_exported_says_why_and_leaves_no_file(world: World, tmp_path: Path):
    with pytest.raises(NoModel, match="Train first"):
        export_onnx(world.context, tmp_path, None)
    run, _ = keep_model(world.context)
    with pytest.raises(InvalidInput, match=r"looks at|mask"):
        export_onnx(world.context, tmp_path / "out", run)
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match="Name a folder"):
        export_onnx(world.context, tmp_path / "file", run)
