"""The models of a cross-validation as one predictor, and as one block of bytes.

The bytes are safetensors: named arrays and a JSON header, nothing that executes on loading.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray

from classifier.calibration import Calibration
from classifier.classes import CLASSES, CODES, NAMES
from classifier.config import TrainingConfig
from classifier.doubt import Doubt
from classifier.earlier_weights import today
from classifier.examples import Examples, make_examples
from classifier.inference import embed, predict_log_probabilities
from classifier.inputs import KINDS, Components
from classifier.layers import Classifier
from classifier.measures import measure
from classifier.training import StateDict, new_model

FORMAT = "somata-ensemble-2"
FIRST_FORMAT = "somata-ensemble-1"
MAX_MODELS = 200
MAX_HEADER_BYTES = 2_000_000
PREPARED_AT_ONCE = 2048


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Calibrated fold models that predict together.

    config: what they were built and trained by. models: one state dict a network, on the CPU,
        `config.members` of them for each fold in turn.
    calibration: fitted on out-of-fold predictions; applied to the log-probabilities of each fold.
    trained_codes: the classes that had labels; the others get a probability of 0.
    versions: package name to version at the time of training, for the record.
    doubt: where three classes were trained on, how the fourth follows.
    """

    config: TrainingConfig
    models: tuple[StateDict, ...]
    calibration: Calibration
    trained_codes: tuple[int, ...]
    versions: dict[str, str]
    doubt: Doubt | None = None

    def predict(
        self, components: Components, *, device: torch.device | None = None
    ) -> NDArray[np.float64]:
        """The mean of the folds' calibrated probabilities.

        Returns (components, 4), rows sum to 1, columns in the order of the codes.
        Raises ValueError for masks that cannot be used.
        """
        return np.asarray(self.predict_folds(components, device=device).mean(axis=0))

    def predict_folds(
        self, components: Components, *, device: torch.device | None = None
    ) -> NDArray[np.float64]:
        """Each fold's calibrated probabilities, (folds, components, 4): how far they differ tells
        what is unknown from what is ambiguous.
        """
        built = self.load(device)
        result = np.zeros((len(built) // self.config.members, len(components), CLASSES))
        for part, examples in self._in_parts(components):
            for fold, members in enumerate(in_folds(built, self.config.members)):
                log_probabilities = of_members(members, examples)
                result[fold, part] = calibrated(
                    log_probabilities, self.calibration, self.trained_codes, self.doubt
                )
        return result

    def embed(
        self, components: Components, *, device: torch.device | None = None
    ) -> NDArray[np.float32]:
        """What each network's last layer sees, (networks, components, width)."""
        built = self.load(device)
        result = np.zeros((len(built), len(components), built[0].width), np.float32)
        for part, examples in self._in_parts(components):
            for network, model in enumerate(built):
                result[network, part] = embed(model, examples)
        return result

    def predict_networks(
        self, components: Components, *, device: torch.device | None = None
    ) -> NDArray[np.float64]:
        """Each network's log-probabilities, not calibrated, (networks, components, classes)."""
        built = self.load(device)
        result = np.zeros((len(built), len(components), self.config.classes))
        for part, examples in self._in_parts(components):
            for network, model in enumerate(built):
                result[network, part] = predict_log_probabilities(model, examples)
        return result

    def load(self, device: torch.device | None = None) -> list[Classifier]:
        """The networks with their weights, ready to predict."""
        return [_load(self.config, state).to(device or "cpu") for state in self.models]

    def _in_parts(self, components: Components) -> Iterator[tuple[slice, Examples]]:
        # Only a part at a time is prepared, which takes more room than what it is made from.
        # Recordings are measured as a whole; whoever passes a part of one passes its measures.
        if self.config.measured and components.measures is None:
            components = with_measures(components, self.config.inputs)
        for start in range(0, len(components), PREPARED_AT_ONCE):
            part = slice(start, min(start + PREPARED_AT_ONCE, len(components)))
            yield part, make_examples(components.take(part), self.config)

    def to_bytes(self) -> bytes:
        """The ensemble as one safetensors block; config and the rest lie in its metadata."""
        tensors = {
            f"{index}/{name}": tensor.contiguous().cpu()
            for index, state in enumerate(self.models)
            for name, tensor in state.items()
        }
        about = {
            "config": self.config.to_dict(),
            "models": len(self.models),
            "temperature": self.calibration.temperature,
            "offsets": list(self.calibration.offsets),
            "trained_codes": list(self.trained_codes),
            "classes": dict(zip(map(str, CODES), NAMES, strict=True)),
            "versions": self.versions,
            "doubt": None if self.doubt is None else asdict(self.doubt),
        }
        # One entry only: safetensors writes several in no fixed order, and equal models should be
        # equal bytes.
        return safetensors.torch.save(tensors, {FORMAT: json.dumps(about)})

    @classmethod
    def from_bytes(cls, data: bytes) -> "Ensemble":
        """The ensemble that `to_bytes` gave, now or in an earlier version of Somata.

        Raises ValueError where the bytes are cut, are something else, or do not fit their config.
        """
        about = _read_about(data)
        try:
            tensors = safetensors.torch.load(data)
        except (safetensors.SafetensorError, KeyError, RuntimeError, TypeError) as error:
            raise ValueError(f"The model's bytes are damaged: {error}.") from error
        try:
            doubt = about.get("doubt")
            ensemble = cls(
                config=TrainingConfig.from_stored(about["config"]),
                models=_split(tensors, int(about["models"])),
                calibration=_calibration(about),
                trained_codes=tuple(int(code) for code in about["trained_codes"]),
                versions={str(k): str(v) for k, v in about["versions"].items()},
                doubt=None
                if doubt is None
                else Doubt(float(doubt["offset"]), float(doubt["slope"])),
            )
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"The model's description lacks or misstates {error}.") from error
        ensemble._check()
        return ensemble

    def _check(self) -> None:
        if not self.trained_codes or not set(self.trained_codes) <= set(CODES):
            raise ValueError(f"The model's classes {self.trained_codes} are not codes 1 to 4.")
        if not set(self.trained_codes) <= set(self.config.codes):
            raise ValueError(f"The model knows {self.config.classes} classes only.")
        if (self.doubt is None) != (self.config.classes == CLASSES):
            raise ValueError("A model of three classes needs to say when one is in doubt.")
        if self.doubt is not None and not np.isfinite([self.doubt.offset, self.doubt.slope]).all():
            raise ValueError(f"The model's doubt {self.doubt} is not finite.")
        if len(self.models) % self.config.members:
            raise ValueError(f"{len(self.models)} networks do not make whole folds.")
        for state in self.models:
            _load(self.config, state)


def with_measures(components: Components, wanted: Sequence[str] = KINDS) -> Components:
    """The components with their hand-made measures of these kinds of input."""
    return replace(components, measures=measure(components, wanted=wanted))


def in_folds(built: list[Classifier], members: int) -> list[list[Classifier]]:
    """The networks of each fold."""
    return [built[start : start + members] for start in range(0, len(built), members)]


def of_members(members: list[Classifier], examples: Examples) -> NDArray[np.float64]:
    """(components, classes) logarithm of the mean of the networks' probabilities."""
    logs = np.stack([predict_log_probabilities(model, examples) for model in members])
    return np.asarray(np.logaddexp.reduce(logs, axis=0) - np.log(len(logs)))


def calibrated(
    log_probabilities: NDArray[np.float64],
    calibration: Calibration,
    codes: tuple[int, ...],
    doubt: Doubt | None,
) -> NDArray[np.float64]:
    """(components, 4) probabilities; 0 for every class but `codes`, and doubt where it applies."""
    allowed = np.isin(CODES[: log_probabilities.shape[1]], codes)
    limited = np.where(allowed, log_probabilities, -np.inf)
    probabilities = calibration.apply(limited)
    return probabilities if doubt is None else doubt.spread(probabilities)


def _calibration(about: dict[str, Any]) -> Calibration:
    # Earlier versions had a temperature alone.
    offsets = about.get("offsets", Calibration().offsets)
    return Calibration(float(about["temperature"]), tuple(float(offset) for offset in offsets))


def _load(config: TrainingConfig, state: StateDict) -> Classifier:
    # The weights drawn here are replaced at once.
    model = new_model(config, seed=0)
    wanted = model.state_dict()
    for name, tensor in wanted.items():
        given = state.get(name)
        if given is None or given.shape != tensor.shape or given.dtype != tensor.dtype:
            raise ValueError(f"The model's weights {name!r} are missing or of another shape.")
        if not bool(torch.isfinite(given).all()):
            raise ValueError(f"The model's weights {name!r} are not finite.")
    if len(state) != len(wanted):
        raise ValueError("The model holds weights that its architecture does not have.")
    model.load_state_dict(state)
    return model.eval()


def _split(tensors: StateDict, count: int) -> tuple[StateDict, ...]:
    if not 1 <= count <= MAX_MODELS:
        raise ValueError(f"The block holds {count} models; 1 to {MAX_MODELS} are allowed.")
    states: tuple[StateDict, ...] = tuple({} for _ in range(count))
    for key, tensor in tensors.items():
        index, _, name = key.partition("/")
        if not (index.isascii() and index.isdigit() and int(index) < count and name):
            raise ValueError(f"The model's bytes hold an unknown array {key[:80]!r}.")
        states[int(index)][name] = tensor
    return tuple(today(state) for state in states)


def _read_about(data: bytes) -> dict[str, Any]:
    """The description in the safetensors header: 8 bytes of length, then that much JSON.

    Read here because the safetensors package gives metadata for files on disk only.
    """
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(len(data) - 8, MAX_HEADER_BYTES):
        raise ValueError("The model's bytes are cut or are not safetensors.")
    try:
        metadata = json.loads(data[8 : 8 + length])["__metadata__"]
        about = json.loads(metadata.get(FORMAT) or metadata[FIRST_FORMAT])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("The bytes are not a model of this program.") from error
    if type(about) is not dict:
        raise ValueError(f"The bytes are not a model of the format {FORMAT}.")
    if FORMAT not in metadata and type(about.get("config")) is dict:
        # The first format knew masks alone.
        about["config"]["inputs"] = ["mask"]
    return about
