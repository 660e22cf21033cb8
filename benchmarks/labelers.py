"""Clients that label: one alone, or many at once in a process of their own."""

import multiprocessing
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from benchmarks.serving import Client

Times = dict[str, list[float]]


class Desk(Protocol):
    """What a labeler does with a server; each call gives the seconds that it took."""

    def health(self) -> float:
        """A call that does nearly nothing."""

    def next(self) -> tuple[float, list[dict[str, Any]]]:
        """The next things to look at."""

    def save(self, item: dict[str, Any]) -> float:
        """Answer one of them; the seconds until it was acknowledged."""


class SomataDesk:
    """A labeler of Somata with one connection. ahead: how many components they ask for."""

    def __init__(self, port: int, token: str, strategy: str, ahead: int = 1) -> None:
        self.client = Client(port, token)
        self.asked = {"strategy": strategy, "count": ahead}

    def health(self) -> float:
        """GET /health."""
        return self.client.get("/health")[0]

    def next(self) -> tuple[float, list[dict[str, Any]]]:
        """POST /queue/next."""
        seconds, work = self.client.post("/queue/next", self.asked)
        return seconds, work["items"]

    def save(self, item: dict[str, Any]) -> float:
        """POST /labels with one answer."""
        return label(self.client, item)


def label(client: Client, item: dict[str, Any]) -> float:
    """Answer one component; returns the seconds until it was acknowledged."""
    answer = {
        "id": str(uuid.uuid4()),
        "component": item["component"],
        "label": 1 + item["component"] % 4,
        "lease": item["lease"],
        "seconds": 1.0,
    }
    seconds, receipt = client.post("/labels", {"labels": [answer]})
    if receipt["items"][0]["status"] != "saved":
        raise RuntimeError(f"not saved: {receipt}")
    return seconds


def alone(desk: Desk, count: int) -> Times:
    """One client: health, next and save in turn."""
    times: Times = {"health": [], "next": [], "label": []}
    for _ in range(count):
        times["health"].append(desk.health())
        seconds, items = desk.next()
        times["next"].append(seconds)
        times["label"].append(desk.save(items[0]))
    return times


def labeler(desk: Desk, until: float, times: Times) -> None:
    """One of many, until the time is over or nothing is left: a request a label."""
    while time.monotonic() < until:
        seconds, items = desk.next()
        times["next"].append(seconds)
        if not items:
            return
        for item in items:
            times["label"].append(desk.save(item))


def crowd(opened: Sequence[Callable[[], Desk]], seconds: float, results: Any) -> None:
    """All labelers at once, in this process; results gets their times, the rate, and the
    processor time that they took themselves, in seconds a label.
    """
    every: list[Times] = [{"next": [], "label": []} for _ in opened]
    started = time.monotonic()
    own_before = time.process_time()
    threads = [
        threading.Thread(target=labeler, args=(open_desk(), started + seconds, times))
        for open_desk, times in zip(opened, every, strict=True)
    ]
    for thread in threads:
        thread.start()
    health = []
    probe = opened[0]()
    while any(thread.is_alive() for thread in threads):
        health.append(probe.health())
        time.sleep(0.1)
    lasted = time.monotonic() - started
    merged = {name: [t for times in every for t in times[name]] for name in ("next", "label")}
    labels = len(merged["label"])
    own_s = (time.process_time() - own_before) / labels
    results.put({**merged, "health": health, "rate": labels / lasted, "own_s": own_s})


def measure_crowd(opened: Sequence[Callable[[], Desk]], seconds: float) -> dict[str, Any]:
    """Run the crowd in a process of its own, so that it does not share our interpreter.

    opened: what opens each one's desk, over there.
    """
    results = multiprocessing.get_context("spawn").Queue()
    process = multiprocessing.get_context("spawn").Process(
        target=crowd, args=(opened, seconds, results)
    )
    process.start()
    found: dict[str, Any] = results.get(timeout=seconds + 120)
    process.join()
    return found
