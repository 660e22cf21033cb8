"""Training runs: starting, watching, cancelling, reading, choosing which one serves."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response

from app.actions import exporting_models, promoting, training
from app.actions.context import Context
from app.actions.training import RunView
from app.domain.errors import Conflict, NotFound
from app.web.access import Admin, Caller, World
from app.web.pages.parts import Absent, Key, OptionalKey, PositiveKey, to
from app.web.templating import page

router = APIRouter()

RUNS_A_PAGE = 50
LIVE = ("queued", "running")
CONFIGS = {"thorough": training.THOROUGH, "masks_alone": exporting_models.MASKS_ALONE}
ExportFormat = Annotated[exporting_models.Format, Form()]


@router.get("/runs")
def runs_page(
    request: Request, context: World, account: Caller, before: OptionalKey = None
) -> Response:
    """All runs; the live one with its progress."""
    return _runs(request, context, before=before)


@router.post("/runs")
def train(
    request: Request,
    context: World,
    account: Admin,
    start_from: Annotated[PositiveKey | None, Absent, Form()] = None,
    kind: Annotated[Literal["default", "thorough", "masks_alone"], Form()] = "default",
) -> Response:
    """Ask for a run with the defaults, one that goes on from another, one that takes its time, or
    one whose model can be exported, and show it.
    """
    config = CONFIGS.get(kind)
    try:
        run = training.request_run(context, account, config, start_from=start_from)
    except (Conflict, NotFound) as error:
        return _runs(request, context, status=error.status, problem=str(error))
    return to(f"/runs/{run.id}")


@router.get("/runs/{run_id}")
def run_page(request: Request, context: World, account: Caller, run_id: Key) -> Response:
    """One run: live progress, then how good it became."""
    return _run(request, context, run_id)


@router.post("/runs/{run_id}/cancel")
def cancel(request: Request, context: World, account: Admin, run_id: Key) -> Response:
    """Ask a run to stop."""
    return _after(request, context, run_id, lambda: training.cancel_run(context, account, run_id))


@router.post("/runs/{run_id}/repeat")
def repeat(request: Request, context: World, account: Admin, run_id: Key) -> Response:
    """Do the run over, and show the new one."""
    try:
        run = training.repeat_run(context, account, run_id)
    except Conflict as error:
        return _run(request, context, run_id, status=error.status, problem=str(error))
    return to(f"/runs/{run.id}")


@router.post("/runs/{run_id}/promote")
def promote(request: Request, context: World, account: Admin, run_id: Key) -> Response:
    """Let this run serve until another is promoted."""
    return _after(request, context, run_id, lambda: promoting.promote(context, account, run_id))


@router.post("/runs/{run_id}/export")
def export(
    request: Request, context: World, account: Admin, run_id: Key, format: ExportFormat
) -> Response:
    """Ask for the run's model as a file."""

    def ask() -> None:
        exporting_models.request_export(context, account, run_id, format)

    return _after(request, context, run_id, ask, "#export")


@router.post("/runs/{run_id}/export/cancel")
def cancel_export(
    request: Request, context: World, account: Admin, run_id: Key, format: ExportFormat
) -> Response:
    """Stop the writing of that file."""

    def stop() -> None:
        exporting_models.cancel_export(context, account, run_id, format)

    return _after(request, context, run_id, stop, "#export")


@router.post("/runs/follow-newest")
def follow_newest(context: World, account: Admin) -> Response:
    """Let the newest run serve again, and each after it."""
    promoting.follow_newest(context, account)
    return to("/runs")


def _after(
    request: Request, context: Context, run_id: int, act: Callable[[], object], place: str = ""
) -> Response:
    """The run's page, once this is done, or with what stood in its way."""
    try:
        act()
    except Conflict as error:
        return _run(request, context, run_id, status=error.status, problem=str(error))
    return to(f"/runs/{run_id}{place}")


def _run(
    request: Request, context: Context, run_id: int, *, status: int = 200, problem: str = ""
) -> Response:
    run = training.get_run(context, run_id)
    return page(
        request,
        "run.html",
        status,
        here="runs",
        run=run,
        serving=promoting.serving(context),
        exportable=exporting_models.sees_masks_alone(run.config),
        weights_size=training.weights_size(context, run_id),
        exports=exporting_models.exports_of(context, run_id) if run.state == "succeeded" else {},
        problem=problem,
    )


def _runs(
    request: Request,
    context: Context,
    *,
    before: int | None = None,
    status: int = 200,
    problem: str = "",
) -> Response:
    found = training.list_runs(context, before, RUNS_A_PAGE)
    account, in_use = request.state.account, promoting.serving(context)
    return page(
        request,
        "runs.html",
        status,
        here="runs",
        runs=found,
        serving=in_use,
        start_from=in_use.run if training.can_be_gone_on_from(context, in_use.run) else None,
        comparable=_to_compare(found) if account.is_admin else None,
        live_run=next((run for run in found if run.state in LIVE), None),
        more=found[-1].id if len(found) == RUNS_A_PAGE else None,
        problem=problem,
    )


def _to_compare(shown: Sequence[RunView]) -> tuple[int, int] | None:
    """The two of these runs that are offered first: the one in use and the newest other one that
    has succeeded. None where there are not two to choose from.
    """
    if len(shown) < 2:
        return None
    done = sorted(shown, key=lambda run: (not run.serving, run.state != "succeeded", -run.id))
    return done[0].id, done[1].id
