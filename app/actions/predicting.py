"""Predictions for masks that are not stored: asked by a program, made by the worker."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.actions import jobs, promoting
from app.actions.context import Context
from app.domain.accounts import Account
from app.domain.errors import InvalidInput, NoModel, SomataError, WorkerUnavailable
from app.domain.recordings import MASK_SIZE_PX
from app.storage.columns import pack_array, unpack_array

MAX_MASKS = 10_000
LOOK_EVERY_S = 0.02


@dataclass(frozen=True, eq=False)
class Predicted:
    """run: whose model it was. probabilities: (masks, 4). entropy: (masks,), nats.

    mutual_information: (masks,), nats, what part of the entropy is the folds' disagreement.
    """

    run: int
    probabilities: NDArray[np.float32]
    entropy: NDArray[np.float32]
    mutual_information: NDArray[np.float32]


def predict(
    context: Context,
    by: Account,
    masks: NDArray[np.float32],
    sleep: Callable[[float], None] = time.sleep,
) -> Predicted:
    """The opinion of the model in use of masks (masks, 50, 50).

    Raises InvalidInput for masks that cannot be used, NoModel before the first training,
    WorkerUnavailable where no worker answers in time.
    """
    check_masks(masks)
    run_id = promoting.serving_run(context)
    if run_id is None:
        raise NoModel("There is no trained model yet. Label some components and train one.")
    if not jobs.worker_is_alive(context):
        raise WorkerUnavailable("No worker is running. Start one: ./somata serve or worker.")
    job_id = jobs.enqueue(
        context, "predict", by=by, request={"run": run_id}, request_bytes=pack_array(masks)
    )
    # A wall clock may be set back while we wait.
    give_up_at = time.monotonic() + context.settings.predict_timeout_seconds
    while time.monotonic() < give_up_at:
        job = jobs.get(context, job_id)
        if job.state == "succeeded" and job.result_bytes is not None:
            table = unpack_array(job.result_bytes)
            return Predicted(run_id, table[:, :4], table[:, 4], table[:, 5])
        if job.state in ("failed", "cancelled"):
            raise SomataError(job.error or "The prediction was cancelled.")
        sleep(LOOK_EVERY_S)
    jobs.cancel(context, job_id)
    raise WorkerUnavailable("The worker did not answer in time. Try again, or send fewer masks.")


def check_masks(masks: NDArray[np.float32]) -> None:
    """Raises InvalidInput where these are not masks that a model can look at."""
    side = MASK_SIZE_PX
    if masks.ndim != 3 or masks.shape[1:] != (side, side):
        raise InvalidInput(f"Masks have the shape (N, {side}, {side}), not {masks.shape}.")
    if not 1 <= len(masks) <= MAX_MASKS:
        raise InvalidInput(f"Send 1 to {MAX_MASKS:,} masks at once, not {len(masks):,}.")
    wrong = ~np.isfinite(masks).all(axis=(1, 2))
    if wrong.any():
        raise InvalidInput(f"Mask {int(np.argmax(wrong))} holds NaN or infinity.")
    negative = (masks < 0).any(axis=(1, 2))
    if negative.any():
        raise InvalidInput(f"Mask {int(np.argmax(negative))} has negative weights.")
    empty = ~masks.any(axis=(1, 2))
    if empty.any():
        raise InvalidInput(f"Mask {int(np.argmax(empty))} is all zero.")
