"""A tuning: trial after trial until its budget is spent, alone or beside other workers."""

import time
from collections.abc import Mapping
from typing import Any

import structlog

from app.actions import training, tuning
from app.actions.context import Context
from app.actions.jobs import JobLost
from app.actions.tuning import Seat, StudyView
from app.domain.errors import Cancelled
from app.domain.trials import INTERRUPTIONS, THE_WORKER_STOPPED, TrialState
from app.storage.tables import Job
from app.worker.inputs import components_of, measure_all
from app.worker.machine import device, threads, worker_name
from app.worker.train import check_labels, measuring, shown
from app.worker.work import Pulse, Stopping, reason
from classifier.progress import Progress
from classifier.search_space import Space, search_space
from classifier.tuning import (
    Labeled,
    PastTrial,
    Stopped,
    divided_as_for_a_run,
    evaluate,
    importances,
    propose,
    should_prune,
    trial_config,
)

log = structlog.get_logger()

TICK_EVERY_S = 1.0
LOOK_AGAIN_S = 0.2
OVERRUN = 1.5
"""A trial that still runs when this many budgets are spent is cut."""
TRIAL_SHARE = 0.25
"""Of the budget: a trial that takes more is too slow to be worth it. The defaults may."""
SOMEBODY_STOPPED_IT = "Somebody stopped the tuning."
FAILURES_IN_A_ROW = 5
"""Then something is wrong with more than one trial's settings."""


def tune(context: Context, job: Job, pulse: Pulse) -> dict[str, Any]:
    """Carry out a tuning. Raises ValueError where its configuration or labels do not do."""
    seat = Seat(job.id, job, worker_name())
    Tuner(context, seat, pulse).run()
    while tuning.get_study(context, job.id).counts[TrialState.RUNNING]:
        # Helpers bring their last trial to its end, or have died over it.
        pulse()
        tuning.bury(context)
        time.sleep(LOOK_AGAIN_S)
    study = tuning.get_study(context, job.id)
    if study.best is None:
        raise ValueError("No trial was completed in time. Give it more minutes.")
    return {"progress": {"stage": "done", "fraction": 1.0, "seconds_left": 0.0}}


def assist(context: Context, job: Job, pulse: Pulse) -> dict[str, Any]:
    """Run trials of a tuning that another worker holds, for as long as it holds it."""
    seat = Seat(int(job.request["study"]), job, worker_name())
    Tuner(context, seat, pulse).run()
    return {"progress": {"stage": "done", "fraction": 1.0}}


class Tuner:
    """One worker's part in a study."""

    def __init__(self, context: Context, seat: Seat, pulse: Pulse) -> None:
        self.context, self.seat, self.pulse = context, seat, pulse
        self.study_id = seat.study_id
        study = tuning.get_study(context, self.study_id)
        self.base, self.seed = {**tuning.TRIED_WITH, **study.config}, study.seed
        self.budget_s = 60 * study.budget_minutes
        self.space: Space = tuning.settle_space(context, self.study_id, search_space(study.config))
        tuning.clear_seat(context, seat)
        self.labeled = self._read_labels(study.snapshot_event_id)

    def _read_labels(self, event_id: int) -> Labeled:
        self.pulse({"stage": "reading labels", "fraction": 0.0})
        snapshot = training.labels_at(self.context, event_id)
        check_labels(snapshot)
        measure_all(self.context, lambda done, total: self.pulse(measuring(done, total)))
        components = components_of(self.context, snapshot.component_ids.tolist())
        return divided_as_for_a_run(Labeled(components, snapshot.labels), self.base)

    def run(self) -> None:
        """Trials, until the budget is spent or nobody wants more of them."""
        while self._may_begin():
            study = tuning.get_study(self.context, self.study_id)
            check_failures(study)
            past = past_trials(study)
            settings = propose(past, self.space, self.seed)
            trial_id = tuning.begin_trial(self.context, self.seat, len(past), settings)
            if trial_id is not None:
                self._try(TrialUnderWay(self, trial_id, len(past), settings))

    def _may_begin(self) -> bool:
        self.let_training_go_first("waiting while a training runs")
        self.pulse()
        now = tuning.start_clock(self.context, self.study_id)
        # A helper leaves when the study's own job waits for a worker: this one may be all there is.
        held = self.seat.job.id == self.study_id or tuning.is_running(self.context, self.study_id)
        return now.wanted and held and now.spent_seconds < now.budget_seconds

    def let_training_go_first(self, stage: str) -> float:
        """Wait while this worker trains; returns the seconds waited."""
        began = time.monotonic()
        while self.pulse.must_wait():
            self.pulse({**self.progress(), "stage": stage})
            time.sleep(LOOK_AGAIN_S)
        return time.monotonic() - began

    def progress(self, spent_s: float | None = None) -> dict[str, Any]:
        """How much of the budget is spent."""
        if spent_s is None:
            spent_s = tuning.get_study(self.context, self.study_id).spent_seconds
        return {
            "fraction": round(min(spent_s / self.budget_s, 1.0), 4),
            "seconds_left": round(max(self.budget_s - spent_s, 0.0), 1),
        }

    def _try(self, trial: "TrialUnderWay") -> None:
        """Run a trial and keep how it ended, whatever that was."""
        end: dict[str, Any]
        try:
            config = trial_config(self.base, trial.settings, threads(self.context.settings))
            score = evaluate(
                self.labeled,
                config,
                device=device(),
                on_progress=trial.on_progress,
                on_step=trial.on_step,
            )
        except Stopped as stop:
            end = {"state": TrialState.PRUNED, "reason": str(stop)}
        except Cancelled:
            trial.end(state=TrialState.PRUNED, reason=SOMEBODY_STOPPED_IT)
            raise
        except Stopping:
            trial.end(state=TrialState.FAILED, reason=THE_WORKER_STOPPED)
            raise
        except JobLost:
            # Where another worker took the job, the trial has been ended with it.
            trial.end(state=TrialState.PRUNED, reason=SOMEBODY_STOPPED_IT)
            raise
        except Exception as error:
            # It is kept on the trial, and the others go on.
            log.exception("trial failed", study=self.study_id, trial=trial.number)
            end = {"state": TrialState.FAILED, "reason": reason(error)}
        else:
            end = {
                "state": TrialState.COMPLETE,
                "value": score.cross_entropy,
                "macro_f1": score.macro_f1,
            }
        trial.end(**end)
        log.info("trial ended", study=self.study_id, trial=trial.number, **end)
        self._weigh()

    def _weigh(self) -> None:
        """Keep how much each setting has mattered; of no trial's life or death."""
        study = tuning.get_study(self.context, self.study_id)
        try:
            found = importances(past_trials(study), self.space)
        except Exception:
            log.exception("the settings could not be weighed", study=self.study_id)
            return
        if found:
            tuning.record_importances(self.context, self.study_id, found)


