"""Which settings to try next, how good they are, and when to stop trying them.

Optuna proposes and prunes; it is told of all earlier trials each time, so nothing lives here
between two calls, and it does not matter which process ran them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, isfinite, log
from typing import Any

import numpy as np
import optuna
import torch
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from classifier.calibration import apply_temperature, fit_temperature
from classifier.config import TrainingConfig
from classifier.crossval import cross_validate
from classifier.folds import plan_folds
from classifier.inputs import Components
from classifier.progress import Progress
from classifier.search_space import Space, applies, default_settings, field_of, names_in
from classifier.uncertainty import label_cross_entropy

FOLDS = 3
"""Of each trial. Settings are only compared, so a smaller ensemble than a training's will do."""
STEPS = 10
"""A fold's schedule in tenths: losses are compared at the same share of it, since settings with
more epochs are not worse because they have come less far after five."""
FIRST_PRUNING_STEP = 3
"""Before it the learning rate still rises, and good settings look bad."""
STARTUP_TRIALS = 8
"""Drawn at random before anything is concluded from them."""
COMPLETED_BEFORE_PRUNING = 4
COMPLETED_BEFORE_IMPORTANCES = 8


class Stopped(Exception):
    """A trial that is not worth going on with; the message says why."""


@dataclass(frozen=True)
class PastTrial:
    """What is known of another trial of the study.

    state: running, complete, pruned or failed. settings: fields of TrainingConfig.
    intermediate: step (a tenth of the schedule) to the held-out loss then.
    value: the cross-entropy of a complete one.
    """

    number: int
    state: str
    settings: Mapping[str, Any]
    intermediate: Mapping[int, float]
    value: float | None


@dataclass(frozen=True, eq=False)
class Labeled:
    """What every trial is trained on. labels: (components,) codes 1 to 4."""

    components: Components
    labels: NDArray[np.integer]


@dataclass(frozen=True)
class Score:
    """How good a trial's settings are, out of fold.

    cross_entropy: of the labels, in nats, by probabilities as sure as the labels of the other folds
        bear; what is tuned for.
    macro_f1: shown beside it.
    """

    cross_entropy: float
    macro_f1: float


def propose(trials: Sequence[PastTrial], space: Space, seed: int) -> dict[str, Any]:
    """Settings for the next trial: the defaults first, then by what the others have shown.

    The same trials, space and seed give the same settings. Running trials count as bad ones
    (constant liar), so workers side by side try different things.
    """
    number = len(trials)
    if number == 0:
        return default_settings(space)
    # Each trial has a generator of its own: whoever resumes a study draws what would have been.
    own_seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    study = _study(trials, space, TPESampler(seed=own_seed, n_startup_trials=STARTUP_TRIALS))
    trial = study.ask()
    chosen: dict[str, Any] = {}
    for name, one in space.items():
        if applies(name, chosen):
            chosen[name] = _suggest(trial, name, one)
    return {field_of(name): value for name, value in chosen.items()}


def should_prune(trials: Sequence[PastTrial], own: PastTrial, space: Space) -> str | None:
    """Why a running trial should stop after its newest step, or None.

    It is compared with trials of as many classes: a loss over three is smaller than over four.
    The first trial, which tries the defaults, is never pruned: there would be nothing to go by.
    """
    step = max(own.intermediate, default=0)
    if step < FIRST_PRUNING_STEP or own.number == 0:
        return None
    peers = [one for one in trials if _classes(one) == _classes(own)]
    # On few or noisy labels even good networks are surer than they should be, since these losses
    # are not calibrated. What happens to the defaults as well is not held against others.
    defaults = [loss for one in peers if one.number == 0 for loss in one.intermediate.values()]
    usual = min(defaults, default=0.0)
    if min(own.intermediate.values()) > max(log(_classes(own)), usual):
        return f"No better than guessing after {step} tenths of its schedule."
    pruner = MedianPruner(COMPLETED_BEFORE_PRUNING, FIRST_PRUNING_STEP)
    running = create_trial(state=TrialState.RUNNING, intermediate_values=dict(own.intermediate))
    if pruner.prune(_study(peers, space, TPESampler()), running):
        return f"Worse than half of the others after {step} tenths of its schedule."
    return None


def _classes(trial: PastTrial) -> int:
    return int(trial.settings.get("classes", TrainingConfig().classes))


