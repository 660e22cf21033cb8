"""Relabeling rounds: what confuses the model comes back to people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from app.actions.context import Context, require_admin
from app.domain.accounts import Account
from app.domain.agreement import cohens_kappa, cross_entropy, moves_table
from app.domain.errors import Conflict, NoModel, NotFound
from app.storage import jobs as job_rows
from app.storage import recordings, rounds, runs, selections
from app.storage.database import lock_queue
from app.storage.rows import AnyRow

Order = Literal["wrong", "quality", "entropy"]
ORDER_TITLES = {
    "wrong": "highest chance of a wrong label",
    "quality": "worst label quality",
    "entropy": "highest entropy",
}


@dataclass(frozen=True)
class RoundView:
    """A round and its outcome so far.

    moves: rows the label before, columns the label given, of the answered components.
    cross_entropy_*: mean over the answered, nats, under the round's run. agreement_*: Cohen's
    kappa of labels and that run's predictions, of components never labeled in a montage. None
    where nothing is answered yet.
    """

    id: int
    title: str
    order: str
    state: str
    run: int
    size: int
    done: int
    kept: int
    changed: int
    moves: list[list[int]]
    cross_entropy_before: float | None
    cross_entropy_after: float | None
    agreement_before: float | None
    agreement_after: float | None
    created_by: str
    created_at: datetime


@dataclass(frozen=True)
class RoundPlan:
    """What an admin wants looked at again. selection: of these alone, whatever the recording."""

    order: Order
    size: int
    title: str | None = None
    recording: int | None = None
    selection: int | None = None


def open_round(context: Context, by: Account, plan: RoundPlan) -> RoundView:
    """Open a round over the labeled components that confuse the model in use most.

    Raises NoModel before the first training, NotFound for an unknown recording, Conflict where
    no labeled component is left to look at again, or the queue is just being sorted anew.
    """
    require_admin(by)
    with context.database.write() as session:
        model = runs.serving(session)
        if model is None:
            raise NoModel("There is no trained model yet. Train one, then open a round.")
        if plan.recording is not None and recordings.by_id(session, plan.recording) is None:
            raise NotFound("recording", plan.recording)
        sorting = job_rows.live(session, ["promote"])
        if sorting:
            raise Conflict(
                f"Run {model.id} was promoted just now and the queue does not follow it yet. "
                f"Open the round when job {sorting[0].id} is done."
            )
        # What is chosen as an example meanwhile must not be in it.
        lock_queue(session)
        items = _items(session, context, model.id, plan)
        title = plan.title or f"{len(items)} with the {ORDER_TITLES[plan.order]}, run {model.id}"
        round_id = rounds.add(
            session,
            {
                "title": title,
                "order": plan.order,
                "run_id": model.id,
                "created_by": by.id,
                "created_at": context.now(),
            },
            items,
        )
    return get_round(context, round_id)


def _items(
    session: Session, context: Context, run_id: int, plan: RoundPlan
) -> list[tuple[int, int]]:
    """Components and their labels, the most confusing first. Raises Conflict, NotFound."""
    if plan.selection is None:
        items = rounds.most_confusing(session, run_id, plan.order, plan.recording, plan.size)
        if not items:
            raise Conflict(
                f"No labeled component is left that run {run_id} has judged and nobody has "
                "looked at since. Train again, then open a round."
            )
        return items
    if selections.one(session, plan.selection, context.now()) is None:
        raise NotFound("selection", plan.selection)
    items = rounds.of_selection(session, run_id, plan.order, plan.selection, plan.size)
    if not items:
        raise Conflict(
            "None of the selected components has a label yet, and a round is for looking at labels "
            "again. Open the selection as a montage, or choose labeled ones."
        )
    return items


def get_round(context: Context, round_id: int) -> RoundView:
    """A round and its outcome so far. Raises NotFound."""
    with context.database.read() as session:
        found = rounds.one(session, round_id)
        if found is None:
            raise NotFound("round", round_id)
        return _view(session, found)


def list_rounds(context: Context, before_id: int | None, limit: int) -> list[RoundView]:
    """Rounds, newest first, older than `before_id` if given."""
    with context.database.read() as session:
        return [_view(session, row) for row in rounds.page(session, before_id, limit)]


def close_round(context: Context, by: Account, round_id: int) -> RoundView:
    """Hand out no more of this round; late answers are still kept."""
    require_admin(by)
    get_round(context, round_id)
    with context.database.write() as session:
        rounds.close(session, round_id, context.now())
    return get_round(context, round_id)


def _view(session: Session, row: AnyRow) -> RoundView:
    # The last answer of the round counts: a blind answer may have been taken back by 'keep'.
    answers = {answer.component_id: answer for answer in rounds.done(session, row.id)}
    judged = list(answers.values())
    moves = moves_table([(one.label_before, one.label_given) for one in judged])
    kept = int(moves.trace())
    return RoundView(
        id=row.id,
        title=row.title,
        order=row.order,
        state="open" if row.closed_at is None else "closed",
        run=row.run_id,
        size=row.size,
        done=len(judged),
        kept=kept,
        changed=len(judged) - kept,
        moves=moves.tolist(),
        cross_entropy_before=_mean_cross_entropy(judged, "label_before"),
        cross_entropy_after=_mean_cross_entropy(judged, "label_given"),
        agreement_before=_agreement(judged, "label_before"),
        agreement_after=_agreement(judged, "label_given"),
        created_by=row.created_by,
        created_at=row.created_at,
    )


def _probabilities(answer: AnyRow) -> tuple[float, float, float, float]:
    return (answer.p1, answer.p2, answer.p3, answer.p4)


def _mean_cross_entropy(answers: Sequence[AnyRow], which: str) -> float | None:
    losses = [
        cross_entropy(getattr(one, which), _probabilities(one))
        for one in answers
        if one.p1 is not None
    ]
    return sum(losses) / len(losses) if losses else None


def _agreement(answers: Sequence[AnyRow], which: str) -> float | None:
    pairs = []
    for one in answers:
        # Who answered in a montage knew what the model thinks.
        if one.p1 is not None and not one.from_montage:
            probabilities = _probabilities(one)
            pairs.append((getattr(one, which), probabilities.index(max(probabilities)) + 1))
    return cohens_kappa(moves_table(pairs))
