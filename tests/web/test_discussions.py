"""Discussions, and what a component looks like, over REST and on their page."""

import re
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import event

from app.actions import rounds
from app.actions.rounds import RoundPlan
from tests.actions.test_looks_like import embedded
from tests.web.sites import ALICE, API, BOB, CAROL, Site, label

HTML = {"Accept": "text/html"}


def raised(component: int, text: str = "") -> dict[str, object]:
    return {"id": str(uuid4()), "component": component, "text": text}


def settled(label: int, with_whom: str, text: str = "") -> dict[str, object]:
    return {"id": str(uuid4()), "label": label, "settled_with": with_whom, "text": text}


def form_of(page: str, action: str) -> dict[str, str]:
    """The hidden id of the form that goes there."""
    found = re.search(
        rf'action="{action}"[^>]*>\s*<input type="hidden" name="id" value="([^"]+)"', page
    )
    assert found is not None, page
    return {"id": found[1]}


def test_a_component_is_put_up_settled_and_put_up_again(site: Site) -> None:
    key = site.world.component(labeled_by=[BOB, CAROL], label=2)
    bob, carol = site.client(BOB), site.client(CAROL)
    body = raised(key, "a ring?")
    first = bob.post(f"{API}/discussions", json=body)
    assert first.status_code == 200
    assert bob.post(f"{API}/discussions", json=body).json() == first.json()
    (item,) = carol.get(f"{API}/discussions").json()["items"]
    assert (item["component"], item["state"], item["hidden"]) == (key, "open", False)
    assert [(turn["kind"], turn["text"]) for turn in item["turns"]] == [("raise", "a ring?")]
    done = carol.post(f"{API}/discussions/{key}/settle", json=settled(1, "Bob"))
    assert (done.status_code, done.json()["state"], done.json()["label"]) == (200, "settled", 1)
    assert bob.get(f"{API}/discussions").json()["items"] == []
    assert bob.get(f"{API}/discussions?state=settled").json()["items"] == [done.json()]
    again = bob.post(f"{API}/discussions", json=raised(key, "still"))
    assert (again.json()["state"], again.json()["label"]) == ("open", 1)
    alice = site.client(ALICE)
    (event,) = [
        one
        for one in alice.get(f"{API}/labels?history=true").json()["items"]
        if one["settled_with"]
    ]
    assert (event["labeler"], event["label"], event["settled_with"]) == ("Carol", 1, "Bob")
    assert alice.get(f"{API}/components/{key}").json()["label"] == 1


def test_who_put_it_up_by_mistake_withdraws_it(site: Site) -> None:
    key = site.world.component(labeled_by=[BOB])
    bob, carol = site.client(BOB), site.client(CAROL)
    assert bob.post(f"{API}/discussions", json=raised(key)).json()["withdrawable"]
    path, body = f"{API}/discussions/{key}/withdraw", {"id": str(uuid4())}
    assert carol.post(path, json=body).status_code == 403
    for _ in range(2):
        done = bob.post(path, json=body)
        assert (done.status_code, done.json()) == (200, {**body, "component": key})
    assert bob.get(f"{API}/discussions").json()["items"] == []
    assert bob.post(path, json={"id": str(uuid4())}).status_code == 409
    assert bob.post(f"{API}/discussions/999/withdraw", json=body).status_code == 404


def test_what_cannot_be_is_refused(site: Site) -> None:
    key = site.world.component(labeled_by=[BOB])
    bob = site.client(BOB)
    for bad in (raised(key, "x" * 2001), raised(key, "nul \x00"), {**raised(key), "more": 1}):
        assert bob.post(f"{API}/discussions", json=bad).status_code == 422
    assert bob.post(f"{API}/discussions", json=raised(999)).status_code == 404
    path = f"{API}/discussions/{key}/settle"
    assert bob.post(path, json=settled(1, "Carol")).status_code == 409, "not put up"
    bob.post(f"{API}/discussions", json=raised(key))
    refused = bob.post(path, json=settled(1, "Carol"))
    assert (refused.status_code, "Carol has not answered" in refused.json()["detail"]) == (
        409,
        True,
    )
    assert bob.post(path, json=settled(1, "Dora")).status_code == 404
    assert bob.post(path, json=settled(5, "Carol")).status_code == 422


