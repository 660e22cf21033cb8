"""What the network is given of components, whole or with parts missing."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier.crossval import cross_validate
from classifier.examples import Examples, columns_of_kind, columns_seen, hide, make_examples
from classifier.inputs import KINDS, Components
from classifier.measures import kinds, names, names_alone
from classifier.prepare import prepare_caiman, prepare_contexts, prepare_masks

CPU = torch.device("cpu")


def test_components_must_be_as_many_as_each_other(components):
    with pytest.raises(ValueError, match="There are 60 masks, but 59 traces"):
        replace(components, traces=components.traces[:-1])


def test_taking_rows_takes_them_of_every_array(components):
    rows = np.array([5, 2, 2])
    taken = components.take(rows)
    assert len(taken) == 3
    for name in ("masks", "frame_rates_hz", "contexts", "recordings", "measures"):
        np.testing.assert_array_equal(getattr(taken, name), getattr(components, name)[rows])
    assert taken.traces[0] is components.traces[5]
    assert len(components.take(np.arange(60) < 7)) == 7
    assert Components(components.masks).take(rows).traces is None
    assert Components(components.masks).groups.tolist() == [0] * 60


def test_a_slice_is_taken_without_a_copy(components):
    part = components.take(slice(5, 20))
    assert np.shares_memory(part.masks, components.masks)
    assert np.shares_memory(part.contexts, components.contexts)
    copied = components.take(np.arange(5, 20))
    np.testing.assert_array_equal(part.masks, copied.masks)
    np.testing.assert_array_equal(part.groups, copied.groups)
    assert len(part.traces) == len(copied.traces) == 15


def test_images_are_the_prepared_mask_and_its_contexts(components, tiny, tiny_default):
    found = make_examples(components, replace(tiny_default, architecture="fusion"))
    torch.testing.assert_close(found.images[:, :1], prepare_masks(components.masks))
    torch.testing.assert_close(found.images[:, 1:], prepare_contexts(components.contexts))
    np.testing.assert_array_equal(found.numbers.numpy(), components.measures)
    # Who looks at no image is given none.
    assert make_examples(components, tiny_default).images.shape == (60, 0)
    alone = make_examples(components, tiny)
    assert alone.images.shape == (60, 1, 50, 50)
    assert alone.numbers.shape == (60, 0)
    patches = make_examples(components, replace(tiny, preparation="caiman"))
    assert torch.equal(patches.images, prepare_caiman(components.masks))


def test_a_model_is_given_measures_of_what_it_looks_at_alone(components, tiny_default):
    for inputs in (("mask",), ("mask", "trace"), ("mask", "context"), KINDS):
        found = make_examples(
            components, replace(tiny_default, architecture="fusion", inputs=inputs)
        )
        wanted = np.isin(kinds(), inputs)
        np.testing.assert_array_equal(found.numbers.numpy(), components.measures[:, wanted])
        assert found.images.shape[1] == (3 if "context" in inputs else 1)


def test_measures_that_were_kept_are_not_made_again(components, tiny_default, monkeypatch):
    monkeypatch.setattr("classifier.examples.measure", None)
    make_examples(components, tiny_default)
    with pytest.raises(TypeError):
        make_examples(replace(components, measures=None), tiny_default)


@pytest.mark.parametrize("inputs", [KINDS, ("trace", "context", "mask")])
def test_hiding_takes_some_traces_and_some_contexts_and_never_the_mask(
    components, tiny_default, inputs
):
    config = replace(tiny_default, architecture="fusion", inputs=inputs, measures="alone")
    examples = make_examples(components, config)
    many = examples.take(torch.arange(60).repeat(20))
    shown = hide(many, torch.Generator().manual_seed(0), config)
    assert torch.equal(shown.images[:, 0], many.images[:, 0])
    gone = {
        kind: torch.isnan(shown.numbers[:, columns_of_kind(kind, config, CPU)]) for kind in KINDS
    }
    assert not gone["mask"].any()
    for kind in ("trace", "context"):
        whole = gone[kind].all(dim=1)
        assert torch.equal(whole, gone[kind].any(dim=1))
        assert whole.float().mean() == pytest.approx(0.1, abs=0.03)
    hidden = gone["context"].all(dim=1)
    assert (shown.images[hidden, 1:] == 0).all()
    assert torch.equal(shown.images[~hidden], many.images[~hidden])


def test_hiding_takes_the_rest_of_the_recording_from_some(components, tiny_default):
    examples = make_examples(components, tiny_default)
    many = examples.take(torch.arange(60).repeat(20))
    shown = hide(many, torch.Generator().manual_seed(0), tiny_default)
    beside = columns_of_kind("recording", tiny_default, CPU).numpy()
    assert beside.sum() == len(names()) - len(names_alone())
    masks = beside & (np.array(kinds()) == "mask")
    gone = torch.isnan(shown.numbers[:, masks])
    assert torch.equal(gone.all(dim=1), gone.any(dim=1)), "all of it or nothing"
    assert gone.all(dim=1).float().mean() == pytest.approx(0.1, abs=0.03)
    alone = ~beside & (np.array(kinds()) == "mask")
    assert torch.equal(shown.numbers[:, alone], many.numbers[:, alone])


def test_columns_of_a_kind_are_among_those_seen(tiny_default):
    config = replace(tiny_default, inputs=("mask", "trace"))
    seen = columns_of_kind("trace", config, CPU)
    assert len(seen) == len(columns_seen(config))
    assert int(seen.sum()) == kinds().count("trace")


def test_a_model_that_looks_at_components_alone_is_given_nothing_of_the_others(
    components, tiny_default
):
    alone = replace(tiny_default, measures="alone")
    found = make_examples(components, alone).numbers.numpy()
    np.testing.assert_array_equal(found, components.measures[:, : len(names_alone())])
    assert not columns_of_kind("recording", alone, CPU).any()


def lacking(components: Components) -> Components:
    """Every second one without a trace, every third without a context."""
    rows = np.arange(len(components))
    assert components.contexts is not None
    assert components.traces is not None
    contexts = components.contexts.copy()
    contexts[rows % 3 == 0] = np.nan
    traces = [None if row % 2 == 0 else trace for row, trace in enumerate(components.traces)]
    return replace(components, traces=traces, contexts=contexts, measures=None)


def test_traces_and_contexts_may_be_missing_for_some_or_for_all(
    components, recording, tiny_default
):
    mixed = cross_validate(lacking(components), recording.truth, tiny_default)
    nothing = Components(components.masks, recordings=components.recordings)
    bare = cross_validate(nothing, recording.truth, tiny_default)
    for found in (mixed, bare):
        assert np.isfinite(found.out_of_fold).all()
        for asked in (components, lacking(components), nothing):
            predicted = found.ensemble.predict(asked)
            assert np.isfinite(predicted).all()
            np.testing.assert_allclose(predicted.sum(axis=1), 1)


def test_examples_keep_images_and_numbers_together():
    examples = Examples(torch.arange(6.0).view(3, 2, 1, 1), torch.arange(3.0)[:, None])
    taken = examples.take(torch.tensor([2, 0])).to(CPU)
    assert len(taken) == 2
    assert taken.images.flatten().tolist() == [4, 5, 0, 1]
    assert taken.numbers.flatten().tolist() == [2, 0]
