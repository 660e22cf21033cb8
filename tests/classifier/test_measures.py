"""The table of hand-made measures: its columns, what is missing, and what says nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier import mask_features, measures
from classifier.inputs import KINDS, Components
from classifier.measures import (
    RELATIVE,
    SCALE,
    compare,
    kinds,
    measure,
    measure_alone,
    names,
    names_alone,
    scales_of,
)
from classifier.measures import alone as alone_of
from classifier.scale import recording_scales
from classifier.traces_together import Briefs


def columns(*wanted: str) -> np.ndarray:
    return np.isin(kinds(), wanted)


def test_names_and_kinds_fit_the_table(components):
    table = measure(replace(components, measures=None))
    assert table.dtype == np.float32
    assert table.shape == (60, len(names())) == (60, len(kinds()))
    assert len(set(names())) == len(names())
    assert set(kinds()) == set(KINDS)
    assert names_alone()[-1] == SCALE
    assert names()[: len(names_alone())] == names_alone()
    assert kinds()[len(names_alone()) - 1] == "mask"


def test_everything_is_finite_where_nothing_is_missing(components):
    assert np.isfinite(measure(components)).all()


@pytest.mark.parametrize(
    ("without", "kind"), [({"traces": None}, "trace"), ({"contexts": None}, "context")]
)
def test_what_would_be_measured_of_something_missing_is_nan_and_nothing_else(
    components, without, kind
):
    table = measure(replace(components, **without))
    assert np.isnan(table[:, columns(kind)]).all()
    others = ~columns(kind)
    np.testing.assert_array_equal(table[:, others], components.measures[:, others])


def test_one_image_alone_is_measured_without_the_other(components):
    contexts = components.contexts.copy()
    contexts[:, 1] = np.nan
    table = dict(zip(names(), measure(replace(components, contexts=contexts)).T, strict=True))
    for name, values in table.items():
        plain = name.removeprefix(RELATIVE)
        if plain.startswith("correlation: ") or plain == "mean with correlation":
            assert np.isnan(values).all(), name
        else:
            assert np.isfinite(values).all(), name


def test_some_may_lack_what_others_have(components):
    rows = np.arange(60)
    traces = [None if row % 3 == 0 else components.traces[row] for row in rows]
    traces[1] = components.traces[1][:5]
    contexts = components.contexts.copy()
    contexts[rows % 2 == 0] = np.nan
    table = measure(replace(components, traces=traces, contexts=contexts))
    short = (rows % 3 == 0) | (rows == 1)
    np.testing.assert_array_equal(np.isnan(table[:, columns("trace")]).all(axis=1), short)
    np.testing.assert_array_equal(np.isnan(table[:, columns("trace")]).any(axis=1), short)
    assert np.isnan(table[rows % 2 == 0][:, columns("context")]).all()
    assert np.isfinite(table[rows % 2 == 1][:, columns("context")]).all()


@pytest.mark.parametrize("unit", [1e-4, 1e4])
def test_units_of_masks_and_traces_say_nothing(components, unit):
    scaled = replace(
        components,
        masks=components.masks * np.float32(unit),
        traces=[(np.float64(trace) + 7) * unit for trace in components.traces],
    )
    table = measure(scaled)
    plain = np.array([not name.startswith(RELATIVE) for name in names()])
    np.testing.assert_allclose(table[:, plain], components.measures[:, plain], rtol=0.02, atol=0.02)
    # A rank may change where two measures are the same but for rounding.
    assert (np.abs(table - components.measures)[:, ~plain] > 1e-3).mean() < 0.01


def test_part_by_part_with_the_recordings_scales_is_as_the_whole(components):
    # One recording is zoomed; what one part holds must not change what is made of another.
    scales = np.where(components.groups == 1, 0.6, 1.0)
    whole = measure(components, scales)
    parts = np.array_split(np.arange(60), 7)
    alone = [measure_alone(components.take(part), scales[part]) for part in parts]
    briefs = [
        Briefs.of([components.traces[row] for row in part], components.frame_rates_hz[part])
        for part in parts
    ]
    table = compare(np.concatenate(alone), components, Briefs.joined(briefs))
    np.testing.assert_allclose(alone_of(table), alone_of(whole), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(np.isnan(table), np.isnan(whole))
    # A rank may change where two measures are the same but for rounding.
    assert (np.abs(table - whole) > 1e-3).mean() < 0.01
    np.testing.assert_allclose(scales_of(whole), scales, rtol=1e-6)


def test_without_scales_recordings_are_taken_as_wholes(recording):
    twice = np.kron(recording.masks[:, 13:38, 13:38], np.ones((1, 2, 2), np.float32))
    masks = np.concatenate([recording.masks, twice])
    found = Components(masks, recordings=np.repeat([4, 9], 60))
    table = measure(found)
    np.testing.assert_allclose(scales_of(table), recording_scales(masks, found.groups), rtol=1e-6)
    assert scales_of(table)[60] < scales_of(table)[0]


def test_traces_may_be_one_array(components):
    stacked = replace(components, traces=np.stack(components.traces))
    np.testing.assert_array_equal(measure(stacked), components.measures)


def test_nothing_is_measured_of_nothing():
    assert measure(Components(np.zeros((0, 50, 50)))).shape == (0, len(names()))


def test_a_mask_that_cannot_be_used_is_named(components):
    masks = components.masks.copy()
    masks[5] = 0
    with pytest.raises(ValueError, match="Mask 5 is all zero"):
        measure(replace(components, masks=masks))


def test_a_value_that_overflows_is_missing(components, monkeypatch):
    def overflowed(shapes):
        return {names()[0]: np.full(len(shapes.y), np.inf)}

    monkeypatch.setattr(mask_features, "features_of", overflowed)
    assert np.isnan(measure(components)[:, 0]).all()


@pytest.mark.parametrize(
    ("wanted", "not_to_be_touched"),
    [
        (("mask",), ("context_features", "trace_features")),
        (("mask", "trace"), ("context_features",)),
        (("mask", "context"), ("trace_features",)),
    ],
)
def test_what_is_not_wanted_is_nan_and_takes_no_work(
    components, monkeypatch, wanted, not_to_be_touched
):
    names()
    for module in not_to_be_touched:
        monkeypatch.setattr(getattr(measures, module), "features_of", None)
    table = measure(components, wanted=wanted)
    seen = columns(*wanted)
    np.testing.assert_array_equal(table[:, seen], components.measures[:, seen])
    assert np.isnan(table[:, ~seen]).all()


def test_threads_that_share_the_work_change_nothing(components):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        np.testing.assert_array_equal(measure(components), components.measures)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rate", [0.02, 1000.0])
def test_a_trace_may_be_short_for_its_frame_rate(components, rate):
    table = measure(replace(components, frame_rates_hz=np.full(60, rate)))
    assert np.isfinite(table[:, columns("trace")]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 7.0, 1e30])
def test_flat_traces_images_and_full_masks_are_measured_without_a_warning(components, value):
    flat = replace(
        components,
        masks=np.ones_like(components.masks),
        traces=[np.full(120, value) for _ in components.traces],
        contexts=np.full_like(components.contexts, value),
    )
    table = measure(flat)
    assert np.isfinite(table[:, columns("mask", "trace")]).all()
    assert np.isfinite(table[:, columns("context")]).mean() > (0 if value > 1e20 else 0.99)
