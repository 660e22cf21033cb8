"""The page and the call that put two runs side by side."""

from typing import Any

import pytest

from app.actions import jobs, training
from tests.web.answers import pages, problem
from tests.web.sites import ALICE, API, BOB, Site

NEURON = (0.7, 0.1, 0.1, 0.1)
SURE_NEURON = (0.97, 0.01, 0.01, 0.01)
SURE_NOISE = (0.01, 0.01, 0.97, 0.01)

BINS = [{"count": 0, "confidence": None, "right": None}] * 14
CONFUSION = [[30, 0, 0, 2], [0, 20, 1, 0], [0, 0, 40, 3], [4, 0, 5, 15]]


def metrics(f1: float) -> dict[str, Any]:
    """What a training leaves, as far as the page shows it."""
    one = {"name": "x", "precision": f1, "recall": f1, "f1": f1, "support": 30}
    return {
        "accuracy": f1, "balanced_accuracy": f1, "macro_f1": f1, "cross_entropy": 1 - f1,
        "calibration_error": 0.02, "confusion": CONFUSION, "train_seconds": 12.5,
        "classes": {str(code): one for code in (1, 2, 3)} | {"4": {**one, "precision": None}},
        "reliability": [*BINS, {"count": 9, "confidence": 0.98, "right": 0.9}],
        "before_temperature": {
            "cross_entropy": 0.9, "calibration_error": 0.08,
            "reliability": [*BINS, {"count": 9, "confidence": 0.99, "right": 0.9}],
        },
        "folds": [
            {"training_loss": [1.0, 0.5], "validation_loss": [1.1, 0.7], "best_epoch": 2},
            {"training_loss": [1.0], "validation_loss": [1.2], "best_epoch": 1},
        ],
    }  # fmt: skip


def two_runs(site: Site, components: int = 3) -> tuple[int, int, list[int]]:
    keys = site.world.recording(components, labels=[1] * components)
    a = site.world.train(dict.fromkeys(keys, SURE_NEURON))
    b = site.world.train({keys[0]: NEURON} | dict.fromkeys(keys[1:], SURE_NOISE))
    for run, f1 in ((a, 0.6), (b, 0.75)):
        training.record_result(site.world.context, run, metrics=metrics(f1))
    return a, b, keys


def page(site: Site, path: str) -> Any:
    return site.browser(ALICE).get(path, headers={"Accept": "text/html"})


def test_the_page_shows_both_runs_and_where_they_disagree(site: Site) -> None:
    a, b, keys = two_runs(site)
    answer = page(site, f"/runs/compare?a={a}&b={b}")
    assert answer.status_code == 200
    assert answer.text.count('<svg class="chart') == 4
    assert answer.text.count('class="matrix shaded"') == 3
    assert "of 3 components that both have judged" in answer.text
    shown = answer.text.partition('id="disagreements"')[2]
    assert [f'href="/components/{key}"' in shown for key in keys] == [False, True, True]
    assert "A predicts neuron, 97%; B predicts noise, 97%" in shown
    assert "style=" not in answer.text, "the security policy would refuse it"


def test_better_and_worse_are_said_in_words(site: Site) -> None:
    a, b, _ = two_runs(site)
    text = " ".join(page(site, f"/runs/compare?a={a}&b={b}").text.split())
    assert '<td class="number">+15.0</td><td class="verdict better">▲ better</td>' in text
    assert '<td class="number">-0.150</td><td class="verdict better">▲ better</td>' in text
    text = " ".join(page(site, f"/runs/compare?a={b}&b={a}").text.split())
    assert '<td class="number">-15.0</td><td class="verdict worse">▽ worse</td>' in text


def test_a_run_of_an_older_version_says_what_it_lacks(site: Site) -> None:
    a, b, _ = two_runs(site)
    training.record_result(site.world.context, a, metrics={"accuracy": 0.5, "folds": 5})
    answer = page(site, f"/runs/compare?a={a}&b={b}")
    assert answer.status_code == 200
    assert "from before calibration tables were kept" in answer.text
    assert f"Run {a} kept no losses" in answer.text
    assert f"Run {a} kept no confusion matrix" in answer.text


