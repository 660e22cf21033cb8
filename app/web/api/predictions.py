"""`/predictions` of what is stored, and `/predict` for what is not."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from numpy.typing import NDArray
from pydantic import ValidationError

from app.actions import exporting, predicting
from app.actions.views import PredictionView
from app.domain.errors import InvalidInput, UnsupportedContent
from app.formats.limits import ReadLimits
from app.formats.posted import read_posted_masks
from app.web.access import Caller, World
from app.web.api import streaming
from app.web.api.schemas.predictions import MaskPrediction, PredictAnswer, PredictIn, PredictionsOut
from app.web.problems import responses

router = APIRouter(tags=["predictions"])

Key = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
BINARY_TYPES = ("application/octet-stream", "application/x-npy", "application/zip")
_BINARY = {"schema": {"type": "string", "format": "binary"}}
PREDICT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": PredictIn.model_json_schema()},
            # What bytes make an .npy array no schema can say, so any are described.
            "application/octet-stream": _BINARY,
        },
    }
}


@router.get(
    "/predictions",
    response_model=PredictionsOut,
    responses={
        **streaming.described("csv", "ndjson", "parquet"),
        **responses(401, 404, 409, 422),
    },
)
def list_predictions(
    context: World,
    account: Caller,
    recording: Key = None,
    run: Key = None,
    format: Annotated[Literal["json", "ndjson", "csv", "parquet"], Query()] = "json",
) -> StreamingResponse:
    """A run's predictions (the newest model's by default) of every component, streamed."""
    found = exporting.predictions(context, account, recording, run)
    if format == "parquet":
        return streaming.stream_parquet(_flat(found), "predictions")
    if format == "csv":
        columns = streaming.PREDICTION_SCHEMA.names
        return streaming.stream(_flat(found), "csv", columns, "predictions")
    return streaming.stream((vars(one) for one in found), format, (), "predictions")


def _flat(found: Iterator[PredictionView]) -> Iterator[dict[str, Any]]:
    for one in found:
        row = dict(vars(one))
        row["p1"], row["p2"], row["p3"], row["p4"] = row.pop("probabilities")
        yield row


async def read_body(request: Request) -> bytes:
    """The whole body; its size is bounded before it comes here."""
    return await request.body()


@router.post(
    "/predict",
    responses=responses(400, 401, 403, 409, 413, 415, 422, 503),
    openapi_extra=PREDICT_BODY,
)
def predict(
    context: World, account: Caller, request: Request, body: Annotated[bytes, Depends(read_body)]
) -> PredictAnswer:
    """Probabilities, entropy and mutual information for masks (N, 50, 50): JSON, or the bytes of an
    .npy or .npz.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        masks = _from_json(body)
    elif kind in BINARY_TYPES:
        masks = read_posted_masks(body, ReadLimits(max_unpacked_bytes=200_000_000))
    else:
        raise UnsupportedContent(
            f"Send application/json or application/octet-stream (.npy, .npz), not {kind or 'none'}."
        )
    found = predicting.predict(context, account, masks)
    return PredictAnswer(
        run=found.run,
        items=[
            MaskPrediction(
                probabilities=(row[0], row[1], row[2], row[3]),
                predicted=int(np.argmax(row)) + 1,
                entropy=entropy,
                mutual_information=unsettled,
            )
            for row, entropy, unsettled in zip(
                found.probabilities.tolist(),
                found.entropy.tolist(),
                found.mutual_information.tolist(),
                strict=True,
            )
        ],
    )


def _from_json(body: bytes) -> NDArray[np.float32]:
    try:
        parsed = PredictIn.model_validate_json(body)
        return np.array(parsed.masks, dtype=np.float32)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{where or 'body'}: {first['msg']}") from error
    except ValueError as error:
        raise InvalidInput("masks: every mask has the same number of rows and columns.") from error
