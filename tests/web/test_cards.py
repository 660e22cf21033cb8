"""The model card as it is handed out: Markdown, or a zip with its pictures."""

import io
import zipfile
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import update

from app.actions import training
from app.storage.tables import RecordingRow
from app.web import cards as files
from tests.web.answers import problem
from tests.web.sites import ALICE, API, BOB, Site
from tests.web.test_comparing import NEURON, metrics

CONFIG = {"architecture": "fusion", "inputs": ["mask", "trace", "context"], "seed": 3}


def with_run(site: Site, **more: Any) -> int:
    keys = site.world.recording(3, labels=[1, 1, 3])
    run = site.world.train(dict.fromkeys(keys, NEURON))
    known = {**metrics(0.6), "components": 120, "grouped": True, "scored_components": 1234}
    training.record_result(
        site.world.context,
        run,
        metrics=known,
        config=CONFIG,
        environment={"commit": "0123abcd", "threads": 2},
        **more,
    )
    return run


def card(site: Site, run: int, who: Any = BOB, **more: str) -> Any:
    return site.client(who).get(f"{API}/training-runs/{run}/card", params=more)


def test_a_card_says_what_a_reader_asks(site: Site) -> None:
    run = with_run(site)
    answer = card(site, run)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    text = answer.text
    assert text.startswith(f"# Model card: training run {run}\n")
    assert "the mask, the trace and its surroundings" in text
    assert "3 labeled components of 1 recording;" in text
    assert "| neuron | 30 | 60.0% | 60.0% | 0.600 |" in text
    assert "| recording 1 | arrays | – | – | 3 | 66.7% | 0.400 | 70.0% |" in text
    assert "from 8.0% to 2.0%" in text
    assert '"seed": 3' in text
    assert "| commit | 0123abcd |" in text


def test_a_card_says_what_was_learned_from_without_a_label(site: Site) -> None:
    run = with_run(site)
    assert "surest guesses" not in card(site, run).text
    known = {**(training.get_run(site.world.context, run).metrics or {}), "unlabeled": 800}
    training.record_result(site.world.context, run, metrics=known)
    assert "about components without a label, at most 800." in card(site, run).text
    page = site.client(ALICE).get(f"/runs/{run}").text
    assert "guesses about components without one, at most 800;" in page


def test_every_table_is_whole(site: Site) -> None:
    lines = card(site, with_run(site)).text.splitlines()
    columns = 0
    for before, line in pairwise(lines):
        if not line.startswith("|"):
            continue
        if not before.startswith("|"):
            assert before == "", "a table begins after an empty line"
            columns = line.count("|")
        assert line.count("|") == columns, line
    assert "\n\n\n" not in "\n".join(lines)


def test_the_zip_holds_the_text_and_the_pictures_it_names(site: Site) -> None:
    run = with_run(site)
    answer = card(site, run, format="zip")
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="model-card-run-{run}.zip"'
    )
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert texts[files.TEXT] == card(site, run).text
    pictures = set(texts) - {files.TEXT}
    assert pictures == {files.CONFUSION, files.CALIBRATION}
    for name in pictures:
        assert f"]({name})" in texts[files.TEXT]
        assert ET.fromstring(texts[name]).tag == "{http://www.w3.org/2000/svg}svg"


def test_names_cannot_break_the_tables(site: Site) -> None:
    run = with_run(site)
    with site.world.context.database.write() as session:
        session.execute(update(RecordingRow).values(name="a|b\n# <script> [x](y)"))
    text = card(site, run).text
    assert r"| a\|b # \<script\> \[x\](y) |" in text


def test_of_many_recordings_the_worst_are_shown(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "RECORDINGS_SHOWN", 1)
    right = site.world.recording(1, labels=[1])
    wrong = site.world.recording(1, labels=[3])
    run = site.world.train(dict.fromkeys([*right, *wrong], NEURON))
    known = {**metrics(0.6), "components": 2, "grouped": True}
    training.record_result(site.world.context, run, metrics=known, config=CONFIG)
    text = card(site, run).text
    assert "The 1 with the lowest accuracy of 2." in text
    assert "| recording 2 |" in text
    assert "| recording 1 |" not in text


def test_a_run_without_figures_is_refused_and_has_no_button(site: Site) -> None:
    key = site.world.recording(1, labels=[1])[0]
    run = site.world.train({key: NEURON})
    problem(card(site, run), 409, "Train again")
    problem(card(site, 99), 404, "training run 99")
    problem(card(site, run, format="pdf"), 422, "format")
    browser = site.browser(ALICE)
    assert "Model card" not in browser.get(f"/runs/{run}").text
    told = with_run(site)
    assert f"/training-runs/{told}/card?format=zip" in browser.get(f"/runs/{told}").text