@pytest.mark.parametrize("state", ["queued", "running", "failed", "cancelled"])
def test_a_run_that_has_not_succeeded_says_so_and_shows_what_there_is(
    site: Site, state: str
) -> None:
    a, _, _ = two_runs(site)
    other = training.request_run(site.world.context, ALICE)
    if state != "queued":
        job = site.world.claimed(other.id)
        if state != "running":
            jobs.finish(site.world.context, job, state, error="no memory")
    answer = page(site, f"/runs/compare?a={a}&b={other.id}")
    assert answer.status_code == 200
    assert "What it has not made cannot be compared" in answer.text
    assert 'id="disagreements"' not in answer.text
    called = site.client(ALICE).get(f"{API}/training-runs/compare?a={a}&b={other.id}")
    problem(called, 409, f"run {other.id} is {state}", "Choose runs that have succeeded")


def test_the_same_run_twice_no_run_and_an_unknown_run(site: Site) -> None:
    assert "There are not two runs yet" in page(site, "/runs/compare").text
    a, b, _ = two_runs(site)
    assert "Choose two runs above" in page(site, "/runs/compare").text
    assert f'value="{a}" selected' in page(site, f"/runs/compare?a={a}&b=").text
    assert "the same run twice" in page(site, f"/runs/compare?a={a}&b={a}").text
    assert page(site, f"/runs/compare?a={a}&b={b + 50}").status_code == 404
    assert page(site, f"/runs/compare?a={a}&b={b}&cursor=x").status_code == 422


def test_labelers_are_offered_no_comparison_and_get_none(site: Site) -> None:
    a, b, _ = two_runs(site)
    client = site.browser(BOB)
    assert client.get(f"/runs/compare?a={a}&b={b}").status_code == 403
    for path in ("/runs", f"/runs/{a}"):
        listed = client.get(path, headers={"Accept": "text/html"}).text
        assert "compare" not in listed.lower()
        assert "romote</button>" not in listed


def test_the_call_pages_through_what_the_page_shows(site: Site) -> None:
    a, b, keys = two_runs(site, components=6)
    client = site.client(ALICE)
    training.record_result(site.world.context, b, config={"seed": 4})
    answer = client.get(f"{API}/training-runs/compare?a={a}&b={b}").json()
    assert (answer["a"], answer["b"], answer["next"]) == (a, b, None)
    assert answer["settings"] == [{"name": "seed", "a": None, "b": 4}]
    assert answer["agreement"][0] == [1, 0, 5, 0]
    first = answer["items"][0]
    assert (first["a_predicted"], first["b_predicted"], first["label"]) == (1, 3, 1)
    assert first["distance"] == pytest.approx(0.96)
    assert client.get(first["urls"]["mask_png"]).status_code == 200
    items = pages(client, "/training-runs/compare", limit=2, a=a, b=b)
    assert [one["component"] for one in items] == keys[:0:-1]
    problem(client.get(f"{API}/training-runs/compare?a={a}"), 422, "b")
    problem(client.get(f"{API}/training-runs/compare?a={a}&b=99"), 404, "training run 99")


def test_promoting_by_the_page_leads_to_the_run_and_refuses_with_a_reason(site: Site) -> None:
    a, b, _ = two_runs(site)
    browser = site.browser(ALICE)
    promoted = browser.post(f"/runs/{a}/promote")
    assert (promoted.status_code, promoted.headers["location"]) == (303, f"/runs/{a}")
    listed = " ".join(browser.get("/runs", headers={"Accept": "text/html"}).text.split())
    assert f"Run {a}</a> is in use.</b> Promoted by Alice" in listed
    assert f'<a href="/runs/{b}">run {b}</a> is newer' in listed
    waiting = training.request_run(site.world.context, ALICE)
    refused = browser.post(f"/runs/{waiting.id}/promote", headers={"Accept": "text/html"})
    assert refused.status_code == 409
    assert "has not begun" in refused.text
    assert browser.post("/runs/follow-newest").headers["location"] == "/runs"
    listed = browser.get("/runs", headers={"Accept": "text/html"}).text
    assert "It is the newest" in listed
