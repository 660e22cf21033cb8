"""CaImAn's CNN is the one that its model file describes, and it learns."""

import numpy as np
import pytest
import torch

from benchmarks.caiman_cnn import SHAPE, UNIT_RMS, CaimanCnn, patches, predict, turned
from classifier.models import build_model

Y, X = np.mgrid[-25:25, -25:25]
DISC = np.exp(-((np.hypot(Y, X) / 6) ** 6))
LINE = np.exp(-((X / 1.5) ** 2)) * (np.abs(Y) < 12)


def test_its_layers_have_the_sizes_of_the_model_file():
    shapes = [tuple(weights.shape) for weights in build_model(SHAPE).parameters()]
    assert [shape for shape in shapes if len(shape) > 1] == [
        (32, 1, 3, 3), (32, 32, 3, 3), (64, 32, 3, 3), (64, 64, 3, 3), (512, 6400), (4, 512),
    ]  # fmt: skip


def test_a_patch_has_unit_norm_before_it_is_scaled_and_enlarged():
    found = patches(np.stack([DISC, 1000 * DISC])) / UNIT_RMS
    assert torch.allclose(found[0], found[1], atol=1e-6)
    # 42 pixels become 50, so the sum of squares grows by the square of that.
    assert float((found[0] ** 2).sum()) == pytest.approx((50 / 42) ** 2, rel=0.05)


def test_a_view_is_turned_and_mirrored_but_keeps_every_pixel():
    image = torch.arange(2500.0).reshape(1, 1, 50, 50)
    views = [turned(image, torch.Generator().manual_seed(seed)) for seed in range(8)]
    assert all(torch.equal(view.sort().values.sum(), image.sum()) for view in views)
    assert len({float(view[0, 0, 0, 0]) for view in views}) > 2


def test_it_learns_discs_from_lines():
    rng = np.random.default_rng(0)
    masks = np.stack([(DISC, LINE)[k % 2] for k in range(64)]) * rng.uniform(1, 2, (64, 1, 1))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = CaimanCnn(passes=6, batch_size=16)._train_one(
            patches(masks), torch.arange(64) % 2, torch.Generator().manual_seed(0)
        )
    assert predict(model, masks).argmax(axis=1).tolist() == [0, 1] * 32
