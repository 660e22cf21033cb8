"""Everything that decides how a model is built and trained, in one frozen, checked record.

A run is repeated from its config and its snapshot of labels alone.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any

from classifier.classes import CODES, MASK_SIZE_PX
from classifier.inputs import KINDS

MAX_SEED = 2**31 - 1
MIN_LEARNING_RATE, MOST_LEARNING_RATE = 1e-6, 10.0
MOST_EPOCHS = 5000
MOST_MIN_BATCHES = 1000

_INTEGER_RANGES = {
    "folds": (2, 20),
    "seed": (0, MAX_SEED),
    "members": (1, 10),
    "epochs": (1, MOST_EPOCHS),
    "batch_size": (2, 1024),
    "patience": (1, 5000),
    "min_batches": (1, MOST_MIN_BATCHES),
    "pooling": (2, 3),
    "stem_stride": (1, 2),
    "window": (8, MASK_SIZE_PX),
    "hidden": (4, 512),
    "trees": (0, 500),
    "unlabeled": (0, 10_000),
    "threads": (1, 64),
}
_NUMBER_RANGES = {
    "learning_rate": (MIN_LEARNING_RATE, MOST_LEARNING_RATE),
    "weight_decay": (0.0, 1.0),
    "dropout": (0.0, 0.9),
    "label_smoothing": (0.0, 0.5),
    "validation_fraction": (0.0, 0.5),
    "mixup": (0.0, 2.0),
    "balance": (0.0, 1.0),
    "committee_share": (0.0, 1.0),
}
_CHOICES: dict[str, tuple[object, ...]] = {
    "kernel": (3, 5),
    "classes": (3, 4),
    "balance_by": ("sampling", "weights"),
    "preparation": ("somata", "caiman"),
    "activation": ("relu",),
    "measures": ("recording", "alone"),
}
_CHANNEL_RANGE = (2, 256)

LAYERS: dict[str, tuple[int, ...]] = {
    "committee": (3,),
    "fusion": (7,),
    "late_fusion": (10, 18, 34),
    "cnn": (4,),
    "caiman": (4,),
    "vgg": (4, 6, 16, 19),
    "resnet": (10, 18, 34),
}
"""The depths that each architecture comes in, the usual one first."""

RESNET_BLOCKS = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
"""Residual blocks of two convolutions at each width; stem and last layer make the depth."""

MEASURED = ("committee", "fusion", "late_fusion")
"""The architectures that look at the hand-made measures."""


@dataclass(frozen=True)
class TrainingConfig:
    """How one ensemble is trained. Defaults are chosen for two CPU cores.

    architecture: a name in the registry of `models`. layers: its depth in weight layers, as its
        paper counts them (`LAYERS`); None takes the usual one.
    inputs: what `committee`, `fusion` and `late_fusion` look at besides the mask; the others see
        masks, and contexts if named.
    measures: which hand-made measures those look at: those of a component by itself (`alone`),
        or what it is beside its neighbours and within its recording too (`recording`).
    folds: K of the cross-validation. members: networks a fold, whose mean predicts.
    classes: 4, or 3: doubtful neurons are left out of training, and the other three classes'
        probabilities say by their entropy which components are doubtful.
    epochs: the most passes over the training part; early stopping may end sooner.
    batch_size: examples a step. min_batches: the least steps an epoch, so that 40 labels are seen
        often enough to learn.
    balance: 0 draws the classes as they come, 1 gives each the same share; balance_by: by how
        often examples are drawn, or by their weight in the loss.
    learning_rate: the peak of the one-cycle schedule. weight_decay: decoupled (AdamW).
    dropout: between fully connected layers in full, after poolings at half this value.
    label_smoothing: the share of each target spread over all classes; labels are noisy.
    mixup: parameter of the beta distribution that examples are mixed by; 0 mixes none.
    validation_fraction: the share of the training part held out for early stopping; 0 trains on
        all of it, to the end of the schedule.
    patience: epochs without a better held-out loss after which a fold stops.
    kernel: side of the convolutions. pooling: side of the max-poolings. activation: `relu`.
    channels: widths of the document's four convolutions; the first is the width of the others.
    hidden: width of the fully connected layers.
    trees: rounds of boosted trees over the measures that those have an opinion by; 0: none.
    unlabeled: the most components without a label that it also learns from while labels are few,
        by what a first draft of it is surest of; 0: none.
    stem_stride: stride of `cnn`'s first convolution; 2 halves the grid at once, 4 times faster.
    window: side in pixels of the middle of each image, which is all that `resnet` looks at.
    committee_share: of the log-probabilities that `late_fusion` pools; the rest is its `resnet`'s.
    augment: shear, rotate, shift, flip, zoom, speckle, cut and threshold the images of training
        batches, and hide some of their measures; `committee` sees measures alone.
    preparation: `somata`, or the 50x50 patch that CaImAn's classifier is given.
    threads: networks trained at once, each on a core; the numbers do not depend on how many.
    """

    architecture: str = "committee"
    layers: int | None = None
    inputs: tuple[str, ...] = KINDS
    measures: str = "recording"
    folds: int = 5
    seed: int = 0
    members: int = 1
    classes: int = 4
    epochs: int = 12
    batch_size: int = 128
    min_batches: int = 4
    balance: float = 0.5
    balance_by: str = "sampling"
    learning_rate: float = 0.005
    weight_decay: float = 0.05
    dropout: float = 0.25
    label_smoothing: float = 0.05
    mixup: float = 0.3
    validation_fraction: float = 0.0
    patience: int = 8
    kernel: int = 3
    pooling: int = 2
    activation: str = "relu"
    channels: tuple[int, int, int, int] = (12, 12, 24, 24)
    hidden: int = 128
    trees: int = 60
    unlabeled: int = 800
    stem_stride: int = 2
    window: int = MASK_SIZE_PX
    committee_share: float = 0.6
    augment: bool = True
    preparation: str = "somata"
    threads: int = 2

    def __post_init__(self) -> None:
        """Raises ValueError that names the field and the values it may take."""
        if type(self.architecture) is not str or self.architecture == "":
            raise ValueError("architecture must be the name of a registered architecture.")
        if type(self.augment) is not bool:
            raise ValueError(f"augment must be true or false, not {self.augment!r}.")
        for name, limits in _INTEGER_RANGES.items():
            _check_integer(name, getattr(self, name), limits)
        for name, bounds in _NUMBER_RANGES.items():
            _check_number(name, getattr(self, name), bounds)
        for name, choices in _CHOICES.items():
            _check_choice(name, getattr(self, name), choices)
        if type(self.channels) is not tuple or len(self.channels) != 4:
            raise ValueError(f"channels must be four integers, not {self.channels!r}.")
        for width in self.channels:
            _check_integer("channels", width, _CHANNEL_RANGE)
        _check_inputs(self.inputs)
        if self.layers is not None and self.architecture in LAYERS:
            _check_choice("layers", self.layers, LAYERS[self.architecture])

    @property
    def measured(self) -> bool:
        """Whether the network looks at the hand-made measures, and so at rescaled images."""
        return self.architecture in MEASURED

    @property
    def pictured(self) -> bool:
        """Whether the network looks at images."""
        return self.architecture != "committee"

    @property
    def contexts_pictured(self) -> bool:
        """Whether those images hold the surroundings too, beside the mask."""
        return "context" in self.inputs and self.architecture != "late_fusion"

    @property
    def codes(self) -> tuple[int, ...]:
        """The label codes that it is trained on."""
        return CODES[: self.classes]

    @property
    def depth(self) -> int:
        """Layers, or the architecture's usual ones where none were asked for."""
        return self.layers or LAYERS.get(self.architecture, (0,))[0]

    def to_dict(self) -> dict[str, Any]:
        """The config as JSON can hold it; `from_dict` gives the same config back."""
        return {**asdict(self), "channels": list(self.channels), "inputs": list(self.inputs)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainingConfig":
        """A config from named values; the fields not named keep their defaults.

        Raises ValueError for an unknown name or a value out of range.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(
                f"Unknown training setting {unknown[0]!r}. Known are: {', '.join(sorted(known))}."
            )
        given = dict(values)
        for name in ("channels", "inputs"):
            if isinstance(given.get(name), list):
                given[name] = tuple(given[name])
        return cls(**given)

    @classmethod
    def from_stored(cls, values: Mapping[str, Any]) -> "TrainingConfig":
        """The config of a model that was trained some time ago, with what it was made of then."""
        return cls.from_dict({"measures": "alone", "trees": 0, "unlabeled": 0, **values})


def _check_integer(name: str, value: object, limits: tuple[int, int]) -> None:
    low, high = limits
    # bool is an int in Python, but a config that says `folds: true` is a mistake.
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} must be an integer from {low} to {high}, not {value!r}.")


def _check_number(name: str, value: object, limits: tuple[float, float]) -> None:
    low, high = limits
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not isfinite(float(value)) or not low <= value <= high:  # type: ignore[arg-type, operator]  # narrowed by is_number
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}, not {value!r}.")


def _check_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    # True equals 1 and 3.0 equals 3, but neither is a choice of a whole number.
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        words = " or ".join(str(choice) for choice in choices)
        raise ValueError(f"{name} must be {words}, not {value!r}.")


def _check_inputs(inputs: object) -> None:
    kinds = inputs if isinstance(inputs, tuple) else ()
    if "mask" not in kinds or any(kinds.count(kind) != 1 or kind not in KINDS for kind in kinds):
        raise ValueError(
            f"inputs must hold mask, and may hold {' and '.join(KINDS[1:])}; not {inputs!r}."
        )
