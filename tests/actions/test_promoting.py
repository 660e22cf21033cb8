"""Which run serves: the newest, until an admin promotes one, and then that one."""

from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from app.actions import exporting, jobs, judging, predicting, promoting, rounds, training
from app.actions.rounds import RoundPlan
from app.domain.errors import Conflict, NotAllowed, NotFound
from app.storage.tables import Promotion
from tests.support.world import ALICE, BOB, START, World

SAYS_NEURON = (0.7, 0.1, 0.1, 0.1)
SAYS_NOISE = (0.1, 0.1, 0.7, 0.1)


def two_runs(world: World) -> tuple[int, int]:
    """An older and a newer run that see the same component differently."""
    key = world.component(labeled_by=[ALICE])
    return world.train({key: SAYS_NEURON}), world.train({key: SAYS_NOISE})


def test_the_newest_run_serves_until_one_is_promoted(world: World) -> None:
    older, newer = two_runs(world)
    assert promoting.serving_run(world.context) == newer
    world.clock.forward(hours=1)
    view = promoting.promote(world.context, ALICE, older)
    assert (view.id, view.serving) == (older, True)
    assert promoting.serving_run(world.context) == older
    serving = promoting.serving(world.context)
    assert (serving.promoted, serving.promoted_by, serving.newest) == (True, "Alice", newer)
    assert serving.promoted_at == world.clock.time != START


def test_a_run_that_is_promoted_is_not_replaced_by_newer_ones(world: World) -> None:
    older, _ = two_runs(world)
    promoting.promote(world.context, ALICE, older)
    newest = world.train({})
    assert promoting.serving_run(world.context) == older
    assert promoting.serving(world.context).newest == newest


def test_following_the_newest_again_is_one_choice(world: World) -> None:
    older, newer = two_runs(world)
    promoting.promote(world.context, ALICE, older)
    serving = promoting.follow_newest(world.context, ALICE)
    assert (serving.run, serving.promoted, serving.promoted_by) == (newer, False, None)
    newest = world.train({})
    assert promoting.serving_run(world.context) == newest


def test_whatever_asks_for_predictions_gets_those_of_the_run_that_serves(world: World) -> None:
    older, newer = two_runs(world)
    promoting.promote(world.context, ALICE, older)
    (exported,) = exporting.predictions(world.context, ALICE, None, None)
    assert (exported.run, exported.predicted) == (older, 1)
    (asked_for,) = exporting.predictions(world.context, ALICE, None, newer)
    assert (asked_for.run, asked_for.predicted) == (newer, 3)
    jobs.show_worker(world.context, "tests")

    def no_time(_seconds: float) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        predicting.predict(world.context, ALICE, np.ones((1, 50, 50), np.float32), no_time)
    posted = jobs.claim(world.context, "quick")
    assert posted is not None
    assert posted.request == {"run": older}


def test_a_training_does_not_take_the_queue_from_the_promoted_run(world: World) -> None:
    key = world.component(labeled_by=[ALICE])
    older = world.train({key: SAYS_NEURON})
    promoting.promote(world.context, ALICE, older)
    world.train({key: SAYS_NOISE})
    state = world.state(key)
    assert (state.run_id, state.predicted) == (older, 1)


def test_the_queue_of_a_training_that_is_overtaken_is_left_to_the_promoted_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "STORED_AT_ONCE", 1)
    first, second = world.recording(2, labels=[1, 1])
    older = world.train({first: SAYS_NEURON, second: SAYS_NEURON})
    run = training.request_run(world.context, ALICE)
    job = world.claimed(run.id)
    snapshot = training.take_snapshot(world.context, run.id)
    world.predict(run.id, {first: SAYS_NOISE, second: SAYS_NOISE}, snapshot)

    def promote_the_other() -> None:
        promoting.promote(world.context, ALICE, older)

    assert not judging.show_predictions(world.context, run.id, promote_the_other)
    jobs.finish(world.context, job, "succeeded")
    assert [world.state(key).run_id for key in (first, second)] == [run.id, older]


def test_a_run_serves_as_soon_as_all_of_it_is_stored(world: World) -> None:
    # Another worker that sorts the queue meanwhile would otherwise mix an older run into it.
    run = training.request_run(world.context, ALICE)
    world.claimed(run.id)
    training.take_snapshot(world.context, run.id)
    assert promoting.serving_run(world.context) is None
    training.record_result(world.context, run.id, weights=b"made up")
    assert promoting.serving_run(world.context) == run.id
    training.take_snapshot(world.context, run.id)
    assert promoting.serving_run(world.context) is None, "a second attempt begins with nothing"


def test_promoting_asks_the_worker_to_sort_the_queue(world: World) -> None:
    older, _ = two_runs(world)
    world.tasks.lanes.clear()
    promoting.promote(world.context, ALICE, older)
    assert world.tasks.lanes == ["slow"]
    sorting = promoting.serving(world.context).sorting
    assert sorting is not None
    assert (sorting.kind, sorting.state) == ("promote", "queued")
    jobs.finish(world.context, world.claimed(sorting.id), "succeeded")
    assert promoting.serving(world.context).sorting is None


def test_promoting_twice_is_promoting_once_but_repeats_a_sorting_that_failed(world: World) -> None:
    older, _ = two_runs(world)
    for _ in range(2):
        promoting.promote(world.context, ALICE, older)
    waiting = jobs.live(world.context, "promote")
    assert len(waiting) == 1
    chosen_at = promoting.serving(world.context).promoted_at
    jobs.finish(world.context, world.claimed(waiting[0].id), "failed", error="no disk")
    failed = promoting.serving(world.context).sorting
    assert failed is not None
    assert failed.error == "no disk"
    world.clock.forward(minutes=1)
    promoting.promote(world.context, ALICE, older)
    assert len(jobs.live(world.context, "promote")) == 1
    assert promoting.serving(world.context).promoted_at == chosen_at


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("queued", "has not begun"),
        ("running", "is still running"),
        ("failed", "has failed"),
        ("cancelled", "was cancelled"),
    ],
)
def test_only_a_run_that_succeeded_can_be_promoted(world: World, state: str, reason: str) -> None:
    run = training.request_run(world.context, ALICE)
    if state != "queued":
        job = world.claimed(run.id)
        if state != "running":
            jobs.finish(world.context, job, state)
    with pytest.raises(Conflict, match=f"Training run {run.id} {reason}"):
        promoting.promote(world.context, ALICE, run.id)
    assert promoting.serving_run(world.context) is None


def test_only_admins_choose_and_only_runs_that_there_are(world: World) -> None:
    run = world.train({})
    with pytest.raises(NotAllowed):
        promoting.promote(world.context, BOB, run)
    with pytest.raises(NotAllowed):
        promoting.follow_newest(world.context, BOB)
    with pytest.raises(NotFound):
        promoting.promote(world.context, ALICE, run + 1)


def test_no_round_is_opened_over_a_queue_that_is_just_being_sorted(world: World) -> None:
    older, _ = two_runs(world)
    promoting.promote(world.context, ALICE, older)
    with pytest.raises(Conflict, match="promoted just now"):
        rounds.open_round(world.context, ALICE, RoundPlan("quality", 5))


@pytest.mark.parametrize("change", [update(Promotion).values(run_id=None), delete(Promotion)])
def test_a_choice_that_was_made_stays_on_record(world: World, change: Any) -> None:
    promoting.promote(world.context, ALICE, world.train({}))
    with pytest.raises(DBAPIError, match="append-only"), world.context.database.write() as session:
        session.execute(change)
