"""CaImAn's component classifier as a peer: its exact shape and preparation, with four classes.

Shape and preparation are the classifier's own (`models.caiman`, `prepare_caiman`); the weights are
trained here, plainly, on the same labels as all others.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from benchmarks.contenders import FoldModels, Predictor, Trained
from benchmarks.simulated import Fields, Probabilities
from classifier.classes import columns_of
from classifier.config import TrainingConfig
from classifier.folds import FoldPlan
from classifier.inputs import Components
from classifier.layers import Classifier
from classifier.models import build_model
from classifier.prepare import prepare_caiman

SHAPE = TrainingConfig(architecture="caiman", preparation="caiman", inputs=("mask",))
UNIT_RMS = 50.0
"""What a patch of 50x50 pixels and unit norm is multiplied by to have a root mean square of 1."""


def patches(masks: NDArray[np.floating]) -> torch.Tensor:
    """(components, 1, 50, 50) CaImAn's patches at a scale that the layers learn from."""
    return prepare_caiman(masks) * UNIT_RMS


def log_probabilities(model: Classifier, images: torch.Tensor) -> torch.Tensor:
    """(batch, 4) of patches; the network looks at no measures."""
    numbers = torch.zeros((len(images), 0))
    said: torch.Tensor = model(images.contiguous(memory_format=torch.channels_last), numbers)
    return said


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
        images = patches(fields.components.masks)
        targets = torch.from_numpy(columns_of(fields.labels))
        predictors = []
        for fold in range(plan.folds):
            rows = torch.from_numpy(np.flatnonzero(plan.fold_of != fold))
            generator = torch.Generator().manual_seed(seed * 100 + fold)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed * 100 + fold)
                model = self._train_one(images[rows], targets[rows], generator)
            predictors.append(_predictor(model))
        return FoldModels.tested(predictors, fields, plan.fold_of)

    def _train_one(
        self, images: torch.Tensor, targets: torch.Tensor, generator: torch.Generator
    ) -> Classifier:
        model = build_model(SHAPE)
        optimizer = torch.optim.AdamW(model.parameters(), lr=self.learning_rate)
        per_pass = -(-len(images) // self.batch_size)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=self.passes * per_pass
        )
        model.train()
        for _ in range(self.passes):
            for rows in torch.randperm(len(images), generator=generator).split(self.batch_size):
                with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
                    said = log_probabilities(model, turned(images[rows], generator))
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


def predict(model: Classifier, masks: NDArray[np.floating], batch: int = 256) -> Probabilities:
    """(components, 4) of raw masks, so many at a time."""
    with torch.inference_mode():
        parts = [log_probabilities(model, images) for images in patches(masks).split(batch)]
    found = torch.cat(parts).double().exp().numpy()
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _predictor(model: Classifier) -> Predictor:
    def of(components: Components) -> Probabilities:
        return predict(model, components.masks)

    return of
