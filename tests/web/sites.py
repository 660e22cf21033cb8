"""The application in this process, and the people who may call it."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from app.actions import accounts, tokens
from app.domain.accounts import Account
from app.main import create_app
from app.web.api import routes as api
from app.web.pages import routes as pages
from tests.support.world import ALICE, BOB, CAROL, World

API = "/api/v1"
HOST = "http://somata.test"
PASSWORD = "correct horse battery"


@dataclass
class Site:
    """A world with its web application. The people of the cast have tokens and passwords."""

    world: World
    app: FastAPI
    _tokens: dict[int, str] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)

    def token(self, who: Account) -> str:
        """A bearer token of this person."""
        if who.id not in self._tokens:
            self._tokens[who.id] = tokens.create(self.world.context, who, "tests")
        return self._tokens[who.id]

    def client(self, who: Account | None = None, headers: Mapping[str, str] | None = None) -> Any:
        """A client with this person's token; nobody's without one."""
        bearer = {} if who is None else {"Authorization": f"Bearer {self.token(who)}"}
        made = TestClient(
            self.app,
            base_url=HOST,
            headers={**bearer, **(headers or {})},
            follow_redirects=False,
        )
        # Entered, a client keeps one event loop for all its requests.
        return self._open.enter_context(made)

    def close(self) -> None:
        """Let the clients go."""
        self._open.close()

    def browser(self, who: Account) -> Any:
        """A client that is signed in with a session cookie, and names its origin."""
        self.set_password(who)
        client = self.client(headers={"Origin": HOST})
        given = {"name": who.name, "password": PASSWORD}
        answer = client.post("/sign-in", data=given)
        assert answer.status_code == 303, answer.text
        return client

    def set_password(self, who: Account) -> None:
        """Through an invite, as everybody does."""
        context = self.world.context
        secret = accounts.invite_again(context, ALICE, who.id)
        accounts.accept_invite(context, secret, who.name, PASSWORD)


def make_site(world: World) -> Site:
    """The application on this world."""
    return Site(world, create_app(world.context.settings, world.context))


def every_route() -> list[tuple[str, str]]:
    """Method and path pattern of every route that the application has, mounts apart."""
    found = [("GET", "/openapi.json")]
    for prefix, routers in (("", pages.ROUTERS), (API, api.ROUTERS)):
        for router in routers:
            for route in router.routes:
                assert isinstance(route, APIRoute)
                found += [(method, prefix + route.path) for method in sorted(route.methods or ())]
    return found


def label(component: int, label: int = 1, **more: object) -> dict[str, object]:
    """An answer as it goes over the wire."""
    return {"id": str(uuid4()), "component": component, "label": label, **more}


__all__ = ["ALICE", "API", "BOB", "CAROL", "HOST", "PASSWORD", "Site", "every_route", "label"]
