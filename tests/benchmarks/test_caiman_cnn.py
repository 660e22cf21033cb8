"""CaImAn's CNN is the one that its model file describes."""

import numpy as np
import pytest
import torch

from benchmarks.caiman_cnn import caiman_patches, caiman_shape

Y, X = np.mgrid[-25:25, -25:25]
DISC = np.exp(-((np.hypot(Y, X) / 6) ** 6))


def test_its_layers_have_the_sizes_of_the_model_file():
    shapes = [tuple(weights.shape) for weights in caiman_shape(2).parameters() if weights.ndim > 1]
    assert shapes == [
        (32, 1, 3, 3), (32, 32, 3, 3), (64, 32, 3, 3), (64, 64, 3, 3), (512, 6400), (2, 512),
    ]  # fmt: skip


def test_it_gives_four_log_probabilities():
    with torch.inference_mode():
        found = caiman_shape().eval()(torch.rand(3, 1, 50, 50))
    assert found.exp().sum(dim=1).numpy() == pytest.approx(np.ones(3), abs=1e-5)


def test_a_patch_is_cut_scaled_and_enlarged():
    patches = caiman_patches(np.stack([DISC, 1000 * DISC]), gsig_px=4)
    assert patches.shape == (2, 1, 50, 50)
    assert torch.allclose(patches[0], patches[1], atol=1e-6)
    # 34 pixels become 50, so the disc's radius of 6 becomes almost 9.
    radius = float(np.sqrt((patches[0, 0] > patches[0].max() / 2).sum().item() / np.pi))
    assert radius == pytest.approx(6 * 50 / 34 * 0.94, rel=0.05)
