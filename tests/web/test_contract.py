"""The REST contract call by call: what it answers, and each error it documents."""

import csv
import io
import json
from datetime import datetime
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from app.domain.serving import STRATEGIES
from tests.support.loop import API
from tests.web.answers import pages, problem
from tests.web.sites import ALICE, BOB, CAROL, Site, label

SURE = (0.97, 0.01, 0.01, 0.01)
TORN = (0.4, 0.3, 0.2, 0.1)


@pytest.fixture
def client(site: Site) -> Any:
    """Alice, an admin."""
    return site.client(ALICE)


@pytest.fixture
def bob(site: Site) -> Any:
    """A labeler."""
    return site.client(BOB)


def test_recordings_are_listed_with_counts_and_paged_without_a_gap(site: Site, client: Any) -> None:
    for _ in range(7):
        site.world.recording(2, labels=[1, 3])
    items = pages(client, "/recordings", limit=2)
    assert [one["id"] for one in items] == list(range(1, 8))
    one = client.get(f"{API}/recordings/3").json()
    assert one == items[2]
    assert one["labels"] == {"neuron": 1, "process": 0, "noise": 1, "doubtful": 0, "unlabeled": 0}
    assert (one["components"], one["answered"], one["rejected"]) == (2, 0, [])
    problem(client.get(f"{API}/recordings/99"), 404, "recording 99")
    problem(client.get(f"{API}/recordings?cursor=x"), 422, "cursor")


@pytest.mark.parametrize("order", ["id", "entropy", "quality", "cue"])
@pytest.mark.parametrize("limit", [1, 3, 4, 500])
def test_no_component_is_twice_or_missing_in_any_order(
    site: Site, client: Any, order: str, limit: int
) -> None:
    keys = site.world.recording(6, labels=[1, 2, 3, 4, 1, 2]) + site.world.recording(5)
    # Some without a prediction, some with the very same entropy.
    site.world.train({keys[0]: SURE, keys[1]: TORN, keys[2]: TORN, keys[7]: TORN})
    found = [one["id"] for one in pages(client, "/components", order=order, limit=limit)]
    assert sorted(found) == sorted(keys)
    if order == "entropy":
        assert set(found[:3]) == {keys[1], keys[2], keys[7]}
        assert found[3] == keys[0]


def test_components_are_filtered(site: Site, client: Any) -> None:
    keys = site.world.recording(3, labels=[1, 2, 0])
    other = site.world.recording(1)
    site.world.train({keys[0]: SURE, keys[1]: SURE})

    def found(**given: object) -> list[int]:
        return [one["id"] for one in pages(client, "/components", limit=50, **given)]

    assert found(recording=1) == keys
    assert found(label=2) == [keys[1]]
    assert found(label=0) == [keys[2], *other]
    assert found(predicted=1) == keys[:2]
    assert found(disagreement="true") == []
    problem(client.get(f"{API}/components?recording=9"), 404, "recording 9")
    problem(client.get(f"{API}/components?order=size"), 422, "order")
    problem(client.get(f"{API}/components?cursor=nonsense~"), 422, "cursor")


def test_label_and_prediction_are_hidden_from_a_labeler_until_they_have_answered(
    site: Site, bob: Any
) -> None:
    component = site.world.component(imported=3)
    site.world.train({component: TORN})
    path = f"{API}/components/{component}"
    before = bob.get(path).json()
    assert (before["hidden"], before["label"], before["prediction"]) == (True, None, None)
    listed = bob.get(f"{API}/components").json()["items"][0]
    assert listed == before
    assert bob.get(f"{API}/components?label=3").json()["items"] == [], "a filter would tell too"
    assert bob.get(f"{API}/labels").json()["items"] == []
    bob.post(f"{API}/labels", json={"labels": [label(component, 1)]})
    after = bob.get(path).json()
    assert (after["hidden"], after["label"]) == (False, 1)
    assert after["prediction"]["probabilities"] == list(TORN)
    assert site.client(CAROL).get(path).json()["hidden"] is True


