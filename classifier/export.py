"""An ensemble as one ONNX graph: raw masks in, probabilities out.

Everything that lies between is in the graph: the preparation of the masks, all networks, their
mean, the calibration. So whoever runs it, in Fiji or elsewhere, has nothing of this to repeat.
"""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import version_converter
from torch import nn

from classifier.classes import CODES, DOUBTFUL, NAMES
from classifier.config import TrainingConfig
from classifier.doubt import Doubt
from classifier.ensemble import Ensemble, in_folds
from classifier.inputs import Components
from classifier.prepare_graph import PrepareCaiman, PrepareMasks
from classifier.simulate import SimulationConfig, simulate_recording

INPUT, OUTPUT = "masks", "probabilities"
OPSET, IR_VERSION = 17, 8
"""What ONNX Runtime has read since 1.12, of 2022: Fiji's plugins bring older ones than Python."""
TOLERANCE = 1e-4
"""How far the graph's probabilities may lie from the ensemble's own."""

_EXAMPLES = SimulationConfig(components=48, frames=2, field_shape_px=(160, 160))
_EXPORTED_OPSET = 18
"""The lowest that torch's exporter writes."""
_CHATTY = ("torch.onnx._internal.exporter._registration", "onnx_ir", "onnxscript")
_LARGEST = float(np.finfo(np.float32).max)


