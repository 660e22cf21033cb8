"""How large a body may be, and from whom."""

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.errors import FileTooLarge, SomataError
from app.settings import Settings
from app.web.access import visitor
from app.web.problems import answer, must_sign_in

STRANGERS_BYTES = 1_000_000
"""More than this is read only from somebody who is signed in."""


class BodyLimit:
    """Stops a body that is too large while it arrives, before it fills the disk."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        # The parts of a multipart body have heads of their own.
        self.limit_bytes = settings.max_upload_bytes + 100_000
        self.limit_mb = settings.max_upload_mb

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what arrives."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        refusal = await self._refusal(request)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > self.limit_bytes:
                raise HTTPException(413, str(self._too_large()))
            return message

        await self.app(scope, counted, send)

    async def _refusal(self, request: Request) -> Response | None:
        try:
            declared = int(request.headers.get("content-length", self.limit_bytes))
        except ValueError:
            return answer(request, 400, "Bad request", "Content-Length is not a number.")
        if declared > self.limit_bytes:
            error: SomataError = self._too_large()
            return answer(request, error.status, error.title, str(error))
        if declared <= STRANGERS_BYTES:
            return None
        try:
            if await to_thread.run_sync(visitor, request) is None:
                raise must_sign_in()
        except SomataError as error:
            return answer(request, error.status, error.title, str(error))
        return None

    def _too_large(self) -> FileTooLarge:
        return FileTooLarge("The upload", self.limit_mb)
