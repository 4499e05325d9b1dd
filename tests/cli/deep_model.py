"""A model whose modules have long names, as those of large networks do: for the width of tables."""

import torch


class InvertedResidual(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.depthwise_convolution = torch.nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.pointwise_convolution = torch.nn.Conv2d(8, 8, 1)

    def forward(self, x):
        return x + self.pointwise_convolution(torch.nn.functional.hardswish(self.depthwise_convolution(x)))


class Deep(torch.nn.Module):
    """1x8x112x112 → the same."""

    def __init__(self):
        super().__init__()
        self.feature_extractor = torch.nn.Sequential(torch.nn.Sequential(InvertedResidual(), InvertedResidual()))

    def forward(self, x):
        return self.feature_extractor(x)
