"""Discussions as one person may see them: what is open or settled, and what was said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from app.actions.context import Context
from app.actions.views import NoteView, note_view
from app.domain.accounts import Account
from app.domain.events import EventKind, LabelEvent, standing_answers
from app.storage import components, discussions, events, labelers, notes, recordings
from app.storage.rows import AnyRow

State = Literal["open", "settled"]
KIND_OF = {"open": discussions.RAISE, "settled": discussions.SETTLE}
STATE_OF: dict[str, State] = {discussions.RAISE: "open", discussions.SETTLE: "settled"}


@dataclass(frozen=True)
class TurnView:
    """A turn. text and label: None where they are hidden, or it has none.

    withdrawn_at: when whoever put it up took it off the list again; such a turn does not count.
    """

    kind: Literal["raise", "settle"]
    labeler: str
    text: str | None
    label: int | None
    settled_with: str | None
    created_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True)
class AnswerView:
    """What somebody, or a file, says that the component is, on their own."""

    labeler: str
    person: bool
    label: int
    created_at: datetime


@dataclass(frozen=True)
class DiscussionView:
    """A component under discussion, as one person may see it.

    turn: the key of the newest turn, which the list is ordered by. hidden: this person has not
    answered it, so that nothing is told but who put it up and when. answered: they have.
    partners: who else has, and so may settle it with them. withdrawable: this person put it up,
    and nobody else has answered it or written about it since.
    """

    turn: int
    component: int
    recording: int
    recording_name: str
    content_hash: str
    state: State
    hidden: bool
    answered: bool
    label: int | None
    turns: tuple[TurnView, ...]
    answers: tuple[AnswerView, ...]
    notes: tuple[NoteView, ...]
    partners: tuple[str, ...]
    withdrawable: bool


def count_open(context: Context) -> int:
    """How many components wait to be settled."""
    with context.database.read() as session:
        return discussions.count_open(session)


def list_discussions(
    context: Context, viewer: Account, state: State, before_turn: int | None, limit: int
) -> list[DiscussionView]:
    """Components that are open or settled, the latest first, as this person may see them."""
    with context.database.read() as session:
        rows = discussions.page(session, KIND_OF[state], before_turn, limit)
        return _views(session, viewer, rows)


def find(context: Context, viewer: Account, component_id: int) -> DiscussionView | None:
    """One component's discussion; None where nobody put it up, or all of it was withdrawn."""
    with context.database.read() as session:
        return next(iter(of_component(session, viewer, component_id)), None)


def of_component(session: Session, viewer: Account, component_id: int) -> list[DiscussionView]:
    """One component's discussion, or none."""
    newest = discussions.newest(session, component_id)
    return [] if newest is None else _views(session, viewer, [newest])


def _views(session: Session, viewer: Account, rows: Sequence[AnyRow]) -> list[DiscussionView]:
    keys = [row.component_id for row in rows]
    found = components.several(session, keys)
    logs = events.of_components(session, keys)
    names = labelers.names(session, {one.labeler_id for log in logs.values() for one in log})
    turns: dict[int, list[AnyRow]] = {key: [] for key in keys}
    for turn in discussions.of_components(session, keys):
        turns[turn.component_id].append(turn)
    written: dict[int, list[AnyRow]] = {key: [] for key in keys}
    for note in notes.standing(session, keys):
        written[note.component_id].append(note)
    called = recordings.names(session, {row.recording_id for row in found.values()})
    return [
        _view(
            viewer,
            newest,
            found[key],
            _Told(logs[key], names, turns[key], written[key], called[found[key].recording_id]),
        )
        for key, newest in zip(keys, rows, strict=True)
    ]


@dataclass(frozen=True)
class _Told:
    """What was said of one component."""

    log: Sequence[LabelEvent]
    names: Mapping[int, str]
    turns: Sequence[AnyRow]
    notes: Sequence[AnyRow]
    recording: str


def _view(viewer: Account, newest: AnyRow, row: AnyRow, told: _Told) -> DiscussionView:
    answered = any(one.labeler_id == viewer.id and one.kind is EventKind.LABEL for one in told.log)
    hidden = not answered and not viewer.is_admin
    others = {
        one.labeler_id
        for one in told.log
        if one.person and one.kind is EventKind.LABEL and one.labeler_id != viewer.id
    }
    return DiscussionView(
        turn=newest.id,
        component=row.id,
        recording=row.recording_id,
        recording_name=told.recording,
        content_hash=row.content_hash,
        state=STATE_OF[newest.kind],
        hidden=hidden,
        answered=answered,
        label=None if hidden else row.label,
        turns=tuple(_turn_view(one, hidden and one.labeler_id != viewer.id) for one in told.turns),
        answers=() if hidden else _answers(told),
        # Somebody else's note sways as much as their label; one's own is shown always.
        notes=tuple(
            note_view(one) for one in told.notes if not hidden or one.labeler_id == viewer.id
        ),
        partners=() if hidden else tuple(sorted(told.names[key] for key in others)),
        withdrawable=newest.kind == discussions.RAISE
        and newest.labeler_id == viewer.id
        and not _spoken_since(newest, told),
    )


def _spoken_since(turn: AnyRow, told: _Told) -> bool:
    """Whether anybody else has answered the component or written about it after this turn."""
    answers = [(one.labeler_id, one.created_at) for one in told.log if one.kind is EventKind.LABEL]
    written = [(one.labeler_id, one.created_at) for one in told.notes]
    return any(
        labeler_id != turn.labeler_id and at > turn.created_at
        for labeler_id, at in answers + written
    )


def _turn_view(row: AnyRow, hidden: bool) -> TurnView:
    return TurnView(
        kind=row.kind,
        labeler=row.labeler,
        text=None if hidden else row.text,
        label=None if hidden else row.label,
        settled_with=row.settled_with,
        created_at=row.created_at,
        withdrawn_at=row.withdrawn_at,
    )


def _answers(told: _Told) -> tuple[AnswerView, ...]:
    """Each one's own latest answer, whatever was settled since."""
    own = [one for one in told.log if one.settled_with is None]
    return tuple(
        AnswerView(told.names[one.labeler_id], one.person, one.label, one.created_at)
        for one in standing_answers(own)
        if one.label is not None
    )
