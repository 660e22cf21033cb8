"""Recordings without traces or images are trained on and judged like any other."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier.crossval import cross_validate
from classifier.examples import CONTEXT_CHANNELS, HIDDEN_SHARE, hide, make_examples
from classifier.inputs import Components
from classifier.measures import kinds, names_alone


@pytest.fixture(scope="module")
def mixed(components: Components) -> Components:
    """Every second component without its trace, every third without its images."""
    assert components.traces is not None
    assert components.contexts is not None
    contexts = components.contexts.copy()
    contexts[::3] = np.nan
    traces = [None if row % 2 else trace for row, trace in enumerate(components.traces)]
    return replace(components, traces=traces, contexts=contexts, measures=None)


def only_masks(components: Components) -> Components:
    return Components(components.masks, recordings=components.recordings)


def check(probabilities: np.ndarray) -> None:
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_a_set_may_be_mixed(mixed, components, recording, tiny_default):
    result = cross_validate(mixed, recording.truth, tiny_default)
    check(result.out_of_fold)
    for known in (mixed, components, only_masks(components)):
        check(result.ensemble.predict(known))


def test_who_never_saw_a_trace_may_be_shown_one(components, recording, tiny_default):
    result = cross_validate(only_masks(components), recording.truth, tiny_default)
    check(result.out_of_fold)
    check(result.ensemble.predict(components))


def test_who_has_seen_all_may_be_shown_the_mask_alone(trained_default, components):
    check(trained_default.ensemble.predict(only_masks(components)))
    one = only_masks(components).take(np.array([3]))
    check(trained_default.ensemble.predict(one))


def test_what_is_missing_changes_what_is_told(trained_default, components):
    all_told = trained_default.ensemble.predict(components)
    assert np.abs(all_told - trained_default.ensemble.predict(only_masks(components))).max() > 1e-4


@pytest.mark.parametrize("inputs", [("mask", "trace", "context"), ("context", "mask", "trace")])
def test_some_examples_are_shown_without_their_trace_or_images(components, tiny_default, inputs):
    config = replace(tiny_default, architecture="fusion", inputs=inputs)
    once = make_examples(components, config)
    alone = np.arange(len(kinds())) < len(names_alone())
    rows = torch.arange(6000) % len(once)
    batch = once.take(rows)
    hidden = hide(batch, torch.Generator().manual_seed(0), config)
    of_kind = {kind: alone & (np.array(kinds()) == kind) for kind in inputs}
    lost = torch.isnan(hidden.numbers) & ~torch.isnan(batch.numbers)
    shares = {}
    for kind, columns in of_kind.items():
        gone = torch.isnan(hidden.numbers[:, columns]).all(dim=1)
        shares[kind] = float(gone.float().mean())
        # All of a kind or nothing of it.
        assert not lost[~gone][:, columns].any()
    assert shares["mask"] == 0
    assert shares["trace"] == pytest.approx(HIDDEN_SHARE, abs=0.02)
    assert shares["context"] == pytest.approx(HIDDEN_SHARE, abs=0.02)
    dark = ~(hidden.images[:, CONTEXT_CHANNELS] != 0).flatten(1).any(dim=1)
    assert torch.equal(dark, torch.isnan(hidden.numbers[:, of_kind["context"]]).all(dim=1))
    assert torch.equal(hidden.images[:, 0], batch.images[:, 0])
