"""`/training-runs`: asking for a training, watching it, stopping it, choosing which one serves."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.actions import cards, jobs, promoting, training
from app.domain.errors import InvalidInput
from app.web import cards as card_files
from app.web.access import Admin, Caller, World
from app.web.api import present
from app.web.api.schemas.training import ServingOut, TrainingIn, TrainingRunOut, TrainingRunPage
from app.web.api.schemas.values import Cursor
from app.web.problems import responses

router = APIRouter(prefix="/training-runs", tags=["training"])

RunId = Annotated[int, Path(ge=1, le=2**31 - 1)]
LOOK_EVERY_S = 0.5
RUN_EVENT = {
    "type": "object",
    "description": "One event of the stream.",
    "required": ["event", "data"],
    "properties": {
        "event": {"const": "run"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/TrainingRunOut"},
        },
    },
}
CARD: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The card.",
        "content": {
            "text/markdown": {"schema": {"type": "string"}},
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post("", status_code=202, responses=responses(400, 401, 403, 404, 409, 413, 422))
def request_run(context: World, account: Admin, body: TrainingIn | None = None) -> TrainingRunOut:
    """Queue a training run. One at a time: 409 while another waits or runs.

    With `start_from` it goes on from that run's models, which takes a fraction of the time. With
    `repeat` it does that run over, on the labels that there were then, to see whether it comes to
    the same.
    """
    asked = body or TrainingIn()
    if asked.repeat is not None:
        if asked.config is not None or asked.start_from is not None:
            raise InvalidInput(
                f"A repeat has the config and the beginning of run {asked.repeat}. Leave out "
                "config and start_from, or repeat."
            )
        return present.run(training.repeat_run(context, account, asked.repeat))
    config = None if asked.config is None else dict(asked.config)
    found = training.request_run(context, account, config, start_from=asked.start_from)
    return present.run(found)


@router.get("", responses=responses(401, 422))
def list_runs(
    context: World,
    account: Caller,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Cursor = None,
) -> TrainingRunPage:
    """Runs, newest first."""
    found = training.list_runs(context, present.id_cursor(cursor), limit)
    return TrainingRunPage(
        items=[present.run(one) for one in found],
        next=present.next_id([one.id for one in found], limit),
    )


@router.get("/serving", responses=responses(401))
def get_serving(context: World, account: Caller) -> ServingOut:
    """Which run's predictions are in use, and why."""
    return present.serving(promoting.serving(context))


@router.post("/serving/follow-newest", status_code=202, responses=responses(400, 401, 403))
def follow_newest(context: World, account: Admin) -> ServingOut:
    """Let the newest run serve, and each that succeeds after it: the opposite of promoting one."""
    return present.serving(promoting.follow_newest(context, account))


@router.get("/{run}", responses=responses(401, 404, 422))
def get_run(context: World, account: Caller, run: RunId) -> TrainingRunOut:
    """One run: state, progress, metrics."""
    return present.run(training.get_run(context, run))


@router.get(
    "/{run}/card",
    response_class=Response,
    responses={**CARD, **responses(401, 404, 409, 422)},
)
def get_card(
    context: World,
    account: Caller,
    run: RunId,
    format: Annotated[
        Literal["markdown", "zip"], Query(description="zip: with the pictures it shows")
    ] = "markdown",
) -> Response:
    """The run's model card: data, metrics by class and by recording, calibration, limits.

    409 for a run that has not succeeded.
    """
    card = cards.card_of(context, run)
    if format == "markdown":
        return Response(card_files.markdown(card), media_type="text/markdown; charset=utf-8")
    name = f"model-card-run-{run}.zip"
    saved = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(card_files.zipped(card), media_type="application/zip", headers=saved)


@router.get(
    "/{run}/events",
    response_class=EventSourceResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": RUN_EVENT}}},
        **responses(401, 404, 422),
    },
)
async def watch_run(
    context: World, account: Caller, run: RunId, request: Request
) -> EventSourceResponse:
    """The run as server-sent events, one at each change, until it has ended."""
    first = await to_thread.run_sync(training.get_run, context, run)

    async def changes() -> AsyncIterator[ServerSentEvent]:
        view, said = first, ""
        while not await request.is_disconnected():
            text = present.run(view).model_dump_json()
            if text != said:
                said = text
                yield ServerSentEvent(data=text, event="run")
            if view.state in jobs.ENDED:
                return
            await asyncio.sleep(LOOK_EVERY_S)
            view = await to_thread.run_sync(training.get_run, context, run)

    return EventSourceResponse(changes())


@router.post("/{run}/cancel", responses=responses(400, 401, 403, 404, 409, 422))
def cancel_run(context: World, account: Admin, run: RunId) -> TrainingRunOut:
    """Ask a run to stop; it does so within seconds."""
    return present.run(training.cancel_run(context, account, run))


@router.post("/{run}/promote", status_code=202, responses=responses(400, 401, 403, 404, 409, 422))
def promote_run(context: World, account: Admin, run: RunId) -> TrainingRunOut:
    """Let this run serve until another is promoted, however many are trained meanwhile.

    Predictions are its own at once; the queue and the lists follow as a worker sorts them.
    409 for a run that has not succeeded.
    """
    return present.run(promoting.promote(context, account, run))
