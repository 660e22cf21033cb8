"""How a benchmark's result gets into docs/benchmarks.md: between its own two markers."""

import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def machine() -> str:
    """This machine and this commit, in one line."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    memory_gb = psutil.virtual_memory().total / 1e9
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit or 'unknown'}, {psutil.cpu_count()} cores "
        f"({platform.machine()}), {memory_gb:.0f} GB, Python {platform.python_version()}, no GPU "
        "used."
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def milliseconds(seconds: Sequence[float]) -> str:
    """Median and 95th percentile of some times, in ms."""
    median, p95 = np.percentile(np.asarray(seconds) * 1e3, [50, 95])
    return f"{median:.1f} / {p95:.1f}"


def publish(name: str, text: str) -> None:
    """Put a result into docs/benchmarks.md, in place of the one before."""
    page = PAGE.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, found, rest = page.partition(start)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise SystemExit(f"{PAGE.name} lacks the markers {start} and {end}")
    PAGE.write_text(f"{before}{start}\n{text}\n{end}{after}", encoding="utf-8")
