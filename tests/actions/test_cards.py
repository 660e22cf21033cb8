"""What a run's model card is made of."""

from typing import Any

import pytest
from sqlalchemy import update

from app.actions import cards, training
from app.domain.errors import Conflict, NotFound
from app.storage.tables import RecordingRow
from tests.support.world import ALICE, BOB, World

NEURON = (0.7, 0.1, 0.1, 0.1)
NOISE = (0.1, 0.1, 0.6, 0.2)


def metrics(*confusion: list[int], grouped: bool = True) -> dict[str, Any]:
    """What a training leaves, as far as a card needs it."""
    total = sum(map(sum, confusion))
    return {
        "confusion": list(confusion),
        "reliability": [],
        "accuracy": sum(row[place] for place, row in enumerate(confusion)) / total,
        "classes": {str(code): {"support": sum(confusion[code - 1])} for code in (1, 2, 3, 4)},
        "grouped": grouped,
        "ungrouped_reason": None if grouped else "there is one recording",
    }


def trained(world: World, **more: Any) -> tuple[int, list[int], list[int]]:
    """A run on two recordings: all right in the first, one of three wrong in the second."""
    first = world.recording(2, labels=[1, 1])
    second = world.recording(3, labels=[1, 3, 3])
    run = world.train(dict.fromkeys([*first, second[0], second[1]], NEURON) | {second[2]: NOISE})
    found = metrics([3, 0, 0, 0], [0] * 4, [1, 0, 1, 0], [0] * 4, **more)
    training.record_result(world.context, run, metrics=found)
    return run, first, second


def test_each_recording_has_its_own_scores(world: World) -> None:
    run, _, _ = trained(world)
    first, second = cards.card_of(world.context, run).recordings
    assert (first.labeled, first.accuracy, first.macro_f1) == (2, 1.0, 1.0)
    assert first.confidence == pytest.approx(0.7)
    assert second.labeled == 3
    assert second.accuracy == pytest.approx(2 / 3)
    # Neuron: 1 of 2 predictions right, all found. Noise: all predictions right, 1 of 2 found.
    assert second.macro_f1 == pytest.approx(2 / 3)
    assert second.confidence == pytest.approx((0.7 + 0.7 + 0.6) / 3)


def test_the_spread_over_recordings(world: World) -> None:
    run, _, _ = trained(world)
    found = cards.card_of(world.context, run).accuracy
    assert found.low == pytest.approx(2 / 3)
    assert found.high == 1.0
    assert found.mean == pytest.approx(5 / 6)
    assert found.deviation == pytest.approx(2**-0.5 / 3)


def test_unlabeled_components_and_other_runs_do_not_count(world: World) -> None:
    keys = world.recording(2, labels=[1, 0])
    world.train({keys[0]: NOISE})
    run = world.train({keys[0]: NEURON, keys[1]: NOISE})
    training.record_result(world.context, run, metrics=metrics([1, 0, 0, 0], *[[0] * 4] * 3))
    (only,) = cards.card_of(world.context, run).recordings
    assert (only.labeled, only.accuracy) == (1, 1.0)


def test_the_labels_origin_is_that_of_the_snapshot(world: World) -> None:
    key = world.recording(2, labels=[1, 3])[0]
    world.label(ALICE, key, 1)
    world.undo(BOB, world.label(BOB, key, 2))
    run, first, _ = trained(world)
    world.label(BOB, first[0], 2)
    origin = cards.card_of(world.context, run).origin
    assert (origin.people, origin.answered, origin.imported_sources) == (1, 1, 1)


def test_an_answer_taken_back_after_the_snapshot_counts_in_it(world: World) -> None:
    answer = world.label(ALICE, world.recording(1)[0], 1)
    run, _, _ = trained(world)
    world.undo(ALICE, answer)
    assert cards.card_of(world.context, run).origin.answered == 1


def test_limits_say_what_the_figures_warn_of(world: World) -> None:
    run, _, _ = trained(world)
    with world.context.database.write() as session:
        session.execute(
            update(RecordingRow).where(RecordingRow.id == 2).values(source_format="simulated")
        )
    said = cards.card_of(world.context, run).limits
    assert said[0].startswith("1 of its recordings are simulated")
    assert said[1].startswith("It knows 2 recordings")
    assert "Noise: only 2 labels, so its figures are rough." in said
    assert "In recording 2 it is right 67% of the time, far below the 80% of all" in said[-1]


def test_folds_that_share_recordings_are_said_to(world: World) -> None:
    run, _, _ = trained(world, grouped=False)
    said = " ".join(cards.card_of(world.context, run).limits)
    assert "not by recording (there is one recording)" in said


def test_only_a_run_that_has_figures_has_a_card(world: World) -> None:
    key = world.recording(1, labels=[1])[0]
    older = world.train({key: NEURON})
    with pytest.raises(Conflict, match="before confusion and calibration were kept"):
        cards.card_of(world.context, older)
    waiting = training.request_run(world.context, ALICE)
    with pytest.raises(Conflict, match="is queued"):
        cards.card_of(world.context, waiting.id)
    with pytest.raises(NotFound):
        cards.card_of(world.context, 99)
