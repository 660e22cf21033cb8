"""How `serve` treats a worker that dies."""

import pytest

from app.serve import AT_ONCE_S, LONGEST_PAUSE_S, Pauses

HEALTHY = 2 * AT_ONCE_S


@pytest.mark.parametrize(
    ("lives", "pauses"),
    [
        ([1.0, 1.0, 1.0, 1.0], [0.5, 1.0, 2.0, 4.0]),
        ([HEALTHY, HEALTHY, HEALTHY], [0.5, 0.5, 0.5]),
        ([1.0, 1.0, HEALTHY, 1.0, 1.0], [0.5, 1.0, 0.5, 0.5, 1.0]),
    ],
    ids=["at once, again and again", "healthy before", "healthy between"],
)
def test_the_pause_doubles_only_for_workers_that_die_at_once_again_and_again(
    lives: list[float], pauses: list[float]
) -> None:
    waiting = Pauses()
    assert [waiting.after(lived_s) for lived_s in lives] == pauses


def test_the_pause_ends_at_its_longest() -> None:
    waiting = Pauses()
    found = [waiting.after(0.0) for _ in range(20)]
    assert found[-1] == LONGEST_PAUSE_S