def test_the_parts_of_a_component_are_kept_for_ever_by_their_content(
    site: Site, client: Any
) -> None:
    component = site.world.component()
    urls = client.get(f"{API}/components/{component}").json()["urls"]
    for name, kind in (
        ("mask_png", "image/png"),
        ("mask_npy", "application/octet-stream"),
        ("context_png", "image/png"),
        ("trace", "application/json"),
    ):
        answer = client.get(urls[name])
        assert answer.status_code == 200
        assert answer.headers["content-type"] == kind
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["cache-control"].startswith("private")
        tag = answer.headers["etag"]
        for sent in (tag, f'"other", W/{tag}', "*"):
            again = client.get(urls[name], headers={"If-None-Match": sent})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert client.get(urls[name], headers={"If-None-Match": '"x"'}).status_code == 200
        plain = urls[name].partition("?")[0]
        for query in ("", "?v=", "?v=a", "?v=ffffffffffffffff"):
            assert "immutable" not in client.get(plain + query).headers["cache-control"]
    mask = np.load(io.BytesIO(client.get(urls["mask_npy"]).content))
    assert (mask.shape, mask.dtype) == ((50, 50), np.float32)
    problem(client.get(f"{API}/components/99/mask.png"), 404, "component 99")
    problem(client.get(f"{API}/components/{component}/context.png?image=ünseen"), 404, "ünseen")


def test_the_queue_leases_each_component_once_and_gives_back_what_a_page_lost(
    site: Site, client: Any, bob: Any
) -> None:
    site.world.recording(3)
    mine = bob.post(f"{API}/queue/next", json={"count": 2, "holding": []}).json()
    theirs = client.post(f"{API}/queue/next", json={"count": 2}).json()
    keys = [one["component"] for one in mine["items"]]
    assert len(keys) == 2
    assert len(theirs["items"]) == 1
    assert theirs["items"][0]["component"] not in keys
    assert mine["remaining"] is None
    first = mine["items"][0]
    assert first["urls"]["mask_png"].startswith(f"{API}/components/{first['component']}/mask.png")
    assert datetime.fromisoformat(first["expires_at"]).tzinfo is not None
    assert first["reason"]
    again = bob.post(f"{API}/queue/next", json={"count": 2, "holding": []}).json()
    assert sorted(one["component"] for one in again["items"]) == sorted(keys)
    assert bob.post(f"{API}/queue/next", json={"holding": keys}).json()["items"] == []


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_answers(site: Site, bob: Any, strategy: str) -> None:
    keys = site.world.recording(4, labels=[1, 2, 0, 0])
    site.world.train(dict.fromkeys(keys, TORN))
    site.world.label(ALICE, keys[-1], 1)
    answer = bob.post(f"{API}/queue/next", json={"strategy": strategy, "recording": 1})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) == 1


def test_a_skipped_component_is_left_to_others(site: Site, bob: Any) -> None:
    component = site.world.component()
    skipped = {"id": str(uuid4()), "component": component, "reason": "cannot tell"}
    assert bob.post(f"{API}/queue/skip", json=skipped).json()["status"] == "saved"
    assert bob.post(f"{API}/queue/skip", json=skipped).json()["status"] == "duplicate"
    assert bob.post(f"{API}/queue/next", json={}).json()["items"] == []
    assert len(site.client(CAROL).post(f"{API}/queue/next", json={}).json()["items"]) == 1
    problem(bob.post(f"{API}/queue/skip", json={**skipped, "component": 99}), 404, "component 99")
    other = site.world.component()
    problem(bob.post(f"{API}/queue/skip", json={**skipped, "component": other}), 409, "new one")


