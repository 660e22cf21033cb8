"""`/health`, `/metrics`, and background jobs that are no training runs."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.actions import demo, jobs
from app.storage.migrate import ping
from app.version import VERSION
from app.web.access import Admin, Caller, World
from app.web.api.schemas.system import Health, JobOut
from app.web.problems import responses

router = APIRouter(tags=["system"])

JobId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/health", responses=responses(503))
def health(context: World) -> Health:
    """Whether the database answers and a worker lives. Open to everybody."""
    ping(context.database)
    return Health(
        status="ok",
        database="sqlite" if context.database.is_sqlite else "postgresql",
        worker="alive" if jobs.worker_is_alive(context) else "absent",
        version=VERSION,
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **responses(401)},
)
def metrics(request: Request, account: Caller) -> Response:
    """Counters and timings for Prometheus; give its scraper a token."""
    return Response(
        generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST
    )


@router.post("/demo", status_code=202, responses=responses(400, 401, 403, 409, 422))
def load_demo(context: World, account: Admin) -> JobOut:
    """Have the worker simulate the demo's recordings and store them."""
    return JobOut.model_validate(vars(demo.request_demo(context, account)))


@router.get("/jobs/{job}", responses=responses(401, 404, 422))
def get_job(context: World, account: Caller, job: JobId) -> JobOut:
    """A job's state and progress."""
    return JobOut.model_validate(vars(jobs.view(context, job)))


@router.post("/jobs/{job}/cancel", responses=responses(400, 401, 403, 404, 422))
def cancel_job(context: World, account: Admin, job: JobId) -> JobOut:
    """Ask a job to stop."""
    return JobOut.model_validate(vars(jobs.cancel(context, job)))
