"""Everything that decides how a model is built and trained, in one frozen, checked record.

A run is repeated from its config, its snapshot of labels and its thread count alone.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any

MAX_SEED = 2**31 - 1

_INTEGER_RANGES = {
    "folds": (2, 20),
    "seed": (0, MAX_SEED),
    "epochs": (1, 5000),
    "batch_size": (2, 1024),
    "patience": (1, 5000),
    "min_batches": (1, 1000),
    "kernel": (3, 5),
    "pooling": (2, 3),
    "stem_stride": (1, 2),
    "hidden": (4, 512),
    "threads": (1, 64),
}
_NUMBER_RANGES = {
    "learning_rate": (1e-6, 10.0),
    "weight_decay": (0.0, 1.0),
    "dropout": (0.0, 0.9),
    "label_smoothing": (0.0, 0.5),
    "validation_fraction": (0.0, 0.5),
}
_CHANNEL_RANGE = (2, 256)


@dataclass(frozen=True)
class TrainingConfig:
    """How one ensemble is trained. Defaults are chosen for two CPU cores.

    architecture: a name in the registry of `models`.
    folds: K of the cross-validation; also the number of models in the ensemble.
    epochs: the most passes over the training part; early stopping may end sooner.
    batch_size: examples a step; each batch is drawn with the classes in balance.
    min_batches: the least steps an epoch, so that 40 labels are seen often enough to learn.
    learning_rate: the peak of the one-cycle schedule.
    weight_decay: decoupled (AdamW).
    dropout: after the poolings at half this value, between the fully connected layers in full.
    label_smoothing: the share of each target spread over all classes; labels are noisy.
    validation_fraction: the share of the training part held out for early stopping.
    patience: epochs without a better held-out loss after which a fold stops.
    kernel: side of the convolutions, 3 or 5. pooling: side of the max-poolings, 2 or 3.
    channels: widths of the four convolutions. hidden: width of the first fully connected layer.
    stem_stride: stride of the first convolution; 2 halves the grid at once, four times faster.
    augment: shear, rotate, shift, flip and zoom the training batches.
    threads: CPU threads, mostly one a fold; the numbers do not depend on how many.
    """

    architecture: str = "cnn"
    folds: int = 5
    seed: int = 0
    epochs: int = 20
    batch_size: int = 128
    min_batches: int = 4
    learning_rate: float = 0.008
    weight_decay: float = 0.01
    dropout: float = 0.25
    label_smoothing: float = 0.05
    validation_fraction: float = 0.1
    patience: int = 8
    kernel: int = 3
    pooling: int = 2
    channels: tuple[int, int, int, int] = (16, 16, 32, 32)
    hidden: int = 64
    stem_stride: int = 2
    augment: bool = True
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
        if self.kernel == 4:
            raise ValueError("kernel must be 3 or 5, not 4.")
        if type(self.channels) is not tuple or len(self.channels) != 4:
            raise ValueError(f"channels must be four integers, not {self.channels!r}.")
        for width in self.channels:
            _check_integer("channels", width, _CHANNEL_RANGE)

    def to_dict(self) -> dict[str, Any]:
        """The config as JSON can hold it; `from_dict` gives the same config back."""
        return {**asdict(self), "channels": list(self.channels)}

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
        if isinstance(given.get("channels"), list):
            given["channels"] = tuple(given["channels"])
        return cls(**given)


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
