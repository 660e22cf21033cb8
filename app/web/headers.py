"""What every response carries, and the size that every request keeps to."""

import time

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.problems import answer

log = structlog.get_logger()

API = "/api/v1"
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
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
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
        known = method if method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"} else "other"
        self.metrics.requests.labels(known, route, str(status)).inc()
        self.metrics.seconds.labels(known, route).observe(seconds)
        log.debug(
            "request", method=method, path=scope["path"], status=status, ms=round(seconds * 1e3, 1)
        )
