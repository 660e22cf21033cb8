"""Label events and what follows from them. The log is the truth; all else is derived from it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class EventKind(StrEnum):
    """What happened. Undo is an event like any other; nothing is ever taken out of the log."""

    LABEL = "label"
    UNDO = "undo"
    SKIP = "skip"


@dataclass(frozen=True)
class LabelEvent:
    """One thing that one labeler did to one component, in the order of `id`.

    person: false for an annotator that is a file's own labels.
    label: 1 to 4 for a label, None otherwise. undoes: the event's uuid that an undo takes back.
    settled_with: the second person's key, of a label that two people settled in a discussion.
    """

    id: int
    uuid: UUID
    component_id: int
    labeler_id: int
    person: bool
    kind: EventKind
    label: int | None
    undoes: UUID | None
    created_at: datetime
    settled_with: int | None = None


@dataclass(frozen=True)
class CurrentLabel:
    """What the events of one component come to.

    label: the consensus, None where there is none. people: how many people's answers stand.
    disagreement: whether those answers differ. last_event_id: the newest answer that stands, so
    that an undo brings back the former one.
    """

    label: int | None
    people: int
    disagreement: bool
    last_event_id: int | None


def standing_answers(events: Iterable[LabelEvent]) -> list[LabelEvent]:
    """The latest answer of each labeler that has not been taken back, oldest first.

    An undone answer uncovers the same labeler's answer before it. What two people settled is the
    answer of both, and overrules all that was answered before.
    """
    return [answer for answer, _ in _standing(events)]


def looks_behind(events: Iterable[LabelEvent]) -> list[int]:
    """The codes that a component's label rests on, one a look.

    The standing answers of those who decide, each as many times in a row as its labeler has given
    it: who looks again and says the same confirms it, who says otherwise has thought again.
    """
    standing = _standing(events)
    people = any(answer.person for answer, _ in standing)
    return [
        answer.label
        for answer, times in standing
        if answer.label is not None and answer.person == people
        for _ in range(times)
    ]


def _standing(events: Iterable[LabelEvent]) -> list[tuple[LabelEvent, int]]:
    """Each standing answer, and how many times in a row it was given."""
    ordered = sorted(events, key=lambda event: event.id)
    undone = {event.undoes for event in ordered if event.kind is EventKind.UNDO}
    latest: dict[int, tuple[LabelEvent, int]] = {}
    for event in ordered:
        if event.kind is not EventKind.LABEL or event.uuid in undone:
            continue
        before, times = latest.get(event.labeler_id, (event, 0))
        if event.settled_with is not None:
            second = event.settled_with
            latest, times = {second: (replace(event, labeler_id=second), 1)}, 0
        same = before.label == event.label
        latest[event.labeler_id] = (event, times + 1 if same else 1)
    return sorted(latest.values(), key=lambda standing: standing[0].id)


def consensus(answers: Sequence[tuple[int, int]]) -> int | None:
    """The label most answers agree on; among equals, the one given last.

    answers: (event id, label) of each labeler's standing answer.
    The latest look breaks a tie because it was made with the most known: that is what a
    relabeling round is for.
    """
    if not answers:
        return None
    votes = Counter(label for _, label in answers)
    newest = {label: event_id for event_id, label in sorted(answers)}
    return max(votes, key=lambda label: (votes[label], newest[label]))


def givers_of(events: Iterable[LabelEvent], label: int) -> list[int]:
    """Whose standing answers say this label, by key, in the order they were given.

    People only, or a file where no person has answered: those who decide.
    """
    answers = standing_answers(events)
    deciding = [answer for answer in answers if answer.person] or answers
    return [answer.labeler_id for answer in deciding if answer.label == label]


def current_label(events: Iterable[LabelEvent]) -> CurrentLabel:
    """The state of one component: people decide; a file's labels count where no person has."""
    answers = standing_answers(events)
    people = [answer for answer in answers if answer.person]
    deciding = people or answers
    votes = [(answer.id, answer.label) for answer in deciding if answer.label is not None]
    return CurrentLabel(
        label=consensus(votes),
        people=len(people),
        disagreement=len({label for _, label in votes}) > 1,
        last_event_id=max((answer.id for answer in answers), default=None),
    )
