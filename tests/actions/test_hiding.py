"""A labeler who has not answered sees neither labels nor predictions, by whatever way round."""

import pytest

from app.actions import browsing, exporting
from app.domain.accounts import Account
from app.domain.errors import NoModel, NotFound
from app.storage.components import Filters, Position
from tests.support.world import ALICE, BOB, CAROL, World


@pytest.fixture
def judged(world: World) -> int:
    """A component that Alice labeled 1 and a model calls 2."""
    key = world.component(labeled_by=[ALICE], label=1)
    world.train({key: (0.1, 0.7, 0.1, 0.1)})
    return key


def listed(world: World, who: Account, filters: Filters | None = None, order="id"):
    return browsing.list_components(world.context, who, filters or Filters(), order, None, 10)


def test_an_admin_sees_all(world: World, judged: int) -> None:
    view = browsing.get_component(world.context, ALICE, judged)
    assert (view.label, view.hidden, view.people) == (1, False, 1)
    assert view.prediction is not None
    assert (view.prediction.predicted, view.prediction.out_of_fold) == (2, True)


def test_a_component_is_shown_without_label_and_prediction(world: World, judged: int) -> None:
    for view in (
        browsing.get_component(world.context, BOB, judged),
        listed(world, BOB)[0][0],
    ):
        assert view.id == judged
        assert (view.label, view.prediction, view.disagreement) == (None, None, False)
        assert view.hidden


def test_one_answer_opens_it_even_if_it_is_taken_back(world: World, judged: int) -> None:
    world.undo(BOB, world.label(BOB, judged, 3))
    view = browsing.get_component(world.context, BOB, judged)
    assert (view.label, view.hidden) == (1, False)
    assert view.prediction is not None
    assert browsing.get_component(world.context, CAROL, judged).hidden


def test_a_skip_opens_nothing(world: World, judged: int) -> None:
    world.skip(BOB, judged)
    assert browsing.get_component(world.context, BOB, judged).hidden


@pytest.mark.parametrize(
    "filters",
    [
        Filters(label=1),
        Filters(label=0),
        Filters(predicted=2),
        Filters(disagreement=False),
    ],
    ids=str,
)
def test_no_filter_tells_what_is_hidden(world: World, judged: int, filters: Filters) -> None:
    world.component()
    assert listed(world, BOB, filters)[0] == []
    assert listed(world, ALICE, filters)[0]


def test_filters_work_on_what_one_has_answered(world: World, judged: int) -> None:
    world.component(labeled_by=[ALICE])
    world.label(BOB, judged, 1)
    assert [view.id for view in listed(world, BOB, Filters(label=1))[0]] == [judged]


@pytest.mark.parametrize("order", ["entropy", "quality"])
def test_neither_order_nor_the_next_page_tells_what_a_model_thinks(
    world: World, judged: int, order
) -> None:
    assert listed(world, BOB, order=order) == ([], None)
    world.label(BOB, judged, 1)
    assert [view.id for view in listed(world, BOB, order=order)[0]] == [judged]


def test_the_history_shows_ones_own_part(world: World, judged: int) -> None:
    world.skip(BOB, judged)
    world.label(CAROL, judged, 4)

    def seen(who: Account) -> list[tuple[str, str]]:
        entries = browsing.history(world.context, who, judged)
        return [(entry.labeler, entry.kind) for entry in entries]

    everything = [("Alice", "label"), ("Bob", "skip"), ("Carol", "label")]
    assert seen(BOB) == [("Bob", "skip")]
    assert seen(ALICE) == seen(CAROL) == everything


def test_the_history_marks_what_was_taken_back(world: World) -> None:
    key = world.component()
    world.undo(BOB, world.label(BOB, key, 1))
    entries = browsing.history(world.context, BOB, key)
    assert [(entry.kind, entry.undone) for entry in entries] == [("label", True), ("undo", False)]


def test_exports_hold_what_one_has_answered(world: World, judged: int) -> None:
    other = world.component(labeled_by=[BOB], label=4)
    context = world.context
    for who, labels, events in ((ALICE, {judged: 1, other: 4}, 2), (BOB, {other: 4}, 1)):
        rows = list(exporting.current_labels(context, who))
        assert {row["component"]: row["label"] for row in rows} == labels
        assert len(list(exporting.label_history(context, who))) == events
    assert [one.component for one in exporting.predictions(context, ALICE, None, None)] == [judged]
    assert list(exporting.predictions(context, BOB, None, None)) == []
    world.label(BOB, judged, 1)
    assert [one.component for one in exporting.predictions(context, BOB, None, None)] == [judged]


def test_exports_turn_many_pages_and_lose_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PAGE", 2)
    keys = world.recording(5, labels=[1, 2, 0, 3, 4])
    world.label(BOB, keys[0], 4)
    run = world.train(dict.fromkeys(keys, (0.25, 0.25, 0.25, 0.25)))
    rows = list(exporting.current_labels(world.context, ALICE))
    assert [(row["component"], row["label"]) for row in rows] == [
        (keys[0], 4),
        (keys[1], 2),
        (keys[3], 3),
        (keys[4], 4),
    ]
    assert [row["event"] for row in exporting.label_history(world.context, ALICE)] == [
        1,
        2,
        3,
        4,
        5,
    ]
    told = exporting.predictions(world.context, ALICE, world.state(keys[0]).recording_id, run)
    assert [one.component for one in told] == keys


def test_what_there_is_not_to_export_is_said_at_once(world: World) -> None:
    with pytest.raises(NoModel):
        exporting.predictions(world.context, ALICE, None, None)
    world.train({world.component(): (0.25, 0.25, 0.25, 0.25)})
    for recording, run in ((99, None), (None, 99)):
        with pytest.raises(NotFound):
            exporting.predictions(world.context, ALICE, recording, run)


@pytest.mark.parametrize("order", ["id", "entropy", "quality", "cue"])
def test_pages_of_components_hold_each_once_in_order(world: World, order) -> None:
    keys = world.recording(7)
    for key in keys[:4]:
        world.label(ALICE, key, 1)
    same, other = (0.4, 0.3, 0.2, 0.1), (0.1, 0.7, 0.1, 0.1)
    world.train({keys[0]: same, keys[1]: other, keys[2]: same, keys[5]: same})
    seen: list[int] = []
    after: Position | None = None
    for _ in range(9):
        views, after = browsing.list_components(world.context, ALICE, Filters(), order, after, 2)
        seen += [view.id for view in views]
        if after is None:
            break
    assert sorted(seen) == keys
    if order == "entropy":
        assert seen == [keys[5], keys[2], keys[0], keys[1], keys[6], keys[4], keys[3]]
    if order == "id":
        assert seen == keys


def test_counts_say_what_is_there(world: World) -> None:
    keys = world.recording(5, labels=[1, 2, 3, 0, 0])
    world.label(BOB, keys[0], 4)
    world.label(CAROL, keys[3], 4)
    counts = browsing.get_recording(world.context, world.state(keys[0]).recording_id).counts
    assert (counts.neuron, counts.process, counts.noise, counts.doubtful) == (0, 1, 1, 2)
    assert (counts.unlabeled, counts.answered, counts.total) == (1, 2, 5)
    assert browsing.total_counts(world.context) == counts
