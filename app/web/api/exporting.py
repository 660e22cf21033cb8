"""`/training-runs/{run}/weights` and `/export`: a run's model as a file for other programs."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from app.actions import exporting_models
from app.actions.exporting_models import FORMATS, Format
from app.web.access import Admin, Caller, World
from app.web.api.schemas.system import JobOut
from app.web.api.schemas.training import ExportIn
from app.web.problems import responses

router = APIRouter(prefix="/training-runs", tags=["training"])

RunId = Annotated[int, Path(ge=1, le=2**31 - 1)]
SAFETENSORS = "application/octet-stream"
WEIGHTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The weights.",
        "content": {SAFETENSORS: {"schema": {"type": "string", "format": "binary"}}},
    }
}
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {
            one.media_type: {"schema": {"type": "string", "format": "binary"}}
            for one in FORMATS.values()
        },
    }
}


@router.get(
    "/{run}/weights",
    response_class=Response,
    responses={**WEIGHTS, **responses(401, 404, 409, 422)},
)
def get_weights(context: World, account: Caller, run: RunId) -> Response:
    """The run's model as safetensors: the weights, with their configuration in the header.

    409 for a run that has not succeeded.
    """
    data = exporting_models.weights(context, run)
    headers = {"Content-Disposition": f'attachment; filename="model_run_{run}.safetensors"'}
    return Response(data, media_type=SAFETENSORS, headers=headers)


@router.post(
    "/{run}/export", status_code=202, responses=responses(400, 401, 403, 404, 409, 413, 422)
)
def request_export(context: World, account: Admin, run: RunId, body: ExportIn) -> JobOut:
    """Have the worker write a run's model as a file; its job says how far it is.

    One at a time of a run and format: asked again meanwhile, it answers with that job.
    409 for a run that has not succeeded, or whose model looks at more than masks.
    """
    return JobOut.model_validate(
        vars(exporting_models.request_export(context, account, run, body.format))
    )


@router.get(
    "/{run}/export/{format}",
    response_class=Response,
    responses={**FILE, **responses(401, 403, 404, 422)},
)
def get_export(context: World, account: Admin, run: RunId, format: Format) -> Response:
    """The file that was written last. It is kept for a day: ask for it again after that."""
    data = exporting_models.exported_file(context, account, run, format)
    kind = FORMATS[format]
    headers = {"Content-Disposition": f'attachment; filename="{kind.file_name(run)}"'}
    return Response(data, media_type=kind.media_type, headers=headers)
