"""A run's model as a file, by program and on the run's page."""

import json

import pytest

from app.actions import jobs, training
from app.actions.exporting_models import MASKS_ALONE
from tests.actions.test_exporting_models import run_of_masks, write
from tests.support.loop import API
from tests.web.answers import problem
from tests.web.sites import ALICE, BOB, Site


def test_a_program_asks_waits_and_fetches(site: Site) -> None:
    client, run = site.client(ALICE), run_of_masks(site.world)
    path = f"{API}/training-runs/{run}/export"
    problem(client.get(f"{path}/fiji"), 404, "POST", f"/training-runs/{run}/export")
    asked = client.post(path, json={"format": "fiji"})
    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    assert client.get(f"{API}/jobs/{asked.json()['id']}").json() == asked.json()
    job = site.world.claimed(asked.json()["id"])
    jobs.finish(site.world.context, job, "succeeded", result_bytes=b"PK")
    fetched = client.get(f"{path}/fiji")
    assert (fetched.status_code, fetched.content) == (200, b"PK")
    assert fetched.headers["content-type"] == "application/zip"
    assert f'filename="model_run_{run}.bioimage.io.zip"' in fetched.headers["content-disposition"]


def test_what_cannot_be_exported_is_refused_with_what_to_do(site: Site) -> None:
    client = site.client(ALICE)
    run = site.world.train({site.world.component(): (0.4, 0.3, 0.2, 0.1)})
    path = f"{API}/training-runs/{run}/export"
    advice = json.dumps({"config": MASKS_ALONE})
    problem(client.post(path, json={"format": "onnx"}), 409, "looks at more", advice)
    problem(client.post(path, json={"format": "pickle"}), 422, "format")
    problem(client.get(f"{path}/pickle"), 422, "format")
    problem(client.post(f"{API}/training-runs/99/export", json={"format": "onnx"}), 404, "run 99")


def test_the_page_makes_shows_cancels_and_offers_files(site: Site) -> None:
    admin, run = site.browser(ALICE), run_of_masks(site.world)
    asked = admin.post(f"/runs/{run}/export", data={"format": "onnx"})
    assert (asked.status_code, asked.headers["location"]) == (303, f"/runs/{run}#export")
    page = admin.get(f"/runs/{run}").text
    assert "data-live-job" in page
    assert "Make the Fiji file" in page
    assert admin.post(f"/runs/{run}/export/cancel", data={"format": "onnx"}).status_code == 303
    assert admin.post(f"/runs/{run}/export/cancel", data={"format": "onnx"}).status_code == 409
    write(site.world, run, "onnx", b"x" * 2100)
    page = admin.get(f"/runs/{run}").text
    assert f'href="/api/v1/training-runs/{run}/export/onnx" download' in page
    assert "Download the ONNX file (2 kB)" in page
    assert "For other programs" not in site.browser(BOB).get(f"/runs/{run}").text


def test_a_model_that_sees_more_comes_with_a_button_that_trains_one_on_masks(site: Site) -> None:
    admin = site.browser(ALICE)
    run = site.world.train({site.world.component(): (0.4, 0.3, 0.2, 0.1)})
    page = admin.get(f"/runs/{run}").text
    assert "Train on masks alone" in page
    assert "Keep it in use first" in page
    assert admin.post(f"/runs/{run}/export", data={"format": "onnx"}).status_code == 409
    assert admin.post("/runs", data={"kind": "masks_alone"}).status_code == 303
    (asked, _) = training.list_runs(site.world.context, None, 2)
    assert asked.config == MASKS_ALONE


@pytest.mark.parametrize("format", ["onnx", "fiji"])
def test_the_description_names_the_formats(site: Site, format: str) -> None:
    described = site.client(ALICE).get("/openapi.json").json()
    assert format in described["components"]["schemas"]["ExportIn"]["properties"]["format"]["enum"]
