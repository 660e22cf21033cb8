import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from app.actions import jobs, training, tuning
from app.actions.tuning import Seat
from app.domain.trials import TrialState
from app.storage.tables import Job
from tests.browser.site import Site, Visit, recording

Opens = Callable[..., Visit]


@pytest.fixture
def labeled(site: Site) -> Site:
    site.store(recording(labels=[1, 2, 3, 4, 0] * 6))
    return site


def claimed(site: Site) -> Job:
    """The worker's claim on the tuning that waits."""
    job = jobs.claim(site.context, "spare")
    assert job is not None
    return job


def tried(
    site: Site, job: Job, number: int, value: float | None, state: str = TrialState.COMPLETE
) -> None:
    """A trial that has ended; its learning rate tells it from others."""
    config = {"architecture": "cnn", "kernel": 3, "learning_rate": 0.001 * (number + 1)}
    trial = tuning.begin_trial(site.context, Seat(job.id, job, "here"), number, config)
    assert trial is not None
    reason = None if value else "Worse than half of the others after 4 tenths of its schedule."
    macro_f1 = None if value is None else 0.7
    tuning.end_trial(
        site.context, trial, state, value=value, macro_f1=macro_f1, seconds=61.0, reason=reason
    )


def test_a_tuning_is_started_watched_live_and_trained_with(labeled: Site, visit: Opens):
    page = visit("alice").page
    page.goto("/tuning")
    expect(page.get_by_text("No tuning yet.")).to_be_visible()
    page.get_by_label("Budget, minutes").fill("45")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Tuning 1")).to_be_visible()
    expect(page.get_by_text("Waiting for the worker.")).to_be_visible()
    job = claimed(labeled)
    expect(page.get_by_text("The first trial tries the defaults.")).to_be_visible()
    rows = page.locator("table.trials tbody tr")
    tried(labeled, job, 0, 0.61)
    expect(rows).to_have_count(1)
    tried(labeled, job, 1, 0.55)
    tried(labeled, job, 2, None, TrialState.PRUNED)
    tuning.record_importances(labeled.context, job.id, {"learning_rate": 0.8, "kernel": 0.2})
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("0.550")
    expect(page.locator(".history polyline.best")).to_have_count(1)
    expect(page.locator(".history .dot")).to_have_count(2)
    expect(page.get_by_role("img", name="learning_rate 80%")).to_be_visible()
    page.get_by_role("link", name="number").click()
    expect(rows.first).to_contain_text("Worse than half of the others")
    page.get_by_role("button", name="Train with these").click()
    expect(page.get_by_role("heading", name="Training run")).to_be_visible()
    (run,) = training.list_runs(labeled.context, None, 5)
    best = {"architecture": "cnn", "kernel": 3, "learning_rate": 0.002}
    assert run.config == {**tuning.TRIED_WITH, **best}


def test_the_page_follows_a_tuning_to_its_end(labeled: Site, visit: Opens):
    tuning.request_study(labeled.context, labeled.alice, 5)
    job = claimed(labeled)
    page = visit("alice").page
    page.goto("/tuning/1")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    tried(labeled, job, 0, 0.5)
    jobs.finish(labeled.context, job, "succeeded")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(page.locator(".state.succeeded").first).to_be_visible()
    expect(page.get_by_role("button", name="Train with these")).to_be_visible()


def test_a_tuning_is_cancelled_and_keeps_what_it_found(labeled: Site, visit: Opens):
    tuning.request_study(labeled.context, labeled.alice, 5)
    job = claimed(labeled)
    tried(labeled, job, 0, 0.5)
    page = visit("alice").page
    page.goto("/tuning/1")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Stopping")).to_be_disabled()
    jobs.finish(labeled.context, job, "cancelled")
    expect(page.get_by_text("Somebody stopped this tuning.")).to_be_visible()
    expect(page.locator("table.trials tbody tr")).to_have_count(1)


def test_the_focus_stays_while_the_page_is_kept_current(labeled: Site, visit: Opens):
    tuning.request_study(labeled.context, labeled.alice, 5)
    job = claimed(labeled)
    tried(labeled, job, 0, 0.5)
    page = visit("alice").page
    page.goto("/tuning/1")
    button = page.get_by_role("button", name="Train with these")
    button.focus()
    tried(labeled, job, 1, 0.6)
    expect(page.locator("table.trials tbody tr")).to_have_count(2)
    expect(button).to_be_focused()


def test_a_second_tuning_is_refused_with_a_sentence(labeled: Site, visit: Opens):
    page = visit("alice").page
    page.goto("/tuning")
    tuning.request_study(labeled.context, labeled.alice, 5)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_contain_text("Tuning 1 is queued already")
    expect(page.get_by_role("link", name="Watch it")).to_be_visible()


def test_why_a_tuning_failed_is_on_its_page(labeled: Site, visit: Opens):
    tuning.request_study(labeled.context, labeled.alice, 5)
    jobs.finish(labeled.context, claimed(labeled), "failed", error="There are 3 labels.")
    page = visit("alice").page
    page.goto("/tuning/1")
    expect(page.get_by_text(re.compile("It failed: There are 3 labels"))).to_be_visible()
    expect(page.get_by_text("No trial was completed.")).to_be_visible()


def test_labelers_find_no_tuning(labeled: Site, visit: Opens):
    labeled.person("bob")
    page = visit("bob").page
    page.goto("/")
    expect(page.get_by_role("link", name="Tuning")).to_have_count(0)
    answer = page.goto("/tuning")
    assert answer is not None
    assert answer.status == 403
