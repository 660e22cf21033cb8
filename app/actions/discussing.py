"""Discussions: what one labeler wants looked at together, and what two people settle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.orm import Session

from app.actions import refitting
from app.actions.context import Context
from app.actions.views import NoteView, note_view
from app.domain.accounts import Account
from app.domain.errors import Conflict, NotFound
from app.domain.events import EventKind, LabelEvent, standing_answers
from app.storage import components, discussions, events, labelers, notes, recordings, states
from app.storage.database import lock_event_log
from app.storage.rows import AnyRow

State = Literal["open", "settled"]
KIND_OF = {"open": discussions.RAISE, "settled": discussions.SETTLE}
STATE_OF: dict[str, State] = {discussions.RAISE: "open", discussions.SETTLE: "settled"}


@dataclass(frozen=True)
class Raised:
    """A component as it is put up. text: why; may be empty."""

    id: UUID
    component: int
    text: str


@dataclass(frozen=True)
class Settled:
    """What two people agreed on. settled_with: the second person's name."""

    id: UUID
    component: int
    label: int
    settled_with: str
    text: str


@dataclass(frozen=True)
class TurnView:
    """A turn. text and label: None where they are hidden, or it has none."""

    kind: Literal["raise", "settle"]
    labeler: str
    text: str | None
    label: int | None
    settled_with: str | None
    created_at: datetime


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
    partners: who else has, and so may settle it with them.
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


def put_up(context: Context, account: Account, raised: Raised) -> DiscussionView:
    """Put a component up for discussion; one that was settled is open again.

    The same id again is harmless. Raises NotFound, or Conflict where the id was used for
    something else.
    """
    turn = _turn(context, account, raised, discussions.RAISE)
    with context.database.write() as session:
        if _is_new(session, turn, (None, None)):
            discussions.append(session, turn)
        return _of(session, account, raised.component)[0]


def settle(context: Context, account: Account, settled: Settled) -> DiscussionView:
    """Record the label that two people agreed on: it stands for both.

    Both have answered the component before, each alone. The same id again is harmless. Raises
    NotFound for a component or person that there is not, else Conflict with the reason.
    """
    turn = _turn(context, account, settled, discussions.SETTLE)
    with context.database.write() as session:
        if not _is_new(session, turn, (settled.label, settled.settled_with)):
            return _of(session, account, settled.component)[0]
        newest = discussions.newest(session, settled.component)
        if newest is None or newest.kind != discussions.RAISE:
            raise Conflict(
                f"Component {settled.component} is not up for discussion. Put it up, and then "
                "settle it."
            )
        second = _second(session, account, settled)
        event = {
            **{key: turn[key] for key in ("uuid", "component_id", "labeler_id", "created_at")},
            "kind": EventKind.LABEL.value,
            "label": settled.label,
            "settled_with": second,
        }
        events.append(session, [event])
        last_event = states.refresh(session, [settled.component])
        discussions.append(session, turn)
        view = _of(session, account, settled.component)[0]
    refitting.after_labels(context, last_event)
    return view


def _turn(context: Context, account: Account, told: Raised | Settled, kind: str) -> dict[str, Any]:
    return {
        "uuid": told.id,
        "component_id": told.component,
        "labeler_id": account.id,
        "kind": kind,
        "text": told.text.strip(),
        "created_at": context.now(),
    }


def _is_new(session: Session, turn: dict[str, Any], agreed: tuple[int | None, str | None]) -> bool:
    """Whether this is told for the first time; nobody else appends until the transaction ends."""
    lock_event_log(session)
    uuid, component_id = turn["uuid"], turn["component_id"]
    if not components.existing(session, [component_id]):
        raise NotFound("component", component_id)
    found = discussions.with_uuid(session, uuid)
    if found is None and not events.with_uuids(session, [uuid]):
        return True
    same = found is not None and (found.label, found.settled_with) == agreed
    names = ("component_id", "labeler_id", "kind", "text")
    if not same or any(getattr(found, name) != turn[name] for name in names):
        raise Conflict(f"The id {uuid} was used for something else. Make a new one.")
    return False


def _second(session: Session, account: Account, settled: Settled) -> int:
    """The key of the second person. Raises NotFound or Conflict."""
    found = labelers.by_name(session, settled.settled_with)
    if found is None or not found.person:
        raise NotFound("person named", settled.settled_with)
    if found.id == account.id:
        raise Conflict("Two people settle together: name the other one.")
    for key, name in ((account.id, account.name), (found.id, found.name)):
        if not events.has_answered(session, key, settled.component):
            raise Conflict(
                f"{name} has not answered component {settled.component} yet. Each answers alone "
                "first, without knowing what the other said; then both settle it."
            )
    return found.id


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
    """One component's discussion; None where nobody ever put it up."""
    with context.database.read() as session:
        return next(iter(_of(session, viewer, component_id)), None)


def _of(session: Session, viewer: Account, component_id: int) -> list[DiscussionView]:
    """One, or none."""
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
    )


def _turn_view(row: AnyRow, hidden: bool) -> TurnView:
    return TurnView(
        kind=row.kind,
        labeler=row.labeler,
        text=None if hidden else row.text,
        label=None if hidden else row.label,
        settled_with=row.settled_with,
        created_at=row.created_at,
    )


def _answers(told: _Told) -> tuple[AnswerView, ...]:
    """Each one's own latest answer, whatever was settled since."""
    own = [one for one in told.log if one.settled_with is None]
    return tuple(
        AnswerView(told.names[one.labeler_id], one.person, one.label, one.created_at)
        for one in standing_answers(own)
        if one.label is not None
    )
