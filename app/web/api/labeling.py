"""`/queue` and `/labels`: work out, answers in."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app.actions import exporting, labeling, montage, noting, queueing, retracing
from app.web.access import Caller, World
from app.web.api import present, streaming
from app.web.api.one_trip import OneTripRoute
from app.web.api.schemas.components import NoteOut
from app.web.api.schemas.labeling import (
    LabelAnswer,
    LabelsAnswer,
    LabelsIn,
    LabelsOut,
    MontageAnswer,
    MontageRequest,
    NoteIn,
    QueueAnswer,
    QueueRequest,
    SkipIn,
    StepPage,
    UndoIn,
    UndoOut,
)
from app.web.api.schemas.values import Cursor
from app.web.problems import responses

router = APIRouter(tags=["labeling"], route_class=OneTripRoute)


@router.post("/queue/next", responses=responses(400, 401, 403, 404, 409, 413, 422))
def next_components(context: World, account: Caller, body: QueueRequest) -> QueueAnswer:
    """Lease the next components to look at. None left: an empty list."""
    wanted = queueing.Wanted(
        strategy=body.strategy,
        count=body.count,
        recording=body.recording,
        round=body.round,
        holding=body.holding,
        ahead=body.ahead,
    )
    items, remaining = queueing.next_components(context, account, wanted)
    return QueueAnswer(
        items=present.work(items), remaining=remaining, views=present.views_url(items)
    )


@router.post("/queue/montage", responses=responses(400, 401, 403, 404, 409, 413, 422))
def next_montage(context: World, account: Caller, body: MontageRequest) -> MontageAnswer:
    """Lease a page of components that look like one class, the surest first.

    None above the threshold, or none of that class before the first run: an empty list.
    """
    wanted = montage.MontageWanted(
        body.label, body.count, body.recording, body.holding, body.selection
    )
    return present.montage(montage.next_page(context, account, wanted))


@router.post("/queue/skip", responses=responses(400, 401, 403, 404, 409, 413, 422))
def skip(context: World, account: Caller, body: SkipIn) -> LabelAnswer:
    """Pass a component on: the queue will not give it to you again."""
    skipped = labeling.Answer(body.id, body.component, 0, lease=body.lease, round=body.round)
    return present.receipt(labeling.skip(context, account, skipped, body.reason))


@router.post("/labels", responses=responses(400, 401, 403, 409, 413, 422))
def add_labels(context: World, account: Caller, body: LabelsIn) -> LabelsAnswer:
    """Append answers. What is acknowledged here is on disk; the same id again is harmless."""
    answers = [
        labeling.Answer(
            id=one.id,
            component=one.component,
            label=one.label,
            lease=one.lease,
            round=one.round,
            seconds=one.seconds,
            montage=one.montage,
        )
        for one in body.labels
    ]
    receipts = labeling.answer(context, account, answers)
    return LabelsAnswer(items=[present.receipt(one) for one in receipts])


@router.post("/labels/undo", responses=responses(400, 401, 403, 404, 409, 413, 422))
def undo(context: World, account: Caller, body: UndoIn) -> UndoOut:
    """Append the retraction of one of your own answers or skips."""
    component = labeling.undo(context, account, body.id, body.undoes)
    return UndoOut(id=body.id, undoes=body.undoes, component=component)


@router.post("/notes", responses=responses(400, 401, 403, 404, 409, 413, 422))
def write_note(context: World, account: Caller, body: NoteIn) -> NoteOut:
    """Write a note on a component: others read it once they have answered, admins always."""
    noted = noting.Noted(body.id, body.component, body.text)
    return present.note(noting.write(context, account, noted))


@router.get("/labels/mine", responses=responses(401, 404, 422))
def own_steps(
    context: World,
    account: Caller,
    round: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Cursor = None,
) -> StepPage:
    """Your answers and skips that stand, newest first: in a round, or without one outside rounds.

    What you answered is left out: whoever walks back is asked again, blind.
    """
    found = retracing.own_steps(context, account, round, present.id_cursor(cursor), limit)
    return StepPage(
        items=[present.step(one) for one in found],
        next=present.next_id([one.event for one in found], limit),
    )


@router.get(
    "/labels",
    response_model=LabelsOut,
    responses={**streaming.described("csv", "ndjson"), **responses(401, 422)},
)
def list_labels(
    context: World,
    account: Caller,
    format: Annotated[Literal["json", "csv", "ndjson"], Query()] = "json",
    history: bool = False,
) -> StreamingResponse:
    """All current labels, or with `history` every event, streamed."""
    rows = (
        exporting.label_history(context, account)
        if history
        else exporting.current_labels(context, account)
    )
    columns = streaming.EVENT_COLUMNS if history else streaming.LABEL_COLUMNS
    return streaming.stream(rows, format, columns, "labels")
