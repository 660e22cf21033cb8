"""CaImAn's component classifier, as a peer: its exact shape and preparation, with four classes.

The layers are those of `model/cnn_model.json` in flatironinstitute/CaImAn (Giovannucci et al.,
eLife 2019), which its `cnn_model_keras` and `cnn_model_pytorch` build too; only the last layer
has four outputs instead of two. The weights are trained here, on the same labels as all others.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from benchmarks.contenders import FoldModels, Predictor, Trained
from benchmarks.simulated import Fields, Probabilities
from classifier.classes import CLASSES, MASK_SIZE_PX, columns_of
from classifier.folds import FoldPlan
from classifier.inputs import Components

PATCH_PX = 50
UNIT_RMS = 50.0
"""What a patch of unit norm is multiplied by to have a root mean square of 1."""


def caiman_shape(classes: int = CLASSES) -> nn.Sequential:
    """(batch, 1, 50, 50) float32 to (batch, classes) log-probabilities."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 32, 3),
            relu1=nn.ReLU(inplace=True),
            conv2=nn.Conv2d(32, 32, 3),
            relu2=nn.ReLU(inplace=True),
            pool1=nn.MaxPool2d(2),
            drop1=nn.Dropout(0.25),
            conv3=nn.Conv2d(32, 64, 3, padding=1),
            relu3=nn.ReLU(inplace=True),
            conv4=nn.Conv2d(64, 64, 3),
            relu4=nn.ReLU(inplace=True),
            pool2=nn.MaxPool2d(2),
            drop2=nn.Dropout(0.25),
            flatten=nn.Flatten(),
            fc1=nn.Linear(64 * 10 * 10, 512),
            relu5=nn.ReLU(inplace=True),
            drop3=nn.Dropout(0.5),
            fc2=nn.Linear(512, classes),
            log_softmax=nn.LogSoftmax(dim=1),
        )
    )


def caiman_patches(masks: NDArray[np.floating], gsig_px: float = 5.0) -> torch.Tensor:
    """Masks as `evaluate_components_CNN` cuts and scales them.

    masks: (components, 50, 50), the centre of mass at row 25, column 25.
    gsig_px: CaImAn's half size of a neuron; half the window is min(4 gSig + 1, 50) pixels.
    Returns (components, 1, 50, 50) float32, each crop of unit L2 norm before the bilinear resize.
    """
    half = min(int(4 * gsig_px + 1), MASK_SIZE_PX // 2)
    middle = MASK_SIZE_PX // 2
    crops = np.asarray(masks, dtype=np.float32)[
        :, middle - half : middle + half, middle - half : middle + half
    ]
    norms = np.sqrt((crops.astype(np.float64) ** 2).sum(axis=(1, 2)))
    scaled = crops / np.maximum(norms, 1e-12)[:, None, None].astype(np.float32)
    return functional.interpolate(
        torch.from_numpy(scaled)[:, None],
        size=(PATCH_PX, PATCH_PX),
        mode="bilinear",
        align_corners=False,
    )


@dataclass(frozen=True)
class CaimanCnn:
    """CaImAn's CNN with its preparation, trained from scratch with turned and mirrored views.

    CaImAn's own training takes 128 examples a step over a hundred passes. Two things get as far
    in fewer, so that the peer is as strong as it can be in the time: a one-cycle schedule, and
    patches scaled up to a root mean square of 1, without which the first layers hardly learn (6
    passes: macro F1 0.64 instead of 0.49). bfloat16 where the processor has it: twice as fast.
    """

    passes: int = 10
    batch_size: int = 128
    learning_rate: float = 1e-3
    name: str = "CaImAn's CNN, four classes"
    inputs: str = "mask"
    most_seeds: int = 1

    def train(self, fields: Fields, plan: FoldPlan, seed: int) -> Trained:
        """See `Contender.train`."""
        patches = caiman_patches(fields.components.masks) * UNIT_RMS
        targets = torch.from_numpy(columns_of(fields.labels))
        predictors = []
        for fold in range(plan.folds):
            rows = torch.from_numpy(np.flatnonzero(plan.fold_of != fold))
            generator = torch.Generator().manual_seed(seed * 100 + fold)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed * 100 + fold)
                model = self._train_one(patches[rows], targets[rows], generator)
            predictors.append(_predictor(model))
        return FoldModels.tested(predictors, fields, plan.fold_of)

    def _train_one(
        self, patches: torch.Tensor, targets: torch.Tensor, generator: torch.Generator
    ) -> nn.Module:
        model = caiman_shape()
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks this form
        optimizer = torch.optim.AdamW(model.parameters(), lr=self.learning_rate)
        per_pass = -(-len(patches) // self.batch_size)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=self.passes * per_pass
        )
        model.train()
        for _ in range(self.passes):
            for rows in torch.randperm(len(patches), generator=generator).split(self.batch_size):
                views = turned(patches[rows], generator)
                with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
                    said = model(views.contiguous(memory_format=torch.channels_last))
                loss = functional.nll_loss(said.float(), targets[rows])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                schedule.step()
        return model.eval()


def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself."""
    return torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001  # torch has no public name for it


def turned(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """The images of a batch, all turned by the same quarter turns and perhaps mirrored."""
    turns, mirror = torch.randint(0, 4, (2,), generator=generator).tolist()
    views = torch.rot90(images, turns, (2, 3))
    return views.flip(3) if mirror < 2 else views


def _predictor(model: nn.Module) -> Predictor:
    def predict(components: Components) -> Probabilities:
        with torch.inference_mode():
            parts = [
                model(batch.contiguous(memory_format=torch.channels_last)).double().exp()
                for batch in (caiman_patches(components.masks) * UNIT_RMS).split(256)
            ]
        found = torch.cat(parts).numpy()
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    return predict
