"""Tunings: asked for, run by workers who come and die, stopped, and trained with."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.actions import jobs, training, tuning
from app.actions.tuning import Seat, StudyView
from app.domain.errors import Conflict, NotAllowed, NotFound
from app.domain.trials import THE_WORKER_DIED, TrialState
from app.storage.tables import Job
from tests.support.world import ALICE, BOB, World

SETTINGS = {"kernel": 5, "learning_rate": 0.01}


def requested(world: World, **more: Any) -> StudyView:
    return tuning.request_study(world.context, ALICE, **more)


def claimed(world: World) -> Job:
    job = jobs.claim(world.context, "spare")
    assert job is not None
    return job


def begun(world: World, job: Job, number: int, study_id: int | None = None) -> int:
    """A trial that this job's worker runs."""
    seat = Seat(study_id or job.id, job, "worker")
    trial = tuning.begin_trial(world.context, seat, number, SETTINGS)
    assert trial is not None
    return trial


def completed(world: World, job: Job, number: int, value: float = 0.5) -> None:
    trial = begun(world, job, number)
    tuning.end_trial(
        world.context, trial, TrialState.COMPLETE, value=value, macro_f1=0.7, seconds=3.0
    )


def dies(world: World) -> list[str]:
    """Every worker is silent until it counts as dead; returns what the sweep says."""
    world.clock.forward(seconds=31)
    return jobs.sweep(world.context)


def states(world: World, study_id: int) -> list[str]:
    return [one.state for one in tuning.get_study(world.context, study_id).trials]


# --- asking, reading, stopping ---


def test_a_tuning_is_of_the_labels_as_they_were_when_it_was_asked_for(world: World) -> None:
    key = world.component(labeled_by=[BOB], label=2)
    study = requested(world, minutes=5, config={"folds": 2})
    world.label(BOB, key, 3)
    assert (study.state, study.budget_minutes, study.config) == ("queued", 5, {"folds": 2})
    assert (study.created_by, study.trials, study.best) == ("Alice", (), None)
    assert world.tasks.lanes[-1] == "spare"
    labels = training.labels_at(world.context, study.snapshot_event_id).labels
    assert labels.tolist() == [2]


def test_one_tuning_at_a_time_and_only_for_admins(world: World) -> None:
    with pytest.raises(NotAllowed):
        tuning.request_study(world.context, BOB)
    study = requested(world)
    with pytest.raises(Conflict, match=f"Tuning {study.id} is queued already"):
        requested(world)
    with pytest.raises(NotAllowed):
        tuning.cancel_study(world.context, BOB, study.id)
    assert tuning.cancel_study(world.context, ALICE, study.id).state == "cancelled"
    with pytest.raises(Conflict, match="cancelled already"):
        tuning.cancel_study(world.context, ALICE, study.id)
    newer = requested(world)
    listed = tuning.list_studies(world.context, None, 5)
    assert [one.id for one in listed] == [newer.id, study.id]
    assert [one.id for one in tuning.list_studies(world.context, newer.id, 5)] == [study.id]
    with pytest.raises(NotFound, match="tuning 99"):
        tuning.get_study(world.context, 99)


def test_a_training_does_not_wait_behind_a_tuning(world: World) -> None:
    requested(world)
    claimed(world)
    run = training.request_run(world.context, ALICE)
    job = jobs.claim(world.context, "slow")
    assert job is not None
    assert job.id == run.id


def test_the_best_is_the_completed_trial_of_the_least_value(world: World) -> None:
    study = requested(world)
    job = claimed(world)
    for number, value in enumerate((0.7, 0.4, 0.4)):
        completed(world, job, number, value)
    pruned = begun(world, job, 3)
    tuning.show_trial(world.context, pruned, intermediate={1: 0.1}, seconds=1.0)
    tuning.end_trial(world.context, pruned, TrialState.PRUNED, reason="Too slow.")
    begun(world, job, 4)
    found = tuning.get_study(world.context, study.id)
    assert found.best is not None
    assert found.best.number == 1
    assert found.counts == {"running": 1, "complete": 3, "pruned": 1, "failed": 0}
    shown = found.trials[3]
    assert (shown.reason, shown.value, shown.intermediate) == ("Too slow.", None, {"1": 0.1})


