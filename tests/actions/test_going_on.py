"""Runs that go on from an earlier one: what they take from it, and when that is refused."""

import pytest
from sqlalchemy import update

from app.actions import jobs, training
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.storage.tables import Prediction
from tests.support.world import ALICE, World

UNSURE = (0.4, 0.3, 0.2, 0.1)


def trained(world: World, **config: object) -> int:
    """A run that has succeeded, over three labeled components; its config as a worker keeps it."""
    keys = [world.component(labeled_by=[ALICE]) for _ in range(3)]
    run = world.train(dict.fromkeys(keys, UNSURE))
    training.record_result(world.context, run, config={"epochs": 9, "folds": 5, **config})
    return run


def test_a_run_that_goes_on_has_the_config_of_the_one_before(world: World) -> None:
    parent = trained(world)
    run = training.request_run(world.context, ALICE, start_from=parent)
    assert (run.start_from, run.config) == (parent, {"epochs": 9, "folds": 5})
    assert training.get_run(world.context, parent).start_from is None


def test_a_config_that_says_the_same_is_no_matter_but_another_is_refused(world: World) -> None:
    parent = trained(world)
    for other in ({"epochs": 8}, {"luck": 1}):
        with pytest.raises(InvalidInput, match=f"where {next(iter(other))} is"):
            training.request_run(world.context, ALICE, other, start_from=parent)
    run = training.request_run(world.context, ALICE, {"epochs": 9}, start_from=parent)
    assert run.start_from == parent


def test_only_a_run_that_succeeded_can_be_gone_on_from(world: World) -> None:
    with pytest.raises(NotFound):
        training.request_run(world.context, ALICE, start_from=7)
    waiting = training.request_run(world.context, ALICE)
    training.cancel_run(world.context, ALICE, waiting.id)
    with pytest.raises(Conflict, match=r"is cancelled\. Start from one"):
        training.request_run(world.context, ALICE, start_from=waiting.id)
    assert not training.can_be_gone_on_from(world.context, waiting.id)


def test_a_run_of_an_earlier_version_kept_no_folds_and_is_refused(world: World) -> None:
    parent = trained(world)
    assert training.can_be_gone_on_from(world.context, parent)
    with world.context.database.write() as session:
        session.execute(update(Prediction).values(fold=None))
    assert not training.can_be_gone_on_from(world.context, parent)
    with pytest.raises(Conflict, match="it was not kept which component was in which fold"):
        training.request_run(world.context, ALICE, start_from=parent)
    assert jobs.live(world.context, "train") == []


def test_a_component_keeps_its_fold_while_it_has_no_label(world: World) -> None:
    first, second = world.component(labeled_by=[ALICE]), world.component()
    answer = world.label(ALICE, second, 2)
    grandparent = world.train({first: UNSURE, second: UNSURE})
    world.undo(ALICE, answer)
    run = training.request_run(world.context, ALICE, start_from=grandparent)
    job = world.claimed(run.id)
    world.predict(run.id, {first: UNSURE}, training.take_snapshot(world.context, run.id))
    jobs.finish(world.context, job, "succeeded")
    assert training.folds_before(world.context, run.id) == {first: first % 2, second: second % 2}
