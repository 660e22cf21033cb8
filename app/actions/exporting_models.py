"""A run's model as a file for other programs: asked for by an admin, written by the worker.

The file stays on the job's row until a newer one of its kind, or a day, has passed: so it is whole
or not there, and a worker on another machine needs no folder of ours.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.actions import jobs, promoting, training
from app.actions.context import Context, require_admin
from app.actions.jobs import JobView
from app.domain.accounts import Account
from app.domain.errors import Conflict, NoModel, NotExported
from app.storage import exports
from app.storage.database import lock_jobs

MASKS_ALONE: dict[str, Any] = {
    "architecture": "resnet",
    "layers": 10,
    "inputs": ["mask"],
    "stem_stride": 1,
    "channels": [8, 8, 16, 16],
    "epochs": 24,
    "batch_size": 64,
    "min_batches": 20,
    "learning_rate": 0.003,
    "weight_decay": 0.01,
    "mixup": 0.0,
}
"""A config whose model can be exported. It convolves, and so wants more steps than the default, on
the whole grid; chosen by the labels' cross-entropy (docs/decisions/0013)."""

MEASURED = ("committee", "fusion", "late_fusion")
"""Architectures that look at numbers measured of a component, and of its recording."""


@dataclass(frozen=True)
class ModelFormat:
    """A kind of file. suffix: how its name ends. media_type: what a browser is told."""

    suffix: str
    media_type: str

    def file_name(self, run_id: int) -> str:
        """The file's name for a run."""
        return f"model_run_{run_id}{self.suffix}"


Format = Literal["onnx", "fiji"]
FORMATS: dict[str, ModelFormat] = {
    "onnx": ModelFormat(".onnx", "application/octet-stream"),
    "fiji": ModelFormat(".bioimage.io.zip", "application/zip"),
}


@dataclass(frozen=True)
class ExportView:
    """How far a run's newest export of a format is. size: bytes, once it is there."""

    format: str
    job: JobView
    size: int | None


def sees_masks_alone(config: Mapping[str, Any]) -> bool:
    """Whether a model of this config needs nothing but masks: what an exported one is given.

    config: of a run that has a model, so that it names every setting.
    """
    masks_alone = config.get("inputs") == ["mask"]
    return config.get("architecture") not in (None, *MEASURED) and masks_alone


def exportable_run(context: Context, run_id: int | None) -> int:
    """The run, or the one that serves where none is named, if its model can be exported.

    Raises NotFound, NoModel where there is no model yet, and Conflict, with what to do, where the
    model cannot be exported.
    """
    chosen = promoting.serving_run(context) if run_id is None else run_id
    if chosen is None:
        raise NoModel("There is no model yet. Train first, then export.")
    run = training.get_run(context, chosen)
    if run.state != "succeeded":
        why = promoting.WHY_NO_MODEL[run.state]
        raise Conflict(f"Training run {chosen} {why}. Export one that has succeeded.")
    if not sees_masks_alone(run.config):
        raise Conflict(
            f"Training run {chosen} cannot be exported: its model looks at more than the mask, and "
            "other programs give it masks alone. Press Train on masks alone on the run's page, or "
            f"post {json.dumps({'config': MASKS_ALONE})} to /training-runs; then export that run."
        )
    return chosen


def weights(context: Context, run_id: int) -> bytes:
    """A run's model as safetensors: its weights, with their configuration in the header.

    Raises NotFound, and Conflict where the run has no model.
    """
    state = training.get_run(context, run_id).state
    found = training.weights_of(context, run_id) if state == "succeeded" else None
    if found is None:
        why = promoting.WHY_NO_MODEL.get(state, "kept no weights")
        raise Conflict(f"Training run {run_id} {why}. Take the weights of one that has succeeded.")
    return found


def request_export(context: Context, by: Account, run_id: int, format: str) -> JobView:
    """Have the worker write the file; the job that is at it already, where there is one.

    format: a key of FORMATS. Raises as `exportable_run` does.
    """
    require_admin(by)
    exportable_run(context, run_id)
    with context.database.write() as session:
        lock_jobs(session)
        job_id = exports.under_way(session, run_id, format)
        if job_id is None:
            exports.forget_replaced(session, run_id, format)
            request = {"run": run_id, "format": format}
            job_id = jobs.add(context, session, "export", by=by, request=request)
    context.tasks.nudge(jobs.LANES["export"])
    return jobs.view(context, job_id)


def exports_of(context: Context, run_id: int) -> dict[str, ExportView]:
    """The run's newest export of each format that was asked for lately."""
    with context.database.read() as session:
        return {
            row.format: ExportView(row.format, jobs.view_of(row), row.size)
            for row in exports.newest(session, run_id)
        }


def cancel_export(context: Context, by: Account, run_id: int, format: str) -> None:
    """Stop an export that waits or runs. Raises Conflict where there is none."""
    require_admin(by)
    with context.database.read() as session:
        job_id = exports.under_way(session, run_id, format)
    if job_id is None:
        raise Conflict(f"No export of run {run_id} to {format} is under way.")
    jobs.cancel(context, job_id)


def exported_file(context: Context, by: Account, run_id: int, format: str) -> bytes:
    """The file that the worker wrote last. Raises NotFound where there is none."""
    require_admin(by)
    training.get_run(context, run_id)
    with context.database.read() as session:
        found = exports.contents(session, run_id, format)
    if found is None:
        raise NotExported(run_id, format)
    return found
