"""When a refit is asked for, and what one may write."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.actions import jobs, labeling, promoting, refitting, training
from app.actions.context import Context
from app.actions.labeling import Answer
from app.domain.accounts import Account
from app.domain.serving import REFITTED
from app.storage.tables import Job
from tests.support.world import ALICE, BOB, NOBODY_IS_SURE, World, probabilities_of

RAN = {"stage": "done", "moved": 3}


def judged(world: World, components: int = 12) -> list[int]:
    """A recording of which the run in use thinks something."""
    keys = world.recording(components)
    world.train(dict.fromkeys(keys, NOBODY_IS_SURE))
    return keys


def label(context: Context, who: Account, *keys: int, code: int = 1) -> list[UUID]:
    """Answers that arrive one by one."""
    given = [Answer(uuid4(), key, code) for key in keys]
    for one in given:
        assert labeling.answer(context, who, [one])[0].status == "saved"
    return [one.id for one in given]


def waiting(world: World) -> list[int]:
    return [one.id for one in jobs.live(world.context, "refit") if one.state == "queued"]


def carried_out(world: World, job_id: int, state: str = "succeeded", **progress: Any) -> None:
    """End a refit as a worker does: it knew all labels up to now."""
    job = world.claimed(job_id)
    run_id = promoting.serving_run(world.context)
    assert run_id is not None
    lesson = refitting.lesson(world.context, run_id)
    said = {**RAN, "run": run_id, "event_id": lesson.event_id, "labels": lesson.changed}
    assert jobs.finish(world.context, job, state, progress={**said, **progress})


# --- asking ---


def test_every_so_many_labels_ask_for_one_refit(world: World) -> None:
    keys = judged(world)
    context = world.with_settings(refit_after_labels=3)
    label(context, BOB, *keys[:2])
    assert waiting(world) == []
    label(context, BOB, keys[2])
    (asked,) = waiting(world)
    assert (jobs.view(context, asked).kind, world.tasks.lanes[-1]) == ("refit", "refit")
    world.clock.forward(seconds=2)
    label(context, BOB, *keys[3:9])
    assert waiting(world) == [asked], "never two at once: it will know of these too"
    carried_out(world, asked)
    world.clock.forward(seconds=2)
    label(context, BOB, *keys[9:11])
    assert waiting(world) == []
    label(context, BOB, keys[11])
    assert len(waiting(world)) == 1


def test_labels_that_come_while_a_refit_runs_ask_for_the_next(world: World) -> None:
    keys = judged(world)
    context = world.with_settings(refit_after_labels=3)
    label(context, BOB, *keys[:3])
    (first,) = waiting(world)
    world.claimed(first)
    label(context, BOB, *keys[3:6])
    assert len(waiting(world)) == 1


def test_what_counts_is_what_people_have_changed(world: World) -> None:
    keys = judged(world)
    context = world.with_settings(refit_after_labels=3)
    world.recording(3, labels=[1, 2, 3])
    (first, _) = label(context, BOB, *keys[:2])
    labeling.skip(context, BOB, Answer(uuid4(), keys[5], 0), None)
    label(context, BOB, keys[0], code=2)
    labeling.undo(context, BOB, uuid4(), first)
    assert waiting(world) == [], "two components have changed"
    label(context, BOB, keys[2])
    (asked,) = waiting(world)
    carried_out(world, asked)
    (one, two, _) = label(context, BOB, *keys[6:9])
    (asked,) = waiting(world)
    carried_out(world, asked)
    for taken_back, key in ((one, 9), (two, 10)):
        labeling.undo(context, BOB, uuid4(), taken_back)
        label(context, BOB, keys[key])
    assert len(waiting(world)) == 1, "labels that are taken back are to be unlearned"


def test_a_training_knows_all_labels_and_the_count_begins_anew(world: World) -> None:
    keys = judged(world)
    context = world.with_settings(refit_after_labels=3)
    label(context, BOB, *keys[:2])
    world.train(dict.fromkeys(keys, NOBODY_IS_SURE))
    label(context, BOB, keys[2])
    assert waiting(world) == []
    label(context, BOB, *keys[3:5])
    assert len(waiting(world)) == 1


def test_another_process_counts_what_all_have_stored(world: World) -> None:
    keys = judged(world)
    here, there = (world.with_settings(refit_after_labels=4) for _ in range(2))
    label(here, ALICE, *keys[:3])
    label(there, BOB, keys[3])
    assert len(waiting(world)) == 1


def test_nobody_asks_without_a_run_or_where_it_is_turned_off(world: World) -> None:
    keys = world.recording(6)
    label(world.with_settings(refit_after_labels=1), BOB, *keys[:3])
    assert waiting(world) == []
    world.train(dict.fromkeys(keys, NOBODY_IS_SURE))
    off = world.with_settings(refit_after_labels=0)
    label(off, BOB, *keys[3:])
    refitting.request(off)
    assert waiting(world) == []


def test_labels_hardly_ever_ask_the_database(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = judged(sqlite_world, 60)
    context = sqlite_world.with_settings(refit_after_labels=10)
    asked: list[int] = []
    really = refitting._request

    def noted(context: Context, wanted: int) -> int | None:
        asked.append(wanted)
        return really(context, wanted)

    monkeypatch.setattr(refitting, "_request", noted)
    label(context, BOB, *keys)
    assert len(asked) <= 4, "at the first, at the tenth, and once where one waits already"


def test_a_label_is_saved_though_asking_for_a_refit_fails(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key, other) = judged(sqlite_world, 2)
    context = sqlite_world.with_settings(refit_after_labels=1)

    def fail(_lane: str) -> None:
        raise OSError("the disk of the queue is full")

    with monkeypatch.context() as patched:
        patched.setattr(sqlite_world.tasks, "nudge", fail)
        label(context, BOB, key)
    assert sqlite_world.state(key).label == 1
    carried_out(sqlite_world, waiting(sqlite_world)[0])
    sqlite_world.clock.forward(seconds=1)
    label(context, BOB, other)
    assert len(waiting(sqlite_world)) == 1


def test_a_sorted_queue_is_refitted_again_however_few_the_labels(world: World) -> None:
    judged(world)
    refitting.request(world.context)
    refitting.request(world.context)
    assert len(waiting(world)) == 1


def test_refits_do_not_pile_up_in_the_table(world: World) -> None:
    keys = judged(world)
    context = world.with_settings(refit_after_labels=1)
    for key in keys:
        label(context, BOB, key)
        carried_out(world, waiting(world)[0])
    with world.context.database.read() as session:
        kept = session.execute(select(func.count()).where(Job.kind == "refit")).scalar_one()
    assert kept <= 2
    assert len(training.list_runs(world.context, None, 50)) == 1


# --- what is said of it ---


def test_the_run_in_use_says_when_the_queue_last_followed(world: World) -> None:
    keys = judged(world)
    context = world.with_settings(refit_after_labels=2)
    assert promoting.serving(world.context).refit is None
    refitting.request(context)
    carried_out(world, waiting(world)[0])
    assert promoting.serving(world.context).refit is None, "there was nothing to learn"
    label(context, BOB, *keys[:2])
    world.clock.forward(minutes=3)
    carried_out(world, waiting(world)[0])
    view = promoting.serving(world.context).refit
    assert view is not None
    assert (view.state, view.labels, view.refitted_at) == ("succeeded", 2, world.clock.time)
    label(context, BOB, *keys[2:4])
    job = world.claimed(waiting(world)[0])
    jobs.finish(world.context, job, "failed", error="no memory")
    view = promoting.serving(world.context).refit
    assert view is not None
    assert (view.error, view.refitted_at) == ("no memory", None)
    world.train(dict.fromkeys(keys, NOBODY_IS_SURE))
    assert promoting.serving(world.context).refit is None, "that was of another run"


# --- writing ---


def rows(keys: Sequence[int], value: float) -> list[dict[str, Any]]:
    return [{"component_id": key, **dict.fromkeys(REFITTED, value)} for key in keys]


def orders(world: World, keys: Sequence[int]) -> set[tuple[float | None, ...]]:
    states = [world.state(key) for key in keys]
    return {tuple(getattr(one, name) for name in REFITTED) for one in states}


def everywhere(value: float) -> tuple[float, ...]:
    """One value in each order."""
    return (value,) * len(REFITTED)


def asked_and_claimed(world: World) -> Job:
    refitting.request(world.context)
    return world.claimed(waiting(world)[0])


def test_a_refit_moves_what_nobody_has_answered_and_nothing_else(world: World) -> None:
    keys = judged(world)
    run_id = promoting.serving_run(world.context)
    assert run_id is not None
    later = world.recording(2)
    label(world.context, BOB, *keys[:2])
    before = orders(world, [*keys[:2], *later])
    said = [(one.entropy, one.predicted, one.quality, one.run_id) for one in world.states()]
    job = asked_and_claimed(world)
    everything = rows([*keys, *later], 0.5)
    assert refitting.show_order(world.context, job, run_id, everything)
    assert orders(world, keys[2:]) == {everywhere(0.5)}
    assert orders(world, [*keys[:2], *later]) == before, "answered, or not judged by this run"
    now = [(one.entropy, one.predicted, one.quality, one.run_id) for one in world.states()]
    assert now == said, "lists show what the run said"


def test_the_queue_serves_in_the_new_order_and_lists_in_the_runs(world: World) -> None:
    keys = world.recording(3)
    run_id = world.train({key: probabilities_of(0.2 * place) for place, key in enumerate(keys, 1)})
    job = asked_and_claimed(world)
    refitting.show_order(world.context, job, run_id, rows(keys[:1], 1.2))
    assert world.next_for(BOB, "entropy") == keys[0]
    assert world.state(keys[0]).entropy == pytest.approx(0.2)


def test_a_refit_of_a_run_that_no_longer_serves_writes_nothing_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refitting, "WRITTEN_AT_ONCE", 1)
    keys = world.recording(3)
    older = world.train(dict.fromkeys(keys, probabilities_of(0.3)))
    newer = world.train(dict.fromkeys(keys, probabilities_of(0.6)))
    job = asked_and_claimed(world)

    def promoted() -> None:
        promoting.promote(world.context, ALICE, older)

    assert not refitting.show_order(world.context, job, newer, rows(keys, 0.9), promoted)
    assert orders(world, keys[:1]) == {everywhere(0.9)}
    assert everywhere(0.9) not in orders(world, keys[1:])


def test_the_refit_that_began_last_is_the_one_that_writes(world: World) -> None:
    keys = judged(world)
    run_id = promoting.serving_run(world.context)
    assert run_id is not None
    slow = asked_and_claimed(world)
    refitting.request(world.context)
    assert refitting.show_order(world.context, slow, run_id, rows(keys, 0.7)), "the other waits"
    newer = world.claimed(waiting(world)[0])
    assert not refitting.show_order(world.context, slow, run_id, rows(keys, 0.1))
    assert refitting.show_order(world.context, newer, run_id, rows(keys, 0.2))
    assert orders(world, keys) == {everywhere(0.2)}


def test_a_worker_that_was_given_up_for_dead_writes_nothing(world: World) -> None:
    keys = judged(world)
    run_id = promoting.serving_run(world.context)
    assert run_id is not None
    before = orders(world, keys)
    silent = asked_and_claimed(world)
    world.clock.forward(minutes=5)
    assert "queued again" in jobs.sweep(world.context)[0]
    again = world.claimed(silent.id)
    assert not refitting.show_order(world.context, silent, run_id, rows(keys, 0.1))
    assert orders(world, keys) == before
    assert refitting.show_order(world.context, again, run_id, rows(keys, 0.2))


# --- what is looked at ---


def test_where_components_are_too_many_the_front_of_the_queue_and_the_labeled_are_looked_at(
    world: World,
) -> None:
    keys = world.recording(40)
    label(world.context, BOB, *keys[:20])
    run_id = world.train({key: probabilities_of(0.03 * place) for place, key in enumerate(keys, 1)})
    assert refitting.worth_remembering(world.context, run_id, 40) == keys
    chosen = refitting.worth_remembering(world.context, run_id, 16)
    assert len(chosen) <= 12
    assert set(chosen) & set(keys[:20]) == set(keys[16:20]), "those labeled last"
    assert keys[39] in chosen, "the most confusing"
    assert refitting.worth_remembering(world.context, run_id + 1, 16) == []