def importances(trials: Sequence[PastTrial], space: Space) -> dict[str, float]:
    """How much each setting mattered for being among the best completed trials; sums to 1.

    Empty where there are too few to say. Source: Watanabe et al., PED-ANOVA, IJCAI 2023.
    """
    # Imported here alone: it brings scikit-learn along, a second and 90 MB, for nothing of ours.
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    completed = [one for one in trials if one.state == "complete"]
    if len(completed) < COMPLETED_BEFORE_IMPORTANCES:
        return {}
    # Its authors ask for five trials at least above the quantile.
    quantile = min(max(5 / len(completed), 0.1), 0.5)
    values = sorted(one.value or 0.0 for one in completed)
    if values[ceil(quantile * len(values)) - 1] == values[-1]:
        # So many are equal that none are the best.
        return {}
    tried = Counter(name for one in completed for name in names_in(one.settings, space))
    # Of a setting that one trial alone has, or lacks, nothing can be said.
    weighed = [name for name, times in tried.items() if times not in (1, len(completed) - 1)]
    evaluator = PedAnovaImportanceEvaluator(target_quantile=quantile)
    study = _study(completed, space, TPESampler())
    found = get_param_importances(study, params=weighed, evaluator=evaluator)
    return {name: float(share) for name, share in found.items()}


def divided_as_for_a_run(labeled: Labeled, base: Mapping[str, Any]) -> Labeled:
    """The same, such that trials keep recordings whole where a run of these labels does.

    A trial has fewer folds than a run: it would keep three unlike recordings whole that a run
    divides, and the settings that do best there are not those that do best in the run.
    base: what is given for all trials.
    """
    folds = int(base.get("folds", TrainingConfig().folds))
    components = labeled.components
    if plan_folds(labeled.labels, components.groups, folds, seed=0).grouped:
        return labeled
    each_by_itself = np.arange(len(components), dtype=np.int64)
    return Labeled(replace(components, recordings=each_by_itself), labeled.labels)


def trial_config(
    base: Mapping[str, Any], settings: Mapping[str, Any], threads: int
) -> TrainingConfig:
    """The config of a trial. base: what is given for all of them; a `validation_fraction` is among
    it, or nothing is pruned.

    Raises ValueError where the two do not make a config.
    """
    given = {"folds": FOLDS, "threads": threads}
    given |= {**base, **settings}
    return TrainingConfig.from_dict(given)


def evaluate(
    labeled: Labeled,
    config: TrainingConfig,
    *,
    device: torch.device,
    on_progress: Callable[[Progress], None],
    on_step: Callable[[int, float], None],
) -> Score:
    """Trains and tests on folds that are the same for every trial (they hang on the seed alone).

    on_progress: after each training step. on_step: each tenth of the first fold's schedule, with
    the held-out loss then. What they raise ends the trial and reaches the caller.
    Raises Stopped where the training diverges.
    """
    said: set[int] = set()

    def watch(progress: Progress) -> None:
        on_progress(progress)
        loss = progress.held_out_loss
        if not (isfinite(progress.loss) and isfinite(loss or 0.0)):
            raise Stopped("It diverged: the loss is no longer a number.")
        step = STEPS * (progress.epoch - 1) // progress.epochs
        if progress.fold == 1 and loss is not None and step > 0 and step not in said:
            said.add(step)
            on_step(step, loss)

    found = cross_validate(
        labeled.components, labeled.labels, config, device=device, on_progress=watch
    )
    score = of_labels(found.out_of_fold, labeled.labels, found.fold_of)
    return Score(score, float(found.metrics["macro_f1"]))


def of_labels(
    out_of_fold: NDArray[np.float64], labels: NDArray[np.integer], fold_of: NDArray[np.int64]
) -> float:
    """The labels' mean cross-entropy in nats, with a temperature for each fold that was fitted to
    the labels of the others.

    Out-of-fold probabilities are calibrated to the truth, which labels that err make look too
    sure: the more so, the more a trial's calibration tells of the labelers' errors.
    """
    logs = np.log(np.maximum(out_of_fold, 1e-12))
    found = np.zeros(len(labels))
    for fold in np.unique(fold_of):
        tested = fold_of == fold
        fitted = apply_temperature(logs[tested], fit_temperature(logs[~tested], labels[~tested]))
        found[tested] = label_cross_entropy(fitted, labels[tested])
    return float(found.mean())


def _distribution(one: Mapping[str, Any]) -> BaseDistribution:
    if "choices" in one:
        return CategoricalDistribution(tuple(one["choices"]))
    return FloatDistribution(one["low"], one["high"], log=one["log"])


def _suggest(trial: optuna.Trial, name: str, one: Mapping[str, Any]) -> Any:
    if "choices" in one:
        return trial.suggest_categorical(name, one["choices"])
    return trial.suggest_float(name, one["low"], one["high"], log=one["log"])


def _study(trials: Sequence[PastTrial], space: Space, sampler: TPESampler) -> optuna.Study:
    """A study in memory that knows these trials."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="minimize", sampler=sampler)
    study.add_trials(_frozen(one, space) for one in trials)
    return study


_STATES = {
    "running": TrialState.RUNNING,
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


def _frozen(one: PastTrial, space: Space) -> FrozenTrial:
    named = names_in(one.settings, space)
    return create_trial(
        state=_STATES[one.state],
        value=one.value if one.state == "complete" else None,
        params=named,
        distributions={name: _distribution(space[name]) for name in named},
        intermediate_values=dict(one.intermediate),
    )
