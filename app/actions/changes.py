"""What the labels between two training runs changed in their predictions."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.actions import training
from app.actions.context import Context
from app.storage import disagreements, runs

MORE_BY = 1.1
"""How many times the labels of a run before its labels must be. Two trainings differ a little
whatever they are told; after a handful of new labels there would be nothing else to see."""

RUNS_LOOKED_AT = 100
_IRRELEVANT = ("threads",)


@dataclass(frozen=True)
class Change:
    """What the labels since an earlier run of the same kind changed.

    components: that both have judged. changed: those of them with another predicted class.
    """

    since_run: int
    labels_before: int
    labels_after: int
    components: int
    changed: int


def change_since(context: Context, run_id: int, config: dict[str, Any]) -> Change | None:
    """What this run's labels changed since the newest comparable run; None without such a run.

    Comparable is what had the same settings, began in the same way (afresh, or from another run)
    and had clearly fewer labels. Raises NotFound. The run's predictions are all stored.
    """
    run = training.get_run(context, run_id)
    labels = run.labels or 0
    with context.database.read() as session:
        for before in runs.succeeded_before(session, run_id, labels / MORE_BY, RUNS_LOOKED_AT):
            alike = _kind(before.config, before.start_from) == _kind(config, run.start_from)
            if alike and before.labels:
                table = np.array(disagreements.table(session, before.id, run_id))
                total = int(table.sum())
                changed = total - int(np.trace(table))
                return Change(before.id, before.labels, labels, total, changed)
    return None


def changes_until(context: Context, run_id: int) -> list[Change]:
    """What each run's labels changed, from this one back, as the runs kept it."""
    found: list[Change] = []
    while True:
        kept = (training.get_run(context, run_id).metrics or {}).get("stopping") or {}
        if "since_run" not in kept:
            return found
        names = ("since_run", "labels_before", "labels_after", "components", "changed")
        found.append(Change(**{name: kept[name] for name in names}))
        run_id = found[-1].since_run


def _kind(config: dict[str, Any], start_from: int | None) -> tuple[dict[str, Any], bool]:
    settings = {name: value for name, value in config.items() if name not in _IRRELEVANT}
    return settings, start_from is None
