"""A small model in integers, with scales that can be written down."""

import torch
from torch.ao.nn import quantized


class Quantized(torch.nn.Module):
    """1x3x8x8 → 1x4x8x8: quantize, convolution, dequantize."""

    def __init__(self):
        super().__init__()
        self.quantize = quantized.Quantize(torch.tensor([0.02]), torch.tensor([100]), torch.quint8)
        self.conv = quantized.Conv2d(3, 4, 3, padding=1)
        weight = torch.quantize_per_tensor(torch.randn(4, 3, 3, 3) / 4, 0.01, 0, torch.qint8)
        self.conv.set_weight_bias(weight, torch.randn(4))
        self.conv.scale, self.conv.zero_point = 0.03, 90
        self.dequantize = quantized.DeQuantize()

    def forward(self, x):
        return self.dequantize(self.conv(self.quantize(x)))


class Scores(torch.nn.Module):
    """1x3 → 1x3: the same numbers, in steps of 0.02."""

    def __init__(self):
        super().__init__()
        self.quantize = quantized.Quantize(torch.tensor([0.02]), torch.tensor([100]), torch.quint8)
        self.linear = quantized.Linear(3, 3)
        self.linear.set_weight_bias(torch.quantize_per_tensor(torch.eye(3), 0.01, 0, torch.qint8), torch.zeros(3))
        self.linear.scale, self.linear.zero_point = 0.02, 100
        self.dequantize = quantized.DeQuantize()

    def forward(self, x):
        return self.dequantize(self.linear(self.quantize(x)))
