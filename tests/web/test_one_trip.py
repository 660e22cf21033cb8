"""One trip to a thread instead of two must not be seen from outside."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from app.web import problems
from app.web.access import Admin, Caller, World
from app.web.api.labeling import router as labeling
from app.web.api.one_trip import OneTripRoute
from app.web.api.schemas.labeling import SkipIn, UndoOut
from tests.web.sites import ALICE, BOB, Site, label

JSON = {"Content-Type": "application/json"}
UUID = "00000000-0000-4000-8000-000000000001"

OTHER_REQUESTS = [
    (JSON, b""),
    (JSON, b"{"),
    (JSON, b"\xff"),
    (JSON, b"[]"),
    (JSON, b"null"),
    (JSON, b"{}"),
    (JSON, b'{"strategy": "guess"}'),
    (JSON, b'{"count": "1"}'),
    (JSON, b'{"count": 0}'),
    (JSON, b'{"count": NaN}'),
    (JSON, b'{"colour": 1}'),
    (JSON, b"[" * 100_000),
    ({}, b'{"count": 1}'),
    ({"Content-Type": "text/plain"}, b'{"count": 1}'),
    ({"Content-Type": "application/json; charset=utf-8"}, b'{"count": 1}'),
]


def application(site: Site, route_class: type[APIRoute]) -> Any:
    """A client of the labelers' calls, each in a route of this class."""
    router = APIRouter(route_class=route_class)
    for route in labeling.routes:
        assert isinstance(route, APIRoute)
        router.add_api_route(route.path, route.endpoint, methods=list(route.methods or ()))
    return client_of(site, router)


def client_of(site: Site, router: APIRouter) -> Any:
    app = FastAPI()
    app.state = site.app.state
    app.include_router(router)
    problems.install(app)
    return Site(site.world, app, site._tokens, site._open).client


@pytest.mark.parametrize(("headers", "body"), OTHER_REQUESTS)
@pytest.mark.parametrize("who", [BOB, None], ids=["signed in", "a stranger"])
def test_whatever_is_not_plainly_right_is_answered_as_the_framework_does(
    site: Site, headers: dict[str, str], body: bytes, who: Any
) -> None:
    answers = []
    for route_class in (OneTripRoute, APIRoute):
        client = application(site, route_class)(who, headers)
        answer = client.post("/queue/next", content=body)
        answers.append((answer.status_code, answer.headers["content-type"], answer.content))
    assert answers[0] == answers[1]


def test_an_answer_has_the_same_shape(site: Site) -> None:
    first, second = site.world.recording(2)
    posts = [{"labels": [label(one)]} for one in (first, second)]
    one_trip = application(site, OneTripRoute)(BOB).post("/labels", json=posts[0])
    usual = application(site, APIRoute)(BOB).post("/labels", json=posts[1])
    assert one_trip.status_code == usual.status_code == 200
    assert dict(one_trip.headers) == dict(usual.headers)
    assert one_trip.json()["items"][0] == {
        **usual.json()["items"][0],
        "id": posts[0]["labels"][0]["id"],
        "component": first,
    }


def test_a_stranger_is_refused(site: Site) -> None:
    client = application(site, OneTripRoute)()
    assert client.post("/queue/next", json={"count": 1}).status_code == 401
    assert site.world.log() == []


def test_a_browser_must_name_its_origin(site: Site) -> None:
    browser = site.browser(BOB)
    other = {"Origin": "http://elsewhere.test"}
    answer = browser.post("/api/v1/queue/next", json={"count": 1}, headers=other)
    assert answer.status_code == 403


def test_an_endpoint_of_admins_keeps_its_check(site: Site) -> None:
    router = APIRouter(route_class=OneTripRoute)

    @router.post("/only")
    def only_for_admins(context: World, account: Admin, body: SkipIn) -> UndoOut:
        return UndoOut(id=body.id, undoes=body.id, component=body.component)

    @router.post("/all")
    def for_all(context: World, account: Caller, body: SkipIn) -> UndoOut:
        return UndoOut(id=body.id, undoes=body.id, component=body.component)

    body = {"id": UUID, "component": 1}
    client = client_of(site, router)
    assert client(BOB).post("/only", json=body).status_code == 403
    assert client(ALICE).post("/only", json=body).status_code == 200
    assert client(BOB).post("/all", json=body).status_code == 200
