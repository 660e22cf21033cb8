"""Proposing, pruning and weighing settings, and the score of one trial."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import log, log10
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.calibration import apply_temperature
from classifier.config import TrainingConfig
from classifier.inputs import Components
from classifier.models import ARCHITECTURES
from classifier.progress import Progress
from classifier.search_space import EPOCHS, Space, search_space
from classifier.simulate import SimulationConfig, simulate_recording
from classifier.tuning import (
    STARTUP_TRIALS,
    Labeled,
    PastTrial,
    Stopped,
    divided_as_for_a_run,
    evaluate,
    importances,
    of_labels,
    propose,
    should_prune,
    trial_config,
)

SPACE = search_space({})
TINY = {"validation_fraction": 0.1, "folds": 2, "epochs": 3, "min_batches": 2, "batch_size": 16}


def trial(number: int, value: float | None = None, **more: object) -> PastTrial:
    """A completed trial, or one that is pruned where it has no value."""
    state = "pruned" if value is None else "complete"
    given = {"settings": {"learning_rate": 0.01}, "intermediate": {}, "state": state, **more}
    return PastTrial(number=number, value=value, **given)  # type: ignore[arg-type]  # of builders


def played(rounds: int, seed: int = 0) -> list[PastTrial]:
    """A study whose score hangs on the learning rate alone: best at 0.01."""
    trials: list[PastTrial] = []
    for number in range(rounds):
        chosen = propose(trials, SPACE, seed)
        score = abs(log10(chosen["learning_rate"]) + 2)
        trials.append(trial(number, score, settings=chosen))
    return trials


def test_the_space_is_table_1_and_the_defaults_values() -> None:
    default = TrainingConfig()
    assert set(SPACE["architecture"]["choices"]) <= set(ARCHITECTURES)
    assert SPACE["kernel"] == {"choices": [3, 5]}
    assert SPACE["pooling"] == {"choices": [2, 3]}
    assert set(SPACE["dropout"]["choices"]) >= {0.25, 0.5, default.dropout}
    assert SPACE["batch_size"] == {"choices": [32, 64, 128, 256]}
    assert SPACE["learning_rate"] == {"low": 1e-4, "high": 10.0, "log": True}
    assert set(SPACE["epochs"]["choices"]) == {*EPOCHS, default.epochs}


def test_what_is_given_is_not_tuned() -> None:
    space = search_space({"kernel": 5, "learning_rate": 0.1, "architecture": "cnn"})
    assert not {"kernel", "learning_rate"} & set(space)
    assert space["architecture"] == {"choices": ["cnn"]}
    with pytest.raises(ValueError, match="Unknown training setting 'speed'"):
        search_space({"speed": 1})


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_a_given_architecture_is_tried_with_the_settings_that_it_heeds(architecture: str) -> None:
    space = search_space({"architecture": architecture})
    trials: list[PastTrial] = []
    for number in range(12):
        chosen = propose(trials, space, 0)
        assert chosen["architecture"] == architecture
        assert ("kernel" in chosen) == (architecture in {"cnn", "vgg", "resnet"})
        assert ("pooling" in chosen) == (architecture in {"cnn", "vgg"})
        assert ("layers" in chosen) == (architecture in {"vgg", "resnet", "late_fusion"})
        trial_config({}, chosen, threads=1)
        trials.append(trial(number, 1.0, settings=chosen))


def test_what_takes_as_long_as_all_others_is_tried_only_where_it_is_named() -> None:
    assert not {"caiman", "late_fusion"} & set(SPACE["architecture"]["choices"])
    named = search_space({"architecture": "late_fusion"})
    assert named["architecture"]["choices"] == ["late_fusion"]


def test_the_defaults_are_tried_first() -> None:
    default = TrainingConfig()
    chosen = propose([], SPACE, seed=7)
    assert TrainingConfig.from_dict(chosen) == default
    assert set(chosen) <= set(default.to_dict())


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 14))
def test_every_proposal_is_a_config_that_can_be_trained(seed: int, rounds: int) -> None:
    trials = [trial(number, float(number), settings=propose([], SPACE, 0)) for number in range(9)]
    chosen = propose(trials[:rounds], SPACE, seed)
    config = trial_config({}, chosen, threads=1)
    for name, value in chosen.items():
        assert getattr(config, name) == value
        choices = SPACE.get(name, SPACE["learning_rate"])
        assert "choices" not in choices or value in choices["choices"]
    assert 1e-4 <= config.learning_rate <= 10


def test_a_study_that_is_resumed_goes_on_as_if_nothing_had_happened() -> None:
    trials = played(12, seed=3)
    again = propose(trials[:11], SPACE, 3)
    assert again == trials[11].settings
    assert propose(trials[:11], SPACE, 4) != again


def test_workers_side_by_side_try_different_things() -> None:
    for done in (2, STARTUP_TRIALS + 4):
        trials = played(done)
        first = propose(trials, SPACE, 0)
        running = trial(done, state="running", settings=first)
        assert propose([*trials, running], SPACE, 0) != first


def test_what_did_well_is_looked_at_more_closely() -> None:
    early, late = [], []
    for seed in range(5):
        trials = played(40, seed)
        early += [one.value or 0.0 for one in trials[1:STARTUP_TRIALS]]
        late += [one.value or 0.0 for one in trials[-10:]]
    assert np.median(late) < 0.6 * np.median(early)


def test_the_setting_that_matters_is_found_to_matter() -> None:
    trials = played(40)
    found = importances(trials, SPACE)
    assert max(found, key=lambda name: found[name]) == "learning_rate"
    assert sum(found.values()) == pytest.approx(1)
    assert importances(trials[:7], SPACE) == {}, "seven trials are too few to say"


def test_of_what_a_single_trial_tried_nothing_is_said() -> None:
    def mixed(deep: int, plain: int) -> list[PastTrial]:
        vgg = {"architecture": "vgg", "layers": 6, "learning_rate": 0.01}
        cnn = {"architecture": "cnn", "learning_rate": 0.02}
        chosen = [vgg] * deep + [cnn] * plain
        return [trial(n, 0.5 + n / 100, settings=one) for n, one in enumerate(chosen)]

    assert "vgg_layers" not in importances(mixed(1, 9), SPACE)
    assert "vgg_layers" not in importances(mixed(9, 1), SPACE)
    assert "vgg_layers" in importances(mixed(5, 5), SPACE)
    equal = [replace(one, value=0.5) for one in mixed(5, 5)]
    assert importances(equal, SPACE) == {}
    assert importances([replace(equal[0], value=0.1), *equal[1:]], SPACE) == {}


def test_a_depth_belongs_to_its_architecture_alone() -> None:
    space: Space = {
        "architecture": {"choices": ["cnn", "resnet", "vgg"]},
        "resnet_layers": {"choices": [10, 18]},
        "vgg_layers": {"choices": [4, 6]},
        "learning_rate": SPACE["learning_rate"],
    }
    depths: dict[str, set[object]] = {"cnn": {None}, "resnet": {10, 18}, "vgg": {4, 6}}
    trials = [trial(0, 1.0, settings={"architecture": "cnn", "learning_rate": 0.1})]
    for number in range(1, 40):
        chosen = propose(trials, space, 0)
        assert chosen.get("layers") in depths[chosen["architecture"]]
        trials.append(trial(number, chosen.get("layers", 20) / 10, settings=chosen))
    assert len({one.settings["architecture"] for one in trials}) == 3
    assert sum(importances(trials, space).values()) == pytest.approx(1)


# --- pruning ---


def good(number: int) -> PastTrial:
    """A completed trial that fell from 1.0 to 0.5."""
    curve = {step: 1.0 - step / 20 for step in range(1, 10)}
    return trial(number, 0.5, intermediate=curve)


GOOD = [good(number) for number in range(4)]


def running(curve: Mapping[int, float], **settings: object) -> PastTrial:
    """A trial with these losses by step."""
    return trial(4, state="running", intermediate=curve, settings=settings)


def test_a_trial_worse_than_half_of_the_others_is_pruned() -> None:
    worse = running(dict.fromkeys(range(1, 6), 1.2))
    why = should_prune(GOOD, worse, SPACE)
    assert why == "Worse than half of the others after 5 tenths of its schedule."
    assert should_prune(GOOD, running({5: 0.6}), SPACE) is None, "this one is better than they were"
    assert should_prune(GOOD[:3], worse, SPACE) is None, "too few to compare with"


def test_a_trial_is_compared_with_those_of_as_many_classes() -> None:
    curve = dict.fromkeys(range(1, 6), 1.05)
    three = [replace(one, settings={"classes": 3}) for one in GOOD]
    assert should_prune(three, running(curve), SPACE) is None
    assert should_prune(three, running(curve, classes=4), SPACE) is None
    assert should_prune(three, running(curve, classes=3), SPACE) is not None
    guessing = running({3: 1.2}, classes=3)
    assert "guessing" in str(should_prune([], guessing, SPACE)), "ln 3 is less than ln 4"


def test_nothing_is_pruned_while_the_learning_rate_still_rises() -> None:
    assert should_prune(GOOD, running({1: 9.0, 2: 9.0}), SPACE) is None
    assert should_prune(GOOD, running({}), SPACE) is None


def test_a_trial_that_only_guesses_is_pruned_without_comparison() -> None:
    guessing = {1: 3.0, 2: 2.0, 3: log(4) + 0.01}
    why = should_prune([], running(guessing), SPACE)
    assert why == "No better than guessing after 3 tenths of its schedule."
    assert should_prune([], running({**guessing, 3: 1.3}), SPACE) is None


def test_what_happens_to_the_defaults_too_is_not_held_against_a_trial() -> None:
    defaults = trial(0, 1.3, intermediate={3: 1.9, 6: 1.7})
    assert should_prune([defaults], running({3: 1.6}), SPACE) is None
    assert "guessing" in str(should_prune([defaults], running({3: 1.8}), SPACE))


def test_the_defaults_themselves_are_never_pruned() -> None:
    first = replace(running({3: 5.0, 6: 5.0}), number=0)
    assert should_prune(GOOD, first, SPACE) is None


# --- a trial ---


@pytest.fixture(scope="module")
def labeled() -> Labeled:
    """Forty simulated components of two recordings."""
    parts = [simulate_recording(SimulationConfig(components=40), seed) for seed in (1, 2)]
    masks = np.concatenate([one.masks for one in parts])
    labels = np.concatenate([one.truth for one in parts])
    groups = np.repeat([1, 2], [len(one.masks) for one in parts])
    return Labeled(Components(masks, recordings=groups), labels)


def run(labeled: Labeled, config: TrainingConfig) -> tuple[float, float, dict[int, float]]:
    """A trial to its end: its score, and the losses by step."""
    steps: dict[int, float] = {}
    score = evaluate(
        labeled,
        config,
        device=torch.device("cpu"),
        on_progress=lambda progress: None,
        on_step=steps.__setitem__,
    )
    return score.cross_entropy, score.macro_f1, steps


def test_trials_divide_recordings_where_a_run_would(labeled: Labeled) -> None:
    few = divided_as_for_a_run(labeled, {})
    assert len(np.unique(few.components.groups)) == 80, "a run has five folds of two recordings"
    many = Labeled(replace(labeled.components, recordings=np.arange(80) // 10), labeled.labels)
    assert divided_as_for_a_run(many, {}) is many
    assert divided_as_for_a_run(labeled, {"folds": 2}) is labeled, "the folds that are given"


def test_how_sure_a_calibration_is_of_itself_does_not_matter_to_the_score() -> None:
    rng = np.random.default_rng(0)
    logs = rng.normal(size=(600, 4))
    chances = apply_temperature(logs, 1.0)
    labels = np.array([rng.choice(4, p=row) for row in chances]) + 1
    fold_of = np.arange(600) % 3
    known = of_labels(chances, labels, fold_of)
    for temperature in (0.4, 2.5):
        told = apply_temperature(logs, temperature)
        assert of_labels(told, labels, fold_of) == pytest.approx(known, abs=1e-3)
    assert of_labels(apply_temperature(logs[::-1], 1.0), labels, fold_of) > known + 0.1


def test_a_trial_is_scored_out_of_fold_and_the_same_each_time(labeled: Labeled) -> None:
    config = trial_config(TINY, {}, threads=1)
    first, second = run(labeled, config), run(labeled, replace(config, threads=2))
    assert first == second, "folds side by side or not: pruning goes by the first of them"
    entropy, macro_f1, steps = first
    assert 0 < entropy < 3
    assert 0 <= macro_f1 <= 1
    assert sorted(steps) == [3, 6], "after the first and second of three epochs"
    assert all(0 < loss < 10 for loss in steps.values())


def test_pruning_goes_by_the_first_fold_whichever_is_quicker(
    labeled: Labeled, monkeypatch: pytest.MonkeyPatch
) -> None:
    def second_fold_first(*_: object, on_progress: Callable[[Progress], None], **__: object) -> Any:
        for fold, loss in ((2, 0.9), (1, 0.7)):
            on_progress(Progress(fold, 2, 3, 4, 1, 1, 1.0, 0.5, 1.0, held_out_loss=loss))
        raise Stopped

    monkeypatch.setattr("classifier.tuning.cross_validate", second_fold_first)
    steps: dict[int, float] = {}
    with pytest.raises(Stopped):
        evaluate(
            labeled,
            trial_config(TINY, {}, threads=1),
            device=torch.device("cpu"),
            on_progress=lambda progress: None,
            on_step=steps.__setitem__,
        )
    assert steps == {5: 0.7}


def test_a_learning_rate_that_blows_up_ends_the_trial_quietly(labeled: Labeled) -> None:
    config = trial_config(
        {**TINY, "architecture": "cnn", "epochs": 40, "weight_decay": 1.0}, {}, threads=1
    )
    with pytest.raises(Stopped, match="diverged"):
        run(labeled, replace(config, learning_rate=10.0))
