"""A worker's part in a tuning: trials within the budget, and every way in which one may end."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pytest
import torch

from app.actions import importing, jobs, tuning
from app.actions.context import Context
from app.actions.jobs import JobLost
from app.actions.tuning import StudyView, TrialView
from app.domain.errors import Cancelled, NothingToTrainOn
from app.domain.trials import THE_WORKER_STOPPED
from app.storage.tables import Job
from app.worker import tune as worker
from app.worker import work
from app.worker.work import Pulse, Stopping
from classifier.tuning import evaluate
from tests.support.loop import TINY_TRAINING
from tests.support.recordings import small_recording
from tests.support.world import ALICE, World

# The learning rate is left to be tuned.
TINY = {
    **TINY_TRAINING,
    "epochs": 4,
    "min_batches": 2,
    "patience": 50,
    "kernel": 3,
    "pooling": 2,
    "dropout": 0.25,
    "classes": 4,
    # Small enough that a trial fits into a budget of seconds on a busy machine.
    "architecture": "cnn",
    "inputs": ["mask"],
    "channels": [4, 4, 6, 6],
    "hidden": 8,
}
NEVER_ENDING = {**TINY, "epochs": 5000, "patience": 5000, "min_batches": 50}


@pytest.fixture(autouse=True)
def at_every_step(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The world's clock and its jobs are looked at after every step, not every second."""
    monkeypatch.setattr(worker, "TICK_EVERY_S", 0.0)
    monkeypatch.setattr(work, "SHOW_PROGRESS_EVERY_S", 0.0)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


class Lab:
    """A world with labels, whose clock moves on whenever somebody looks at it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.context: Context = replace(world.context, now=self.now)
        known = small_recording(annotator="expert")
        importing.store(world.context, ALICE, [known], source="made up")

    def now(self) -> datetime:
        """A tenth of a second later than the last time."""
        self.world.clock.forward(seconds=0.1)
        return self.world.clock.time

    def request(self, minutes: float = 0.1, **config: Any) -> tuple[StudyView, Job]:
        """A tuning, and the worker's claim on it."""
        study = tuning.request_study(self.context, ALICE, minutes, {**TINY, **config})
        job = jobs.claim(self.context, "spare")
        assert job is not None
        return study, job

    def pulse(self, job: Job, **more: Any) -> Pulse:
        return Pulse(self.context, job, more.pop("stopping", threading.Event()), **more)

    def trials(self, study: StudyView) -> tuple[TrialView, ...]:
        return tuning.get_study(self.context, study.id).trials


@pytest.fixture
def lab(sqlite_world: World) -> Lab:
    return Lab(sqlite_world)


def in_the_midst(lab: Lab, study: StudyView, act: Callable[[], object], trial: int = 0) -> Any:
    """For `must_wait`, which a trial asks at each step: does something once that trial runs."""

    def never() -> bool:
        found = lab.trials(study)
        if len(found) > trial and found[trial].state == "running":
            act()
        return False

    return never


@pytest.mark.slow
def test_trials_are_run_until_the_budget_is_spent_the_defaults_first(lab: Lab) -> None:
    study, job = lab.request(minutes=0.3)
    values = worker.tune(lab.context, job, lab.pulse(job))
    assert values["progress"]["fraction"] == 1
    ended = tuning.get_study(lab.context, study.id)
    assert ended.spent_seconds >= 18
    assert ended.counts["running"] == 0
    assert [one.number for one in ended.trials] == list(range(len(ended.trials)))
    assert len(ended.trials) > 3
    first = ended.trials[0]
    assert (first.state, first.config) == (
        "complete",
        {"architecture": "cnn", "learning_rate": 0.005},
    )
    assert ended.best is not None
    assert ended.best.value == min(one.value for one in ended.trials if one.value is not None)
    assert len({one.config["learning_rate"] for one in ended.trials}) == len(ended.trials)
    assert ended.space is not None
    assert set(ended.space) == {"architecture", "learning_rate"}, "the rest was given"