class TrialUnderWay:
    """A trial that runs: what it shows, and what may end it early."""

    def __init__(
        self, tuner: Tuner, trial_id: int, number: int, settings: Mapping[str, Any]
    ) -> None:
        self.tuner, self.id, self.number, self.settings = tuner, trial_id, number, settings
        self.intermediate: dict[int, float] = {}
        self.started = time.monotonic()
        self.waited_s = 0.0
        self.ticked = 0.0
        self.spent_s = 0.0

    @property
    def seconds(self) -> float:
        """How long it has run, without the time in which it let a training go first."""
        return round(time.monotonic() - self.started - self.waited_s, 1)

    def on_progress(self, progress: Progress) -> None:
        """After each training step. Raises what ends the trial."""
        tuner = self.tuner
        if tuner.pulse.must_wait():
            self.waited_s += tuner.let_training_go_first(
                f"trial {self.number} waits while a training runs"
            )
            tuning.start_clock(tuner.context, tuner.study_id)
        if time.monotonic() - self.ticked >= TICK_EVERY_S:
            self.ticked = time.monotonic()
            self._tick()
        tuner.pulse(
            {
                **shown(progress),
                **tuner.progress(self.spent_s),
                "stage": f"trial {self.number}",
            }
        )

    def _tick(self) -> None:
        tuner = self.tuner
        now = tuning.tick(tuner.context, tuner.study_id)
        self.spent_s = now.spent_seconds
        if not now.wanted:
            raise Cancelled("The tuning has ended.")
        if now.spent_seconds > OVERRUN * now.budget_seconds:
            raise Stopped("Cut: the budget was long spent.")
        if self.number > 0 and self.seconds > TRIAL_SHARE * now.budget_seconds:
            raise Stopped("Too slow: it took more than a quarter of the budget.")
        tuning.show_trial(tuner.context, self.id, seconds=self.seconds)

    def on_step(self, step: int, loss: float) -> None:
        """After each tenth of the schedule. Raises Stopped where others do better."""
        tuner = self.tuner
        self.intermediate[step] = loss
        tuning.show_trial(tuner.context, self.id, intermediate=dict(self.intermediate))
        past = past_trials(tuning.get_study(tuner.context, tuner.study_id))
        why = should_prune(past, past[self.number], tuner.space)
        if why is not None:
            raise Stopped(why)

    def end(self, **values: Any) -> None:
        """Keep how it ended."""
        tuning.end_trial(self.tuner.context, self.id, seconds=self.seconds, **values)


def past_trials(study: StudyView) -> list[PastTrial]:
    """The study's trials as the classifier knows them."""
    return [
        PastTrial(
            number=one.number,
            state=one.state,
            settings=one.config,
            intermediate={int(step): loss for step, loss in one.intermediate.items()},
            value=one.value,
        )
        for one in study.trials
    ]


def check_failures(study: StudyView) -> None:
    """Raises ValueError where so many trials failed in a row that it is no accident."""
    ended = [
        one
        for one in study.trials
        if one.state != TrialState.RUNNING and one.reason not in INTERRUPTIONS
    ]
    last = ended[-FAILURES_IN_A_ROW:]
    if len(last) == FAILURES_IN_A_ROW and all(one.state == TrialState.FAILED for one in last):
        raise ValueError(
            f"{FAILURES_IN_A_ROW} trials in a row failed, the last one thus: {last[-1].reason}"
        )
