"""What `somata tune --wait` says of a tuning, trial by trial."""

import pytest

from app import cli_tuning
from app.actions import jobs, tuning
from app.domain.errors import NothingToTrainOn
from tests.support.world import ALICE, World


def test_watching_shows_each_trial_and_the_best_at_the_end(
    sqlite_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tuning.request_study(sqlite_world.context, ALICE)
    job = sqlite_world.claimed(study.id)
    sqlite_world.tried(study.id, {"kernel": 3, "learning_rate": 0.0123456}, value=0.6)
    sqlite_world.tried(study.id, {"kernel": 5, "learning_rate": 10.0}, reason="It diverged.")
    sqlite_world.tried(study.id, {"kernel": 5, "learning_rate": 0.01}, value=0.4)
    jobs.finish(sqlite_world.context, job, "succeeded")
    assert cli_tuning.watch(sqlite_world.context, study.id) == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "trial 0: cross-entropy 0.600, macro F1 0.400 (kernel=3 learning_rate=0.0123)",
        "trial 1 pruned: It diverged. (kernel=5 learning_rate=10)",
        "trial 2: cross-entropy 0.400, macro F1 0.600 (kernel=5 learning_rate=0.01)",
    ]
    assert said.out == (
        f"Tuning {study.id} succeeded: the best is trial 2: cross-entropy 0.400, macro F1 0.600 "
        "(kernel=5 learning_rate=0.01)\n"
    )


def test_a_tuning_that_found_nothing_is_a_failure_with_its_reason(sqlite_world: World) -> None:
    study = tuning.request_study(sqlite_world.context, ALICE)
    tuning.cancel_study(sqlite_world.context, ALICE, study.id)
    with pytest.raises(NothingToTrainOn, match="cancelled: no trial ended"):
        cli_tuning.watch(sqlite_world.context, study.id)
