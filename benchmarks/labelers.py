"""Clients that label: one alone, or many at once in a process of their own."""

import multiprocessing
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any

from benchmarks.serving import Client


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


def alone(port: int, token: str, strategy: str, count: int) -> dict[str, list[float]]:
    """One client: health, next component and label in turn."""
    client = Client(port, token)
    times: dict[str, list[float]] = {"health": [], "next": [], "label": []}
    for _ in range(count):
        times["health"].append(client.get("/health")[0])
        seconds, work = client.post("/queue/next", {"strategy": strategy, "count": 1})
        times["next"].append(seconds)
        times["label"].append(label(client, work["items"][0]))
    return times


def labeler(port: int, token: str, until: float, times: dict[str, list[float]]) -> None:
    """One of many: ten components ahead, a request a label, as the desk does it."""
    client = Client(port, token)
    while time.monotonic() < until:
        seconds, work = client.post("/queue/next", {"strategy": "entropy", "count": 10})
        times["next"].append(seconds)
        for item in work["items"]:
            times["label"].append(label(client, item))


def crowd(port: int, tokens: Sequence[str], seconds: float, results: Any) -> None:
    """All labelers at once, in this process; results gets their times, the rate, and the
    processor time that they took themselves, in seconds a label.
    """
    every: list[dict[str, list[float]]] = [{"next": [], "label": []} for _ in tokens]
    started = time.monotonic()
    own_before = time.process_time()
    threads = [
        threading.Thread(target=labeler, args=(port, token, started + seconds, times))
        for token, times in zip(tokens, every, strict=True)
    ]
    for thread in threads:
        thread.start()
    health = []
    probe = Client(port, tokens[0])
    while any(thread.is_alive() for thread in threads):
        health.append(probe.get("/health")[0])
        time.sleep(0.1)
    lasted = time.monotonic() - started
    merged = {name: [t for times in every for t in times[name]] for name in ("next", "label")}
    labels = len(merged["label"])
    own_s = (time.process_time() - own_before) / labels
    results.put({**merged, "health": health, "rate": labels / lasted, "own_s": own_s})


def measure_crowd(port: int, tokens: Sequence[str], seconds: float) -> dict[str, Any]:
    """Run the crowd in a process of its own, so that it does not share our interpreter."""
    results = multiprocessing.get_context("spawn").Queue()
    process = multiprocessing.get_context("spawn").Process(
        target=crowd, args=(port, tokens, seconds, results)
    )
    process.start()
    found: dict[str, Any] = results.get(timeout=seconds + 120)
    process.join()
    return found
