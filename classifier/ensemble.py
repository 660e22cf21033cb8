"""The models of a cross-validation as one predictor, and as one block of bytes.

The bytes are safetensors: named arrays and a JSON header, nothing that executes on loading.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray

from classifier.calibration import MAX_TEMPERATURE, MIN_TEMPERATURE, apply_temperature
from classifier.classes import CLASSES, CODES, NAMES
from classifier.config import TrainingConfig
from classifier.models import build_model
from classifier.prepare import prepare_masks
from classifier.training import predict_log_probabilities

FORMAT = "somata-ensemble-1"
MAX_MODELS = 20
MAX_HEADER_BYTES = 1_000_000
PREPARED_AT_ONCE = 2048

StateDict = dict[str, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Calibrated fold models that predict together.

    config: what they were built and trained by. models: one state dict a fold, on the CPU.
    temperature: fitted on out-of-fold predictions; divides the log-probabilities of each model.
    trained_codes: the classes that had labels; the others get a probability of 0.
    versions: package name to version at the time of training, for the record.
    """

    config: TrainingConfig
    models: tuple[StateDict, ...]
    temperature: float
    trained_codes: tuple[int, ...]
    versions: dict[str, str]

    def predict(
        self, masks: NDArray[np.floating], *, device: torch.device | None = None
    ) -> NDArray[np.float64]:
        """The mean of the models' calibrated probabilities.

        masks: (components, 50, 50) raw, as `prepare_masks` takes them.
        Returns (components, 4), rows sum to 1, columns in the order of the codes.
        Raises ValueError for masks that cannot be used.
        """
        device = device or torch.device("cpu")
        built = [_load(self.config, state).to(device) for state in self.models]
        result = np.zeros((len(masks), CLASSES))
        for start in range(0, len(masks), PREPARED_AT_ONCE):
            part = slice(start, start + PREPARED_AT_ONCE)
            prepared = prepare_masks(masks[part])
            for model in built:
                log_probabilities = restrict(
                    predict_log_probabilities(model, prepared), self.trained_codes
                )
                result[part] += apply_temperature(log_probabilities, self.temperature)
        return result / len(built)

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
            "temperature": self.temperature,
            "trained_codes": list(self.trained_codes),
            "classes": dict(zip(map(str, CODES), NAMES, strict=True)),
            "versions": self.versions,
        }
        # One entry only: safetensors writes several in no fixed order, and equal models should be
        # equal bytes.
        return safetensors.torch.save(tensors, {FORMAT: json.dumps(about)})

    @classmethod
    def from_bytes(cls, data: bytes) -> "Ensemble":
        """The ensemble that `to_bytes` gave.

        Raises ValueError where the bytes are cut, are something else, or do not fit their config.
        """
        about = _read_about(data)
        try:
            tensors = safetensors.torch.load(data)
        except (safetensors.SafetensorError, KeyError, RuntimeError, TypeError) as error:
            raise ValueError(f"The model's bytes are damaged: {error}.") from error
        try:
            ensemble = cls(
                config=TrainingConfig.from_dict(about["config"]),
                models=_split(tensors, int(about["models"])),
                temperature=float(about["temperature"]),
                trained_codes=tuple(int(code) for code in about["trained_codes"]),
                versions={str(k): str(v) for k, v in about["versions"].items()},
            )
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"The model's description lacks or misstates {error}.") from error
        ensemble._check()
        return ensemble

    def _check(self) -> None:
        if not MIN_TEMPERATURE <= self.temperature <= MAX_TEMPERATURE:
            raise ValueError(f"The model's temperature {self.temperature} is out of range.")
        if not self.trained_codes or not set(self.trained_codes) <= set(CODES):
            raise ValueError(f"The model's classes {self.trained_codes} are not codes 1 to 4.")
        for state in self.models:
            _load(self.config, state)


def restrict(log_probabilities: NDArray[np.float64], codes: tuple[int, ...]) -> NDArray[np.float64]:
    """Log-probabilities in which every class but `codes` is impossible (minus infinity)."""
    allowed = np.isin(CODES, codes)
    return np.where(allowed, log_probabilities, -np.inf)


def _load(config: TrainingConfig, state: StateDict) -> torch.nn.Module:
    # The weights drawn here are replaced at once; the caller's random stream must not notice.
    with torch.random.fork_rng(devices=[]):
        model = build_model(config)
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
    return states


def _read_about(data: bytes) -> dict[str, Any]:
    """The description in the safetensors header: 8 bytes of length, then that much JSON.

    Read here because the safetensors package gives metadata for files on disk only.
    """
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(len(data) - 8, MAX_HEADER_BYTES):
        raise ValueError("The model's bytes are cut or are not safetensors.")
    try:
        metadata = json.loads(data[8 : 8 + length])["__metadata__"]
        about = json.loads(metadata[FORMAT])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("The bytes are not a model of this program.") from error
    if type(about) is not dict:
        raise ValueError(f"The bytes are not a model of the format {FORMAT}.")
    return about