def test_training_with_the_best_asks_for_a_run_with_its_settings(world: World) -> None:
    study = requested(world, config={"augment": False})
    job = claimed(world)
    with pytest.raises(Conflict, match="no completed trial yet"):
        tuning.train_with_best(world.context, ALICE, study.id)
    completed(world, job, 0)
    run = tuning.train_with_best(world.context, ALICE, study.id)
    tried = {**tuning.TRIED_WITH, "augment": False, **SETTINGS}
    assert (run.state, run.config) == ("queued", tried), "what ends early in a trial does here"
    with pytest.raises(Conflict, match="Training run"):
        tuning.train_with_best(world.context, ALICE, study.id)


# --- workers who die ---


def test_the_trial_of_a_worker_that_died_has_failed_and_the_tuning_goes_on(world: World) -> None:
    study = requested(world)
    job = claimed(world)
    completed(world, job, 0)
    lost = begun(world, job, 1)
    assert dies(world) == [f"job {job.id} (tune) was silent and is queued again"]
    assert states(world, study.id) == ["complete", "failed"]
    assert tuning.get_study(world.context, study.id).trials[1].reason == THE_WORKER_DIED
    tuning.end_trial(world.context, lost, TrialState.COMPLETE, value=0.1)
    assert states(world, study.id) == ["complete", "failed"], "it comes too late"
    begun(world, claimed(world), 2)
    assert states(world, study.id) == ["complete", "failed", "running"]


def test_a_tuning_outlives_any_number_of_deaths_while_trials_end_between_them(
    world: World,
) -> None:
    requested(world)
    for number in range(5):
        job = claimed(world)
        completed(world, job, number)
        assert "queued again" in dies(world)[0]


def test_a_tuning_whose_worker_dies_twice_in_a_row_for_nothing_is_given_up(world: World) -> None:
    study = requested(world)
    completed(world, claimed(world), 0)
    dies(world)
    for number, outcome in ((1, "queued again"), (2, "given up")):
        begun(world, claimed(world), number)
        assert outcome in dies(world)[0]
    ended = tuning.get_study(world.context, study.id)
    assert (ended.state, [one.state for one in ended.trials]) == (
        "failed",
        ["complete", "failed", "failed"],
    )
    assert ended.error is not None
    assert "died 2 times" in ended.error
    assert ended.best is not None, "what it had found can still be used"


def test_a_trial_of_a_living_worker_is_left_alone_when_another_dies(world: World) -> None:
    study = requested(world)
    job = claimed(world)
    jobs.show_worker(world.context, "here")
    jobs.show_worker(world.context, "there")
    assert tuning.offer_seat(world.context)
    helper = claimed(world)
    begun(world, job, 0)
    begun(world, helper, 1, study.id)
    world.clock.forward(seconds=20)
    jobs.beat(world.context, helper)
    world.clock.forward(seconds=20)
    jobs.sweep(world.context)
    assert states(world, study.id) == ["failed", "running"]


def test_a_trial_is_failed_as_soon_as_nobody_holds_its_job(world: World) -> None:
    study = requested(world)
    job = claimed(world)
    begun(world, job, 0)
    tuning.bury(world.context)
    assert states(world, study.id) == ["running"]
    jobs.finish(world.context, job, "failed")
    tuning.bury(world.context)
    assert states(world, study.id) == ["failed"]


def test_whoever_takes_a_seat_finds_no_trial_running_on_it(world: World) -> None:
    study = requested(world)
    job = claimed(world)
    begun(world, job, 0)
    # Given back, the job is the same attempt when it is claimed again.
    jobs.give_back(world.context, job)
    again = claimed(world)
    assert again.attempts == job.attempts
    tuning.clear_seat(world.context, Seat(study.id, again, "worker"))
    assert states(world, study.id) == ["failed"]


