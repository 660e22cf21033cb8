"""The REST contract of training runs and tunings, call by call."""

from typing import Any
from uuid import uuid4

import pytest

from app.actions import jobs
from tests.support.loop import API
from tests.web.answers import pages, problem
from tests.web.sites import ALICE, Site

SURE = (0.97, 0.01, 0.01, 0.01)
TORN = (0.4, 0.3, 0.2, 0.1)


@pytest.fixture
def client(site: Site) -> Any:
    """Alice, an admin."""
    return site.client(ALICE)


def test_a_training_run_is_queued_listed_and_cancelled(site: Site, client: Any) -> None:
    asked = client.post(f"{API}/training-runs", json={"config": {"folds": 3}})
    assert asked.status_code == 202
    run = asked.json()
    assert (run["id"], run["state"], run["config"]) == (1, "queued", {"folds": 3})
    assert run["created_by"] == "Alice"
    assert site.world.tasks.lanes == ["slow"]
    problem(client.post(f"{API}/training-runs"), 409, "run 1 is queued already")
    cancelled = client.post(f"{API}/training-runs/1/cancel")
    assert cancelled.json()["state"] == "cancelled"
    problem(client.post(f"{API}/training-runs/1/cancel"), 409, "cancelled already")
    problem(client.post(f"{API}/training-runs/2/cancel"), 404, "training run 2")
    for _ in range(4):
        client.post(f"{API}/training-runs")
        client.post(f"{API}/training-runs/{len(pages(client, '/training-runs', limit=9))}/cancel")
    listed = [one["id"] for one in pages(client, "/training-runs", limit=2)]
    assert listed == [5, 4, 3, 2, 1]


def test_a_run_is_promoted_and_left_for_the_newest_again(site: Site, client: Any) -> None:
    asked = f"{API}/training-runs"
    nothing = client.get(f"{asked}/serving").json()
    assert (nothing["run"], nothing["promoted"], nothing["job"]) == (None, False, None)
    key = site.world.component(imported=1)
    first, second = site.world.train({key: SURE}), site.world.train({key: TORN})
    assert client.get(f"{asked}/serving").json()["run"] == second
    promoted = client.post(f"{asked}/{first}/promote")
    assert (promoted.status_code, promoted.json()["serving"]) == (202, True)
    assert {one["id"]: one["serving"] for one in client.get(asked).json()["items"]} == {
        first: True,
        second: False,
    }
    serving = client.get(f"{asked}/serving").json()
    assert (serving["run"], serving["newest"]) == (first, second)
    assert (serving["promoted"], serving["promoted_by"]) == (True, "Alice")
    assert client.get(f"{API}/jobs/{serving['job']}").json()["kind"] == "promote"
    assert client.get(f"{API}/predictions").json()["items"][0]["run"] == first
    left = client.post(f"{asked}/serving/follow-newest")
    assert (left.status_code, left.json()["run"], left.json()["promoted"]) == (202, second, False)
    problem(client.post(f"{asked}/99/promote"), 404, "training run 99")
    waiting = client.post(asked).json()["id"]
    problem(client.post(f"{asked}/{waiting}/promote"), 409, "has not begun", "Promote one")


def test_ten_labels_ask_for_a_refit_and_the_run_in_use_says_when_it_was(
    site: Site, client: Any
) -> None:
    keys = site.world.recording(10)
    run = site.world.train(dict.fromkeys(keys, SURE))
    asked = f"{API}/training-runs/serving"
    before = client.get(asked).json()
    assert (before["refitted_at"], before["refitted_labels"]) == (None, 0)
    for key in keys:
        one = {"id": str(uuid4()), "component": key, "label": 2}
        assert client.post(f"{API}/labels", json={"labels": [one]}).status_code == 200
    (refit,) = jobs.live(site.world.context, "refit")
    assert client.get(f"{API}/jobs/{refit.id}").json()["state"] == "queued"
    said = {"run": run, "event_id": 10, "labels": 10}
    job = site.world.claimed(refit.id)
    assert jobs.finish(site.world.context, job, "succeeded", progress=said)
    after = client.get(asked).json()
    assert after["refitted_labels"] == 10
    assert after["refitted_at"] is not None
    assert [one["id"] for one in client.get(f"{API}/training-runs").json()["items"]] == [run]


def test_a_tuning_is_queued_read_with_its_trials_and_cancelled(site: Site, client: Any) -> None:
    problem(client.post(f"{API}/tuning", json={"minutes": 0}), 422, "minutes")
    problem(client.post(f"{API}/tuning", json={"minutes": "5"}), 422, "without quotes")
    asked = client.post(f"{API}/tuning", json={"minutes": 5, "config": {"folds": 2}})
    assert asked.status_code == 202
    study = asked.json()
    assert (study["id"], study["state"], study["budget_minutes"]) == (1, "queued", 5)
    assert (study["config"], study["objective"]) == ({"folds": 2}, "cross_entropy")
    assert (study["best"], study["importances"], study["space"]) == (None, None, None)
    assert site.world.tasks.lanes == ["spare"]
    problem(client.post(f"{API}/tuning"), 409, "Tuning 1 is queued already")
    site.world.tried(1, {"kernel": 3}, value=0.6)
    site.world.tried(1, {"kernel": 5}, value=0.4)
    site.world.tried(1, {"kernel": 5}, reason="Too slow.")
    seen = client.get(f"{API}/tuning/1").json()
    assert seen["counts"] == {"running": 0, "complete": 2, "pruned": 1, "failed": 0}
    assert seen["best"] == seen["trials"][1]
    assert (seen["best"]["config"], seen["best"]["value"]) == ({"kernel": 5}, 0.4)
    assert [one["reason"] for one in seen["trials"]] == [None, None, "Too slow."]
    listed = pages(client, "/tuning", limit=1)
    assert listed == [{name: one for name, one in seen.items() if name != "trials"}]
    assert client.post(f"{API}/training-runs", json={"config": seen["best"]["config"]}).is_success
    assert client.post(f"{API}/tuning/1/cancel").status_code == 200
    problem(client.get(f"{API}/tuning/9"), 404, "tuning 9")
    problem(client.post(f"{API}/tuning/9/cancel"), 404, "tuning 9")


def test_a_tuning_that_waits_is_cancelled_at_once(site: Site, client: Any) -> None:
    client.post(f"{API}/tuning")
    assert client.post(f"{API}/tuning/1/cancel").json()["state"] == "cancelled"
    problem(client.post(f"{API}/tuning/1/cancel"), 409, "cancelled already")
    assert client.post(f"{API}/tuning").status_code == 202
