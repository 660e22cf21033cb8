"""Answers: appended, committed, and only then acknowledged."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.orm import Session

from app.actions import refitting
from app.actions.context import Context
from app.actions.revealing import RevealView, reveal
from app.domain.accounts import Account
from app.domain.errors import Conflict, NotAllowed, NotFound
from app.domain.events import EventKind
from app.storage import components, events, leases, rounds, states
from app.storage.database import lock_event_log, lock_queue
from app.storage.rows import AnyRow


@dataclass(frozen=True)
class Answer:
    """One labeler's answer as it arrives.

    seconds: how long they looked. montage: how many components the montage's page held, where it
    was given there.
    """

    id: UUID
    component: int
    label: int
    lease: UUID | None = None
    round: int | None = None
    seconds: float | None = None
    montage: int | None = None


@dataclass(frozen=True)
class Receipt:
    """What became of one answer."""

    id: UUID
    component: int
    status: Literal["saved", "duplicate", "refused"]
    late: bool = False
    detail: str | None = None
    reveal: RevealView | None = None


@dataclass(frozen=True)
class _Post:
    """What one labeler sent at one time."""

    account: Account
    answers: Sequence[Answer]
    now: datetime


@dataclass(frozen=True)
class _Outcome:
    """What became of a post. newest_event_id: 0 where nothing was added to the log."""

    receipts: list[Receipt]
    newest_event_id: int


@dataclass
class _Facts:
    """What posts need to know, read once for all of them, and what they add to the log."""

    said: dict[UUID, tuple[int, int, int | None]]
    """Labeler, component and label of the events that have one of the answers' ids."""
    held: dict[int, AnyRow]
    open_rounds: dict[int, dict[int, int]]
    added: list[dict[str, Any]] = field(default_factory=list)


def answer(context: Context, account: Account, answers: Sequence[Answer]) -> list[Receipt]:
    """Append these answers in one transaction; a receipt for each, in order.

    The same id again is harmless. A late answer is kept, and its receipt says so. An answer
    about nothing (no such component or round) is refused alone, without harm to the others.
    """
    outcome = context.database.write_together(_answer, _Post(account, answers, context.now()))
    refitting.after_labels(context, outcome.newest_event_id)
    return outcome.receipts


def _answer(session: Session, posts: Sequence[_Post]) -> list[_Outcome]:
    """The outcomes of posts of several labelers, with one statement of a kind for all of them."""
    answers = [one for post in posts for one in post.answers]
    lock_event_log(session)
    earlier = events.with_uuids(session, [one.id for one in answers])
    facts = _Facts(
        said={key: (one.labeler_id, one.component_id, one.label) for key, one in earlier.items()},
        held=leases.holders(session, sorted({one.component for one in answers})),
        open_rounds=_rounds_of(session, answers),
    )
    receipts = [[_take(facts, post, one) for one in post.answers] for post in posts]
    newest = 0
    if facts.added:
        events.append(session, facts.added)
        newest = states.refresh(session, sorted({row["component_id"] for row in facts.added}))
        lock_queue(session)
        leases.release(
            session, sorted({(row["labeler_id"], row["component_id"]) for row in facts.added})
        )
    return [
        _Outcome(_with_reveals(session, facts, post.answers, own), newest)
        for post, own in zip(posts, receipts, strict=True)
    ]


def _rounds_of(session: Session, answers: Sequence[Answer]) -> dict[int, dict[int, int]]:
    """Of each round named: the labels before, of the components answered in it."""
    named: dict[int, list[int]] = {}
    for one in answers:
        if one.round is not None:
            named.setdefault(one.round, []).append(one.component)
    return {
        round_id: rounds.labels_before(session, round_id, keys) for round_id, keys in named.items()
    }


def _take(facts: _Facts, post: _Post, one: Answer) -> Receipt:
    if one.component not in facts.held:
        return _refused(one, f"There is no component {one.component}.")
    if one.round is not None and one.component not in facts.open_rounds[one.round]:
        return _refused(one, f"Component {one.component} is not in round {one.round}.")
    told = (post.account.id, one.component, one.label)
    # The same id twice among these posts is a duplicate as well.
    first = facts.said.get(one.id)
    if first == told:
        return Receipt(one.id, one.component, "duplicate")
    if first is not None:
        return _refused(one, "This id was used for another answer. Make a new id for each.")
    facts.said[one.id] = told
    late = _is_late(facts, post, one)
    facts.added.append(
        {
            "uuid": one.id,
            "component_id": one.component,
            "labeler_id": post.account.id,
            "kind": EventKind.LABEL.value,
            "label": one.label,
            "round_id": one.round,
            "seconds": one.seconds,
            "montage": one.montage,
            "late": late,
            "created_at": post.now,
        }
    )
    detail = "The lease had ended; the answer was kept all the same." if late else None
    return Receipt(one.id, one.component, "saved", late=late, detail=detail)


