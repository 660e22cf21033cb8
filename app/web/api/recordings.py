"""`/recordings`: bringing files in, and what has come in."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from fastapi import Path as PathParameter

from app.actions import browsing
from app.actions.importing import ImportOptions, import_file
from app.domain.errors import FileTooLarge, InvalidInput
from app.web.access import Admin, Caller, World
from app.web.api import present
from app.web.api.schemas.components import RecordingOut, RecordingPage
from app.web.api.schemas.values import NO_NUL, Cursor
from app.web.problems import responses

router = APIRouter(prefix="/recordings", tags=["recordings"])

RecordingId = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
Limit = Annotated[int, Query(ge=1, le=500)]


@router.post(
    "",
    status_code=201,
    response_model=RecordingOut,
    responses={
        200: {"model": RecordingOut, "description": "The same content was there already."},
        **responses(400, 401, 403, 409, 413, 415, 422),
    },
)
def add_recording(
    context: World,
    account: Admin,
    response: Response,
    file: Annotated[UploadFile, File(description=".npz, .nwb, .hdf5, .isxd, .mat or a .zip")],
    name: Annotated[str | None, Form(max_length=200, pattern=NO_NUL)] = None,
    format: Annotated[str | None, Form(max_length=40)] = None,
    neuron_radius_px: Annotated[float | None, Form(gt=0, le=1000)] = None,
) -> RecordingOut:
    """Import a file. Several recordings in one zip are all stored; the first is answered."""
    file_name = Path(file.filename or "upload").name or "upload"
    if len(file_name) > 200 or not file_name.isprintable():
        raise InvalidInput("file: a name has at most 200 printable characters.")
    incoming = context.settings.data_dir / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    # Beside the database: /tmp is often too small for what a lab uploads.
    with tempfile.TemporaryDirectory(dir=incoming) as folder:
        path = Path(folder) / file_name
        _keep(file, path, context.settings.max_upload_bytes)
        stored = import_file(
            context,
            account,
            path,
            ImportOptions(
                format=format or None, name=name or None, neuron_radius_px=neuron_radius_px
            ),
        )
    if not any(one.new for one in stored):
        response.status_code = 200
    response.headers["Location"] = f"{present.API}/recordings/{stored[0].recording_id}"
    return present.recording(browsing.get_recording(context, stored[0].recording_id))


def _keep(file: UploadFile, path: Path, limit_bytes: int) -> None:
    with path.open("wb") as kept:
        shutil.copyfileobj(file.file, kept, 1 << 20)
    if path.stat().st_size > limit_bytes:
        raise FileTooLarge(path.name, limit_bytes // 1_000_000)


@router.get("", responses=responses(401, 422))
def list_recordings(
    context: World, account: Caller, limit: Limit = 100, cursor: Cursor = None
) -> RecordingPage:
    """Recordings in the order they were imported."""
    found = browsing.list_recordings(context, present.id_cursor(cursor) or 0, limit)
    return RecordingPage(
        items=[present.recording(one) for one in found],
        next=present.next_id([one.id for one in found], limit),
    )


@router.get("/{recording}", responses=responses(401, 404, 422))
def get_recording(context: World, account: Caller, recording: RecordingId) -> RecordingOut:
    """One recording with its counts."""
    return present.recording(browsing.get_recording(context, recording))
