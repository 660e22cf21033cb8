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

USUAL_MB = 4
"""Of what is held in memory as a whole; a post of 1,000 labels is a tenth of it."""

PREDICT_MB = 300
"""10,000 masks of 50x50 as float32 are 100 MB, as JSON about three times that."""

UPLOAD_HEADS_BYTES = 100_000
"""The parts of a multipart body have heads of their own."""


class BodyTooLarge(SomataError):
    """A body of a call that takes no files passes what the call can need."""

    status = 413
    title = "Body too large"

    def __init__(self, limit_mb: int) -> None:
        super().__init__(
            f"This call takes at most {limit_mb} MB. Send fewer items at once; recordings go to "
            "POST /api/v1/recordings."
        )


class BodyLimit:
    """Stops a body that is too large while it arrives, before it fills memory or disk."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what arrives."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        limit_bytes, too_large = self._limit_of(scope["path"])
        refusal = await self._refusal(request, limit_bytes, too_large)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > limit_bytes:
                raise HTTPException(413, str(too_large))
            return message

        await self.app(scope, counted, send)

    def _limit_of(self, path: str) -> tuple[int, SomataError]:
        """The most bytes that this address takes, and the refusal of more."""
        if path == "/api/v1/recordings":
            limit_bytes = self.settings.max_upload_bytes + UPLOAD_HEADS_BYTES
            return limit_bytes, FileTooLarge("The upload", self.settings.max_upload_mb)
        limit_mb = PREDICT_MB if path == "/api/v1/predict" else USUAL_MB
        return limit_mb * 1_000_000, BodyTooLarge(limit_mb)

    async def _refusal(
        self, request: Request, limit_bytes: int, too_large: SomataError
    ) -> Response | None:
        try:
            # A body of unknown length may be as large as any.
            declared = int(request.headers.get("content-length", limit_bytes))
        except ValueError:
            return answer(request, 400, "Bad request", "Content-Length is not a number.")
        if declared > limit_bytes:
            return answer(request, too_large.status, too_large.title, str(too_large))
        if declared <= STRANGERS_BYTES:
            return None
        try:
            if await to_thread.run_sync(visitor, request) is None:
                raise must_sign_in()
        except SomataError as error:
            return answer(request, error.status, error.title, str(error))
        return None
