"""What looks most like a component, by the embeddings in use."""

import time

import numpy as np
import pytest

from app.actions import embedding, importing, jobs, looks_like, rounds
from app.actions.rounds import RoundPlan
from app.domain.accounts import Account
from app.domain.cues import Cues
from app.domain.errors import NotAllowed, NotFound
from tests.support.world import ALICE, BOB, NOBODY_IS_SURE, World


def embedded(world: World, vectors: dict[int, list[float]]) -> None:
    """A run that serves, and these embeddings by it."""
    run = world.train(dict.fromkeys(vectors, NOBODY_IS_SURE))
    embedding.request(world.context)
    (waiting,) = jobs.live(world.context, "embed")
    job = world.claimed(waiting.id)
    space = embedding.begin(world.context, job, run, np.zeros((2, 1), np.float32))
    numbers = np.array(list(vectors.values()), np.float16)
    embedding.store(
        world.context, job, space, list(vectors), numbers, np.zeros((len(vectors), 2), np.float32)
    )
    embedding.finish(world.context, job, space, len(vectors))
    assert jobs.finish(world.context, job, "succeeded")


def on_a_line(world: World, count: int) -> list[int]:
    """So many components at 0, 1, 2, ..."""
    keys = world.recording(count)
    embedded(world, {key: [float(place), 0.0] for place, key in enumerate(keys)})
    return keys


def names(found: list[looks_like.Alike]) -> list[int]:
    return [one.component for one in found]


def test_the_nearest_come_first_and_itself_is_not_among_them(world: World) -> None:
    keys = on_a_line(world, 6)
    found = looks_like.nearest(world.context, keys[0], 3)
    assert names(found) == keys[1:4]
    assert [one.distance for one in found] == [1.0, 2.0, 3.0]
    assert len(looks_like.nearest(world.context, keys[0], 99)) == 5


def test_of_each_class_the_nearest_that_are_labeled_so(world: World) -> None:
    keys = on_a_line(world, 8)
    for place, label in ((1, 1), (2, 3), (4, 1), (5, 3), (6, 3), (7, 1)):
        world.label(ALICE, keys[place], label)
    found = looks_like.nearest_of_classes(world.context, keys[0], [1, 3, 4], 2)
    assert {code: names(some) for code, some in found.items()} == {
        1: [keys[1], keys[4]], 3: [keys[2], keys[5]], 4: []
    }  # fmt: skip
    assert found[1][0].label == 1


def test_labels_given_and_taken_back_since_are_known(world: World) -> None:
    keys = on_a_line(world, 4)
    assert looks_like.nearest(world.context, keys[0], 3, labeled=True) == []
    answer = world.label(ALICE, keys[2], 2)
    assert names(looks_like.nearest(world.context, keys[0], 3, labeled=True)) == [keys[2]]
    world.label(ALICE, keys[1], 2)
    world.undo(ALICE, answer)
    assert names(looks_like.nearest(world.context, keys[0], 3, labeled=True)) == [keys[1]]


def test_a_component_that_came_since_has_no_like_yet(world: World) -> None:
    on_a_line(world, 3)
    new = world.recording(1)[0]
    assert looks_like.nearest(world.context, new, 3) == []
    assert looks_like.nearest_of_classes(world.context, new, [1], 3) == {1: []}


def test_embeddings_of_another_run_are_taken_up(world: World) -> None:
    keys = on_a_line(world, 3)
    assert names(looks_like.nearest(world.context, keys[0], 1)) == [keys[1]]
    embedded(world, {keys[0]: [0.0], keys[1]: [9.0], keys[2]: [1.0]})
    assert names(looks_like.nearest(world.context, keys[0], 1)) == [keys[2]]


def shown(world: World, who: Account, component: int, codes: list[int]) -> dict[int, list[int]]:
    found = looks_like.shown_to(world.context, who, component, codes)
    return {code: [one.component for one in some] for code, some in found.items()}


def test_a_labeler_is_shown_what_they_have_answered_and_nothing_else(world: World) -> None:
    keys = on_a_line(world, 8)
    for key in keys[1:7]:
        world.label(ALICE, key, 1)
    with pytest.raises(NotAllowed, match="Answer component"):
        shown(world, BOB, keys[0], [1])
    for key in (keys[0], keys[3], keys[5]):
        world.label(BOB, key, 1)
    world.undo(BOB, world.label(BOB, keys[6], 2))
    assert shown(world, BOB, keys[0], [1, 2]) == {1: [keys[3], keys[5], keys[6]], 2: []}
    assert shown(world, ALICE, keys[0], [1]) == {1: keys[1:4]}


def test_an_admin_is_shown_nothing_that_an_open_round_may_still_ask(world: World) -> None:
    keys = on_a_line(world, 6)
    for key in keys[:5]:
        world.label(BOB, key, 1)
    world.train(dict.fromkeys(keys, (0.1, 0.7, 0.1, 0.1)))
    it = rounds.open_round(world.context, ALICE, RoundPlan("quality", 5))
    world.label(ALICE, keys[0], 2, round=it.id)
    assert shown(world, ALICE, keys[0], [1]) == {1: []}
    world.label(ALICE, keys[4], 1, round=it.id)
    assert shown(world, ALICE, keys[0], [1]) == {1: [keys[4]]}
    rounds.close_round(world.context, ALICE, it.id)
    assert shown(world, ALICE, keys[0], [1]) == {1: keys[1:4]}


def test_a_component_that_there_is_not_looks_like_nothing(world: World) -> None:
    with pytest.raises(NotFound):
        shown(world, ALICE, 999, [1])


def test_ten_thousand_labeled_ones_are_compared_in_no_time(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sqlite_world
    # What their masks look like is not in question, and takes ten seconds to measure.
    nothing = np.zeros(10_000, np.float32)
    monkeypatch.setattr(importing, "measure_cues", lambda *_: Cues(nothing, nothing, None))
    keys = world.recording(10_000, labels=[1, 2, 3, 4] * 2_500)
    numbers = np.random.default_rng(0).normal(size=(10_000, 32))
    embedded(world, dict(zip(keys, numbers.tolist(), strict=True)))
    looks_like.nearest_of_classes(world.context, keys[0], [1, 2], 3)
    took = []
    for key in keys[:9]:
        began = time.perf_counter()
        found = looks_like.nearest_of_classes(world.context, key, [1, 2], 3)
        took.append(time.perf_counter() - began)
        assert [len(some) for some in found.values()] == [3, 3]
    assert sorted(took)[4] < 0.02
