"""The preparation of masks once more, in operations that an ONNX graph can hold.

`prepare` has the original and its reasons; `export` compares what the two lead to.
"""

import torch
from torch import nn
from torch.nn import functional

from classifier.classes import MASK_SIZE_PX
from classifier.prepare import BRIGHT_QUANTILE, CEILING, caiman_window

_BRIGHT_PERCENT = round(100 * BRIGHT_QUANTILE)


class PrepareMasks(nn.Module):
    """`prepare_masks`."""

    def forward(self, masks: torch.Tensor) -> torch.Tensor:
        """(batch, 1, 50, 50), not negative, to the same shape; a mask that is all zero stays so."""
        flat = masks.flatten(1)
        brightest_first, _ = flat.sort(dim=1, descending=True)
        last = ((flat > 0).sum(dim=1, keepdim=True) - 1).clamp(min=0)
        # In whole numbers, where the floor of a product cannot differ from machine to machine.
        rank = last - torch.div(last * _BRIGHT_PERCENT, 100, rounding_mode="floor")
        scale = brightest_first.gather(1, rank)
        scale = torch.where(scale > 0, scale, 1.0)[:, :, None, None]
        return (masks / scale).clamp(max=CEILING).sqrt()


class PrepareCaiman(nn.Module):
    """`prepare_caiman`."""

    def forward(self, masks: torch.Tensor) -> torch.Tensor:
        """(batch, 1, 50, 50), not negative, to the same shape; a mask that is all zero stays so."""
        window = caiman_window()
        crops = masks[:, :, window, window]
        # Squares of float32 overflow from 1e19 on; of shares of the largest they do not.
        crops = crops / crops.amax(dim=(2, 3), keepdim=True).clamp(min=1e-30)
        norms = (crops**2).sum(dim=(2, 3), keepdim=True).sqrt().clamp(min=1e-12)
        size = (MASK_SIZE_PX, MASK_SIZE_PX)
        return functional.interpolate(crops / norms, size=size, mode="bilinear")
