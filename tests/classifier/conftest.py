"""Tiny data and tiny configs, so that whole trainings take about a second."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier.config import MEASURED, TrainingConfig
from classifier.crops import crop_contexts
from classifier.crossval import CrossValidation, cross_validate
from classifier.inputs import KINDS, Components
from classifier.measures import measure
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
    """The source document's CNN, which looks at masks alone."""
    return TrainingConfig(
        architecture="cnn", inputs=("mask",), folds=2, epochs=2, batch_size=16,
        channels=(4, 4, 6, 6), hidden=8, min_batches=2,
    )  # fmt: skip


@pytest.fixture(scope="package")
def tiny_default(tiny: TrainingConfig) -> TrainingConfig:
    """The default architecture, which looks at everything."""
    return replace(tiny, architecture="committee", inputs=KINDS)


@pytest.fixture(scope="package")
def recording() -> SimulatedRecording:
    config = SimulationConfig(components=60, frames=120, field_shape_px=(160, 170))
    return simulate_recording(config, seed=7)


@pytest.fixture(scope="package")
def groups(recording: SimulatedRecording) -> np.ndarray:
    """The components as if they came from four recordings."""
    return np.arange(len(recording.truth)) % 4


@pytest.fixture(scope="package")
def masks(recording: SimulatedRecording, groups: np.ndarray) -> Components:
    """What the document's CNN looks at."""
    return Components(recording.masks, recordings=groups)


@pytest.fixture(scope="package")
def components(recording: SimulatedRecording, groups: np.ndarray) -> Components:
    """Everything that is known of the components, already measured."""
    images = (recording.summary_images["mean"], recording.summary_images["correlation"])
    known = Components(
        recording.masks,
        traces=list(recording.traces),
        frame_rates_hz=np.full(len(recording.truth), recording.frame_rate_hz),
        contexts=crop_contexts(images, recording.centroids_px),
        recordings=groups,
        centres_px=recording.centroids_px,
    )
    return replace(known, measures=measure(known))


@pytest.fixture(scope="package")
def trained(
    recording: SimulatedRecording, masks: Components, tiny: TrainingConfig
) -> CrossValidation:
    return cross_validate(masks, recording.truth, tiny)


@pytest.fixture(scope="package")
def trained_default(
    recording: SimulatedRecording, components: Components, tiny_default: TrainingConfig
) -> CrossValidation:
    return cross_validate(components, recording.truth, tiny_default)


@pytest.fixture(scope="package", params=MEASURED)
def trained_measured(
    request: pytest.FixtureRequest,
    recording: SimulatedRecording,
    components: Components,
    tiny_default: TrainingConfig,
) -> CrossValidation:
    """One of every architecture that judges by the measures."""
    config = replace(tiny_default, architecture=request.param)
    return cross_validate(components, recording.truth, config)
