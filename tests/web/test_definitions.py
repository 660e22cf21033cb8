"""The four classes over REST and on their page."""

import re

import pytest

from app.domain.definitions import LONGEST_TEXT, USUAL_TEXTS
from tests.support.bundle import unpacked
from tests.web.answers import problem
from tests.web.sites import ALICE, API, BOB, Site

HOSTILE = '</textarea><script>alert("1")</script> <b>&amp;'


def test_anybody_reads_the_classes_and_the_masks_of_their_examples(site: Site) -> None:
    key = site.world.component(labeled_by=[ALICE, BOB], label=2)
    found = site.client(BOB).get(f"{API}/definitions").json()
    assert [(one["label"], one["title"]) for one in found["items"]] == [
        (1, "neuron"),
        (2, "process"),
        (3, "noise"),
        (4, "doubtful neuron"),
    ]
    assert [one["text"] for one in found["items"]] == list(USUAL_TEXTS.values())
    assert found["items"][1]["examples"] == [
        {"component": key, "recording": 1, "people": 2, "chosen": False}
    ]
    masks = unpacked(site.client(BOB).get(found["views"]).content)
    assert [one["id"] for one in masks["components"]] == [key]


def test_without_examples_there_are_no_masks_to_fetch(site: Site) -> None:
    assert site.client(BOB).get(f"{API}/definitions").json()["views"] is None


def test_an_admin_puts_a_class_in_other_words_once_a_version(site: Site) -> None:
    alice = site.client(ALICE)
    path = f"{API}/definitions/4"
    put = alice.put(path, json={"text": "Not clearly\na ring", "version": 0})
    assert put.status_code == 200
    assert put.json() | {"changed_at": None} == {
        "label": 4,
        "title": "doubtful neuron",
        "text": "Not clearly\na ring",
        "usual": False,
        "version": 1,
        "changed_by": "Alice",
        "changed_at": None,
        "examples": [],
    }
    problem(alice.put(path, json={"text": "x", "version": 0}), 409, "changed by Alice", "version 1")
    back = alice.put(path, json={"text": "", "version": 1}).json()
    assert (back["text"], back["usual"], back["version"]) == (USUAL_TEXTS[4], True, 2)


@pytest.mark.parametrize(
    "body",
    [
        {"text": "x" * (LONGEST_TEXT + 1), "version": 0},
        {"text": "nul \0", "version": 0},
        {"text": "x"},
        {"text": "x", "version": True},
        {"text": None, "version": 0},
        {"text": "x", "version": 0, "more": 1},
    ],
)
def test_what_cannot_be_kept_is_refused(site: Site, body: dict[str, object]) -> None:
    problem(site.client(ALICE).put(f"{API}/definitions/1", json=body), 422)


def test_an_admin_chooses_examples(site: Site) -> None:
    key = site.world.component(labeled_by=[ALICE])
    alice, bob = site.client(ALICE), site.client(BOB)
    path = f"{API}/definitions/examples/{key}"
    for _ in range(2):
        put = alice.put(path, json={"shown": True})
        assert (put.status_code, put.json()) == (200, {"component": key, "shown": True})
    assert bob.get(f"{API}/definitions").json()["items"][0]["examples"][0]["chosen"]
    assert bob.get(f"{API}/components/{key}").json()["hidden"], "all else of it stays hidden"
    alice.put(path, json={"shown": False})
    assert bob.get(f"{API}/definitions").json()["items"][0]["examples"] == []
    problem(alice.put(f"{API}/definitions/examples/99", json={"shown": True}), 404)
    unlabeled = site.world.component()
    path = f"{API}/definitions/examples/{unlabeled}"
    problem(alice.put(path, json={"shown": True}), 409, "no person has answered", "Label it first")


def test_hostile_words_are_only_words(site: Site) -> None:
    alice = site.browser(ALICE)
    form = {"text": HOSTILE, "version": "0"}
    assert alice.post("/definitions/1", data=form).headers["location"] == "/definitions#class-1"
    shown = alice.get("/definitions").text
    assert "<script>alert" not in shown
    assert shown.count("&lt;/textarea&gt;&lt;script&gt;") == 3, "the text, its field, the history"


def test_the_page_gives_back_what_it_could_not_keep(site: Site) -> None:
    alice = site.browser(ALICE)
    alice.post("/definitions/2", data={"text": "Alice's", "version": "0"})
    for text, status, words in (
        ("Mine <1>", 409, "were changed by Alice"),
        ("y" * (LONGEST_TEXT + 1), 422, "may have 2,000"),
    ):
        answer = alice.post("/definitions/2", data={"text": text, "version": "0"})
        assert answer.status_code == status
        assert words in answer.text
        assert text.replace("<1>", "&lt;1&gt;") in answer.text
        assert "Alice&#39;s" in answer.text
        assert 'name="version" value="1"' in answer.text


def test_labelers_read_the_page_and_find_nothing_to_press(site: Site) -> None:
    key = site.world.component(labeled_by=[BOB])
    hidden = site.world.component(labeled_by=[ALICE])
    read = site.browser(BOB).get("/definitions").text
    assert f'href="/components/{key}"' in read
    assert f'href="/components/{hidden}"' not in read
    assert sorted(re.findall(r'<form [^>]*action="([^"]*)"', read)) == ["/sign-in", "/sign-out"]
    assert read.count("<form") == 2


def test_a_components_page_offers_it_as_an_example(site: Site) -> None:
    key = site.world.component(labeled_by=[ALICE])
    alice = site.browser(ALICE)
    assert "Show as example of neuron" in alice.get(f"/components/{key}").text
    form = {"shown": "true", "back": "component"}
    answer = alice.post(f"/definitions/examples/{key}", data=form)
    assert answer.headers["location"] == f"/components/{key}"
    assert "No longer show as example of neuron" in alice.get(f"/components/{key}").text
    site.world.label(BOB, key, 1)
    assert "example" not in site.browser(BOB).get(f"/components/{key}").text
    unanswered = site.world.component()
    assert "as example" not in alice.get(f"/components/{unanswered}").text
    refused = alice.post(f"/definitions/examples/{unanswered}", data={"shown": "true"})
    assert (refused.status_code, "Label it first" in refused.text) == (409, True)