def test_a_tuning_that_is_resumed_repeats_nothing(lab: Lab) -> None:
    study, job = lab.request(minutes=0.2)
    stopping = threading.Event()
    stops = in_the_midst(lab, study, stopping.set, trial=1)
    with pytest.raises(Stopping):
        worker.tune(lab.context, job, lab.pulse(job, stopping=stopping, must_wait=stops))
    before = lab.trials(study)
    assert (before[-1].state, before[-1].reason) == ("failed", "The worker was stopped.")
    jobs.give_back(lab.context, job)
    again = jobs.claim(lab.context, "spare")
    assert again is not None
    worker.tune(lab.context, again, lab.pulse(again))
    after = lab.trials(study)
    assert after[: len(before)] == before
    assert len(after) > len(before)


def test_a_tuning_that_is_cancelled_stops_and_keeps_what_it_has(lab: Lab) -> None:
    study, job = lab.request(minutes=60)
    stops = in_the_midst(lab, study, lambda: jobs.cancel(lab.context, study.id), trial=1)
    with pytest.raises(Cancelled):
        worker.tune(lab.context, job, lab.pulse(job, must_wait=stops))
    trials = lab.trials(study)
    assert trials[0].state == "complete"
    assert (trials[-1].state, trials[-1].reason) == ("pruned", "Somebody stopped the tuning.")


def test_a_trial_that_is_told_late_of_the_end_says_that_somebody_stopped_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "TICK_EVERY_S", 1e9)
    study, job = lab.request(minutes=60)
    # As the worker does for a trial that is in the midst of a very long step.
    end = partial(jobs.finish, lab.context, job, "cancelled")
    with pytest.raises(JobLost):
        worker.tune(lab.context, job, lab.pulse(job, must_wait=in_the_midst(lab, study, end)))
    (only,) = lab.trials(study)
    assert (only.state, only.reason) == ("pruned", "Somebody stopped the tuning.")


def test_a_tuning_waits_while_its_worker_trains_and_the_time_does_not_count(lab: Lab) -> None:
    study, job = lab.request(minutes=0.1)
    looks = 0
    said: list[Any] = []

    def training_runs() -> bool:
        nonlocal looks
        looks += 1
        if 10 < looks < 14:
            # By the clock four budgets go by.
            said.append(jobs.get(lab.context, job.id).progress.get("stage"))
            lab.world.clock.forward(seconds=8)
            return True
        return False

    worker.tune(lab.context, job, lab.pulse(job, must_wait=training_runs))
    ended = tuning.get_study(lab.context, study.id)
    assert "trial 0 waits while a training runs" in said
    assert len(ended.trials) >= 1
    assert ended.trials[0].state == "complete", "it went on where it had been"
    assert ended.spent_seconds < 20


def test_a_trial_that_outlasts_the_budget_by_half_is_cut(lab: Lab) -> None:
    study, job = lab.request(minutes=0.05, **NEVER_ENDING)
    with pytest.raises(ValueError, match=r"No trial was completed in time\. Give it more minutes"):
        worker.tune(lab.context, job, lab.pulse(job))
    (only,) = lab.trials(study)
    assert (only.state, only.reason) == ("pruned", "Cut: the budget was long spent.")
    assert 4.5 <= tuning.get_study(lab.context, study.id).spent_seconds < 6


def test_a_trial_that_takes_a_quarter_of_the_budget_is_too_slow_unless_it_is_the_first(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker.TrialUnderWay, "seconds", 100.0)
    study, job = lab.request(minutes=0.1)
    worker.tune(lab.context, job, lab.pulse(job))
    first, *others = lab.trials(study)
    assert first.state == "complete"
    assert others
    assert {one.reason for one in others} == {
        "Too slow: it took more than a quarter of the budget."
    }


def test_trials_that_all_fail_end_the_tuning_with_the_reason(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "evaluate", kaput)
    study, job = lab.request(minutes=60)
    with pytest.raises(ValueError, match=r"5 trials in a row failed, the last one thus: .*kaput"):
        worker.tune(lab.context, job, lab.pulse(job))
    assert [one.state for one in lab.trials(study)] == ["failed"] * 5


def kaput(*_: object, **__: object) -> None:
    raise RuntimeError("kaput")


