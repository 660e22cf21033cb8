"""A server with data in it: two small recordings, labels, and a model that a worker trained."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.actions import accounts, importing, labeling, training
from app.actions.labeling import Answer
from app.domain.accounts import Role
from tests.support.recordings import small_recording
from tests.support.server import Server

API = "/api/v1"
TINY_TRAINING: dict[str, Any] = {
    "architecture": "cnn", "inputs": ["mask"],
    "folds": 2, "epochs": 1, "min_batches": 1, "batch_size": 16, "threads": 1,
}  # fmt: skip
ENDED = {"succeeded", "failed", "cancelled"}


def add_small_recordings(server: Server) -> None:
    """Recording 1 (components 1 to 24) with labels of its own, recording 2 (25 to 48) without."""
    labeled = small_recording(annotator="expert", name="labeled")
    importing.store(server.context, None, [labeled], source="labeled.npz")
    importing.store(server.context, None, [small_recording(seed=1)], source="plain.npz")


def answers(components: range, **more: object) -> list[dict[str, object]]:
    """An answer for each component, its class by turns."""
    return [
        {"id": str(uuid4()), "component": key, "label": (key - 1) % 4 + 1, **more}
        for key in components
    ]


def post_labels(client: httpx.Client, components: range, **more: object) -> list[dict[str, Any]]:
    """Post an answer for each component; returns what became of them."""
    posted = client.post(f"{API}/labels", json={"labels": answers(components, **more)})
    assert posted.status_code == 200, posted.text
    items: list[dict[str, Any]] = posted.json()["items"]
    return items


def wait_for_run(client: httpx.Client, run: int, timeout_s: float = 90) -> dict[str, Any]:
    """The run as it ended."""
    give_up_at = time.monotonic() + timeout_s
    while True:
        found: dict[str, Any] = client.get(f"{API}/training-runs/{run}").json()
        if found["state"] in ENDED:
            return found
        assert time.monotonic() < give_up_at, f"run {run} did not end: {found}"
        time.sleep(0.1)


def train(client: httpx.Client, **config: object) -> dict[str, Any]:
    """Ask for a tiny training run and wait for its end."""
    asked = client.post(f"{API}/training-runs", json={"config": TINY_TRAINING | config})
    assert asked.status_code == 202, asked.text
    return wait_for_run(client, asked.json()["id"])


SETTINGS = {"worker_threads": 1, "max_upload_mb": 20, "predict_timeout_seconds": 45}


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which a worker has trained a first model; to be copied.

    The worker works in this process: those that are started on the copies take seconds to load.
    """
    # Imported here alone, for it loads torch.
    from app.worker.main import HANDLERS
    from app.worker.work import Worker

    folder: Path = tmp_path_factory.mktemp("trained")
    server = Server(folder, worker=True, settings=SETTINGS)
    try:
        add_small_recordings(server)
        admin, _ = accounts.account_for_program(server.context, "trainer", Role.ADMIN)
        given = [Answer(uuid4(), key, (key - 1) % 4 + 1) for key in range(1, 21)]
        labeling.answer(server.context, admin, given)
        run = training.request_run(server.context, admin, TINY_TRAINING)
        Worker(server.context, HANDLERS).work("slow")
        ended = training.get_run(server.context, run.id)
        assert ended.state == "succeeded", ended.error
    finally:
        server.close()
    return folder


@pytest.fixture(scope="module")
def trained_server(
    trained_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server and its real worker on a copy of that folder, for the tests of one file."""
    folder = tmp_path_factory.mktemp("served") / "data"
    shutil.copytree(trained_folder, folder)
    server = Server(folder, worker=True, settings=SETTINGS)
    try:
        server.start()
        wait_for_worker(server)
        yield server
    finally:
        server.close()


def wait_for_worker(server: Server, timeout_s: float = 60) -> None:
    """Return when the server's worker has shown itself: torch takes seconds to load."""
    give_up_at = time.monotonic() + timeout_s
    with server.client(None) as client:
        while client.get(f"{API}/health").json()["worker"] != "alive":
            assert time.monotonic() < give_up_at, "no worker came up"
            time.sleep(0.1)
