"""Each benchmark's quick run ends in time with every row that it promises."""

import subprocess
import sys

import pytest

from benchmarks import (
    active_learning,
    bench_montage,
    bench_refit,
    relabeling,
)
from tests.benchmarks.quick import QUICK_S, quick, rows
from tests.formats.shared_data import shared

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_relabeling_has_a_row_for_every_order_and_measure():
    found = rows(quick(relabeling))
    for order in relabeling.ORDERS:
        own = [row for row in found if row[0] == order]
        learners = 2 if order in relabeling.OWN_ORDERS else 1
        assert len(own) == learners * len(relabeling.MEASURES)
        assert all(len(row) == relabeling.ROUNDS + 3 for row in own)


def test_active_learning_has_a_row_for_every_strategy():
    text = quick(active_learning)
    for strategy in active_learning.STRATEGIES:
        own = [row for row in rows(text) if row[0] == strategy]
        of_both = strategy in ("random", "margin, CAL", "DCAL")
        disagreement = strategy == active_learning.MUTUAL_INFORMATION
        by_somata, by_the_other = 2 * (of_both or disagreement), 3 * (not disagreement)
        # The last is of what Somata needs for what the other reaches.
        assert len(own) == by_somata + by_the_other + (by_somata > 0)
        scored = [own[0], *([own[by_somata]] if by_the_other else [])]
        assert all(0 < float(score) < 1 for row in scored for score in row[1:3])


def test_refits_have_a_row_for_the_wait_and_for_what_labelers_feel():
    found = {row[0]: row[1:] for row in rows(bench_refit.report(*bench_refit.quick()))}
    assert float(found["from the 10th label to the new order"][0].split(" / ")[0]) < 5
    assert int(found["components that changed place"][0]) > 0
    assert set(found) >= {"GET /health", "POST /queue/next", "POST /labels"}


def test_the_montage_has_a_row_for_every_page_size_and_for_one_by_one():
    found = bench_montage.measure(shared("simulated/public.npz"), quick=True)
    names = {row[0] for row in rows(bench_montage.report(found))}
    assert {f"montage of {size}" for size in bench_montage.QUICK_PAGES} | {"one by one"} < names
    assert 0.3 < found.precision <= 1


def test_the_map_has_a_row_for_each_size():
    # Its own process, for it starts a browser, and the tests of this one may have one already.
    command = [sys.executable, "-m", "benchmarks.bench_map", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=QUICK_S)
    (row,) = [row for row in rows(done.stdout) if row[0] == "300"]
    assert all(float(cell) >= 0 for cell in row[1:4])
    assert len(row[4].split(" / ")) == 2
