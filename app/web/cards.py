"""A model card as files: Markdown with the two pictures that it shows, alone or in a zip."""

import io
import json
import re
import zipfile
from typing import Any

from app.actions.cards import Card
from app.actions.exporting_models import MEASURED
from app.rendering import charts
from app.web.templating import TEMPLATES

TEXT, CONFUSION, CALIBRATION = (
    "model-card.md", "model-card-confusion.svg", "model-card-calibration.svg",
)  # fmt: skip
RECORDINGS_SHOWN = 50
_LOOKS = {
    "mask": "the mask",
    "trace": "the trace",
    "context": "its surroundings in the recording's summary images",
}
_MARKUP = re.compile(r"([\\`*_\[\]<>|])")
# What a zip says of when its files were made; the card itself says when the run was.
_ANY_DAY = (2000, 1, 1, 0, 0, 0)


def plain(text: object) -> str:
    """Text that Markdown shows as it is, in one line: names are people's own."""
    return _MARKUP.sub(r"\\\1", " ".join(str(text).split()))


_ENVIRONMENT = TEMPLATES.env.overlay(trim_blocks=True, lstrip_blocks=True)
# An overlay shares its filters with the pages', which have no use for this one.
_ENVIRONMENT.filters = {**TEMPLATES.env.filters, "plain": plain}


def markdown(card: Card) -> str:
    """The card's text; its pictures are named, to lie beside it."""
    run = card.run
    listed = sorted(card.recordings, key=lambda one: one.accuracy)[:RECORDINGS_SHOWN]
    # Few are shown in the order they were imported.
    shown = listed if len(card.recordings) > RECORDINGS_SHOWN else card.recordings
    return _render(
        TEXT,
        card=card,
        shown=shown,
        folds=len(card.metrics["folds"]),
        inputs=_in_words(run.config),
        config=_a_line_each(run.config),
        made_with=_made_with(card),
    )


def zipped(card: Card) -> bytes:
    """The card's text and pictures in one archive."""
    before = (card.metrics.get("before_temperature") or {}).get("reliability") or []
    plot = charts.reliability(before, card.metrics["reliability"])
    files = {
        TEXT: markdown(card),
        CONFUSION: _render(CONFUSION, confusion=card.metrics["confusion"]),
        CALIBRATION: _render(CALIBRATION, plot=plot),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _ANY_DAY), text)
    return buffer.getvalue()


def _render(name: str, **values: Any) -> str:
    return _ENVIRONMENT.get_template(f"card/{name}").render(**values).strip() + "\n"


def _in_words(config: dict[str, Any]) -> str:
    # The others look at no trace, even where one is named.
    given = config.get("inputs") or ["mask"]
    if config.get("architecture") not in MEASURED:
        given = [name for name in given if name != "trace"]
    words = [_LOOKS.get(name, name) for name in given]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _a_line_each(config: dict[str, Any]) -> str:
    lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in config.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _made_with(card: Card) -> list[tuple[str, object]]:
    run = card.run
    found: list[tuple[str, object]] = [("run", run.id)]
    if run.finished_at is not None:
        found.append(("finished", f"{run.finished_at:%Y-%m-%d}"))
    if "train_seconds" in card.metrics:
        found.append(("training and scoring", f"{card.metrics['train_seconds']:.0f} s"))
    return found + sorted((run.environment or {}).items())
