"""Whether labeling goes on being worth it: what a run keeps for those who decide that."""

from typing import Any

from app.actions import changes
from app.actions.changes import Change
from app.actions.context import Context
from classifier.stopping import Batch, expected_changes

NEXT_LABELS = 500
CONFIDENCE = 0.8


def estimate(
    context: Context, run_id: int, config: dict[str, Any], unlabeled: int
) -> dict[str, Any]:
    """How many predictions the next labels should change, for the run's metrics.

    unlabeled: components without a label. Holds what the labels since the run before changed,
    and either `expected`, `low` and `high` of the `components`, for `next_labels`, with the
    `confidence` of that interval, or the `reason` why it cannot be said. It is about the next run's
    predictions held against this one's, how two trainings differ by themselves included.
    """
    if unlabeled == 0:
        return {"reason": "every component has a label"}
    last = changes.change_since(context, run_id, config)
    if last is None:
        return {
            "reason": "it takes an earlier run with the same settings and at most nine tenths of "
            "this one's labels"
        }
    if last.components == 0:
        return {"reason": f"this run and run {last.since_run} have no component in common"}
    history = [last, *changes.changes_until(context, last.since_run)]
    found = expected_changes(
        [_batch(one, last.components) for one in history],
        min(NEXT_LABELS, unlabeled),
        confidence=CONFIDENCE,
    )
    return {
        **vars(last),
        "batches": len(history),
        "next_labels": found.next_labels,
        "confidence": CONFIDENCE,
        # The fit knows of labels only, and not how many components there are to change.
        "expected": min(round(found.expected), last.components),
        "low": min(found.low, last.components),
        "high": min(found.high, last.components),
    }


def _batch(change: Change, components: int) -> Batch:
    """The change as it would have been among as many components as there are now."""
    share = change.changed / max(change.components, 1)
    return Batch(change.labels_before, change.labels_after, round(share * components))
