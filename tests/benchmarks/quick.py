"""A benchmark's quick run, and the rows of what it says."""

import time
from typing import Any

from benchmarks.harness import Options
from tests.formats.shared_data import shared

QUICK_S = 120


def quick(benchmark: Any) -> str:
    """What it says, within its time."""
    arguments = ["--quick", "--threads", "1", "--data", str(shared("simulated/public.npz"))]
    # What others use the machine for meanwhile is not this benchmark's time.
    started = time.process_time()
    text = benchmark.measure(Options.parse(None, arguments))
    assert time.process_time() - started < QUICK_S
    return text


def rows(text: str) -> list[list[str]]:
    """The cells of its tables."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|") and not line.startswith("|---")
    ]
