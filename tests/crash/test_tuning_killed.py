"""A tuning of hours meets deaths: of its worker, of one of two workers, of who watches it."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.trials import THE_WORKER_DIED
from tests.crash.lab import SETTINGS, kill_worker, labeled_server
from tests.support.loop import API, ENDED, TINY_TRAINING, wait_for_run
from tests.support.server import Server, clean_environment, somata

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

# A trial of a second or two: it is met when it has just begun. One architecture, since the deepest
# takes minutes where the document's takes seconds.
SOME_SECONDS = {
    **TINY_TRAINING, "architecture": "cnn", "inputs": ["mask"],
    "epochs": 8, "patience": 8, "min_batches": 8,
}  # fmt: skip
MINUTES = 0.3
"""Of two workers: each has a trial and one its death within it."""
Found = dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = labeled_server(tmp_path_factory.mktemp("tuning"))
    yield made
    made.close()


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as made:
        yield made


def start(client: httpx.Client, minutes: float, **config: object) -> int:
    """Ask for a tuning; returns its id."""
    body = {"minutes": minutes, "config": {**SOME_SECONDS, **config}}
    asked = client.post(f"{API}/tuning", json=body)
    assert asked.status_code == 202, asked.text
    study: int = asked.json()["id"]
    return study


def wait(client: httpx.Client, study: int, until: Callable[[Found], bool]) -> Found:
    """The tuning as soon as this holds of it."""
    give_up_at = time.monotonic() + 120
    while True:
        found: Found = client.get(f"{API}/tuning/{study}").json()
        if until(found):
            return found
        assert found["state"] not in ENDED, found
        assert time.monotonic() < give_up_at, found
        time.sleep(0.05)


def ended(found: Found) -> list[Found]:
    """The trials that came to an end by themselves."""
    return [one for one in found["trials"] if one["state"] in ("complete", "pruned")]


def stop(client: httpx.Client, study: int) -> Found:
    """Cancel it; returns it as it ended, which must be within five seconds."""
    began = time.monotonic()
    assert client.post(f"{API}/tuning/{study}/cancel").status_code == 200
    found = wait(client, study, lambda found: found["state"] in ENDED)
    assert time.monotonic() - began < 5
    return found


def test_a_tuning_goes_on_after_its_worker_is_killed_however_often(
    server: Server, client: httpx.Client
) -> None:
    study = start(client, minutes=60)
    kept: list[Found] = []
    after: Found = {}
    for deaths in (1, 2, 3):
        before = wait(client, study, partial(at_work_again, more_than=len(kept)))
        kill_worker(server)
        after = wait(client, study, partial(at_work_again, deaths=deaths))
        kept = ended(after)
        assert kept[: len(ended(before))] == ended(before), "what had ended is kept as it was"
        assert (after["state"], after["error"]) == ("running", None)
    assert len({one["worker"] for one in kept}) >= 3
    # Dead time is not the budget's: 3 s of silence and the start of Python and torch each time.
    assert after["spent_seconds"] < sum(one["seconds"] for one in after["trials"]) + 6
    # A worker that has only just begun is still loading parts of torch, and hears of nothing.
    wait(client, study, partial(at_work_again, more_than=len(kept)))
    found = stop(client, study)
    assert found["state"] == "cancelled"
    assert found["best"] is not None
    assert found["counts"]["running"] == 0


def at_work_again(found: Found, more_than: int = -1, deaths: int | None = None) -> bool:
    """Whether a trial runs, more than so many have ended, and so many were lost by deaths."""
    running = found["counts"]["running"] > 0
    return running and len(ended(found)) > more_than and deaths in (None, died(found))


def died(found: Found) -> int:
    """How many trials their worker's death has ended."""
    return sum(one["reason"] == THE_WORKER_DIED for one in found["trials"])


def test_a_training_that_is_asked_for_meanwhile_goes_first(client: httpx.Client) -> None:
    study = start(client, minutes=60)
    wait(client, study, lambda found: found["counts"]["running"] > 0)
    config = {**SOME_SECONDS, "epochs": 25, "patience": 25}
    run = client.post(f"{API}/training-runs", json={"config": config}).json()["id"]
    stages = set()
    while client.get(f"{API}/training-runs/{run}").json()["state"] not in ENDED:
        stages.add(client.get(f"{API}/tuning/{study}").json()["progress"].get("stage"))
        time.sleep(0.05)
    assert wait_for_run(client, run)["state"] == "succeeded"
    assert any("waits while a training runs" in str(stage) for stage in stages), stages
    had = len(ended(client.get(f"{API}/tuning/{study}").json()))
    wait(client, study, lambda found: len(ended(found)) > had)
    stop(client, study)


