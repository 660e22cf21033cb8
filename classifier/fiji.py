"""A trained ensemble as a package that Fiji's deepImageJ installs.

The package is a zip by the model specification of bioimage.io, version 0.5: the ONNX graph of
`export`, a mask to test it on with the answer that it must give, and what a person has to know.
"""

import gc
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from bioimageio.spec import InvalidDescr, ValidationContext, load_description
from bioimageio.spec import save_bioimageio_package as save_package
from bioimageio.spec.model import v0_5
from PIL import Image

from classifier.classes import CODES, MASK_SIZE_PX, NAMES
from classifier.ensemble import Ensemble
from classifier.export import INPUT, OPSET, OUTPUT, TOLERANCE, example_masks, run_onnx

TESTED_ON = 1
"""Masks in the test: deepImageJ hands over one image at a time."""

_COVER_ROWS, _COVER_COLUMNS, _COVER_ZOOM = 3, 6, 2
_LICENSE = "BSD-3-Clause"
_PAPERS = {
    "resnet": ("He et al., Deep residual learning for image recognition", "10.1109/CVPR.2016.90"),
    "vgg": (
        "Simonyan and Zisserman, Very deep convolutional networks for large-scale image "
        "recognition",
        "10.48550/arXiv.1409.1556",
    ),
}
_CAIMAN = (
    "Giovannucci et al., CaImAn: an open source tool for scalable calcium imaging data analysis",
    "10.7554/eLife.38173",
)


@dataclass(frozen=True)
class Card:
    """What is said of a model to whoever gets it.

    name: letters, digits, spaces, -, _ and parentheses. origin: a sentence on where it comes from.
    labels: how many components it was trained on. metrics: out of fold, as `cross_validate` has
    them; what is missing is left out.
    """

    name: str
    origin: str
    labels: int | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)


def to_fiji(model: bytes, ensemble: Ensemble, card: Card) -> bytes:
    """The zip that deepImageJ installs, after bioimageio.spec has checked it.

    model: what `to_onnx` made of the ensemble.
    Raises ValueError with its reasons where the checker refuses the package.
    """
    masks = example_masks(TESTED_ON)
    with TemporaryDirectory() as folder, _quiet(), _offline(Path(folder)):
        here = Path(folder)
        (here / "weights.onnx").write_bytes(model)
        np.save(here / "test_input.npy", masks)
        np.save(here / "test_output.npy", run_onnx(model, masks))
        (here / "cover.png").write_bytes(_cover())
        (here / "README.md").write_text(documentation(ensemble, card), "utf-8")
        described = _describe(here, ensemble.config.architecture, card.name)
        package = save_package(described, output_path=here / "package.zip")
        check_package(package)
        return package.read_bytes()


def check_package(package: Path) -> None:
    """Raises ValueError with what the checker of bioimageio.spec finds wrong with a zip."""
    read = load_description(package, format_version="discover")
    if isinstance(read, InvalidDescr) or read.validation_summary.status == "failed":
        reasons = [error.msg for one in read.validation_summary.details for error in one.errors]
        raise ValueError(f"The checker of bioimageio.spec refuses it: {'; '.join(reasons)}")


def documentation(ensemble: Ensemble, card: Card) -> str:
    """The package's README: what goes in and out, how good it is, what it cannot do."""
    config = ensemble.config
    classes = ", ".join(f"{code} {name}" for code, name in zip(CODES, NAMES, strict=True))
    trained = ", ".join(NAMES[code - 1] for code in ensemble.trained_codes)
    labels = "labels" if card.labels is None else f"{card.labels:,} labels"
    return f"""# {card.name}

{card.origin} It sorts the components that a source extraction found in a calcium-imaging movie.

## What goes in and out

- Input `{INPUT}`: one mask a component, {MASK_SIZE_PX}x{MASK_SIZE_PX} pixels around its centre of
  mass (row {MASK_SIZE_PX // 2}, column {MASK_SIZE_PX // 2}, counted from 0), 32-bit, in any unit.
  The model scales it itself: do not normalise. Pixels that are negative or not a number count as 0.
- Output `{OUTPUT}`: four probabilities that sum to 1, in this order: {classes}. A mask that is
  all zero, of which nothing can be said, gets the same for every class that was trained.

## What it is

The mean of {len(ensemble.models)} networks ({config.architecture}), calibrated by a temperature of
{ensemble.calibration.temperature:.3f} and an offset for each class, in one ONNX graph of opset
{OPSET}. Trained on {labels} of these classes: {trained}.

## In Fiji

Install this file with Plugins > DeepImageJ > DeepImageJ Install Model, as a local file. Open a
mask of {MASK_SIZE_PX}x{MASK_SIZE_PX} pixels and choose the model in DeepImageJ Run. The answer has
four values, one a class.

## Validation

{_measured(card.metrics)}
Before it was written, the graph was run on simulated masks: its probabilities differ from those of
the trained networks by at most {TOLERANCE:g}. The package was checked with bioimageio.spec, and
holds a mask with the answer to it. How right it is on other recordings only their own labels can
tell: label some, and compare.

## Limits

It sees the mask alone: no trace and no surroundings, so it is less right than a model that sees
them. It learned from one lab's labels, microscope and source extraction; on others it may err more
than its probabilities say. A neuron should measure about as many pixels across as
in the recordings that it learned from.

## License

{_LICENSE}, as Somata's own code. The recordings and labels that it learned from are not in it. A
lab that shares its model on other terms changes `license` in `rdf.yaml`.
"""


