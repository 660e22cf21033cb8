"""The map and selections over HTTP."""

import numpy as np
import pytest

from app.actions import embedding, jobs
from tests.support.bundle import unpacked
from tests.support.world import ALICE, BOB, World
from tests.web.sites import API, Site, label

SAYS_PROCESS = (0.1, 0.7, 0.1, 0.1)


def laid_out(world: World, run: int, keys: list[int]) -> None:
    """What the worker would store of these components, in a row from left to right."""
    embedding.request(world.context)
    (waiting,) = jobs.live(world.context, "embed")
    job = world.claimed(waiting.id)
    space = embedding.begin(world.context, job, run, np.zeros((2, 1), np.float32))
    places = np.column_stack([np.linspace(-1, 1, len(keys)), np.zeros(len(keys))])
    numbers = np.zeros((len(keys), 1), np.float16)
    embedding.store(world.context, job, space, keys, numbers, places.astype(np.float32))
    embedding.finish(world.context, job, space, len(keys))
    assert jobs.finish(world.context, job, "succeeded")


@pytest.fixture
def keys(site: Site) -> list[int]:
    """Five components on the map, the first of which Bob has labeled."""
    keys = site.world.recording(5)
    site.world.label(BOB, keys[0], 4)
    laid_out(site.world, site.world.train(dict.fromkeys(keys, SAYS_PROCESS)), keys)
    return keys


def test_the_points_say_where_each_is_and_what_it_is_taken_for(site: Site, keys: list[int]) -> None:
    answer = site.client(ALICE).get(f"{API}/map/points")
    assert answer.headers["content-type"] == "application/vnd.somata.map"
    found = unpacked(answer.content)
    assert found["components"].tolist() == keys
    assert found["places"].tolist() == [[-1, 0], [-0.5, 0], [0, 0], [0.5, 0], [1, 0]]
    assert found["labels"].tolist() == [4, 0, 0, 0, 0]
    assert found["predicted"].tolist() == [2] * 5
    assert found["entropy"].dtype == np.float16
    np.testing.assert_allclose(found["entropy"], 0.94, atol=0.01)
    assert len(set(found["recordings"].tolist())) == 1


def test_what_the_run_has_not_judged_is_on_the_map_without_an_opinion(site: Site) -> None:
    judged, unjudged = site.world.recording(2)
    laid_out(site.world, site.world.train({judged: SAYS_PROCESS}), [judged, unjudged])
    found = unpacked(site.client(ALICE).get(f"{API}/map/points").content)
    assert found["components"].tolist() == [judged, unjudged]
    assert found["predicted"].tolist() == [2, 0]
    assert np.isnan(found["entropy"]).tolist() == [False, True]


def test_points_are_kept_until_somebody_labels(site: Site, keys: list[int]) -> None:
    client = site.client(ALICE)
    tag = client.get(f"{API}/map/points").headers["etag"]
    named = f"{API}/map/points?v={tag.strip(chr(34))}"
    assert client.get(named).headers["cache-control"] == "private, max-age=31536000, immutable"
    assert client.get(named, headers={"If-None-Match": tag}).status_code == 304
    posted = site.client(BOB).post(f"{API}/labels", json={"labels": [label(keys[1], 3)]})
    assert posted.status_code == 200
    after = client.get(named, headers={"If-None-Match": tag})
    assert after.status_code == 200
    assert after.headers["cache-control"] == "private, no-cache"
    assert unpacked(after.content)["labels"].tolist() == [4, 3, 0, 0, 0]


def test_a_labeler_sees_no_map(site: Site, keys: list[int]) -> None:
    assert site.client(BOB).get(f"{API}/map/points").status_code == 403
    assert site.browser(BOB).get("/map").status_code == 403
    assert 'href="/map"' not in site.browser(BOB).get("/").text


def test_before_the_map_there_is_a_sentence(site: Site) -> None:
    browser = site.browser(ALICE)
    refused = site.client(ALICE).get(f"{API}/map/points")
    assert refused.status_code == 409
    assert "Train a run" in refused.json()["detail"]
    assert "There is no trained model yet" in browser.get("/map").text
    key = site.world.component()
    site.world.train({key: SAYS_PROCESS})
    assert "is not drawn yet" in browser.get("/map").text
    embedding.request(site.world.context)
    (waiting,) = jobs.live(site.world.context, "embed")
    page = browser.get("/map").text
    assert f'data-live-job="{waiting.id}"' in page
    job = site.world.claimed(waiting.id)
    jobs.finish(site.world.context, job, "failed", error="the disk is full")
    assert "could not be drawn: the disk is full" in browser.get("/map").text


def test_an_older_runs_map_stays_while_the_next_is_drawn(site: Site, keys: list[int]) -> None:
    newer = site.world.train(dict.fromkeys(keys, SAYS_PROCESS))
    page = site.browser(ALICE).get("/map").text
    assert f"Run {newer} is in use; its map is not drawn yet" in page


def test_a_selection_is_made_and_read(site: Site) -> None:
    a, b = site.world.recording(2)
    made = site.client(BOB).post(f"{API}/selections", json={"components": [b, a], "name": "two"})
    assert made.status_code == 201
    found = site.client(ALICE).get(made.headers["location"])
    assert found.json() == made.json()
    assert (found.json()["components"], found.json()["created_by"]) == ([b, a], "Bob")


def test_too_many_or_none_or_unknown_ones_are_refused(site: Site) -> None:
    client = site.client(BOB)

    def status(components: list[int]) -> int:
        answer = client.post(f"{API}/selections", json={"components": components})
        return int(answer.status_code)

    assert [status([]), status([1] * 10_001), status([7])] == [422, 422, 404]


def test_a_round_is_opened_of_a_selection(site: Site, keys: list[int]) -> None:
    client = site.client(ALICE)
    made = client.post(f"{API}/selections", json={"components": keys}).json()
    opened = client.post(f"{API}/rounds", json={"selection": made["id"], "size": 5})
    assert opened.status_code == 201, opened.text
    assert opened.json()["size"] == 1
