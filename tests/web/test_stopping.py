"""The sentence on the pages where an admin decides to go on labeling."""

from typing import Any

import pytest

from app.actions import training
from tests.web.sites import ALICE, Site
from tests.web.test_comparing import NEURON, metrics

KNOWN = {
    "since_run": 1, "labels_before": 300, "labels_after": 500, "components": 9028, "changed": 410,
    "batches": 2, "next_labels": 500, "confidence": 0.8, "expected": 620, "low": 330, "high": 990,
}  # fmt: skip
SAID = (
    "The next 500 labels should change about 620 of 9\u202f028 predictions "
    "(80% sure: 330 to 990; the last 200 changed 410)."
)


def shown(site: Site, path: str, **more: Any) -> str:
    """The page's text, once a run has kept this."""
    run = site.world.train({site.world.recording(1, labels=[1])[0]: NEURON})
    training.record_result(site.world.context, run, metrics={**metrics(0.6), **more})
    text = site.browser(ALICE).get(path, headers={"Accept": "text/html"}).text
    for tag in ("<b>", "</b>", '<span class="quiet">', "</span>"):
        text = text.replace(tag, "")
    return " ".join(text.split(" "))


@pytest.mark.parametrize("path", ["/", "/runs/1"])
def test_the_estimate_is_one_sentence_with_its_interval(site: Site, path: str) -> None:
    assert SAID in shown(site, path, stopping=KNOWN)


@pytest.mark.parametrize("path", ["/", "/runs/1"])
def test_where_it_cannot_be_known_the_reason_is_said(site: Site, path: str) -> None:
    text = shown(site, path, stopping={"reason": "every component has a label"})
    assert "would change is not known: every component has a label." in text


@pytest.mark.parametrize("path", ["/", "/runs/1"])
def test_a_run_from_before_the_estimate_says_nothing(site: Site, path: str) -> None:
    assert "data-stopping" not in shown(site, path)