def test_labels_are_answered_item_by_item(site: Site, bob: Any) -> None:
    keys = site.world.recording(2)
    good, repeated, unknown = label(keys[0], 1), label(keys[1], 2), label(99)
    clash = {**good, "label": 4}
    sent = [good, repeated, repeated, unknown, clash, label(keys[1], 3, round=5)]
    items = bob.post(f"{API}/labels", json={"labels": sent}).json()["items"]
    assert [one["id"] for one in items] == [one["id"] for one in sent]
    said = [one["status"] for one in items]
    assert said == ["saved", "saved", "duplicate", "refused", "refused", "refused"]
    assert "no component 99" in items[3]["detail"]
    assert "new id" in items[4]["detail"]
    assert "round 5" in items[5]["detail"]
    again = bob.post(f"{API}/labels", json={"labels": [good]}).json()["items"]
    assert again[0]["status"] == "duplicate"
    assert len(site.world.log()) == 2
    # Another person's id is not theirs to repeat.
    theirs = site.client(CAROL).post(f"{API}/labels", json={"labels": [good]}).json()["items"]
    assert theirs[0]["status"] == "refused"


def test_a_late_answer_is_kept_and_says_so(site: Site, bob: Any) -> None:
    site.world.recording(1)
    leased = bob.post(f"{API}/queue/next", json={}).json()["items"][0]
    site.world.clock.forward(minutes=16)
    sent = label(leased["component"], 2, lease=leased["lease"])
    (item,) = bob.post(f"{API}/labels", json={"labels": [sent]}).json()["items"]
    assert (item["status"], item["late"]) == ("saved", True)
    assert "kept" in item["detail"]


def test_undo_takes_back_ones_own_answer_once(site: Site, client: Any, bob: Any) -> None:
    component = site.world.component()
    given = label(component, 2)
    bob.post(f"{API}/labels", json={"labels": [given]})
    undo = {"id": str(uuid4()), "undoes": given["id"]}
    problem(client.post(f"{API}/labels/undo", json=undo), 403, "Only the person")
    done = bob.post(f"{API}/labels/undo", json=undo)
    assert done.json() == {**undo, "component": component}
    assert bob.post(f"{API}/labels/undo", json=undo).json() == done.json(), "again is harmless"
    problem(bob.post(f"{API}/labels/undo", json={**undo, "id": str(uuid4())}), 409, "already")
    problem(bob.post(f"{API}/labels/undo", json={**undo, "undoes": str(uuid4())}), 404, "answer")
    undoing = {"id": str(uuid4()), "undoes": undo["id"]}
    problem(bob.post(f"{API}/labels/undo", json=undoing), 409, "cannot be undone")
    assert client.get(f"{API}/labels").json()["items"] == []


def test_labels_and_their_history_say_the_same_in_every_format(site: Site, client: Any) -> None:
    keys = site.world.recording(3, labels=[1, 0, 2], annotator="=cmd()")
    site.world.label(BOB, keys[0], 4)
    site.world.undo(BOB, site.world.label(BOB, keys[1], 3))
    site.world.skip(BOB, keys[2])

    def fetch(**given: object) -> Any:
        answer = client.get(f"{API}/labels", params=given)
        assert answer.status_code == 200
        return answer

    current = fetch().json()
    assert current["next"] is None
    assert [(one["component"], one["label"], one["class"]) for one in current["items"]] == [
        (keys[0], 4, "doubtful neuron"),
        (keys[2], 2, "process"),
    ]
    events = fetch(history="true").json()["items"]
    assert [one["kind"] for one in events] == ["label", "label", "label", "label", "undo", "skip"]
    assert events[4]["undoes"] == events[3]["id"]
    for history, items in (("false", current["items"]), ("true", events)):
        lines = fetch(history=history, format="ndjson").text.splitlines()
        assert [json.loads(line) for line in lines] == items
        rows = list(csv.DictReader(io.StringIO(fetch(history=history, format="csv").text)))
        assert [row["component"] for row in rows] == [str(one["component"]) for one in items]
        assert [row["label"] for row in rows] == [str(one["label"] or "") for one in items]
    sheet = fetch(history="true", format="csv").text
    assert "'=cmd()" in sheet, "a spreadsheet would run it"
    own = site.client(CAROL).get(f"{API}/labels?history=true").json()["items"]
    assert own == []


