"""What every response carries, and the size that every request keeps to."""

import time
from collections.abc import Sequence

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.problems import answer

log = structlog.get_logger()

API = "/api/v1"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"})
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
SECURITY = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # The origin itself must be named, or the origin check would refuse our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# As they go over the wire: every response carries them.
_SECURITY = [(name.lower().encode(), value.encode()) for name, value in SECURITY.items()]
_API_DEFAULTS = [*_SECURITY, (b"cache-control", b"no-store")]


class Metrics:
    """Requests by route and status, and how long they took, in seconds."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "somata_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "somata_request_seconds",
            "Time to answer, in seconds.",
            ["method", "route"],
            registry=self.registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
        )
        self._of: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        known = method if method in METHODS else "other"
        key = (known, route, status)
        found = self._of.get(key)
        if found is None:
            # Looked up once each: the library takes a lock and builds texts for it.
            found = self._of[key] = (
                self.requests.labels(known, route, str(status)),
                self.seconds.labels(known, route),
            )
        found[0].inc()
        found[1].observe(seconds)


class Outermost:
    """Security headers, metrics and the log line of every request, and the answer to what nobody
    foresaw. Plain ASGI, so streams stay streams.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and look at what comes back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        of_api = scope["path"].startswith("/api/")
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_defaults(message, _API_DEFAULTS if of_api else _SECURITY)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            # Answered here: the framework's own last resort lies outside, and lacks our headers.
            log.exception("request failed", path=scope["path"])
            if status:
                raise
            detail = "Something went wrong on our side; nothing was stored. The log says what."
            response = answer(Request(scope), 500, "Internal error", detail)
            await response(scope, receive, send_with_headers)
        finally:
            self._note(scope, status or 500, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's pattern, not the path: a label per component would grow without end.
        route = getattr(scope.get("route"), "path", "none")
        if scope["path"].startswith(API) and route != "none":
            # The framework's pattern lacks the prefix, and pages have some of the same names.
            route = API + route.removeprefix(API)
        method = scope["method"]
        self.metrics.note(method, route, status, seconds)
        log.debug(
            "request", method=method, path=scope["path"], status=status, ms=round(seconds * 1e3, 1)
        )


def _add_defaults(message: Message, defaults: Sequence[tuple[bytes, bytes]]) -> None:
    """Add these headers where the response has none of that name."""
    given = list(message.get("headers", ()))
    names = {name.lower() for name, _ in given}
    message["headers"] = given + [one for one in defaults if one[0] not in names]
