"""Parts of the contract that need a real worker: training watched, predictions asked for."""

import csv
import io
import json
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest

from app.domain.accounts import Role
from app.web.api.streaming import PREDICTION_SCHEMA
from tests.support.loop import API, TINY_TRAINING, post_labels
from tests.support.recordings import masks_of
from tests.support.server import Server

pytestmark = pytest.mark.slow

MASKS = masks_of(np.array([1, 2, 3], np.int8), seed=3)
CLASSES = ("p1", "p2", "p3", "p4")
BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def client(trained_server: Server) -> Iterator[httpx.Client]:
    with trained_server.client() as made:
        yield made


def as_npy(masks: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, masks)
    return buffer.getvalue()


def as_npz(masks: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, masks=masks)
    return buffer.getvalue()


def test_a_first_training_judged_every_component_and_kept_what_repeats_it(
    client: httpx.Client,
) -> None:
    run = client.get(f"{API}/training-runs/1").json()
    assert run["state"] == "succeeded"
    assert (run["labels"], run["attempts"], run["error"]) == (24, 1, None)
    assert run["snapshot_event_id"] == 44, "24 labels of the file and 20 of a person"
    assert run["config"]["folds"] == 2
    assert run["progress"]["fraction"] == 1
    wanted = {"accuracy", "balanced_accuracy", "macro_f1", "cross_entropy"}
    assert wanted <= run["metrics"].keys()
    rows = client.get(f"{API}/predictions").json()["items"]
    assert [row["component"] for row in rows] == list(range(1, 49))
    assert [row["out_of_fold"] for row in rows] == [True] * 24 + [False] * 24
    assert all((row["quality"] is not None) == row["out_of_fold"] for row in rows)
    for row in rows:
        assert sum(row["probabilities"]) == pytest.approx(1, abs=1e-5)
        assert 0 <= row["entropy"] <= np.log(4) + 1e-6
        unsettled = row["mutual_information"]
        assert (unsettled is None) == row["out_of_fold"], "each label has one fold's opinion"
        assert unsettled is None or 0 <= unsettled <= row["entropy"]
        assert row["predicted"] == int(np.argmax(row["probabilities"])) + 1


def test_predictions_say_the_same_in_every_format(client: httpx.Client) -> None:
    def fetch(format: str) -> httpx.Response:
        return client.get(f"{API}/predictions", params={"format": format, "recording": 2})

    items = fetch("json").json()
    assert items["next"] is None
    lines = [json.loads(line) for line in fetch("ndjson").text.splitlines()]
    assert lines == items["items"]
    table = pq.read_table(io.BytesIO(fetch("parquet").content))
    assert table.schema.equals(PREDICTION_SCHEMA)
    spread = [
        {**{name: value for name, value in row.items() if name not in CLASSES}, "probabilities": p}
        for row in table.to_pylist()
        for p in [[row[name] for name in CLASSES]]
    ]
    assert spread == items["items"]
    sheet = fetch("csv")
    assert sheet.headers["content-disposition"] == 'attachment; filename="somata-predictions.csv"'
    told = list(csv.DictReader(io.StringIO(sheet.text)))
    assert list(told[0]) == PREDICTION_SCHEMA.names
    assert [float(row["p3"]) for row in told] == [row["probabilities"][2] for row in items["items"]]


def test_a_labeler_fetches_predictions_of_what_they_have_answered(
    trained_server: Server, client: httpx.Client
) -> None:
    with trained_server.client(Role.LABELER) as labeler:
        assert labeler.get(f"{API}/predictions").json()["items"] == []
        post_labels(labeler, range(30, 32))
        rows = labeler.get(f"{API}/predictions").json()["items"]
    assert [row["component"] for row in rows] == [30, 31]


def test_predict_takes_npy_npz_and_json_and_answers_the_same(client: httpx.Client) -> None:
    answers = [
        client.post(f"{API}/predict", content=as_npy(MASKS), headers=BYTES),
        client.post(f"{API}/predict", content=as_npz(MASKS), headers=BYTES),
        client.post(f"{API}/predict", json={"masks": MASKS.tolist()}),
        client.post(f"{API}/predict", content=as_npy(MASKS.astype(np.float64)), headers=BYTES),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.json() == answers[0].json()
    items = answers[0].json()["items"]
    assert len(items) == 3
    for item in items:
        p = np.array(item["probabilities"])
        assert p.sum() == pytest.approx(1, abs=1e-5)
        assert item["entropy"] == pytest.approx(float(-(p * np.log(p)).sum()), abs=1e-4)
        assert 0 < item["mutual_information"] < item["entropy"], "the folds are not of one mind"
        assert item["predicted"] == int(p.argmax()) + 1


def test_predict_says_the_same_of_a_stored_mask_as_the_run_does(client: httpx.Client) -> None:
    mask = np.load(io.BytesIO(client.get(f"{API}/components/40/mask.npy").content))
    said = client.post(f"{API}/predict", content=as_npy(mask[None]), headers=BYTES).json()
    stored = client.get(f"{API}/components/40").json()["prediction"]
    assert said["run"] == stored["run"]
    for name in ("probabilities", "entropy", "mutual_information"):
        assert said["items"][0][name] == pytest.approx(stored[name], abs=1e-4)


def test_a_training_is_watched_from_its_start_to_its_end(client: httpx.Client) -> None:
    asked = client.post(
        f"{API}/training-runs", json={"config": TINY_TRAINING | {"epochs": 8, "patience": 8}}
    )
    assert asked.status_code == 202
    run = asked.json()["id"]
    seen: list[dict[str, Any]] = []
    started = time.monotonic()
    with client.stream("GET", f"{API}/training-runs/{run}/events", timeout=90) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("event:"):
                assert line == "event: run"
            if line.startswith("data:"):
                seen.append(json.loads(line.removeprefix("data:")))
    assert time.monotonic() - started < 90
    states = [one["state"] for one in seen]
    assert states == sorted(states, key=["queued", "running", "succeeded"].index)
    assert states[-1] == "succeeded"
    assert all(before != after for before, after in pairwise(seen))
    fractions = [one["progress"].get("fraction", 0) for one in seen]
    assert fractions == sorted(fractions)
    assert seen[-1] == client.get(f"{API}/training-runs/{run}").json()


def test_without_a_worker_predict_says_so_and_when_to_come_back(tmp_path) -> None:
    server = Server(tmp_path / "data").start()
    try:
        with server.client() as client:
            no_model = client.post(f"{API}/predict", content=as_npy(MASKS), headers=BYTES)
            assert no_model.status_code == 409
            assert "train one" in no_model.json()["detail"]
            assert client.get(f"{API}/health").json()["worker"] == "absent"
    finally:
        server.close()