def _is_late(facts: _Facts, post: _Post, one: Answer) -> bool:
    """Whether the lease this answer was given under is over or somebody else's by now."""
    if one.lease is None:
        return False
    held = facts.held[one.component]
    return bool(held.uuid != one.lease or held.expires_at <= post.now)


def _refused(one: Answer, detail: str) -> Receipt:
    return Receipt(one.id, one.component, "refused", detail=detail)


def _with_reveals(
    session: Session, facts: _Facts, answers: Sequence[Answer], receipts: list[Receipt]
) -> list[Receipt]:
    shown = []
    for one, receipt in zip(answers, receipts, strict=True):
        if one.round is None or receipt.status == "refused":
            shown.append(receipt)
            continue
        before = facts.open_rounds[one.round][one.component]
        found = reveal(session, one.round, one.component, before)
        shown.append(replace(receipt, reveal=found))
    return shown


def undo(context: Context, account: Account, event_id: UUID, undoes: UUID) -> int:
    """Append the retraction of one's own answer or skip; returns its component.

    The same id again is harmless. Raises NotFound, NotAllowed or Conflict with the reason.
    """
    component_id, newest = _undo(context, account, event_id, undoes)
    refitting.after_labels(context, newest)
    return component_id


def _undo(context: Context, account: Account, event_id: UUID, undoes: UUID) -> tuple[int, int]:
    """The component, and the newest event where its label may have changed, else 0."""
    with context.database.write() as session:
        lock_event_log(session)
        found = events.with_uuids(session, [event_id, undoes])
        target, earlier = found.get(undoes), found.get(event_id)
        if target is None:
            raise NotFound("answer with the id", undoes)
        if target.labeler_id != account.id:
            raise NotAllowed("Only the person who gave an answer can take it back.")
        if earlier is not None and (earlier.undoes, earlier.labeler_id) == (undoes, account.id):
            return target.component_id, 0
        if earlier is not None:
            raise Conflict(f"The id {event_id} was used for something else. Make a new one.")
        if target.kind is EventKind.UNDO:
            raise Conflict("An undo cannot be undone. Give the answer again instead.")
        if target.settled_with is not None:
            raise Conflict(
                f"Component {target.component_id} was settled by two people. Put it up for "
                "discussion again and settle it anew."
            )
        if events.already_undone(session, undoes):
            raise Conflict("This answer has been taken back already.")
        event = {
            "uuid": event_id,
            "component_id": target.component_id,
            "labeler_id": account.id,
            "kind": EventKind.UNDO.value,
            "undoes": undoes,
            "created_at": context.now(),
        }
        events.append(session, [event])
        newest = 0
        if target.kind is EventKind.LABEL:
            newest = states.refresh(session, [target.component_id])
        return target.component_id, newest


def skip(context: Context, account: Account, skipped: Answer, reason: str | None) -> Receipt:
    """Note that this labeler passes the component on, so that only others are asked about it.

    `skipped.label` does not count. The same id again is harmless.
    """
    with context.database.write() as session:
        lock_event_log(session)
        if not components.existing(session, [skipped.component]):
            raise NotFound("component", skipped.component)
        if skipped.round is not None and rounds.one(session, skipped.round) is None:
            raise NotFound("round", skipped.round)
        earlier = events.with_uuids(session, [skipped.id]).get(skipped.id)
        if earlier is not None:
            same = (earlier.labeler_id, earlier.component_id, earlier.kind) == (
                account.id,
                skipped.component,
                EventKind.SKIP,
            )
            if not same:
                raise Conflict(f"The id {skipped.id} was used for something else. Make a new one.")
            return Receipt(skipped.id, skipped.component, "duplicate")
        event = {
            "uuid": skipped.id,
            "component_id": skipped.component,
            "labeler_id": account.id,
            "kind": EventKind.SKIP.value,
            "round_id": skipped.round,
            "reason": reason,
            "seconds": skipped.seconds,
            "created_at": context.now(),
        }
        events.append(session, [event])
        lock_queue(session)
        leases.release(session, [(account.id, skipped.component)])
        return Receipt(skipped.id, skipped.component, "saved")
