"""Small networks of what each PyTorch writes in its own way, one class each, and the forms that they are saved in."""

from dataclasses import dataclass
from typing import Tuple

import torch
from torch import nn
from torch.nn import functional as F

HAS_LANCZOS = hasattr(torch.ops.aten, "_upsample_lanczos2d_aa")


class Norms(nn.Module):
    def __init__(self):
        super().__init__()
        self.batch, self.group, self.instance = nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.InstanceNorm2d(4)
        self.layer, self.rms, self.plain = nn.LayerNorm(5), nn.RMSNorm(5), nn.RMSNorm([4, 5], elementwise_affine=False)

    def forward(self, x):
        x = self.group(self.batch(x)) + self.instance(x)
        return self.layer(x), self.rms(x), self.plain(x)


class Attention(nn.Module):
    """Six forms; the mask leaves the last query nothing to attend to."""

    def __init__(self):
        super().__init__()
        mask = torch.ones(5, 5, dtype=torch.bool).tril()
        mask[4] = False
        self.register_buffer("mask", mask)
        self.register_buffer("bias", torch.randn(5, 5))

    def forward(self, q, k):
        shared = F.scaled_dot_product_attention(q, k[:, :2], k[:, 2:], enable_gqa=True)
        return (F.scaled_dot_product_attention(q, k, k), F.scaled_dot_product_attention(q, k, q, is_causal=True),
                F.scaled_dot_product_attention(q, k, q, attn_mask=self.mask),
                F.scaled_dot_product_attention(q, k, q, attn_mask=self.bias),
                F.scaled_dot_product_attention(q, k, q, scale=0.3), shared)


class GptBlock(nn.Module):
    """One step of a language model: rotated places, keys and values of the steps before, gates."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.RMSNorm(16), nn.RMSNorm(16)
        self.qkv, self.out = nn.Linear(16, 48, bias=False), nn.Linear(16, 16, bias=False)
        self.gate, self.up, self.down = nn.Linear(16, 24), nn.Linear(16, 24), nn.Linear(24, 16)
        angles = torch.outer(torch.arange(6.0), torch.tensor([1.0, 0.1]))
        self.register_buffer("cosines", torch.cat([angles.cos(), angles.cos()], 1))
        self.register_buffer("sines", torch.cat([angles.sin(), angles.sin()], 1))

    def turned(self, x):
        first, second = x.chunk(2, dim=-1)
        return x * self.cosines[4:6] + torch.cat([-second, first], -1) * self.sines[4:6]

    def forward(self, x, keys, values):
        q, k, v = self.qkv(self.norm1(x)).view(1, 2, 3, 4, 4).permute(2, 0, 3, 1, 4).unbind(0)
        keys, values = torch.cat([keys, self.turned(k)], 2), torch.cat([values, v], 2)
        attended = F.scaled_dot_product_attention(self.turned(q), keys, values)
        x = x + self.out(attended.transpose(1, 2).reshape(1, 2, 16))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y)), keys, values


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.gru = nn.LSTM(4, 3, batch_first=True, bidirectional=True), nn.GRU(6, 3)

    def forward(self, x):
        return self.gru(self.lstm(x)[0])[0]


class Resizes(nn.Module):
    def forward(self, x):
        results = [F.interpolate(x, size=(7, 9), mode="nearest"), F.interpolate(x, size=(7, 9), mode="nearest-exact"),
                   F.interpolate(x, size=(4, 3), mode="area"),
                   F.interpolate(x, scale_factor=1.5, mode="bilinear"),
                   F.interpolate(x, size=(7, 9), mode="bicubic", align_corners=True),
                   F.interpolate(x, size=(4, 3), mode="bilinear", antialias=True),
                   F.interpolate(x, size=(4, 9), mode="bicubic", antialias=True)]
        if HAS_LANCZOS:
            results.append(F.interpolate(x, size=(4, 9), mode="lanczos", antialias=True))
        return tuple(results)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, activation="gelu")
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        x = self.layer(x)
        attended, weights = self.attention(x, x, x)
        return attended, weights


class Mobile(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.batch = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8)
        self.deep = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.squeeze, self.answer = nn.Conv2d(8, 8, 1), nn.Linear(8, 4)

    def forward(self, x):
        x = F.relu6(self.deep(F.hardswish(self.batch(self.first(x)))))
        x = x * F.hardsigmoid(self.squeeze(F.adaptive_avg_pool2d(x, 1)))
        return self.answer(F.max_pool2d(x, 2).mean([2, 3])).softmax(1)


class Arithmetic(nn.Module):
    def forward(self, x, y):
        powers = torch.float_power(x.abs() + 0.5, 1.5).float() + torch.logaddexp(x, y) + torch.logaddexp2(x, y)
        losses = F.cross_entropy(x, y.softmax(-1)) + F.cross_entropy(x, y.argmax(1), label_smoothing=0.1)
        windows = x.unfold(1, 3, 2).sum(2)
        pads = F.pad(x[None, None], (1, 2, 2, 1), mode="reflect") + F.pad(x[None, None], (1, 2, 2, 1), mode="circular")
        return powers, losses, windows, pads, torch.einsum("ij,kj->ik", x, y), torch.std(x, dim=1, correction=2)


class DecomposedQuantization(nn.Module):
    """As torch.export's quantization leaves it: a quantize and a dequantize at every border, weights by channel."""

    def __init__(self):
        super().__init__()
        self.register_buffer("weight", torch.randint(-127, 128, (4, 3, 3, 3), dtype=torch.int8))
        self.register_buffer("scales", torch.rand(4) * 0.004 + 0.001)
        self.register_buffer("zero_points", torch.zeros(4, dtype=torch.int64))

    def forward(self, x):
        ops = torch.ops.quantized_decomposed
        x = ops.quantize_per_tensor(x, 0.031, 2, -128, 127, torch.int8)
        x = ops.dequantize_per_tensor(x, 0.031, 2, -128, 127, torch.int8)
        weight = ops.dequantize_per_channel(self.weight, self.scales, self.zero_points, 0, -127, 127, torch.int8)
        x = ops.quantize_per_tensor(F.conv2d(x, weight), 0.021, -5, -128, 127, torch.int8)
        return F.relu(ops.dequantize_per_tensor(x, 0.021, -5, -128, 127, torch.int8))


@dataclass(frozen=True)
class Network:
    name: str
    model: type
    inputs: Tuple[Tuple[int, ...], ...]
    forms: Tuple[str, ...]
    is_random: bool = False  # norms too


NETWORKS = (
    Network("norms", Norms, ((1, 4, 4, 5),), ("traced", "scripted", "exported", "decomposed")),
    Network("attention", Attention, ((1, 4, 5, 4), (1, 4, 5, 4)), ("traced", "exported")),
    Network("gpt_block", GptBlock, ((1, 2, 16), (1, 4, 4, 4), (1, 4, 4, 4)), ("scripted", "decomposed")),
    Network("recurrent", Recurrent, ((1, 3, 4),), ("traced", "decomposed")),
    Network("resizes", Resizes, ((1, 2, 6, 6),), ("traced", "decomposed")),
    Network("encoder", Encoder, ((1, 5, 8),), ("traced", "exported")),
    Network("mobile", Mobile, ((1, 3, 12, 12),), ("traced", "frozen", "ptl", "decomposed")),
    Network("arithmetic", Arithmetic, ((6, 8), (6, 8)), ("traced", "decomposed")),
    Network("decomposed_quantization", DecomposedQuantization, ((1, 3, 6, 6),), ("traced",)),
)
