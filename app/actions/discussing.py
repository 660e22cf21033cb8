"""Discussions: what one labeler wants looked at together, and what two people settle."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.actions import refitting
from app.actions.context import Context
from app.actions.discussed import DiscussionView, of_component
from app.domain.accounts import Account
from app.domain.errors import Conflict, NotAllowed, NotFound
from app.domain.events import EventKind
from app.storage import components, discussions, events, labelers, states
from app.storage.database import lock_event_log


@dataclass(frozen=True)
class Raised:
    """A component as it is put up. text: why; may be empty."""

    id: UUID
    component: int
    text: str


@dataclass(frozen=True)
class Withdrawn:
    """A component as it is taken off the list again."""

    id: UUID
    component: int


@dataclass(frozen=True)
class Settled:
    """What two people agreed on. settled_with: the second person's name."""

    id: UUID
    component: int
    label: int
    settled_with: str
    text: str


def put_up(context: Context, account: Account, raised: Raised) -> DiscussionView:
    """Put a component up for discussion; one that was settled is open again.

    The same id again is harmless. Raises NotFound, or Conflict where the id was used for
    something else.
    """
    turn = _turn(context, account, raised, discussions.RAISE)
    with context.database.write() as session:
        if _is_new(session, turn, (None, None)):
            discussions.append(session, turn)
        return of_component(session, account, raised.component)[0]


def settle(context: Context, account: Account, settled: Settled) -> DiscussionView:
    """Record the label that two people agreed on: it stands for both.

    Both have answered the component before, each alone. The same id again is harmless. Raises
    NotFound for a component or person that there is not, else Conflict with the reason.
    """
    turn = _turn(context, account, settled, discussions.SETTLE)
    with context.database.write() as session:
        if not _is_new(session, turn, (settled.label, settled.settled_with)):
            return of_component(session, account, settled.component)[0]
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
        view = of_component(session, account, settled.component)[0]
    refitting.after_labels(context, last_event)
    return view


def withdraw(context: Context, account: Account, withdrawn: Withdrawn) -> None:
    """Take a component off the list that one put up by mistake; how it stood before holds again.

    The same id again is harmless. Raises NotFound, NotAllowed where somebody else put it up, or
    Conflict where it is not open or others have answered it or written about it since.
    """
    with context.database.write() as session:
        lock_event_log(session)
        if not components.existing(session, [withdrawn.component]):
            raise NotFound("component", withdrawn.component)
        earlier = discussions.withdrawal(session, withdrawn.id)
        if earlier is not None:
            if (earlier.component_id, earlier.labeler_id) == (withdrawn.component, account.id):
                return
            raise Conflict(f"The id {withdrawn.id} was used for something else. Make a new one.")
        newest = discussions.newest(session, withdrawn.component)
        if newest is None or newest.kind != discussions.RAISE:
            raise Conflict(f"Component {withdrawn.component} is not up for discussion.")
        if newest.labeler_id != account.id:
            raise NotAllowed(f"{newest.labeler} put it up, so only they can take it off the list.")
        if not of_component(session, account, withdrawn.component)[0].withdrawable:
            raise Conflict(
                f"Others have answered component {withdrawn.component}, or written about it, since "
                "you put it up. Settle it with one of them."
            )
        discussions.withdraw(session, newest.id, withdrawn.id, context.now())


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
