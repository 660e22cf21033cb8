"""The montage: pages of components that look like one class, for the exceptions to be marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.actions.context import Context, require_admin
from app.actions.queueing import Work
from app.domain.accounts import Account
from app.domain.errors import InvalidInput, NotFound
from app.domain.labels import CODES, TITLES, Label
from app.storage import components, leases, montage, recordings, runs, selections
from app.storage.database import lock_queue
from app.storage.leases import LeaseTerms
from app.storage.montage import Sure

DEFAULT_CONFIDENCE = 0.9
DEFAULT_CUE = 0.7
"""Where on held-out simulated fields six of seven were processes: docs/benchmarks.md."""

CHOICES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
"""Thresholds that the admin is shown what would come of."""

_Z = 1.96


@dataclass(frozen=True)
class MontageWanted:
    """What a labeler asks for.

    holding: what their page has already; None where the caller keeps no page (a program).
    selection: only of these, however sure: somebody chose them by their looks.
    """

    label: int
    count: int
    recording: int | None = None
    holding: Sequence[int] | None = None
    selection: int | None = None


@dataclass(frozen=True)
class MontagePage:
    """Leased components, the surest first, and how sure.

    above: unanswered ones above the threshold. run: whose opinion it is, None for the cue.
    """

    work: list[Work]
    confidences: list[float]
    above: int
    threshold: float
    run: int | None


def next_page(context: Context, account: Account, wanted: MontageWanted) -> MontagePage:
    """The next page for this labeler, leased in one transaction. Raises NotFound."""
    now = context.now()
    terms = LeaseTerms(
        labeler_id=account.id,
        strategy=montage.STRATEGY,
        round_id=None,
        now=now,
        duration=timedelta(minutes=context.settings.lease_minutes),
    )
    with context.database.note() as session:
        if wanted.recording is not None and recordings.by_id(session, wanted.recording) is None:
            raise NotFound("recording", wanted.recording)
        if wanted.selection is not None and selections.one(session, wanted.selection, now) is None:
            raise NotFound("selection", wanted.selection)
        lock_queue(session)
        leases.forget_expired(session, now)
        if wanted.holding is not None:
            # A page that was reloaded: what it held is the surest still, so it comes again.
            montage.give_back(session, account.id, wanted.holding)
        asked, run_id = _asked(session, wanted)
        granted = leases.grant(
            session, montage.surest(session, asked, account.id, wanted.count), terms
        )
        places = components.places(session, [one.component_id for one in granted])
        reason = f"looks like a {TITLES[Label(wanted.label)]}"
        work = [
            Work(
                component=one.component_id,
                recording=places[one.component_id].recording_id,
                content_hash=places[one.component_id].content_hash,
                reason=reason,
                lease=one.uuid,
                expires_at=one.expires_at,
            )
            for one in granted
        ]
        return MontagePage(
            work=work,
            confidences=[float(one.value or 0) for one in granted],
            above=montage.count_above(session, asked),
            threshold=asked.at_least,
            run=run_id,
        )


def _asked(session: Session, wanted: MontageWanted) -> tuple[Sure, int | None]:
    model = runs.serving(session)
    confidence, cue = _thresholds(session)
    by_run = model is not None
    at_least = confidence if by_run else cue
    if wanted.selection is not None:
        at_least = 0.0
    asked = Sure(wanted.label, at_least, by_run, wanted.recording, wanted.selection)
    return asked, None if model is None else model.id


def _thresholds(session: Session) -> tuple[float, float]:
    found = montage.setting(session)
    return (DEFAULT_CONFIDENCE, DEFAULT_CUE) if found is None else (found.confidence, found.cue)


@dataclass(frozen=True)
class Outlook:
    """What a threshold comes to, for one class or (label None) for all of them.

    judged: components labeled blind that the run, out of fold, or the cue puts above it; wrong:
    those with another label. error: the share, with a 95% interval `low` to `high`; None where
    none was judged. holds: unanswered components above it.
    """

    label: int | None
    judged: int
    wrong: int
    error: float | None
    low: float
    high: float
    holds: int


@dataclass(frozen=True)
class MontageOutlook:
    """What an admin decides by: for each threshold all classes together, then each class.

    run: None before there is one; then it is of the cue and of processes alone.
    """

    run: int | None
    threshold: float
    choices: list[tuple[float, list[Outlook]]]


def outlook(context: Context) -> MontageOutlook:
    """What each threshold comes to, the one that is set among them."""
    with context.database.read() as session:
        model = runs.serving(session)
        confidence, cue = _thresholds(session)
        threshold = cue if model is None else confidence
        sure, right, believed = _judged(session, None if model is None else model.id)
        codes = CODES if model is not None else (int(Label.PROCESS),)
        choices = []
        for at_least in sorted({*CHOICES, threshold}):
            each = []
            for code in codes:
                found = (sure >= at_least) & (believed == code)
                holds = montage.count_above(session, Sure(code, at_least, model is not None))
                each.append(_outlook(code, int(found.sum()), int((found & ~right).sum()), holds))
            whole = _outlook(
                None,
                sum(one.judged for one in each),
                sum(one.wrong for one in each),
                sum(one.holds for one in each),
            )
            choices.append((at_least, [whole, *each]))
    return MontageOutlook(None if model is None else model.id, threshold, choices)


def _judged(
    session: Session, run_id: int | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """How sure, whether right and what was believed, of each component labeled blind."""
    if run_id is None:
        rows = montage.judged_by_cue(session)
        labels = np.array([row.label for row in rows], dtype=np.int64)
        believed = np.full(len(rows), int(Label.PROCESS), dtype=np.int64)
        return np.array([row.cue for row in rows], dtype=np.float64), labels == believed, believed
    rows = montage.judged_by_run(session, run_id)
    chances = np.array([(row.p1, row.p2, row.p3, row.p4) for row in rows]).reshape(-1, 4)
    labels = np.array([row.label for row in rows], dtype=np.int64)
    believed = chances.argmax(axis=1) + 1
    return chances.max(axis=1), labels == believed, believed


def _outlook(label: int | None, judged: int, wrong: int, holds: int) -> Outlook:
    """With Wilson's interval (1927), which holds for few components and few errors too."""
    if judged == 0:
        return Outlook(label, 0, 0, None, 0.0, 1.0, holds)
    share, more = wrong / judged, _Z**2 / judged
    middle = (share + more / 2) / (1 + more)
    half = _Z * np.sqrt(share * (1 - share) / judged + more / (4 * judged)) / (1 + more)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Outlook(label, judged, wrong, share, float(low), float(high), holds)


def set_threshold(context: Context, by: Account, threshold: float) -> None:
    """From where on components are sure enough: of the run that serves, or else of the cue."""
    require_admin(by)
    if not 0.3 <= threshold <= 1:
        raise InvalidInput("threshold: from 0.3 to 1. Below that, hardly any are of one class.")
    with context.database.write() as session:
        confidence, cue = _thresholds(session)
        if runs.serving(session) is None:
            cue = threshold
        else:
            confidence = threshold
        montage.set_setting(session, confidence, cue, by.id, context.now())