# --- workers side by side ---


def test_of_workers_who_ask_at_once_each_gets_a_number_of_its_own(world: World) -> None:
    study = requested(world)
    job = claimed(world)
    start = threading.Barrier(6)

    def work() -> int:
        start.wait()
        seat, number = Seat(study.id, job, "worker"), 0
        while tuning.begin_trial(world.context, seat, number, SETTINGS) is None:
            number += 1
        return number

    with ThreadPoolExecutor(6) as pool:
        taken = [done.result() for done in [pool.submit(work) for _ in range(6)]]
    assert sorted(taken) == list(range(6))


def test_a_running_tuning_has_as_many_seats_as_workers_live(world: World) -> None:
    assert not tuning.offer_seat(world.context), "there is no tuning"
    study = requested(world)
    jobs.show_worker(world.context, "one")
    jobs.show_worker(world.context, "two")
    assert not tuning.offer_seat(world.context), "its own job comes first"
    claimed(world)
    assert tuning.offer_seat(world.context)
    assert not tuning.offer_seat(world.context), "two workers, two seats"
    jobs.show_worker(world.context, "three")
    assert tuning.offer_seat(world.context)
    helpers = jobs.live(world.context, "assist")
    assert [jobs.get(world.context, one.id).request for one in helpers] == [{"study": study.id}] * 2


def test_nobody_joins_a_tuning_that_is_to_stop(world: World) -> None:
    study = requested(world)
    jobs.show_worker(world.context, "one")
    jobs.show_worker(world.context, "two")
    claimed(world)
    tuning.cancel_study(world.context, ALICE, study.id)
    assert not tuning.offer_seat(world.context)


def test_the_space_stays_as_the_first_worker_said(world: World) -> None:
    study = requested(world)
    first = {"kernel": {"choices": [3, 5]}}
    assert tuning.settle_space(world.context, study.id, first) == first
    assert tuning.settle_space(world.context, study.id, {"kernel": {"choices": [7]}}) == first


# --- the clock of the budget ---


def spent(world: World, study_id: int) -> float:
    return tuning.get_study(world.context, study_id).spent_seconds


def test_the_budgets_clock_counts_workers_side_by_side_once(world: World) -> None:
    study = requested(world)
    for _ in ("one", "two"):
        tuning.start_clock(world.context, study.id)
    for _ in range(10):
        world.clock.forward(seconds=1)
        for _ in ("one", "two"):
            tuning.tick(world.context, study.id)
    assert spent(world, study.id) == 10


def test_time_in_which_nobody_works_does_not_count(world: World) -> None:
    study = requested(world)
    tuning.start_clock(world.context, study.id)
    world.clock.forward(seconds=5)
    tuning.tick(world.context, study.id)
    world.clock.forward(minutes=5)
    tuning.tick(world.context, study.id)
    assert spent(world, study.id) == 5, "they were all dead"
    world.clock.forward(seconds=20)
    tuning.start_clock(world.context, study.id)
    assert spent(world, study.id) == 5, "they waited for a training"
    world.clock.forward(seconds=-3)
    tuning.tick(world.context, study.id)
    assert spent(world, study.id) == 5, "time never goes back"


def test_a_worker_learns_from_the_clock_whether_to_go_on(world: World) -> None:
    study = requested(world, minutes=2)
    job = claimed(world)
    now = tuning.start_clock(world.context, study.id)
    assert (now.spent_seconds, now.budget_seconds, now.wanted) == (0, 120, True)
    assert tuning.is_running(world.context, study.id)
    tuning.cancel_study(world.context, ALICE, study.id)
    assert not tuning.tick(world.context, study.id).wanted
    jobs.finish(world.context, job, "succeeded")
    assert not tuning.tick(world.context, study.id).wanted
    assert not tuning.is_running(world.context, study.id)