def test_one_bad_trial_does_not_end_the_tuning(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    real, tried = evaluate, 0

    def sometimes(*given: Any, **more: Any) -> Any:
        nonlocal tried
        tried += 1
        return kaput() if tried % 3 == 2 else real(*given, **more)

    monkeypatch.setattr(worker, "evaluate", sometimes)
    study, job = lab.request(minutes=0.3)
    worker.tune(lab.context, job, lab.pulse(job))
    trials = lab.trials(study)
    assert (trials[1].state, trials[1].reason) == ("failed", "RuntimeError: kaput")
    assert len(trials) > 2


def test_settings_that_cannot_be_weighed_do_not_end_the_tuning(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "importances", kaput)
    study, job = lab.request(minutes=0.2)
    worker.tune(lab.context, job, lab.pulse(job))
    assert len(lab.trials(study)) > 1


def test_workers_that_are_stopped_are_no_failures_of_the_trials(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, job = lab.request(minutes=0.1)
    seat = tuning.Seat(study.id, job, "here")
    for number in range(6):
        trial = tuning.begin_trial(lab.context, seat, number, {"learning_rate": 0.01})
        assert trial is not None
        tuning.end_trial(lab.context, trial, "failed", reason=THE_WORKER_STOPPED)
    worker.tune(lab.context, job, lab.pulse(job))
    assert lab.trials(study)[6].state == "complete"


def test_without_labels_a_tuning_says_what_is_missing(sqlite_world: World) -> None:
    sqlite_world.recording(3)
    study = tuning.request_study(sqlite_world.context, ALICE)
    job = sqlite_world.claimed(study.id)
    pulse = Pulse(sqlite_world.context, job, threading.Event())
    with pytest.raises(NothingToTrainOn, match="Label at least 8"):
        worker.tune(sqlite_world.context, job, pulse)


def test_a_setting_that_there_is_not_is_named(lab: Lab) -> None:
    _, job = lab.request(speed=3)
    with pytest.raises(ValueError, match="Unknown training setting 'speed'"):
        worker.tune(lab.context, job, lab.pulse(job))


# --- helpers ---


def joined(lab: Lab) -> Job:
    """A second worker's claim on a seat at the tuning."""
    jobs.show_worker(lab.context, "one")
    jobs.show_worker(lab.context, "two")
    assert tuning.offer_seat(lab.context)
    helper = jobs.claim(lab.context, "spare")
    assert helper is not None
    return helper


@pytest.mark.slow
def test_two_workers_share_a_study_and_its_budget(lab: Lab) -> None:
    study, job = lab.request(minutes=0.5)
    helper = joined(lab)
    ends: list[dict[str, Any]] = []
    thread = threading.Thread(
        target=lambda: ends.append(worker.assist(lab.context, helper, lab.pulse(helper)))
    )
    thread.start()
    ends.append(worker.tune(lab.context, job, lab.pulse(job)))
    thread.join(60)
    assert [one["progress"]["stage"] for one in ends] == ["done", "done"]
    ended = tuning.get_study(lab.context, study.id)
    assert ended.counts["running"] == 0
    assert [one.number for one in ended.trials] == list(range(len(ended.trials)))
    rates = [one.config["learning_rate"] for one in ended.trials]
    assert len(set(rates)) == len(rates), "nobody tried what another tried"


def test_a_helper_leaves_when_the_tunings_own_job_waits_for_a_worker(lab: Lab) -> None:
    study, job = lab.request(minutes=60)
    helper = joined(lab)
    jobs.give_back(lab.context, job)
    worker.assist(lab.context, helper, lab.pulse(helper))
    assert lab.trials(study) == ()


def test_a_helpers_trial_stops_when_the_tuning_is_cancelled(lab: Lab) -> None:
    study, _ = lab.request(minutes=60, **NEVER_ENDING)
    helper = joined(lab)
    stops = in_the_midst(lab, study, lambda: jobs.cancel(lab.context, study.id))
    with pytest.raises(Cancelled):
        worker.assist(lab.context, helper, lab.pulse(helper, must_wait=stops))
    assert [one.state for one in lab.trials(study)] == ["pruned"]
