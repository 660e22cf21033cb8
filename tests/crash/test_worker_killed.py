"""The worker may die: its run is found silent, tried once more, and the server never notices."""

import signal
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.actions import embedding
from tests.crash.lab import kill_worker, labeled_server, workers_of
from tests.support.loop import API, TINY_TRAINING, post_labels, train, wait_for_run
from tests.support.server import Server, somata

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

# Long enough to be met at work, and over soon when it is left alone.
SOME_SECONDS = {**TINY_TRAINING, "epochs": 15, "patience": 15, "min_batches": 4}
NEVER_ENDING = {**SOME_SECONDS, "epochs": 5000, "patience": 5000, "min_batches": 200}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for the tests that leave it running."""
    made = labeled_server(tmp_path_factory.mktemp("worker"))
    yield made
    made.close()


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as made:
        yield made


def start_run(client: httpx.Client, config: Mapping[str, object]) -> int:
    """Ask for a run; returns its id."""
    asked = client.post(f"{API}/training-runs", json={"config": config})
    assert asked.status_code == 202, asked.text
    run: int = asked.json()["id"]
    return run


def wait_until(client: httpx.Client, run: int, **wanted: object) -> dict[str, Any]:
    """The run as soon as it has these values."""
    give_up_at = time.monotonic() + 90
    while True:
        found: dict[str, Any] = client.get(f"{API}/training-runs/{run}").json()
        if all(found[name] == value for name, value in wanted.items()):
            return found
        assert found["state"] in ("queued", "running"), found
        assert time.monotonic() < give_up_at, found
        time.sleep(0.05)


def wait_for_epochs(
    client: httpx.Client, run: int, attempt: int, stages: Collection[str] = ("training",)
) -> None:
    """Until the run is in the middle of its training."""
    give_up_at = time.monotonic() + 90
    while True:
        found = wait_until(client, run, state="running", attempts=attempt)
        if found["progress"].get("stage") in stages:
            return
        assert time.monotonic() < give_up_at, found
        time.sleep(0.05)


def test_a_run_whose_worker_is_killed_twice_is_failed_with_the_reason(
    server: Server, client: httpx.Client
) -> None:
    run = start_run(client, NEVER_ENDING)
    for attempt in (1, 2):
        wait_for_epochs(client, run, attempt)
        kill_worker(server)
    ended = wait_for_run(client, run)
    assert (ended["state"], ended["attempts"]) == ("failed", 2)
    assert "died 2 times" in ended["error"]
    answered = post_labels(client, range(1, 3))
    assert [one["status"] for one in answered] == ["saved", "saved"]


def test_a_run_whose_worker_is_killed_once_is_tried_again_and_succeeds(
    server: Server, client: httpx.Client
) -> None:
    run = start_run(client, SOME_SECONDS)
    wait_for_epochs(client, run, attempt=1)
    before = workers_of(server)
    kill_worker(server)
    health = client.get(f"{API}/health")
    assert health.status_code == 200, "the server does not depend on its worker"
    ended = wait_for_run(client, run)
    assert (ended["state"], ended["attempts"], ended["error"]) == ("succeeded", 2, None)
    assert ended["metrics"]["components"] == 24
    assert workers_of(server) != before, "serve started another worker"


# Here, since it starts anew: `serve` waits twice as long after each death of a worker.
def test_ctrl_c_stops_server_and_worker_and_gives_the_run_back(
    server: Server, client: httpx.Client
) -> None:
    run = start_run(client, NEVER_ENDING)
    wait_for_epochs(client, run, attempt=1)
    workers = workers_of(server)
    assert len(workers) == 1
    logged = len(server.log.read_text())
    assert server.stop(signal.SIGINT) == 0
    assert [one for one in workers if one.is_running()] == []
    assert "Traceback" not in server.log.read_text()[logged:]
    assert (server.data_dir / "stdout.log").read_text().endswith("Somata has stopped.\n")

    server.start()
    with server.client() as anew:
        # Not counted as an attempt: nobody died.
        wait_until(anew, run, state="running", attempts=1)
        anew.post(f"{API}/training-runs/{run}/cancel")
        wait_for_run(anew, run)


def test_the_queue_follows_labels_though_the_worker_that_refits_is_killed(
    server: Server, client: httpx.Client
) -> None:
    assert train(client)["state"] == "succeeded"
    runs = states_of_runs(client)
    post_labels(client, range(25, 35))
    kill_worker(server)
    give_up_at = time.monotonic() + 90
    while client.get(f"{API}/training-runs/serving").json()["refitted_labels"] < 10:
        assert time.monotonic() < give_up_at, "no other worker refits"
        time.sleep(0.1)
    assert states_of_runs(client) == runs, "a refit is no run"


def test_a_run_whose_worker_is_killed_in_a_first_draft_learns_from_the_unlabeled_all_the_same(
    server: Server, client: httpx.Client
) -> None:
    post_labels(client, range(25, 35))
    run = start_run(client, SOME_SECONDS)
    wait_for_epochs(client, run, 1, ["first draft"])
    kill_worker(server)
    ended = wait_for_run(client, run)
    assert (ended["state"], ended["attempts"]) == ("succeeded", 2)
    assert ended["metrics"]["unlabeled"] == 48 - 34


def test_a_thorough_run_and_its_repeat_each_killed_once_come_to_the_same_model(
    server: Server, client: httpx.Client
) -> None:
    thorough = {**SOME_SECONDS, "architecture": "late_fusion", "epochs": 8, "min_batches": 2}
    run = start_run(client, thorough)
    wait_for_epochs(client, run, attempt=1)
    kill_worker(server)
    ended = wait_for_run(client, run)
    assert (ended["state"], ended["attempts"]) == ("succeeded", 2)
    serving = client.get(f"{API}/training-runs/serving").json()["run"]
    post_labels(client, range(35, 38))

    asked = client.post(f"{API}/training-runs", json={"repeat": run})
    assert asked.status_code == 202, asked.text
    repeat = asked.json()["id"]
    wait_for_epochs(client, repeat, attempt=1)
    kill_worker(server)
    ended = wait_for_run(client, repeat)
    assert (ended["state"], ended["attempts"]) == ("succeeded", 2)
    assert ended["metrics"]["repeat"]["same_model"] is True
    assert client.get(f"{API}/training-runs/serving").json()["run"] == serving


def states_of_runs(client: httpx.Client) -> list[tuple[int, str]]:
    """The runs there are, and how each ended."""
    return [(run["id"], run["state"]) for run in client.get(f"{API}/training-runs").json()["items"]]


def test_the_map_is_drawn_whole_though_the_worker_that_embeds_is_killed(
    server: Server, client: httpx.Client
) -> None:
    before = embedding.shown(server.context)
    run = train(client)["id"]
    give_up_at = time.monotonic() + 90
    while embedding.progress(server.context).job is None:
        assert time.monotonic() < give_up_at, "nobody asked for the map"
    kill_worker(server)
    seen = set()
    while (now := embedding.shown(server.context)) is None or now.run_id != run:
        seen.add(now)
        assert time.monotonic() < give_up_at, embedding.progress(server.context)
        time.sleep(0.05)
    assert seen <= {before}, "nothing half-made was shown meanwhile"
    assert now.components == now.laid_out == 48


def test_a_run_stops_within_five_seconds_of_being_cancelled(client: httpx.Client) -> None:
    run = start_run(client, NEVER_ENDING)
    wait_for_epochs(client, run, 1, ["first draft", "training"])
    started = time.monotonic()
    assert client.post(f"{API}/training-runs/{run}/cancel").status_code == 200
    ended = wait_for_run(client, run)
    assert ended["state"] == "cancelled"
    assert time.monotonic() - started < 5
    again = client.post(f"{API}/training-runs/{run}/cancel")
    assert again.status_code == 409
    assert "cancelled already" in again.json()["detail"]


def test_a_run_that_waits_is_cancelled_at_once(client: httpx.Client) -> None:
    first = start_run(client, NEVER_ENDING)
    refused = client.post(f"{API}/training-runs", json={})
    assert refused.status_code == 409
    assert f"Training run {first}" in refused.json()["detail"]
    client.post(f"{API}/training-runs/{first}/cancel")
    wait_for_run(client, first)


def test_a_bad_configuration_fails_the_run_with_what_is_wrong(client: httpx.Client) -> None:
    run = start_run(client, {"folds": 1000})
    ended = wait_for_run(client, run)
    assert ended["state"] == "failed"
    assert "folds must be an integer from 2 to 20" in ended["error"]


def test_the_worker_of_a_killed_server_goes_by_itself(server: Server) -> None:
    workers = workers_of(server)
    assert len(workers) == 1
    server.kill()
    gone, alive = psutil.wait_procs(workers, timeout=15)
    assert alive == []
    assert len(gone) == 1


def test_sigterm_stops_the_server_as_ctrl_c_does(tmp_path: Path) -> None:
    server = Server(tmp_path / "data").start()
    try:
        assert server.stop(signal.SIGTERM) == 0
    finally:
        server.close()
    assert (server.data_dir / "stdout.log").read_text().endswith("Somata has stopped.\n")
    assert "Traceback" not in server.log.read_text()


def test_a_second_server_on_the_same_data_folder_is_refused_with_a_sentence(
    server: Server,
) -> None:
    if server.process.poll() is not None:
        server.start()
    second = somata(server.data_dir, "serve", "--no-worker", port=0)
    assert second.returncode == 1
    assert second.stdout == ""
    assert f"process {server.process.pid} at {server.base_url}" in second.stderr
    assert "set SOMATA_DATA_DIR" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_port_that_is_taken_is_refused_with_a_sentence(server: Server, tmp_path: Path) -> None:
    port = server.base_url.rpartition(":")[2]
    second = somata(tmp_path / "other", "serve", "--no-worker", port=port)
    assert second.returncode == 1
    assert f"port {port}" in second.stderr
    assert "Set SOMATA_PORT to a free port" in second.stderr
    assert "Traceback" not in second.stderr
