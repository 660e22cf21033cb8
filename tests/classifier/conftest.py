"""Tiny data and tiny configs, so that whole trainings take about a second."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from classifier.config import TrainingConfig
from classifier.crossval import CrossValidation, cross_validate
from classifier.simulate import SimulatedRecording, SimulationConfig, simulate_recording


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """One thread: repeatable, and polite to whatever else runs."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="package")
def tiny() -> TrainingConfig:
    return TrainingConfig(
        folds=2, epochs=2, batch_size=16, channels=(4, 4, 6, 6), hidden=8, min_batches=2
    )


@pytest.fixture(scope="package")
def recording() -> SimulatedRecording:
    config = SimulationConfig(components=60, frames=120, field_shape_px=(160, 170))
    return simulate_recording(config, seed=7)


@pytest.fixture(scope="package")
def groups(recording: SimulatedRecording) -> np.ndarray:
    """The components as if they came from four recordings."""
    return np.arange(len(recording.truth)) % 4


@pytest.fixture(scope="package")
def trained(
    recording: SimulatedRecording, groups: np.ndarray, tiny: TrainingConfig
) -> CrossValidation:
    return cross_validate(recording.masks, recording.truth, groups, tiny)
