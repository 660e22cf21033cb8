"""The route of calls that labelers make at every key: one trip to a thread, and nothing twice."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_type_hints

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from app.web.access import Caller, World, context_of, signed_in

LABELERS_THREADS = 24
"""Twenty labelers may wait for one commit; and on PostgreSQL each has a transaction of its own."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def threads_for_labelers() -> ThreadPoolExecutor:
    """Their own threads, so that nobody's export or picture makes a labeler wait for one."""
    return ThreadPoolExecutor(LABELERS_THREADS, "labelers")


class OneTripRoute(APIRoute):
    """For endpoints that take (context: World, account: Caller, body: a model), return a model.

    The framework goes to a thread to ask who is calling and again for the endpoint, and
    validates the answer that we have just built: about half of what a label costs. Here one
    thread does all of it. OpenAPI is made from the signature as ever; a request that is not
    plainly right, and an endpoint of another shape, take the framework's way.
    """

    def get_route_handler(self) -> Handler:
        """The handler of requests."""
        usual = super().get_route_handler()
        endpoint = self.endpoint
        model = _body_of(endpoint)
        if model is None:
            return usual

        def act(request: Request, body: BaseModel) -> bytes:
            answer: BaseModel = endpoint(context_of(request), signed_in(request), body)
            return answer.model_dump_json(by_alias=True).encode()

        async def handle(request: Request) -> Response:
            if request.headers.get("content-type") != "application/json":
                return await usual(request)
            try:
                body = model.model_validate_json(await request.body())
            except ValidationError:
                # The framework says what is wrong, in the words that every call has for it.
                return await usual(request)
            threads: ThreadPoolExecutor = request.app.state.labelers_threads
            running = asyncio.get_running_loop()
            content = await running.run_in_executor(threads, act, request, body)
            return Response(content, media_type="application/json")

        return handle


def _body_of(endpoint: Callable[..., Any]) -> type[BaseModel] | None:
    """The model of the body, where the endpoint has the shape; else None."""
    hints = get_type_hints(endpoint, include_extras=True)
    body, answer = hints.pop("body", None), hints.pop("return", None)
    # Compared as a whole: an endpoint for admins must not lose its check.
    if hints != {"context": World, "account": Caller} or not _is_model(answer):
        return None
    return body if _is_model(body) else None


def _is_model(one: object) -> bool:
    return isinstance(one, type) and issubclass(one, BaseModel)
