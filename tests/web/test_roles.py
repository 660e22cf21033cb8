"""Who reaches what: every route with every role, from one table."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.actions import accounts, tokens
from app.domain.accounts import Account, Role
from app.storage.tables import Labeler
from tests.web.sites import ALICE, API, BOB, CAROL, HOST, Site, every_route

OPEN, SIGNED_IN, ADMIN = "open to everybody", "signed in", "admin"

REACH = {
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/sign-in"): OPEN,
    ("POST", "/sign-in"): OPEN,
    ("POST", "/sign-out"): OPEN,
    ("GET", "/invite/{secret}"): OPEN,
    ("POST", "/invite/{secret}"): OPEN,
    ("GET", "/"): SIGNED_IN,
    ("GET", "/import"): ADMIN,
    ("GET", "/recordings/{recording}"): SIGNED_IN,
    ("GET", "/recordings/{recording}/summary/{kind}.png"): SIGNED_IN,
    ("GET", "/montage"): SIGNED_IN,
    ("GET", "/label"): SIGNED_IN,
    ("GET", "/rounds/{round_id}/label"): SIGNED_IN,
    ("GET", "/components"): SIGNED_IN,
    ("GET", "/components/sprite.png"): SIGNED_IN,
    ("GET", "/components/{component}"): SIGNED_IN,
    ("GET", "/map"): ADMIN,
    ("GET", "/discuss"): SIGNED_IN,
    ("POST", "/discuss/{component}/raise"): SIGNED_IN,
    ("POST", "/discuss/{component}/answer"): SIGNED_IN,
    ("POST", "/discuss/{component}/note"): SIGNED_IN,
    ("POST", "/discuss/{component}/settle"): SIGNED_IN,
    ("POST", "/discuss/{component}/withdraw"): SIGNED_IN,
    ("GET", "/rounds"): SIGNED_IN,
    ("POST", "/rounds"): ADMIN,
    ("GET", "/rounds/{round_id}"): SIGNED_IN,
    ("POST", "/rounds/{round_id}/close"): ADMIN,
    ("GET", "/runs"): SIGNED_IN,
    ("POST", "/runs"): ADMIN,
    ("GET", "/runs/compare"): ADMIN,
    ("GET", "/runs/{run_id}"): SIGNED_IN,
    ("POST", "/runs/{run_id}/cancel"): ADMIN,
    ("POST", "/runs/{run_id}/promote"): ADMIN,
    ("POST", "/runs/{run_id}/repeat"): ADMIN,
    ("POST", "/runs/{run_id}/export"): ADMIN,
    ("POST", "/runs/{run_id}/export/cancel"): ADMIN,
    ("POST", "/runs/follow-newest"): ADMIN,
    ("GET", "/definitions"): SIGNED_IN,
    ("POST", "/definitions/{label}"): ADMIN,
    ("POST", "/definitions/examples/{component}"): ADMIN,
    ("GET", "/montage/threshold"): ADMIN,
    ("POST", "/montage/threshold"): ADMIN,
    ("GET", "/tuning"): ADMIN,
    ("POST", "/tuning"): ADMIN,
    ("GET", "/tuning/{study_id}"): ADMIN,
    ("GET", "/tuning/{study_id}/live"): ADMIN,
    ("POST", "/tuning/{study_id}/cancel"): ADMIN,
    ("POST", "/tuning/{study_id}/train"): ADMIN,
    ("GET", "/people"): ADMIN,
    ("POST", "/people/invites"): ADMIN,
    ("POST", "/people/{person}/invite"): ADMIN,
    ("POST", "/people/{person}/role"): ADMIN,
    ("POST", "/people/{person}/active"): ADMIN,
    ("GET", "/account"): SIGNED_IN,
    ("POST", "/account/tokens"): SIGNED_IN,
    ("POST", "/account/tokens/{token}/revoke"): SIGNED_IN,
    ("POST", "/account/password"): SIGNED_IN,
    ("POST", "/account/sign-out-everywhere"): SIGNED_IN,
    ("POST", f"{API}/recordings"): ADMIN,
    ("GET", f"{API}/recordings"): SIGNED_IN,
    ("GET", f"{API}/recordings/{{recording}}"): SIGNED_IN,
    ("GET", f"{API}/components"): SIGNED_IN,
    ("GET", f"{API}/components/views"): SIGNED_IN,
    ("GET", f"{API}/recordings/{{recording}}/summary"): SIGNED_IN,
    ("GET", f"{API}/components/{{component}}"): SIGNED_IN,
    ("GET", f"{API}/components/{{component}}/note"): SIGNED_IN,
    ("GET", f"{API}/components/{{component}}/looks-like"): SIGNED_IN,
    ("GET", f"{API}/discussions"): SIGNED_IN,
    ("POST", f"{API}/discussions"): SIGNED_IN,
    ("POST", f"{API}/discussions/{{component}}/settle"): SIGNED_IN,
    ("POST", f"{API}/discussions/{{component}}/withdraw"): SIGNED_IN,
    ("GET", f"{API}/components/{{component}}/mask.png"): SIGNED_IN,
    ("GET", f"{API}/components/{{component}}/mask.npy"): SIGNED_IN,
    ("GET", f"{API}/components/{{component}}/context.png"): SIGNED_IN,
    ("GET", f"{API}/components/{{component}}/trace"): SIGNED_IN,
    ("POST", f"{API}/queue/montage"): SIGNED_IN,
    ("POST", f"{API}/queue/next"): SIGNED_IN,
    ("POST", f"{API}/queue/skip"): SIGNED_IN,
    ("POST", f"{API}/labels"): SIGNED_IN,
    ("POST", f"{API}/labels/undo"): SIGNED_IN,
    ("GET", f"{API}/labels"): SIGNED_IN,
    ("GET", f"{API}/labels/mine"): SIGNED_IN,
    ("POST", f"{API}/notes"): SIGNED_IN,
    ("POST", f"{API}/training-runs"): ADMIN,
    ("GET", f"{API}/training-runs"): SIGNED_IN,
    ("GET", f"{API}/training-runs/compare"): ADMIN,
    ("GET", f"{API}/training-runs/serving"): SIGNED_IN,
    ("POST", f"{API}/training-runs/serving/follow-newest"): ADMIN,
    ("GET", f"{API}/training-runs/{{run}}"): SIGNED_IN,
    ("GET", f"{API}/training-runs/{{run}}/card"): SIGNED_IN,
    ("GET", f"{API}/training-runs/{{run}}/events"): SIGNED_IN,
    ("GET", f"{API}/training-runs/{{run}}/weights"): SIGNED_IN,
    ("POST", f"{API}/training-runs/{{run}}/cancel"): ADMIN,
    ("POST", f"{API}/training-runs/{{run}}/promote"): ADMIN,
    ("POST", f"{API}/training-runs/{{run}}/export"): ADMIN,
    ("GET", f"{API}/training-runs/{{run}}/export/{{format}}"): ADMIN,
    ("POST", f"{API}/tuning"): ADMIN,
    ("GET", f"{API}/tuning"): SIGNED_IN,
    ("GET", f"{API}/tuning/{{tuning_id}}"): SIGNED_IN,
    ("POST", f"{API}/tuning/{{tuning_id}}/cancel"): ADMIN,
    ("GET", f"{API}/predictions"): SIGNED_IN,
    ("POST", f"{API}/predict"): SIGNED_IN,
    ("POST", f"{API}/rounds"): ADMIN,
    ("GET", f"{API}/map/points"): ADMIN,
    ("POST", f"{API}/selections"): SIGNED_IN,
    ("GET", f"{API}/selections/{{selection}}"): SIGNED_IN,
    ("GET", f"{API}/rounds"): SIGNED_IN,
    ("GET", f"{API}/rounds/{{round}}"): SIGNED_IN,
    ("POST", f"{API}/rounds/{{round}}/close"): ADMIN,
    ("GET", f"{API}/definitions"): SIGNED_IN,
    ("PUT", f"{API}/definitions/{{label}}"): ADMIN,
    ("PUT", f"{API}/definitions/examples/{{component}}"): ADMIN,
    ("GET", f"{API}/health"): OPEN,
    ("GET", f"{API}/metrics"): SIGNED_IN,
    ("POST", f"{API}/demo"): ADMIN,
    ("GET", f"{API}/jobs/{{job}}"): SIGNED_IN,
    ("POST", f"{API}/jobs/{{job}}/cancel"): ADMIN,
}
STATE_CHANGING = sorted(route for route in REACH if route[0] != "GET")


def test_the_table_names_every_route_and_no_other() -> None:
    assert sorted(REACH) == sorted(every_route())


def filled(path: str) -> str:
    """A path in which every part is something plausible."""
    return re.sub(
        r"\{(\w+)\}", lambda part: {"secret": "x", "kind": "mean"}.get(part[1], "9"), path
    )


def revoked(site: Site) -> Any:
    secret = tokens.create(site.world.context, ALICE, "old")
    newest = max(one.id for one in tokens.listed(site.world.context, ALICE))
    tokens.revoke(site.world.context, ALICE, newest)
    return site.client(headers={"Authorization": f"Bearer {secret}"})


def deactivated(site: Site) -> Any:
    client = site.client(CAROL)
    accounts.set_active(site.world.context, ALICE, CAROL.id, False)
    return client


def deactivated_browser(site: Site) -> Any:
    client = site.browser(CAROL)
    accounts.set_active(site.world.context, ALICE, CAROL.id, False)
    return client


def source_of_labels(site: Site) -> Any:
    site.world.recording(2, labels=[1, 2], annotator="a file")
    with site.world.context.database.read() as session:
        found = session.execute(select(Labeler).where(Labeler.name == "a file")).scalar_one()
    return site.client(Account(found.id, found.name, Role.ADMIN))


STRANGERS: dict[str, Callable[[Site], Any]] = {
    "nobody": lambda site: site.client(),
    "a made-up token": lambda site: site.client(headers={"Authorization": "Bearer somata_x"}),
    "an empty token": lambda site: site.client(headers={"Authorization": "Bearer "}),
    "a made-up cookie": lambda site: site.client(
        headers={"Cookie": "somata_session=WzEsMF0.a.b", "Origin": HOST}
    ),
    "a revoked token": revoked,
    "a deactivated person's token": deactivated,
    "a deactivated person's browser": deactivated_browser,
    "a source of labels": source_of_labels,
}


@pytest.mark.parametrize("who", STRANGERS)
def test_strangers_reach_only_what_is_open_to_everybody(site: Site, who: str) -> None:
    client = STRANGERS[who](site)
    reached = {
        route: client.request(route[0], filled(route[1])).status_code != 401 for route in REACH
    }
    assert reached == {route: needed == OPEN for route, needed in REACH.items()}


@pytest.mark.parametrize("way", ["token", "browser"])
def test_a_labeler_reaches_everything_but_admin_actions(site: Site, way: str) -> None:
    client = site.client(BOB) if way == "token" else site.browser(BOB)
    # Signing out ends the session, so it is asked for last.
    routes = sorted(REACH, key=lambda route: "sign-out" in route[1])
    forbidden = [
        route for route in routes if client.request(route[0], filled(route[1])).status_code == 403
    ]
    assert sorted(forbidden) == sorted(r for r, needed in REACH.items() if needed == ADMIN)


def test_an_admin_reaches_everything(site: Site) -> None:
    client = site.client(ALICE)
    refused = [
        route
        for route in REACH
        if client.request(route[0], filled(route[1])).status_code in (401, 403)
    ]
    assert refused == []


def test_a_person_without_a_session_is_sent_to_the_sign_in_page_and_back(site: Site) -> None:
    answer = site.client().get("/runs", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/runs")


FOREIGN = (
    "https://evil.example",
    "http://somata.test.evil.example",
    "http://somata.test:8000",
    "http://evil.example/http://somata.test",
    "null",
    "http://[",
    "somata.test",
    "",
    None,
)


def test_no_state_changing_request_with_a_session_is_taken_from_another_site(site: Site) -> None:
    client = site.browser(ALICE)
    del client.headers["Origin"]
    taken = []
    for method, path in STATE_CHANGING:
        for origin in FOREIGN:
            headers = {} if origin is None else {"Origin": origin}
            answer = client.request(method, filled(path), headers=headers)
            said = (answer.status_code, answer.json().get("title"))
            if said != (403, "Request from another site"):
                taken.append((path, origin, said))
    assert taken == []


def test_the_origin_is_read_from_the_referer_where_a_browser_names_no_other(site: Site) -> None:
    client = site.browser(ALICE)
    del client.headers["Origin"]
    foreign = client.post("/runs", headers={"Referer": "https://evil.example/somata.test"})
    own = client.post("/runs", headers={"Referer": f"{HOST}/runs"})
    assert (foreign.status_code, own.status_code) == (403, 303)


def test_the_public_address_is_our_own_origin_behind_a_proxy(site: Site) -> None:
    public = Site(site.world, site.app)
    context = site.world.with_settings(public_url="https://somata.lab")
    public.app.state.context = context
    client = public.browser(ALICE)
    assert client.post("/runs", headers={"Origin": "https://somata.lab"}).status_code == 303
    assert client.post("/runs", headers={"Origin": "https://other.lab"}).status_code == 403


def test_a_program_with_a_token_needs_no_origin(site: Site) -> None:
    assert site.client(ALICE).post(f"{API}/training-runs").status_code == 202


def test_a_foreign_site_cannot_sign_anybody_in(site: Site) -> None:
    site.set_password(BOB)
    given = {"name": "Bob", "password": "correct horse battery"}
    answer = site.client().post("/sign-in", data=given, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
