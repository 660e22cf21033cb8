from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import (
    EventKind,
    LabelEvent,
    consensus,
    current_label,
    givers_of,
    looks_behind,
    standing_answers,
)

WHEN = datetime(2026, 3, 2, tzinfo=UTC)
FILE, ANNA, BERT, CLEO = 1, 2, 3, 4


def said(id: int, labeler: int, label: int) -> LabelEvent:
    return LabelEvent(
        id, UUID(int=id), 7, labeler, labeler != FILE, EventKind.LABEL, label, None, WHEN
    )


def undid(id: int, labeler: int, what: int) -> LabelEvent:
    return LabelEvent(
        id, UUID(int=id), 7, labeler, labeler != FILE, EventKind.UNDO, None, UUID(int=what), WHEN
    )


def skipped(id: int, labeler: int) -> LabelEvent:
    return LabelEvent(id, UUID(int=id), 7, labeler, True, EventKind.SKIP, None, None, WHEN)


def test_nothing_said_is_no_label() -> None:
    now = current_label([])
    assert (now.label, now.people, now.disagreement, now.last_event_id) == (None, 0, False, None)


def test_most_votes_win() -> None:
    now = current_label([said(1, ANNA, 1), said(2, BERT, 1), said(3, CLEO, 4)])
    assert (now.label, now.people, now.disagreement) == (1, 3, True)


def test_among_equal_votes_the_latest_look_wins() -> None:
    assert current_label([said(1, ANNA, 1), said(2, BERT, 3)]).label == 3
    assert current_label([said(2, ANNA, 1), said(1, BERT, 3)]).label == 1


def test_one_person_counts_once_with_the_latest_answer() -> None:
    now = current_label([said(1, ANNA, 1), said(2, ANNA, 1), said(3, BERT, 2), said(4, ANNA, 3)])
    assert (now.label, now.people) == (3, 2)


def test_a_file_counts_only_where_no_person_answered() -> None:
    assert current_label([said(1, FILE, 1)]).label == 1
    assert current_label([said(1, FILE, 1)]).people == 0
    answered = current_label([said(1, FILE, 1), said(2, ANNA, 3)])
    assert (answered.label, answered.people, answered.disagreement) == (3, 1, False)


def test_the_files_label_is_back_when_the_only_answer_is_taken_back() -> None:
    now = current_label([said(1, FILE, 1), said(2, ANNA, 3), undid(3, ANNA, 2)])
    assert (now.label, now.people, now.last_event_id) == (1, 0, 1)


def test_an_undo_uncovers_the_same_persons_answer_before() -> None:
    log = [said(1, ANNA, 1), said(2, ANNA, 2), undid(3, ANNA, 2)]
    assert [answer.label for answer in standing_answers(log)] == [1]


def settled(id: int, first: int, second: int, label: int) -> LabelEvent:
    return replace(said(id, first, label), settled_with=second)


def test_what_two_settled_stands_for_both_and_overrules_what_was_said_before() -> None:
    log = [said(1, ANNA, 1), said(2, BERT, 2), said(3, CLEO, 1), settled(4, ANNA, BERT, 2)]
    now = current_label(log)
    assert (now.label, now.people, now.disagreement, now.last_event_id) == (2, 2, False, 4)
    assert [(one.labeler_id, one.label) for one in standing_answers(log)] == [(BERT, 2), (ANNA, 2)]


def test_who_answers_after_a_settlement_is_counted_with_it() -> None:
    log = [said(1, CLEO, 1), settled(2, ANNA, BERT, 2)]
    one_more = [*log, said(3, CLEO, 1)]
    assert (current_label(one_more).label, current_label(one_more).disagreement) == (2, True)
    changed_mind = [*log, said(3, BERT, 1)]
    assert (current_label(changed_mind).label, current_label(changed_mind).people) == (1, 2)


def test_a_later_settlement_overrules_an_earlier_one() -> None:
    log = [settled(1, ANNA, BERT, 2), settled(2, CLEO, BERT, 4)]
    assert (current_label(log).label, current_label(log).people) == (4, 2)


def test_an_answer_from_before_a_settlement_changes_nothing_when_it_is_taken_back() -> None:
    log = [said(1, ANNA, 1), settled(2, ANNA, BERT, 2)]
    assert current_label([*log, undid(3, ANNA, 1)]) == current_label(log)


def test_a_label_was_given_by_the_people_who_said_it_or_by_a_file_alone() -> None:
    log = [said(1, FILE, 1), said(2, ANNA, 1), said(3, BERT, 2), said(4, CLEO, 1)]
    assert givers_of(log, 1) == [ANNA, CLEO]
    assert givers_of(log[:1], 1) == [FILE]
    assert givers_of(log, 3) == []


def test_a_label_rests_on_every_look_that_still_says_something() -> None:
    assert looks_behind([]) == []
    assert looks_behind([said(1, FILE, 2)]) == [2], "a file, where nobody has answered"
    assert looks_behind([said(1, FILE, 2), said(2, ANNA, 1), said(3, BERT, 3)]) == [1, 3]
    assert looks_behind([said(1, ANNA, 1), said(2, ANNA, 1)]) == [1, 1], "she looked again"
    assert looks_behind([said(1, ANNA, 1), said(2, ANNA, 3), said(3, ANNA, 1)]) == [1]
    assert looks_behind([said(1, ANNA, 1), said(2, ANNA, 1), undid(3, ANNA, 2)]) == [1]


def test_a_settled_label_rests_on_the_two_who_settled_it() -> None:
    settled = replace(said(4, ANNA, 1), settled_with=BERT)
    before = [said(1, ANNA, 1), said(2, CLEO, 3), said(3, BERT, 2)]
    assert looks_behind([*before, settled]) == [1, 1]
    assert looks_behind([*before, settled, said(5, BERT, 1)]) == [1, 1, 1]


def test_a_skip_says_nothing() -> None:
    assert current_label([said(1, ANNA, 1), skipped(2, BERT)]) == current_label([said(1, ANNA, 1)])


votes = st.lists(st.integers(1, 4), min_size=1, max_size=9)


@given(votes)
def test_no_label_beats_the_consensus_in_votes(labels: list[int]) -> None:
    chosen = consensus(list(enumerate(labels)))
    assert chosen is not None
    assert labels.count(chosen) == max(labels.count(label) for label in labels)


@given(votes, st.randoms())
def test_the_consensus_does_not_depend_on_the_order_of_reading(labels: list[int], random) -> None:
    answers = list(enumerate(labels))
    shuffled = answers[:]
    random.shuffle(shuffled)
    assert consensus(answers) == consensus(shuffled)


@given(st.lists(st.tuples(st.sampled_from([FILE, ANNA, BERT]), st.integers(1, 4)), max_size=8))
def test_undo_restores_what_was_before(answers: list[tuple[int, int]]) -> None:
    log = [said(number, who, label) for number, (who, label) in enumerate(answers, 1)]
    last = said(90, CLEO, 2)
    assert current_label([*log, last, undid(91, CLEO, 90)]) == current_label(log)


@pytest.mark.parametrize("answers", [[], [(3, 2)]])
def test_consensus_of_few(answers: list[tuple[int, int]]) -> None:
    assert consensus(answers) == (2 if answers else None)
