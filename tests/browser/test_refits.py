"""What the page of runs says of refits: one quiet line, and no rows."""

from typing import Any
from uuid import uuid4

from playwright.sync_api import expect

from app.actions import jobs, labeling
from app.actions.labeling import Answer
from tests.browser.site import Site, recording
from tests.browser.test_rounds import Opens


def refitted(site: Site, run_id: int, state: str = "succeeded", **values: Any) -> None:
    """Ten labels, and the refit that they ask for as a worker ends it."""
    unanswered = [key for key in site.components() if not site.answers(key)][:10]
    labeling.answer(
        site.context, site.alice, [Answer(uuid4(), key, 1 + key % 2) for key in unanswered]
    )
    job = jobs.claim(site.context, "refit")
    assert job is not None
    said = {"run": run_id, "event_id": job.request["event_id"], "labels": len(site.all_answers())}
    assert jobs.finish(site.context, job, state, progress=said, **values)


def test_the_run_in_use_says_when_the_queue_last_took_in_labels(site: Site, visit: Opens) -> None:
    site.store(recording())
    run_id = site.trained()
    page = visit("alice").page
    page.goto("/runs")
    expect(page.get_by_text(f"Run {run_id} is in use")).to_be_visible()
    expect(page.get_by_text("refitted")).to_have_count(0)
    refitted(site, run_id)
    refitted(site, run_id)
    page.reload()
    expect(page.locator("[data-refit]")).to_contain_text("with 20 labels that the run has not seen")
    expect(page.locator("tbody tr")).to_have_count(1)
    refitted(site, run_id, "failed", error="no memory")
    page.reload()
    expect(
        page.get_by_text("The last refit of the queue's order failed: no memory")
    ).to_be_visible()
