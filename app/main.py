"""The web application: `create_app(settings)` and nothing global."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.actions.context import Context, make_context
from app.settings import Settings
from app.version import VERSION
from app.web import problems
from app.web.api import routes as api
from app.web.api.one_trip import threads_for_labelers
from app.web.api.present import API
from app.web.headers import Metrics, Outermost
from app.web.limits import BodyLimit
from app.web.pages import routes as pages
from app.web.sessions import Sessions
from app.web.templating import STATIC


def create_app(settings: Settings, context: Context | None = None) -> FastAPI:
    """The application on the database that the settings name, which is migrated already."""
    context = context or make_context(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        context.database.dispose()

    app = FastAPI(
        title="Somata",
        version=VERSION,
        summary="Sorting of calcium-imaging components: labels in, predictions out.",
        lifespan=lifespan,
        # Both pages would load scripts from elsewhere; /openapi.json is served.
        docs_url=None,
        redoc_url=None,
        # /metrics has ours; the framework would look for another collector at each request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.context = context
    app.state.sessions = Sessions(settings)
    app.state.metrics = Metrics()
    app.state.labelers_threads = threads_for_labelers()
    for router in api.ROUTERS:
        app.include_router(router, prefix=API)
    for router in pages.ROUTERS:
        app.include_router(router, include_in_schema=False)
    app.mount("/static", Static(directory=STATIC), name="static")
    problems.install(app)
    app.add_middleware(BodyLimit, settings=settings)
    app.add_middleware(Outermost, metrics=app.state.metrics)
    return app


class Static(StaticFiles):
    """Our own scripts, styles and pictures: asked for again each time, answered by 304."""

    async def get_response(self, path: str, scope: Scope) -> Any:
        """The file, with a word on caching."""
        response = await super().get_response(path, scope)
        response.headers.setdefault("Cache-Control", "no-cache")
        return response