def test_a_trial_whose_every_step_takes_long_is_stopped_as_quickly(client: httpx.Client) -> None:
    deepest = {"architecture": "vgg", "layers": 19, "kernel": 5, "batch_size": 256}
    study = start(client, minutes=60, **deepest, epochs=5000, patience=5000)
    wait(client, study, lambda found: found["counts"]["running"] > 0)
    # Into its first step.
    time.sleep(3)
    assert stop(client, study)["state"] == "cancelled"


def test_ctrl_c_ends_the_watching_and_leaves_the_tuning_running(
    server: Server, client: httpx.Client
) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-m", "app", "tune", "--minutes", "60", "--wait"],
        env=clean_environment(server.data_dir, **SETTINGS),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    live = wait_for_live(client)
    wait(client, live, lambda found: found["counts"]["running"] > 0)
    watching.send_signal(signal.SIGINT)
    said, complaint = watching.communicate(timeout=90)
    assert (watching.returncode, said) == (1, "")
    assert complaint.endswith(f"somata: Tuning {live} goes on.\n./somata tune --stop ends it.\n"), (
        complaint
    )
    spent = client.get(f"{API}/tuning/{live}").json()["spent_seconds"]
    wait(client, live, lambda found: found["spent_seconds"] > spent + 2)
    stopped = somata(server.data_dir, "tune", "--stop")
    assert (stopped.returncode, stopped.stderr) == (0, "")
    wait(client, live, lambda found: found["state"] == "cancelled")


def wait_for_live(client: httpx.Client) -> int:
    """The tuning that waits or runs, as soon as there is one."""
    give_up_at = time.monotonic() + 60
    while True:
        for one in client.get(f"{API}/tuning").json()["items"]:
            if one["state"] not in ENDED:
                return int(one["id"])
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


def test_ctrl_c_to_the_server_gives_the_tuning_back_and_the_next_start_goes_on(
    server: Server, client: httpx.Client
) -> None:
    study = start(client, minutes=60)
    before = wait(client, study, lambda found: len(ended(found)) > 0)
    assert server.stop(signal.SIGINT) == 0
    server.start()
    with server.client() as anew:
        after = wait(anew, study, lambda found: len(ended(found)) > len(ended(before)))
        assert died(after) == 0
        stop(anew, study)


@pytest.mark.postgres
def test_two_workers_on_postgresql_share_a_tuning_and_one_may_die(
    tmp_path: Path, fresh_postgres_database: str
) -> None:
    server = labeled_server(tmp_path / "data", database_url=fresh_postgres_database)
    try:
        with (
            another_worker(tmp_path / "elsewhere", fresh_postgres_database) as elsewhere,
            server.client() as client,
        ):
            wait_for_start(tmp_path / "elsewhere" / "worker.log")
            share_and_die(client, elsewhere)
    finally:
        server.stop()
        server.close()


def share_and_die(client: httpx.Client, elsewhere: "subprocess.Popen[bytes]") -> None:
    """Two workers are at one tuning until one of them is killed; the other brings it to its end."""
    study = start(client, minutes=MINUTES)
    both = wait(client, study, lambda found: found["counts"]["running"] == 2)
    assert at_work(both, elsewhere.pid)
    by_both = wait(client, study, lambda found: len({one["worker"] for one in ended(found)}) == 2)
    numbers = [one["number"] for one in by_both["trials"]]
    assert numbers == list(range(len(numbers)))
    # One that has just begun, so that it is not over before its worker is.
    wait(client, study, lambda found: at_work(found, elsewhere.pid, since=len(numbers)))
    elsewhere.kill()
    found = wait(client, study, lambda found: found["state"] in ENDED)
    assert (found["state"], found["error"]) == ("succeeded", None)
    assert died(found) == 1
    assert found["best"]["value"] == min(
        one["value"] for one in found["trials"] if one["state"] == "complete"
    )
    assert found["spent_seconds"] >= 60 * MINUTES
    rates = [one["config"]["learning_rate"] for one in found["trials"]]
    assert len(set(rates)) == len(rates), "nobody tried what another tried"


def at_work(found: Found, pid: int, since: int = 0) -> bool:
    """Whether a trial of that process runs, this one or a later."""
    return any(
        one["state"] == "running" and one["worker"].endswith(f"-{pid}")
        for one in found["trials"][since:]
    )


def wait_for_start(log: Path) -> None:
    """Until the worker says that it is ready; it loads torch before."""
    give_up_at = time.monotonic() + 60
    while "worker ready" not in log.read_text():
        assert time.monotonic() < give_up_at, log.read_text()
        time.sleep(0.05)


def another_worker(data_dir: Path, database_url: str) -> "subprocess.Popen[bytes]":
    """A worker as on another machine: it knows the database's URL and nothing else."""
    data_dir.mkdir()
    with (data_dir / "worker.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "app", "worker", "--until-stdin-closes"],
            env=clean_environment(data_dir, database_url=database_url, **SETTINGS),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
