"""Handing out work: candidates ranked, leases granted, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.actions.context import Context
from app.domain.accounts import Account
from app.domain.errors import Conflict, NotFound
from app.domain.serving import (
    STRATEGIES,
    Held,
    fair_count,
    free_that_suffice,
    reason_for,
    strategy_named,
)
from app.storage import candidates, components, leases, recordings, rounds
from app.storage.candidates import Candidate
from app.storage.database import lock_queue
from app.storage.leases import Granted, LeaseTerms

ROUND_REASON = "in this relabeling round"


@dataclass(frozen=True)
class Wanted:
    """What a labeler asks of the queue.

    holding: what their page already has; None where the caller keeps no page (a program), and
    then nothing under any lease is handed out. ahead: how many of these it has still to show;
    None: all.
    """

    strategy: str
    count: int
    recording: int | None = None
    round: int | None = None
    holding: Sequence[int] | None = None
    ahead: int | None = None


@dataclass(frozen=True)
class Work:
    """One component to look at, leased."""

    component: int
    recording: int
    content_hash: str
    reason: str
    lease: UUID
    expires_at: datetime


def next_components(
    context: Context, account: Account, wanted: Wanted
) -> tuple[list[Work], int | None]:
    """The next components for this labeler, and about how many the round still holds.

    Raises NotFound for an unknown recording or round, Conflict for a closed round.
    """
    strategy = "round" if wanted.round is not None else strategy_named(wanted.strategy).name
    terms = LeaseTerms(
        labeler_id=account.id,
        strategy=strategy,
        round_id=wanted.round,
        now=context.now(),
        duration=timedelta(minutes=context.settings.lease_minutes),
    )
    with context.database.note() as session:
        _check(session, wanted)
        lock_queue(session)
        leases.forget_expired(session, terms.now)
        granted = (
            []
            if wanted.holding is None
            else leases.renew_unheld(
                session, terms, leases.Renewal(wanted.holding, wanted.recording), wanted.count
            )
        )
        granted += leases.grant(
            session, _fair_candidates(session, wanted, terms, len(granted)), terms
        )
        remaining = None if wanted.round is None else rounds.remaining(session, wanted.round)
        return _work(session, account, strategy, granted), remaining


def _check(session: Session, wanted: Wanted) -> None:
    if wanted.recording is not None and recordings.by_id(session, wanted.recording) is None:
        raise NotFound("recording", wanted.recording)
    if wanted.round is None:
        return
    found = rounds.one(session, wanted.round)
    if found is None:
        raise NotFound("round", wanted.round)
    if found.closed_at is not None:
        raise Conflict(f"Round {wanted.round} is closed. Open a new one to relabel more.")


def _fair_candidates(
    session: Session, wanted: Wanted, terms: LeaseTerms, renewed: int
) -> list[Candidate]:
    """The next free components; a page gets its share of what is left, a program all it asks."""
    count = wanted.count - renewed
    if count <= 0:
        return []
    if wanted.holding is None:
        return _candidates(session, wanted, terms.labeler_id, count)
    own = len(wanted.holding) if wanted.ahead is None else wanted.ahead
    others = leases.held_by_others(session, terms, wanted.recording)
    held = Held(own=own + renewed, others=sum(others), people=len(others))
    found = _candidates(session, wanted, terms.labeler_id, free_that_suffice(count, held))
    return found[: fair_count(count, len(found), held)]


def _candidates(session: Session, wanted: Wanted, labeler_id: int, count: int) -> list[Candidate]:
    if wanted.round is not None:
        return candidates.round_candidates(session, wanted.round, labeler_id, count)
    strategy = strategy_named(wanted.strategy)
    return candidates.candidates(session, strategy, labeler_id, wanted.recording, count)


def _work(session: Session, account: Account, strategy: str, granted: list[Granted]) -> list[Work]:
    found = components.places(session, [one.component_id for one in granted])
    return [
        Work(
            component=one.component_id,
            recording=found[one.component_id].recording_id,
            content_hash=found[one.component_id].content_hash,
            reason=ROUND_REASON
            if strategy == "round"
            else reason_for(STRATEGIES[strategy], one.value, blind=not account.is_admin),
            lease=one.uuid,
            expires_at=one.expires_at,
        )
        for one in granted
    ]


def release_all(context: Context, account: Account) -> None:
    """Give back everything this labeler was promised: they sign out or leave the desk."""
    with context.database.note() as session:
        lock_queue(session)
        leases.release_all(session, account.id)
