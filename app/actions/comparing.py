"""Two training runs side by side: what was set differently and what they see differently."""

from dataclasses import dataclass
from typing import Any

from app.actions import training
from app.actions.context import Context, require_admin
from app.actions.training import RunView
from app.domain.accounts import Account
from app.domain.errors import Conflict
from app.storage import disagreements as storage
from app.storage.components import Position
from app.storage.rows import AnyRow


@dataclass(frozen=True)
class Difference:
    """A setting or circumstance that the runs do not share; None where one did not have it."""

    name: str
    a: Any
    b: Any


@dataclass(frozen=True)
class Comparison:
    """Two runs. settings, circumstances: only what differs."""

    a: RunView
    b: RunView
    settings: list[Difference]
    circumstances: list[Difference]

    @property
    def same_labels(self) -> bool:
        """Whether both were trained on, and measured against, the very same labels."""
        return self.a.snapshot_event_id == self.b.snapshot_event_id


@dataclass(frozen=True)
class Disagreement:
    """A component of which two runs predict different classes.

    label: the present one. a, b: probabilities of classes 1 to 4. distance: total variation of
    the two, 0 to 1.
    """

    component: int
    recording: int
    content_hash: str
    label: int | None
    a: tuple[float, float, float, float]
    b: tuple[float, float, float, float]
    a_says: int
    b_says: int
    distance: float


def compare(context: Context, by: Account, run_a: int, run_b: int) -> Comparison:
    """Two runs, whatever became of them, and what was different about them. Raises NotFound."""
    require_admin(by)
    a, b = training.get_run(context, run_a), training.get_run(context, run_b)
    return Comparison(
        a,
        b,
        settings=_differences(a.config, b.config),
        circumstances=_differences(
            {"labels": a.labels, "snapshot": a.snapshot_event_id, **(a.environment or {})},
            {"labels": b.labels, "snapshot": b.snapshot_event_id, **(b.environment or {})},
        ),
    )


def agreement(context: Context, by: Account, run_a: int, run_b: int) -> list[list[int]]:
    """Components by what the two say: rows run_a's class, columns run_b's; (4, 4) counts.

    Raises NotFound, and Conflict where one of them has no predictions to compare.
    """
    _require_predictions(context, by, run_a, run_b)
    with context.database.read() as session:
        return storage.table(session, run_a, run_b)


def disagreements(
    context: Context, by: Account, runs: tuple[int, int], after: Position | None, limit: int
) -> tuple[list[Disagreement], Position | None]:
    """A page of components of which the runs predict different classes, the furthest apart
    first, and where the next page starts.

    Raises NotFound, and Conflict where one of them has no predictions to compare.
    """
    _require_predictions(context, by, *runs)
    with context.database.read() as session:
        found = [_disagreement(row) for row in storage.page(session, *runs, after, limit)]
    if len(found) < limit:
        return found, None
    return found, Position(found[-1].distance, found[-1].component)


def _require_predictions(context: Context, by: Account, *run_ids: int) -> None:
    require_admin(by)
    for run_id in run_ids:
        run = training.get_run(context, run_id)
        if run.state != "succeeded":
            raise Conflict(
                f"Training run {run_id} is {run.state}, so it has no predictions to compare. "
                "Choose runs that have succeeded."
            )


def _differences(a: dict[str, Any], b: dict[str, Any]) -> list[Difference]:
    names = [*a, *(name for name in b if name not in a)]
    return [
        Difference(name, a.get(name), b.get(name)) for name in names if a.get(name) != b.get(name)
    ]


def _disagreement(row: AnyRow) -> Disagreement:
    return Disagreement(
        component=row.component_id,
        recording=row.recording_id,
        content_hash=row.content_hash,
        label=row.label,
        a=(row.a_p1, row.a_p2, row.a_p3, row.a_p4),
        b=(row.b_p1, row.b_p2, row.b_p3, row.b_p4),
        a_says=row.a_says,
        b_says=row.b_says,
        distance=row.distance,
    )