def test_the_list_is_paged(site: Site) -> None:
    bob = site.client(BOB)
    keys = site.world.recording(3)
    for key in keys:
        site.world.put_up(BOB, key)
    page = bob.get(f"{API}/discussions?limit=2").json()
    rest = bob.get(f"{API}/discussions?limit=2&cursor={page['next']}").json()
    assert [one["component"] for one in page["items"] + rest["items"]] == keys[::-1]
    assert rest["next"] is None


@pytest.fixture
def looked(site: Site) -> tuple[int, list[int]]:
    """A component of a round, and its neighbours that Alice labeled; all are embedded."""
    keys = site.world.recording(6)
    for key in keys:
        site.world.label(ALICE, key, 3)
    embedded(site.world, {key: [float(place), 0.0] for place, key in enumerate(keys)})
    return keys[0], keys[1:]


def test_what_it_looks_like_comes_after_the_answer(
    site: Site, looked: tuple[int, list[int]]
) -> None:
    key, others = looked
    bob = site.client(BOB)
    path = f"{API}/components/{key}/looks-like"
    assert bob.get(f"{path}?classes=1&classes=3").status_code == 403
    for one in (key, others[1], others[3]):
        site.world.label(BOB, one, 3)
    found = bob.get(f"{path}?classes=1&classes=3").json()
    assert [(one["label"], len(one["nearest"])) for one in found["classes"]] == [(1, 0), (3, 2)]
    nearest = found["classes"][1]["nearest"]
    assert [one["component"] for one in nearest] == [others[1], others[3]]
    assert bob.get(nearest[0]["urls"]["mask_png"]).status_code == 200
    for bad in ("", "?classes=5", "?classes=1&classes=1&classes=1&classes=1&classes=1"):
        assert bob.get(f"{path}{bad}").status_code == 422
    assert bob.get(f"{API}/components/999/looks-like?classes=1").status_code == 404


def test_no_response_before_the_answer_tells_what_others_said(site: Site) -> None:
    """Everything that a desk in a round may ask for, read through for what would sway."""
    world = site.world
    keys = world.recording(4)
    for key in keys:
        world.label(ALICE, key, 3)
        world.put_up(ALICE, key, "swayingly noise")
    embedded(world, {key: [float(place), 0.0] for place, key in enumerate(keys)})
    world.train(dict.fromkeys(keys, (0.1, 0.7, 0.1, 0.1)))
    it = rounds.open_round(world.context, ALICE, RoundPlan("quality", 4))
    bob = site.client(BOB)
    work = bob.post(f"{API}/queue/next", json={"round": it.id, "count": 4, "holding": []}).json()
    key = work["items"][0]["component"]
    paths = (
        f"/rounds/{it.id}/label",
        "/discuss",
        f"/components/{key}",
        f"{API}/discussions",
        f"{API}/components/{key}",
        f"{API}/components/{key}/looks-like?classes=3",
        f"{API}/components?limit=9",
        f"{API}/labels/mine",
    )
    texts = [str(work), *(bob.get(path).text for path in paths)]
    for text in texts:
        assert "swayingly" not in text
        assert not re.search(r'"(label|predicted|label_before)":\s*[1-4]', text), text
        assert '"probabilities"' not in text
        assert "70%" not in text
        assert "given_by" not in text
        assert 'class="answers"' not in text
    given = label(key, 1, round=it.id)
    (receipt,) = bob.post(f"{API}/labels", json={"labels": [given]}).json()["items"]
    assert (receipt["reveal"]["label_before"], receipt["reveal"]["given_by"]) == (3, ["Alice"])
    assert "swayingly" in bob.get("/discuss").text
    found = bob.get(f"{API}/components/{key}/looks-like?classes=3").json()
    assert found["classes"] == [{"label": 3, "nearest": []}], "the others are still to be asked"