def _measured(metrics: Mapping[str, Any]) -> str:
    """How good it was on labels that it had not seen."""
    shown = {
        "accuracy": "accuracy",
        "macro_f1": "macro F1",
        "calibration_error": "calibration error",
    }
    parts = [f"{word} {metrics[name]:.3f}" for name, word in shown.items() if name in metrics]
    if not parts:
        return "How it did out of fold was not kept.\n"
    lines = [
        "Out of fold, where every labeled component was judged by networks that had not seen it: "
        f"{', '.join(parts)}.\n"
    ]
    classes: Mapping[str, Any] = metrics.get("classes") or {}
    if classes:
        lines += ["| class | labeled | precision | recall |", "|---|---|---|---|"]
    for code, name in zip(CODES, NAMES, strict=True):
        if str(code) in classes:
            own = classes[str(code)]
            figures = " | ".join(_share(own[key]) for key in ("precision", "recall"))
            lines.append(f"| {name} | {own['support']:,} | {figures} |")
    return "\n".join([*lines, ""])


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _offline(folder: Path) -> ValidationContext:
    """Files are checked, and nothing is looked up in the network: the package names no URL."""
    return ValidationContext(root=folder, disable_cache=True, log_warnings=False, progressbar=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the checker's remarks on how it reads its own zips, and on files it leaves open."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Found mapping with 'source'", UserWarning)
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        # Those files are closed here, and not at a time when somebody else would hear of it.
        gc.collect()


def _describe(folder: Path, architecture: str, name: str) -> v0_5.ModelDescr:
    text, doi = _PAPERS.get(architecture, _CAIMAN)
    authors = [v0_5.Author(name="The Somata authors")]
    return v0_5.ModelDescr(
        name=name,
        description="Sorts the masks of calcium-imaging components into neuron, process, noise "
        "and doubtful neuron.",
        authors=authors,
        cite=[v0_5.CiteEntry(text=text, doi=v0_5.Doi(doi))],
        license=v0_5.LicenseId(_LICENSE),
        documentation=v0_5.FileDescr(source=folder / "README.md"),
        covers=[v0_5.FileDescr(source=folder / "cover.png")],
        tags=["calcium-imaging", "neuron", "classification", "2d", "onnx", "somata", "deepimagej"],
        inputs=[_input(folder)],
        outputs=[_output(folder)],
        weights=v0_5.WeightsDescr(
            onnx=v0_5.OnnxWeightsDescr(
                source=folder / "weights.onnx", opset_version=OPSET, authors=authors
            )
        ),
        config=v0_5.Config(
            bioimageio=v0_5.BioimageioConfig(
                reproducibility_tolerance=[
                    v0_5.ReproducibilityTolerance(absolute_tolerance=TOLERANCE)
                ]
            )
        ),
    )


def _input(folder: Path) -> v0_5.InputTensorDescr:
    return v0_5.InputTensorDescr(
        id=v0_5.TensorId(INPUT),
        description="A component's mask, its centre of mass in row 25, column 25; any unit.",
        axes=[
            v0_5.BatchAxis(),
            v0_5.ChannelAxis(channel_names=[v0_5.Identifier("weight")]),
            v0_5.SpaceInputAxis(id=v0_5.AxisId("y"), size=MASK_SIZE_PX),
            v0_5.SpaceInputAxis(id=v0_5.AxisId("x"), size=MASK_SIZE_PX),
        ],
        test_tensor=v0_5.FileDescr(source=folder / "test_input.npy"),
    )


def _output(folder: Path) -> v0_5.OutputTensorDescr:
    names = [v0_5.Identifier(name.replace(" ", "_")) for name in NAMES]
    return v0_5.OutputTensorDescr(
        id=v0_5.TensorId(OUTPUT),
        description="The probability of each class; they sum to 1.",
        axes=[v0_5.BatchAxis(), v0_5.ChannelAxis(channel_names=names)],
        test_tensor=v0_5.FileDescr(source=folder / "test_output.npy"),
    )


def _cover() -> bytes:
    """A PNG, twice as wide as high, of simulated masks."""
    masks = example_masks(_COVER_ROWS * _COVER_COLUMNS)[:, 0]
    shown = np.sqrt(masks / masks.max(axis=(1, 2), keepdims=True))
    side = MASK_SIZE_PX
    grid = shown.reshape(_COVER_ROWS, _COVER_COLUMNS, side, side).swapaxes(1, 2)
    pixels = (255 * grid.reshape(_COVER_ROWS * side, _COVER_COLUMNS * side)).astype(np.uint8)
    size = (_COVER_COLUMNS * side * _COVER_ZOOM, _COVER_ROWS * side * _COVER_ZOOM)
    written = BytesIO()
    Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST).save(written, "PNG")
    return written.getvalue()
