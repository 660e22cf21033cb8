"""Deep residual networks over images."""

from torch import nn

from classifier.config import RESNET_BLOCKS, TrainingConfig
from classifier.examples import channels_in
from classifier.layers import Dropout, ImageNet, Residual, convolution


class ResidualNet(ImageNet):
    """Identity shortcuts over pairs of convolutions. Source: He, Zhang, Ren and Sun (2016).

    A 3x3 stem with the stride of `stem_stride` in place of the paper's 7x7 and pooling, which
    would leave little of 50 pixels; a mean over the last grid.
    """

    def __init__(self, config: TrainingConfig) -> None:
        width = config.channels[0]
        layers: list[nn.Module] = [
            convolution(channels_in(config), width, config.kernel, config.stem_stride)
        ]
        for stage, blocks in enumerate(RESNET_BLOCKS[config.depth]):
            wider = config.channels[0] * 2**stage
            for block in range(blocks):
                stride = 2 if stage and block == 0 else 1
                layers.append(Residual(width, wider, config.kernel, stride))
                width = wider
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), Dropout(config.dropout)]
        super().__init__(nn.Sequential(*layers), nn.Linear(width, config.classes), config.window)
