"""A small segmentation network: a MobileNet-like encoder, and a decoder that climbs back up over skip connections."""

import torch
from torch import nn


def convolution(inputs, outputs, kernel=1, stride=1, groups=1):
    padding = kernel // 2
    return [nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(outputs)]


class SqueezeExcite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, channels // 4, 1)
        self.expand = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x):
        attention = nn.functional.relu(self.reduce(self.pool(x)))
        return x * nn.functional.hardsigmoid(self.expand(attention))


class InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, attend, narrow; the input is added where nothing changed its shape."""

    def __init__(self, inputs, wide, outputs, kernel, stride):
        super().__init__()
        self.keeps_shape = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            *convolution(inputs, wide),
            nn.Hardswish(),
            *convolution(wide, wide, kernel, stride, groups=wide),
            nn.Hardswish(),
            SqueezeExcite(wide),
            *convolution(wide, outputs),
        )

    def forward(self, x):
        y = self.layers(x)
        return x + y if self.keeps_shape else y


class Context(nn.Module):
    """What stands where, weighed by what the whole picture holds (LR-ASPP)."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.features = nn.Sequential(*convolution(inputs, outputs), nn.ReLU())
        self.weights = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(inputs, outputs, 1), nn.Sigmoid())

    def forward(self, x):
        return self.features(x) * self.weights(x)


class Climb(nn.Module):
    """Doubles height and width, and adds the encoder's features of that size."""

    def __init__(self, inputs, skipped, outputs):
        super().__init__()
        self.skip = nn.Sequential(*convolution(skipped, inputs))
        self.blend = nn.Sequential(
            *convolution(inputs, inputs, 3, groups=inputs), nn.ReLU6(), *convolution(inputs, outputs), nn.ReLU()
        )

    def forward(self, x, skipped):
        x = nn.functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        return self.blend(x + self.skip(skipped))


class Segmentation(nn.Module):
    """Pictures (N, 3, H, W), RGB in 0..1, H and W multiples of 16, to the probability of each pixel: (N, 1, H, W)."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(*convolution(3, 16, 3, stride=2), nn.Hardswish())
        self.quarter = InvertedResidual(16, 32, 16, kernel=3, stride=2)
        self.eighth = nn.Sequential(
            InvertedResidual(16, 64, 24, kernel=5, stride=2), InvertedResidual(24, 64, 24, kernel=3, stride=1)
        )
        self.sixteenth = nn.Sequential(
            InvertedResidual(24, 96, 32, kernel=5, stride=2), InvertedResidual(32, 96, 32, kernel=5, stride=1)
        )
        self.context = Context(32, 32)
        self.to_eighth = Climb(32, 24, 24)
        self.to_quarter = Climb(24, 16, 16)
        self.to_half = Climb(16, 16, 16)
        self.mask = nn.ConvTranspose2d(16 + 16, 1, kernel_size=2, stride=2)

    def forward(self, picture):
        half = self.stem(picture * 2.0 - 1.0)
        quarter = self.quarter(half)
        eighth = self.eighth(quarter)
        x = self.context(self.sixteenth(eighth))
        x = self.to_eighth(x, eighth)
        x = self.to_quarter(x, quarter)
        x = self.to_half(x, half)
        return torch.sigmoid(self.mask(torch.cat((x, half), dim=1)))