def to_onnx(ensemble: Ensemble) -> bytes:
    """The ensemble as an ONNX model, whose answers were compared with the ensemble's own.

    It is of opset 17 and IR version 8, which runtimes of 2022 read.
    Input `masks`: (batch, 1, 50, 50) float32 of any intensity scale. What is negative or not a
    number counts as 0. Output `probabilities`: (batch, 4) float32, in the order of the codes; a
    mask that is all zero, of which nothing can be said, gets the same for each class that was
    trained. The model's metadata hold classes, configuration and versions.
    Raises ValueError for a model that looks at more than the mask, and where the graph's answers
    are further than 1e-4 from the ensemble's.
    """
    check_exportable(ensemble.config)
    graph = _Graph(ensemble).eval()
    example = torch.from_numpy(example_masks(3))
    with _quiet():
        program = torch.onnx.export(
            graph,
            (example,),
            dynamo=True,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes={INPUT: {0: torch.export.Dim("batch")}},
            opset_version=_EXPORTED_OPSET,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export gave no program")
    program.model.metadata_props.update(_about(ensemble))
    model: bytes = _for_older_runtimes(program.model_proto).SerializeToString()
    _compare(model, ensemble)
    return model


def check_exportable(config: TrainingConfig) -> None:
    """Raises ValueError where a mask alone does not suffice for a prediction."""
    if config.measured or config.inputs != ("mask",):
        raise ValueError(
            f"A model of the architecture {config.architecture!r} with the inputs "
            f"{', '.join(config.inputs)} looks at more than a mask, so a file that is given masks "
            "alone cannot hold it."
        )


def run_onnx(model: bytes, masks: NDArray[np.float32]) -> NDArray[np.float32]:
    """(batch, 4) what the exported model says of masks (batch, 1, 50, 50)."""
    options = onnxruntime.SessionOptions()
    # It is run on a few masks only, beside others that use the cores.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run([OUTPUT], {INPUT: masks})[0])


def example_masks(count: int) -> NDArray[np.float32]:
    """(count, 1, 50, 50) simulated masks, the same ones each time; at most 48."""
    masks = simulate_recording(_EXAMPLES, seed=0).masks[:count]
    return np.asarray(masks[:, None], dtype=np.float32)


class _Graph(nn.Module):
    """What `Ensemble.predict` does, in operations that ONNX has."""

    def __init__(self, ensemble: Ensemble) -> None:
        super().__init__()
        config = ensemble.config
        self.prepare = PrepareCaiman() if config.preparation == "caiman" else PrepareMasks()
        self.folds = nn.ModuleList(
            nn.ModuleList(members) for members in in_folds(ensemble.load(), config.members)
        )
        self.temperature = ensemble.calibration.temperature
        self.offsets: torch.Tensor
        offsets = ensemble.calibration.offsets[: config.classes]
        self.register_buffer("offsets", torch.tensor(offsets))
        self.doubt = ensemble.doubt
        codes = CODES[: config.classes]
        self.absent: torch.Tensor
        self.register_buffer("absent", ~_among(codes, ensemble.trained_codes))
        answers = (*ensemble.trained_codes, *([DOUBTFUL] if ensemble.doubt else []))
        possible = _among(CODES, answers).float()
        self.undecided: torch.Tensor
        self.register_buffer("undecided", possible / possible.sum())

    def forward(self, masks: torch.Tensor) -> torch.Tensor:
        """(batch, 1, 50, 50) raw masks to (batch, 4) probabilities."""
        # A comparison with NaN is false, so NaN becomes 0 too.
        masks = torch.where(masks > 0, masks, 0.0).clamp(max=_LARGEST)
        images = self.prepare(masks)
        found = torch.stack([self._of_fold(members, images) for members in self.folds]).mean(dim=0)
        return torch.where(masks.flatten(1).amax(dim=1, keepdim=True) > 0, found, self.undecided)

    def _of_fold(self, members: nn.Module, images: torch.Tensor) -> torch.Tensor:
        no_measures = images.new_zeros((images.shape[0], 0))
        assert isinstance(members, nn.ModuleList)
        logs = torch.stack([model(images, no_measures) for model in members])
        # The members' mean is of probabilities; its constant factor does not outlive the softmax.
        logs = logs.logsumexp(dim=0) / self.temperature + self.offsets
        probabilities = logs.masked_fill(self.absent, -torch.inf).softmax(dim=1)
        return probabilities if self.doubt is None else _spread(self.doubt, probabilities)


def _for_older_runtimes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph in OPSET and IR_VERSION."""
    for node in model.graph.node:
        # The converter knows these by axes alone. torch always names the axes, and where they are
        # named the attribute means nothing; ReduceSum has had it since opset 13.
        if node.op_type.startswith("Reduce") and node.op_type != "ReduceSum":
            kept = [one for one in node.attribute if one.name != "noop_with_empty_axes"]
            del node.attribute[:]
            node.attribute.extend(kept)
    converted = version_converter.convert_version(model, OPSET)
    converted.ir_version = IR_VERSION
    onnx.checker.check_model(converted, full_check=True)
    return converted


def _among(codes: tuple[int, ...], some: tuple[int, ...]) -> torch.Tensor:
    return torch.tensor([code in some for code in codes])


def _spread(doubt: Doubt, probabilities: torch.Tensor) -> torch.Tensor:
    """`Doubt.spread` in torch."""
    logs = torch.where(probabilities > 0, probabilities, 1.0).log()
    entropy = -(probabilities * logs).sum(dim=1, keepdim=True)
    chance = torch.sigmoid(doubt.offset + doubt.slope * entropy)
    return torch.cat([probabilities * (1 - chance), chance], dim=1)


def _about(ensemble: Ensemble) -> dict[str, str]:
    """What the model's metadata say; ONNX takes text only."""
    return {
        "somata.classes": json.dumps(dict(zip(map(str, CODES), NAMES, strict=True))),
        "somata.trained_codes": json.dumps(list(ensemble.trained_codes)),
        "somata.temperature": repr(ensemble.calibration.temperature),
        "somata.offsets": json.dumps(list(ensemble.calibration.offsets)),
        "somata.config": json.dumps(ensemble.config.to_dict()),
        "somata.versions": json.dumps(ensemble.versions),
    }


def _compare(model: bytes, ensemble: Ensemble) -> None:
    masks = example_masks(_EXAMPLES.components)
    # Neither scale nor batch size may matter: an extraction's units are its own.
    scales = 10.0 ** np.linspace(-3, 4, len(masks), dtype=np.float32)
    masks = masks * scales[:, None, None, None]
    own = ensemble.predict(Components(masks[:, 0]))
    alone = run_onnx(model, masks[:1])
    apart = max(
        float(np.abs(run_onnx(model, masks) - own).max()), float(np.abs(alone - own[:1]).max())
    )
    if not apart <= TOLERANCE:
        raise ValueError(
            f"The exported model's probabilities are up to {apart:.2g} from the run's own, and "
            f"{TOLERANCE:g} is allowed. It was not kept. Versions of torch and ONNX that do not "
            "fit each other may be why."
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's remarks on its own insides and on packages that nobody needs here."""
    loggers = [logging.getLogger(name) for name in _CHATTY]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)
