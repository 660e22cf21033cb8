"""A run's model as a file that other programs read."""

from pathlib import Path

from app.actions import promoting, training
from app.actions.context import Context
from app.domain.errors import InvalidInput, NoModel
from app.worker.kept import load_ensemble
from classifier.export import to_onnx


def export_onnx(context: Context, folder: Path, run_id: int | None) -> Path:
    """Write a run's model to `model_run_N.onnx` in a folder; None takes the run that serves.

    Raises NoModel where nothing has been trained, NotFound for an unknown run, and InvalidInput
    for a model that looks at more than masks, or a folder that is none.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{folder} is a file. Name a folder.")
    chosen = (
        promoting.serving_run(context) if run_id is None else training.get_run(context, run_id).id
    )
    if chosen is None:
        raise NoModel("There is no model yet. Train first, then export.")
    try:
        model = to_onnx(load_ensemble(context, chosen))
    except ValueError as error:
        raise InvalidInput(f"Training run {chosen} cannot be exported: {error}") from error
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"model_run_{chosen}.onnx"
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(model)
    # Whoever watches the folder never sees half a model.
    partial.replace(path)
    return path
