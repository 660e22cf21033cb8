"""A run's model as a file that other programs read."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.actions import exporting_models, training
from app.actions.context import Context
from app.actions.exporting_models import FORMATS
from app.domain.errors import InvalidInput
from app.storage.tables import Job
from app.worker.kept import load_ensemble
from app.worker.work import Pulse
from classifier.export import to_onnx

if TYPE_CHECKING:
    from classifier.fiji import Card

OnStage = Callable[[str, float], object]
"""Is told what is done now, and which share of all is done."""


def export(context: Context, job: Job, pulse: Pulse) -> dict[str, Any]:
    """Write the file that a job asks for."""
    data = model_file(
        context,
        int(job.request["run"]),
        str(job.request["format"]),
        lambda stage, done: pulse({"stage": stage, "fraction": done}),
    )
    done = {"stage": "done", "fraction": 1.0}
    # Writing the graph is one long step: who cancelled meanwhile wants no file.
    pulse(done)
    return {"result_bytes": data, "progress": done}


def export_model(context: Context, folder: Path, format: str, run_id: int | None) -> Path:
    """Write a run's model to a file in a folder; None takes the run that serves.

    format: a key of FORMATS. Raises NoModel where nothing has been trained, NotFound for an
    unknown run, Conflict for a model that looks at more than masks, and InvalidInput for a folder
    that is none.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{folder} is a file. Name a folder.")
    chosen = exporting_models.exportable_run(context, run_id)
    data = model_file(context, chosen, format)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FORMATS[format].file_name(chosen)
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(data)
    # Whoever watches the folder never sees half a model.
    partial.replace(path)
    return path


def model_file(
    context: Context, run_id: int, format: str, on_stage: OnStage = lambda _stage, _done: None
) -> bytes:
    """The file. Raises ValueError where what it says is not what the run's model says."""
    on_stage("writing the graph, and comparing it with the model", 0.1)
    ensemble = load_ensemble(context, run_id)
    model = to_onnx(ensemble)
    if format == "onnx":
        return model
    on_stage("packing and checking", 0.8)
    # Imported here alone: bioimage.io's checker takes two seconds, a third of a worker's start.
    from classifier.fiji import to_fiji

    return to_fiji(model, ensemble, card_of(context, run_id))


def card_of(context: Context, run_id: int) -> "Card":
    """What the package says of the run."""
    from classifier.fiji import Card

    run = training.get_run(context, run_id)
    on = "" if run.finished_at is None else f", {run.finished_at:%Y-%m-%d}"
    return Card(
        f"Somata run {run_id}",
        f"Training run {run_id} of a lab that uses Somata{on}.",
        run.labels,
        run.metrics or {},
    )