def test_on_the_page_it_is_answered_noted_settled_and_put_up_again(site: Site) -> None:
    key = site.world.component(labeled_by=[BOB], label=2)
    put_up = site.world.put_up(BOB, key, "a ring?")
    carol: Any = site.browser(CAROL)
    base = f"/discuss/{key}"

    def send(what: str, **given: object) -> Any:
        shown = (
            carol.get("/discuss", headers=HTML).text
            + carol.get("/discuss?state=settled", headers=HTML).text
        )
        data = {**form_of(shown, f"{base}/{what}"), **given}
        return carol.post(f"{base}/{what}", data=data, headers=HTML)

    assert "a ring?" not in carol.get("/discuss", headers=HTML).text
    assert send("answer", label=1).status_code == 303
    assert "a ring?" in carol.get("/discuss", headers=HTML).text
    assert send("note", text="dim, though").status_code == 303
    assert "dim, though" in carol.get("/discuss", headers=HTML).text
    refused = send("settle", label=4, settled_with="Alice", text="in another light")
    assert (refused.status_code, "Alice has not answered" in refused.text) == (409, True)
    assert (
        'name="text" maxlength="2000" autocomplete="off" value="in another light"' in refused.text
    )
    assert re.search(r'value="4" required checked', refused.text)
    site.world.label(ALICE, key, 2)
    refused = send("settle", label=4, settled_with="Alice", id=str(put_up))
    assert (refused.status_code, "<option selected>Alice" in refused.text) == (409, True)
    assert send("settle", label=4, settled_with="Bob").headers["location"] == "/discuss"
    assert site.world.state(key).label == 4
    late = carol.post(
        f"{base}/settle",
        data={"id": str(uuid4()), "label": 1, "settled_with": "Bob", "text": "too late, though"},
        headers=HTML,
    )
    assert late.status_code == 409
    assert late.text.count("too late, though") == 2, "said, and to be put up again with"
    assert send("raise", text="").status_code == 303
    assert 'title="to be settled">1<' in carol.get("/", headers=HTML).text
    assert send("withdraw").headers["location"] == "/discuss"
    assert 'title="to be settled"' not in carol.get("/", headers=HTML).text
    refused = carol.post(f"{base}/withdraw", data={"id": str(uuid4())}, headers=HTML)
    assert (refused.status_code, "not up for discussion" in refused.text) == (409, True)


def test_the_page_of_what_nobody_put_up_says_what_to_do(site: Site) -> None:
    bob = site.client(BOB)
    assert "Nothing to discuss" in bob.get("/discuss", headers=HTML).text
    assert "Nothing has been settled" in bob.get("/discuss?state=settled", headers=HTML).text
    assert "to be settled" not in bob.get("/", headers=HTML).text


def test_the_page_asks_the_database_no_more_for_more_components(site: Site) -> None:
    keys = site.world.recording(8, labels=list(np.tile([1, 2], 4)))
    site.world.put_up(BOB, keys[0])
    few = queries_of(site)
    for key in keys[1:]:
        site.world.label(BOB, key, 1)
        site.world.put_up(BOB, key)
    assert queries_of(site) == few


def queries_of(site: Site) -> int:
    count: list[str] = []
    database = site.world.context.database
    client = site.client(BOB)
    client.get("/discuss", headers=HTML)

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        count.append(statement)

    event.listen(database._reading, "before_cursor_execute", note)
    try:
        client.get("/discuss", headers=HTML)
    finally:
        event.remove(database._reading, "before_cursor_execute", note)
    return len(count)
