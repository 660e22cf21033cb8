"""Ensembles that earlier versions stored are loaded and predict what they did."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import safetensors.torch

from classifier.crossval import CrossValidation, cross_validate
from classifier.ensemble import FIRST_FORMAT, FORMAT, Ensemble
from classifier.inputs import Components

NEW_SETTINGS = (
    "inputs", "layers", "members", "classes", "balance", "balance_by", "mixup", "preparation",
    "activation", "measures",
)  # fmt: skip
NEW_FACTS = ("doubt",)


def name_then(name: str) -> str:
    """What the first format called a weight of today's CNN."""
    index, _, own = name.partition("/")
    return f"{index}/" + own.replace("trunk.", "").replace("head.", "fc2.")


@pytest.fixture(scope="module")
def first_format(trained: CrossValidation) -> bytes:
    """Today's bytes as the first version would have written them."""
    blob = trained.ensemble.to_bytes()
    header = json.loads(blob[8 : 8 + int.from_bytes(blob[:8], "little")])
    about = json.loads(header["__metadata__"][FORMAT])
    about["config"] = {k: v for k, v in about["config"].items() if k not in NEW_SETTINGS}
    about = {name: value for name, value in about.items() if name not in NEW_FACTS}
    tensors = {name_then(k): tensor for k, tensor in safetensors.torch.load(blob).items()}
    return safetensors.torch.save(tensors, {FIRST_FORMAT: json.dumps(about)})


def test_the_first_format_had_other_names(first_format):
    names = set(safetensors.torch.load(first_format))
    assert {"0/conv1.0.weight", "0/fc1.weight", "1/fc2.bias"} <= names


def test_an_ensemble_of_the_first_format_predicts_what_it_did(
    first_format, trained, masks, components
):
    loaded = Ensemble.from_bytes(first_format)
    expected = trained.ensemble.predict(masks)
    np.testing.assert_array_equal(loaded.predict(masks), expected)
    # It looks at masks alone, whatever else is known.
    np.testing.assert_array_equal(loaded.predict(components), expected)
    assert (loaded.config.architecture, loaded.config.inputs) == ("cnn", ("mask",))
    assert loaded.config.members == 1


def test_it_is_written_in_the_newest_format(first_format, masks):
    loaded = Ensemble.from_bytes(first_format)
    again = Ensemble.from_bytes(loaded.to_bytes())
    assert FORMAT.encode() in loaded.to_bytes()[:10_000]
    np.testing.assert_array_equal(again.predict(masks), loaded.predict(masks))


@pytest.mark.parametrize("metadata", [{"config": "none"}, {"config": None}, {}, [], "no", 3])
def test_a_first_format_without_a_description_is_refused(first_format, metadata):
    tensors = safetensors.torch.load(first_format)
    with pytest.raises(ValueError, match=r"\w"):
        Ensemble.from_bytes(safetensors.torch.save(tensors, {FIRST_FORMAT: json.dumps(metadata)}))


@pytest.mark.parametrize("metadata", [[], "text", 3, None])
def test_a_header_whose_metadata_is_no_table_is_refused(metadata):
    header = json.dumps({"__metadata__": metadata}).encode()
    with pytest.raises(ValueError, match=r"\w"):
        Ensemble.from_bytes(len(header).to_bytes(8, "little") + header)


def without_the_field(ensemble: Ensemble) -> bytes:
    """A model's bytes as they were written before a config said which measures it sees."""
    blob = ensemble.to_bytes()
    header = json.loads(blob[8 : 8 + int.from_bytes(blob[:8], "little")])
    about = json.loads(header["__metadata__"][FORMAT])
    del about["config"]["measures"]
    return safetensors.torch.save(safetensors.torch.load(blob), {FORMAT: json.dumps(about)})


def test_a_model_from_before_neighbours_goes_on_to_see_each_component_alone(
    components, recording, tiny_default
):
    alone = replace(tiny_default, measures="alone")
    earlier = cross_validate(components, recording.truth, alone).ensemble
    loaded = Ensemble.from_bytes(without_the_field(earlier))
    assert loaded.config == alone
    expected = earlier.predict(components)
    np.testing.assert_array_equal(loaded.predict(components), expected)
    # Who is around a component is nothing to it.
    moved = replace(components, centres_px=None, recordings=np.arange(60), measures=None)
    np.testing.assert_allclose(loaded.predict(moved), expected, atol=1e-5)
    assert Ensemble.from_bytes(loaded.to_bytes()).config == alone


def test_a_new_model_without_the_field_is_refused_and_not_given_other_columns(trained_default):
    with pytest.raises(ValueError, match="another shape"):
        Ensemble.from_bytes(without_the_field(trained_default.ensemble))


def test_masks_alone_are_enough_to_load(first_format):
    nothing = Components(np.zeros((0, 50, 50), np.float32))
    assert Ensemble.from_bytes(first_format).predict(nothing).shape == (0, 4)


def networks_apart(ensemble: Ensemble) -> bytes:
    """A model's bytes as they were when each of its small networks was stored on its own."""
    header = {FORMAT: json.dumps(description(ensemble))}
    tensors = {}
    for name, tensor in safetensors.torch.load(ensemble.to_bytes()).items():
        index, _, own = name.partition("/")
        part, _, what = own.removeprefix("networks.").rpartition(".")
        if not own.startswith("networks."):
            tensors[name] = tensor
            continue
        place = {"first": "1.0", "second": "3.0", "last": "5", "norms.0": "1.1", "norms.1": "3.1"}
        for number in range(3):
            if part.startswith("norms"):
                width = len(tensor) // 3 if tensor.ndim else 0
                value = tensor[number * width : (number + 1) * width] if tensor.ndim else tensor
            else:
                value = tensor[number].T if what == "weight" else tensor[number, 0]
            tensors[f"{index}/others.{number}.{place[part]}.{what}"] = value.clone().contiguous()
    return safetensors.torch.save(tensors, header)


def description(ensemble: Ensemble) -> dict[str, Any]:
    """What the header says of a model."""
    blob = ensemble.to_bytes()
    header = json.loads(blob[8 : 8 + int.from_bytes(blob[:8], "little")])
    about: dict[str, Any] = json.loads(header["__metadata__"][FORMAT])
    return about


def test_networks_that_were_stored_apart_predict_what_they_did(components, recording, tiny_default):
    config = replace(tiny_default, architecture="fusion", trees=3)
    ensemble = cross_validate(components, recording.truth, config).ensemble
    stored = networks_apart(ensemble)
    assert "0/others.2.3.1.running_var" in safetensors.torch.load(stored)
    loaded = Ensemble.from_bytes(stored)
    np.testing.assert_array_equal(loaded.predict(components), ensemble.predict(components))
    assert loaded.to_bytes() == ensemble.to_bytes()


@pytest.mark.parametrize("lost", ["0/others.1.3.0.weight", "1/others.0.1.1.running_mean"])
def test_networks_apart_that_lack_something_are_refused(components, recording, tiny_default, lost):
    config = replace(tiny_default, architecture="fusion")
    ensemble = cross_validate(components, recording.truth, config).ensemble
    tensors = safetensors.torch.load(networks_apart(ensemble))
    del tensors[lost]
    header = {FORMAT: json.dumps(description(ensemble))}
    with pytest.raises(ValueError, match="lack"):
        Ensemble.from_bytes(safetensors.torch.save(tensors, header))
