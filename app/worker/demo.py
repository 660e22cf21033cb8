"""The demo: recordings of the project's own simulator, stored like any import."""

from collections.abc import Callable
from typing import Any

import numpy as np

from app.actions import importing
from app.actions.context import Context
from app.domain.recordings import ImportedLabels, Recording
from app.storage.tables import Job
from app.worker.work import Pulse
from classifier.simulate import SimulationConfig, simulate_recording

RECORDINGS = 5
COMPONENTS_A_RECORDING = 400
FIRST_SEED = 20_261


def load_demo_job(context: Context, job: Job, pulse: Pulse) -> dict[str, Any]:
    """The job of the first page's button."""
    load_demo(context, lambda progress: pulse(progress))
    return {"progress": {"stage": "done", "fraction": 1.0}}


def load_demo(context: Context, on_progress: Callable[[dict[str, Any]], None]) -> None:
    """Simulate the demo's recordings and store them. Loaded again, nothing is added."""
    for number in range(RECORDINGS):
        stage = f"simulating recording {number + 1} of {RECORDINGS}"
        on_progress({"stage": stage, "fraction": number / RECORDINGS})
        recording = demo_recording(number)
        importing.store(context, None, [recording], source="simulated by Somata")


def demo_recording(number: int, components: int = COMPONENTS_A_RECORDING) -> Recording:
    """One recording of the demo; the same number gives the same recording."""
    simulated = simulate_recording(SimulationConfig(components=components), FIRST_SEED + number)
    return Recording(
        name=f"Demo {number + 1}",
        source_format="simulated",
        masks=simulated.masks,
        centroids_px=simulated.centroids_px,
        source_indices=np.arange(len(simulated.masks), dtype=np.int64),
        traces=simulated.traces,
        frame_rate_hz=simulated.frame_rate_hz,
        field_shape_px=simulated.field_shape_px,
        summary_images=simulated.summary_images,
        imported_labels=tuple(
            ImportedLabels(f"demo {name}", labels)
            for name, labels in simulated.annotator_labels.items()
        ),
        notes=("Simulated: there is no real tissue behind it.",),
    )
