"""What a tuning chooses from: the source document's Table 1, as far as this package has it."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from classifier.config import LAYERS, TrainingConfig
from classifier.models import ARCHITECTURES

LEFT_OUT = {"caiman", "late_fusion"}
"""Not offered: a peer to measure against, and what takes as long as all other trials together."""
DEPTH = "layers"
"""The field that says how deep an architecture of several depths is."""
TABLE_1: Mapping[str, tuple[Any, ...]] = {
    "kernel": (3, 5),
    "pooling": (2, 3),
    "dropout": (0.25, 0.5),
    "classes": (3, 4),
    "batch_size": (32, 64, 128, 256),
}
USED_BY: Mapping[str, frozenset[str]] = {
    "kernel": frozenset({"cnn", "vgg", "resnet"}),
    "pooling": frozenset({"cnn", "vgg"}),
}
"""Settings that say nothing to the other architectures, and so are not tried with them."""
EPOCHS = (10, 20, 40)
"""The document's 5,000 is a ceiling, which early stopping never reached; these are schedules."""
LEARNING_RATE = {"low": 1e-4, "high": 10.0, "log": True}

Space = dict[str, dict[str, Any]]
"""Name of a setting to {"choices": [...]} or {"low", "high", "log"}, as JSON can hold it. A name
`vgg_layers` is `layers` where the architecture is vgg."""


def search_space(
    fixed: Mapping[str, Any], architectures: Iterable[str] = tuple(ARCHITECTURES)
) -> Space:
    """What there is to choose from: Table 1, as far as this package has it.

    fixed: settings that are given and so not tuned. architectures: those to choose between.
    The default's own values are always among the choices.
    Raises ValueError for a setting that there is not.
    """
    default = TrainingConfig.from_dict(fixed)
    known = {field.name for field in fields(TrainingConfig)}
    names = sorted(set(architectures) - LEFT_OUT)
    if "architecture" in fixed:
        names = [default.architecture]
    space: Space = {"architecture": {"choices": names}}
    if DEPTH in known - set(fixed):
        for name in sorted(name for name in names if len(LAYERS.get(name, ())) > 1):
            space[f"{name}_{DEPTH}"] = {"choices": sorted(LAYERS[name])}
    for name, choices in {**TABLE_1, "epochs": EPOCHS}.items():
        if name in known - set(fixed) and USED_BY.get(name, frozenset(names)) & set(names):
            space[name] = {"choices": sorted({*choices, getattr(default, name)})}
    if "learning_rate" not in fixed:
        space["learning_rate"] = dict(LEARNING_RATE)
    return space


def field_of(name: str) -> str:
    """The field of TrainingConfig that a name in the space stands for."""
    return DEPTH if name.endswith(f"_{DEPTH}") else name


def applies(name: str, chosen: Mapping[str, Any]) -> bool:
    """Whether a setting says anything to the architecture that was chosen before it."""
    architecture = chosen["architecture"] if chosen else ""
    if name in USED_BY:
        return architecture in USED_BY[name]
    return field_of(name) == name or name == f"{architecture}_{DEPTH}"


def names_in(settings: Mapping[str, Any], space: Space) -> dict[str, Any]:
    """The settings of a trial by their names in the space."""
    named = {
        f"{settings['architecture']}_{DEPTH}" if name == DEPTH else name: value
        for name, value in settings.items()
    }
    return {name: value for name, value in named.items() if name in space}


def default_settings(space: Space) -> dict[str, Any]:
    """The defaults as far as the space has them; the first choice where it does not."""
    default = TrainingConfig()

    def usual(name: str) -> Any:
        value, choices = getattr(default, field_of(name)), space[name].get("choices")
        return value if choices is None or value in choices else choices[0]

    chosen = {"architecture": usual("architecture")}
    return {field_of(name): usual(name) for name in space if applies(name, chosen)}
