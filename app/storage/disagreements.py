"""Components that two runs see differently."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.storage.components import Position
from app.storage.rows import AnyRow
from app.storage.tables import Component, ComponentState, Prediction

_A, _B = aliased(Prediction), aliased(Prediction)
_PROBABILITIES = ("p1", "p2", "p3", "p4")


def likeliest(of: type[Prediction]) -> ColumnElement[int]:
    """The class with the largest probability; the first of equals, as everywhere."""
    p1, p2, p3, p4 = (getattr(of, name) for name in _PROBABILITIES)
    return case(
        ((p1 >= p2) & (p1 >= p3) & (p1 >= p4), 1),
        ((p2 >= p3) & (p2 >= p4), 2),
        (p3 >= p4, 3),
        else_=4,
    )


_A_SAYS, _B_SAYS = likeliest(_A), likeliest(_B)
# Total variation, the largest difference between what the two give any set of classes.
_distance: ColumnElement[Any] = (
    sum(
        (func.abs(getattr(_A, name) - getattr(_B, name)) for name in _PROBABILITIES[1:]),
        start=func.abs(_A.p1 - _B.p1),
    )
    / 2.0
)


def table(session: Session, run_a: int, run_b: int) -> list[list[int]]:
    """Components by what the two say: rows run_a's class, columns run_b's; (4, 4) counts.

    Only components that both have judged.
    """
    statement = (
        select(_A_SAYS, _B_SAYS, func.count())
        .join(_B, _B.component_id == _A.component_id)
        .where(_A.run_id == run_a, _B.run_id == run_b)
        .group_by(_A_SAYS, _B_SAYS)
    )
    counts = [[0] * 4 for _ in range(4)]
    for a_says, b_says, count in session.execute(statement):
        counts[a_says - 1][b_says - 1] = count
    return counts


def page(
    session: Session, run_a: int, run_b: int, after: Position | None, limit: int
) -> Sequence[AnyRow]:
    """Components of which the two predict different classes, the furthest apart first.

    distance: total variation of the two predictions, 0 to 1. The database walks both runs'
    predictions and keeps the page alone.
    """
    statement = (
        select(
            _A.component_id,
            Component.recording_id,
            Component.content_hash,
            ComponentState.label,
            *(getattr(_A, name).label(f"a_{name}") for name in _PROBABILITIES),
            *(getattr(_B, name).label(f"b_{name}") for name in _PROBABILITIES),
            _A_SAYS.label("a_says"),
            _B_SAYS.label("b_says"),
            _distance.label("distance"),
        )
        .join(_B, _B.component_id == _A.component_id)
        .join(Component, Component.id == _A.component_id)
        .join(ComponentState, ComponentState.component_id == _A.component_id)
        .where(_A.run_id == run_a, _B.run_id == run_b, _A_SAYS != _B_SAYS)
        .order_by(_distance.desc(), _A.component_id.desc())
        .limit(limit)
    )
    if after is not None and after.value is not None:
        statement = statement.where(
            _distance <= after.value,
            or_(_distance < after.value, _A.component_id < after.component_id),
        )
    return session.execute(statement).all()