def test_an_empty_database_gives_empty_lists_in_every_format(site: Site, client: Any) -> None:
    for path in ("/recordings", "/components", "/labels", "/training-runs", "/rounds", "/tuning"):
        assert client.get(f"{API}{path}").json() == {"items": [], "next": None}
    assert client.get(f"{API}/labels?format=ndjson").content == b""
    assert len(client.get(f"{API}/labels?format=csv").text.splitlines()) == 1
    problem(client.get(f"{API}/predictions"), 409, "Train one")
    problem(client.get(f"{API}/predictions?run=4"), 404, "training run 4")


def test_a_round_is_answered_blind_revealed_and_counted(site: Site, client: Any, bob: Any) -> None:
    problem(client.post(f"{API}/rounds"), 409, "Train one")
    keys = site.world.recording(3, labels=[1, 1, 2])
    site.world.train({keys[0]: SURE, keys[1]: TORN, keys[2]: TORN})
    problem(client.post(f"{API}/rounds", json={"recording": 7}), 404, "recording 7")
    opened = client.post(f"{API}/rounds", json={"order": "entropy", "size": 2})
    assert opened.status_code == 201
    assert opened.headers["location"] == f"{API}/rounds/1"
    leased = bob.post(f"{API}/queue/next", json={"round": 1, "count": 5}).json()
    assert sorted(one["component"] for one in leased["items"]) == keys[1:]
    answers = [label(keys[1], 4, round=1), label(keys[2], 2, round=1)]
    items = bob.post(f"{API}/labels", json={"labels": answers}).json()["items"]
    assert [one["reveal"]["label_before"] for one in items] == [1, 2]
    assert items[0]["reveal"]["prediction"]["probabilities"] == list(TORN)
    seen = client.get(f"{API}/rounds/1").json()
    assert (seen["done"], seen["kept"], seen["changed"]) == (2, 1, 1)
    assert seen["moves"][0][3] == 1
    assert seen["moves"][1][1] == 1
    assert seen["cross_entropy_before"] == pytest.approx(-np.log([0.4, 0.3]).mean(), abs=1e-6)
    assert seen["cross_entropy_after"] == pytest.approx(-np.log([0.1, 0.3]).mean(), abs=1e-6)
    assert client.post(f"{API}/rounds/1/close").json()["state"] == "closed"
    problem(bob.post(f"{API}/queue/next", json={"round": 1}), 409, "closed")
    problem(client.get(f"{API}/rounds/2"), 404, "round 2")
    assert [one["id"] for one in pages(client, "/rounds", limit=1)] == [1]


def test_health_is_open_and_says_what_is_there(site: Site) -> None:
    health = site.client().get(f"{API}/health").json()
    assert {**health, "version": ""} == {
        "status": "ok",
        "database": "sqlite",
        "worker": "absent",
        "version": "",
    }


def test_the_demo_is_a_job_that_is_watched_and_cancelled(site: Site, client: Any) -> None:
    job = client.post(f"{API}/demo")
    assert (job.status_code, job.json()["state"]) == (202, "queued")
    problem(client.post(f"{API}/demo"), 409, "already")
    path = f"{API}/jobs/{job.json()['id']}"
    assert client.get(path).json() == job.json()
    assert client.post(f"{path}/cancel").json()["state"] == "cancelled"
    problem(client.get(f"{API}/jobs/99"), 404, "job 99")


def test_the_description_is_served_to_everybody(site: Site) -> None:
    described = site.client().get("/openapi.json").json()
    assert described["info"]["title"] == "Somata"
    assert all(path.startswith(API) for path in described["paths"])
