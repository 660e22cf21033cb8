"""How the pages write things: numbers rounded to what they can bear, times, classes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment
from jinja2.runtime import Undefined

from app.domain.labels import CODES, TITLES, Label

SLUGS = {int(label): label.name.lower() for label in Label}
MISSING = "–"


def install(environment: Environment) -> None:
    """Give templates the classes and the filters of this file."""
    environment.globals.update(
        codes=CODES, titles={int(label): title for label, title in TITLES.items()}, slugs=SLUGS
    )
    for name, function in {
        "count": count,
        "percent": percent,
        "number": number,
        "signed": signed,
        "moment": moment,
        "iso": iso,
        "duration": duration,
        "progress_text": progress_text,
        "setting": setting,
        "size": size,
    }.items():
        environment.filters[name] = function


def count(value: int) -> str:
    """A whole number with narrow gaps between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def percent(value: float | None, digits: int = 0) -> str:
    """A share of 1 as a percentage; a dash where there is none."""
    return MISSING if _none(value) else f"{value:.{digits}%}"


def number(value: float | None, digits: int = 2) -> str:
    """A number with fixed decimals, so that columns align; a dash where there is none."""
    # z: what rounds to zero has no sign.
    return MISSING if _none(value) else f"{value:z.{digits}f}"


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign."""
    return f"{value:+z.{digits}f}"


def moment(value: datetime) -> str:
    """A point in time, to the minute, UTC."""
    return f"{_aware(value):%Y-%m-%d %H:%M} UTC"


def iso(value: datetime) -> str:
    """A point in time for machines."""
    return _aware(value).isoformat()


def duration(seconds: float) -> str:
    """A length of time in the unit that fits. live.js writes it in the same way."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def size(value: int) -> str:
    """A file's size."""
    return f"{value / 1e3:.0f} kB" if value < 1e6 else f"{value / 1e6:.1f} MB"


def setting(value: object) -> str:
    """A training setting; numbers to three figures, a dash where a trial has it not."""
    if _none(value):
        return MISSING
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def progress_text(progress: Mapping[str, Any], state: str) -> str:
    """How far a training run is. live.js writes it in the same way."""
    if state == "queued":
        return "Waiting for the worker."
    parts = []
    if progress.get("stage"):
        parts.append(str(progress["stage"]))
    if progress.get("folds"):
        parts.append(f"fold {progress.get('fold')} of {progress['folds']}")
    if progress.get("epochs"):
        parts.append(f"epoch {progress.get('epoch')} of {progress['epochs']}")
    if isinstance(progress.get("loss"), float):
        parts.append(f"loss {progress['loss']:.3f}")
    if isinstance(progress.get("seconds_left"), (int, float)):
        parts.append(f"{duration(progress['seconds_left'])} left")
    return " · ".join(parts) or "Starting."


def _none(value: object) -> bool:
    return value is None or isinstance(value, Undefined)


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)
