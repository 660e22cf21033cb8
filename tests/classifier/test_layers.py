"""The parts of the architectures."""

from copy import deepcopy

import pytest
import torch

from classifier.layers import Dropout, Residual, convolution, hand_generator


@pytest.mark.parametrize("side", [50, 25])
def test_a_narrow_block_has_the_gradients_of_plain_arithmetic(side):
    # In double precision torch computes without oneDNN, whose strided kernels overran here.
    torch.manual_seed(0)
    block = Residual(4, 8, 3, 2)
    exact = deepcopy(block).double()
    block.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # as in build_model
    images = torch.rand(16, 4, side, side)
    block(images.contiguous(memory_format=torch.channels_last)).square().mean().backward()
    exact(images.double()).square().mean().backward()
    for one, other in zip(block.parameters(), exact.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        torch.testing.assert_close(one.grad.double(), other.grad, rtol=1e-3, atol=1e-5)


def test_a_block_halves_the_grid_and_keeps_an_identity_where_nothing_changes():
    images = torch.rand(2, 4, 25, 25)
    assert Residual(4, 8, 3, 2)(images).shape == (2, 8, 13, 13)
    assert isinstance(Residual(4, 4, 3, 1).shortcut, torch.nn.Identity)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_normalisation_folded_into_its_convolution_is_the_same_sum(stride):
    torch.manual_seed(0)
    block = convolution(3, 8, 5, stride)
    images = torch.rand(16, 3, 50, 50)
    before = block(images)
    norm = block[1]
    assert isinstance(norm, torch.nn.BatchNorm2d)
    torch.nn.init.uniform_(norm.weight, 0.5, 2)
    torch.nn.init.uniform_(norm.bias, -1, 1)
    block(images * 3)
    expected = norm.eval()(block[0](images)).relu()
    assert (expected - before).abs().max() > 0.1
    torch.testing.assert_close(block.eval()(images), expected, rtol=1e-5, atol=1e-5)


def test_dropout_draws_from_its_own_generator_alone():
    layer = Dropout(0.5)
    ones = torch.ones(1000)
    hand_generator(layer, torch.Generator().manual_seed(1))
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = layer(ones)
    assert torch.equal(torch.rand(2), expected)
    hand_generator(layer, torch.Generator().manual_seed(1))
    assert torch.equal(layer(ones), first)
    assert set(first.tolist()) == {0.0, 2.0}
    assert torch.equal(layer.eval()(ones), ones)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_dropout_drops_its_share_of_every_place_and_keeps_the_mean(share):
    drop = Dropout(share)
    drop.generator = torch.Generator().manual_seed(3)
    # Eight values share a draw, and each must be as likely to go as any.
    found = drop(torch.ones(40_000, 8))
    assert (found == 0).float().mean(dim=0).tolist() == pytest.approx([share] * 8, abs=0.012)
    assert found.mean().item() == pytest.approx(1, abs=0.01)
    assert drop(torch.ones(3, 7, 5, 1)).shape == (3, 7, 5, 1)
