"""Stored components as the classifier takes them, measured once and for all runs."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from app.actions import learning
from app.actions.context import Context
from app.actions.learning import Looks, Surroundings
from classifier.crops import crop_contexts
from classifier.inputs import Components
from classifier.measures import VERSION, compare, measure_alone
from classifier.scale import recording_scales
from classifier.traces_together import Briefs

MEASURED_AT_ONCE = 200


def measure_all(context: Context, on_part: Callable[[int, int], None]) -> None:
    """Measure what has not been measured yet, recording by recording, and keep it.

    on_part: called after each part with recordings done and recordings to do; may raise.
    """
    waiting = learning.unmeasured_recordings(context, VERSION)
    for done, recording_id in enumerate(waiting):
        on_part(done, len(waiting))
        _measure_recording(context, recording_id, lambda: on_part(done, len(waiting)))  # noqa: B023 - called within this turn


def _measure_recording(context: Context, recording_id: int, on_part: Callable[[], None]) -> None:
    keys = learning.components_of_recording(context, recording_id)
    looks = learning.looks_of(context, keys)
    around = learning.surroundings_of(context, recording_id)
    scales = recording_scales(looks.masks, looks.recording_ids)
    alone: list[NDArray[np.float32]] = []
    briefs: list[Briefs] = []
    # A part at a time, since traces are long; in brief, all are compared with each other.
    for part in _parts(len(keys)):
        traces = learning.traces_of(context, keys[part])
        rates = np.full(len(traces), around.frame_rate_hz or np.nan)
        contexts = _contexts(around, looks.centroids_px[part])
        some = Components(looks.masks[part], traces, rates, contexts)
        alone.append(measure_alone(some, scales[part]))
        briefs.append(Briefs.of(traces, rates))
        on_part()
    whole = Components(looks.masks, centres_px=looks.centroids_px * around.mask_scale)
    table = compare(np.concatenate(alone), whole, Briefs.joined(briefs))
    for part in _parts(len(keys)):
        learning.keep_measures(context, keys[part], table[part], VERSION)
        on_part()


def _parts(components: int) -> list[slice]:
    return [
        slice(start, start + MEASURED_AT_ONCE) for start in range(0, components, MEASURED_AT_ONCE)
    ]


def components_of(
    context: Context, component_ids: Sequence[int], *, pictured: bool = True
) -> Components:
    """Masks, contexts and kept measures of components.

    pictured: contexts too; False for who looks at no image, since cutting them out takes longer
    than judging by the measures.
    Traces are left out: the measures hold all that is looked at of them. What was imported since
    `measure_all` is measured now, since without its measures it would count as having no trace.
    """
    kept = learning.measures_of(context, component_ids, VERSION)
    if kept is None and component_ids:
        measure_all(context, lambda _done, _total: None)
        kept = learning.measures_of(context, component_ids, VERSION)
    looks = learning.looks_of(context, component_ids)
    return Components(
        masks=looks.masks,
        contexts=_contexts_of(context, looks) if pictured else None,
        recordings=looks.recording_ids,
        measures=kept,
    )


def _contexts_of(context: Context, looks: Looks) -> NDArray[np.float32]:
    contexts = np.full((len(looks.masks), 2, *looks.masks.shape[1:]), np.nan, dtype=np.float32)
    for recording_id in np.unique(looks.recording_ids):
        rows = looks.recording_ids == recording_id
        around = learning.surroundings_of(context, int(recording_id))
        contexts[rows] = _contexts(around, looks.centroids_px[rows])
    return contexts


def _contexts(around: Surroundings, centroids_px: NDArray[np.float64]) -> NDArray[np.float32]:
    # A maximum projection shows shapes as a mean image does; footprints show what masks do.
    mean = around.images.get("mean", around.images.get("max"))
    images = (mean, around.images.get("correlation"))
    return crop_contexts(images, centroids_px, around.mask_scale)
