"""Asking for a run that goes on from another, by program and on the page."""

from app.actions import training
from tests.support.loop import API
from tests.support.world import World
from tests.web.answers import problem
from tests.web.sites import ALICE, BOB, Site


def trained(world: World) -> int:
    return world.train({world.component(labeled_by=[ALICE]): (0.4, 0.3, 0.2, 0.1)})


def test_start_from_is_kept_on_the_run_and_refused_with_reasons(site: Site) -> None:
    client = site.client(ALICE)
    parent = trained(site.world)
    asked = f"{API}/training-runs"
    problem(client.post(asked, json={"start_from": 99}), 404, "training run 99")
    both = {"start_from": parent, "config": {"epochs": 3}}
    problem(client.post(asked, json=both), 422, "epochs", "Leave out config or start_from")
    run = client.post(asked, json={"start_from": parent})
    assert (run.status_code, run.json()["start_from"]) == (202, parent)
    assert client.get(f"{asked}/{parent}").json()["start_from"] is None
    client.post(f"{asked}/{run.json()['id']}/cancel")
    problem(client.post(asked, json={"start_from": run.json()["id"]}), 409, "is cancelled")


def test_the_page_offers_to_train_thoroughly(site: Site) -> None:
    admin = site.browser(ALICE)
    assert "Train thoroughly" in admin.get("/runs").text
    assert "Train thoroughly" not in site.browser(BOB).get("/runs").text
    assert admin.post("/runs", data={"kind": "hasty"}).status_code == 422
    assert admin.post("/runs", data={"kind": "thorough"}).status_code == 303
    run = training.list_runs(site.world.context, None, 1)[0]
    assert run.config == training.THOROUGH
    assert run.config == {"architecture": "late_fusion", "layers": 18, "window": 28}


def test_the_page_offers_to_train_on_from_the_run_in_use(site: Site) -> None:
    admin = site.browser(ALICE)
    assert "Train on from" not in admin.get("/runs").text
    parent = trained(site.world)
    assert f"Train on from run {parent}" in admin.get("/runs").text
    assert "Train on from" not in site.browser(BOB).get("/runs").text
    assert admin.post("/runs", data={"start_from": "99"}).status_code == 404
    answer = admin.post("/runs", data={"start_from": str(parent)})
    assert answer.status_code == 303
    run = training.list_runs(site.world.context, None, 1)[0]
    assert (answer.headers["location"], run.start_from) == (f"/runs/{run.id}", parent)
    assert f'<a href="/runs/{parent}">run {parent}</a>' in admin.get(f"/runs/{run.id}").text
