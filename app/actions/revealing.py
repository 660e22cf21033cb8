"""What a round shows once the blind answer is given."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.actions.views import PredictionView, prediction_view
from app.domain.events import givers_of
from app.storage import events, labelers, rounds, runs


@dataclass(frozen=True)
class RevealView:
    """The label when the round was opened, who gave it, and what the round's run thinks."""

    label_before: int | None
    given_by: tuple[str, ...]
    prediction: PredictionView | None


def reveal(session: Session, round_id: int, component_id: int, before: int) -> RevealView:
    """Of a component of a round that was answered just now. before: its label in the round."""
    found = rounds.one(session, round_id)
    if found is None:
        return RevealView(before, (), None)
    log = events.of_components(session, [component_id])[component_id]
    givers = givers_of([one for one in log if one.created_at <= found.created_at], before)
    names = labelers.names(session, givers)
    prediction = runs.predictions_of(session, found.run_id, [component_id]).get(component_id)
    return RevealView(
        label_before=before,
        given_by=tuple(names[key] for key in givers),
        prediction=None if prediction is None else prediction_view(prediction),
    )
