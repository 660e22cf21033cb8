"""Promotion with a real worker: real models, components that came later, a newer run."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from app.actions import importing
from tests.support.loop import API, train
from tests.support.recordings import small_recording
from tests.support.server import Server

pytestmark = pytest.mark.slow


@pytest.fixture
def client(trained_server: Server) -> Iterator[httpx.Client]:
    with trained_server.client() as made:
        yield made


def until(found: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
    give_up_at = time.monotonic() + timeout_s
    while not found():
        assert time.monotonic() < give_up_at, what
        time.sleep(0.1)


def serving(client: httpx.Client) -> dict[str, Any]:
    said: dict[str, Any] = client.get(f"{API}/training-runs/serving").json()
    return said


def shown(client: httpx.Client) -> set[int | None]:
    """The runs whose predictions the components show."""
    items = client.get(f"{API}/components", params={"limit": 500}).json()["items"]
    return {one["prediction"] and one["prediction"]["run"] for one in items}


def test_a_promoted_run_judges_what_came_after_it_and_stays(
    client: httpx.Client, trained_server: Server
) -> None:
    second = train(client, seed=7)["id"]
    assert shown(client) == {second}
    late = small_recording(8, seed=5, name="late")
    importing.store(trained_server.context, None, [late], source="late.npz")
    until(lambda: shown(client) == {second}, "what was imported late is scored by the newest run")

    assert client.post(f"{API}/training-runs/1/promote").status_code == 202
    until(lambda: serving(client)["job"] is None, "the worker sorts the queue")
    assert shown(client) == {1}
    rows = client.get(f"{API}/predictions").json()["items"]
    assert (len(rows), {row["run"] for row in rows}) == (48 + 8, {1})

    third = train(client, seed=8)["id"]
    assert shown(client) == {1}, "a newer run does not replace a promoted one"
    importing.store(
        trained_server.context, None, [small_recording(4, seed=6, name="later")], source="later.npz"
    )
    until(lambda: shown(client) == {1}, "what comes later is scored by the promoted run")

    assert client.post(f"{API}/training-runs/serving/follow-newest").json()["run"] == third
    until(lambda: serving(client)["job"] is None, "the worker sorts the queue back")
    assert shown(client) == {third}
