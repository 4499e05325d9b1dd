"""Whole networks for make_release_archives.py --full: torchvision's at full size, and what others are made of."""

import torch
from torch import nn
from torch.nn import functional as F

import make_models
import model_table
from release_networks import GptBlock, Network, NETWORKS as SMALL

VISION = ("mobilenet_v2", "mobilenet_v3_small", "resnet18", "efficientnet_b0", "regnet_y_400mf", "shufflenet_v2_x1_0",
          "lraspp_mobilenet_v3_large", "deeplabv3_mobilenet_v3_large", "efficientnet_v2_s", "convnext_tiny", "swin_t",
          "swin_v2_t", "maxvit_t", "vit_b_16")
EVERY = ("traced", "scripted", "frozen", "ptl", "exported", "decomposed")


class Pictures(nn.Module):
    """A segmentation network's dictionary as a tensor."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x)["out"]


def of_torchvision(table):
    model = make_models.build(table)
    return Pictures(model) if table.family == "segmentation" else model


class Interpolations(nn.Module):
    """18 of them."""

    def forward(self, x):
        results = []
        for size in [[13, 20], [5, 7]]:
            for mode in ("nearest", "nearest-exact", "area"):
                results.append(F.interpolate(x, size=size, mode=mode))
            for mode in ("bilinear", "bicubic"):
                results.append(F.interpolate(x, size=size, mode=mode, align_corners=False))
                results.append(F.interpolate(x, size=size, mode=mode, align_corners=True))
            results.append(F.interpolate(x, size=size, mode="bilinear", antialias=True))
        results += [F.interpolate(x, scale_factor=2.0, mode="nearest"),
                    F.interpolate(x, scale_factor=0.5, mode="bilinear", recompute_scale_factor=True)]
        return results


class Pads(nn.Module):
    def forward(self, x):
        row = x[:, :, 0]
        return (F.pad(x, (1, 2, 3, 4)), F.pad(x, (1, 2, 3, 4), value=1.5), F.pad(x, (-1, 2)), F.pad(row, (2, 1)),
                F.pad(x, (2, 1, 1, 2), mode="reflect"), F.pad(x, (2, 1, 1, 2), mode="replicate"),
                F.pad(x, (2, 1, 1, 2), mode="circular"), F.pad(row, (2, 1), mode="reflect"))


class Einsums(nn.Module):
    def forward(self, x, y):
        return (torch.einsum("bij,bkj->bik", x, y), torch.einsum("bij->bi", x), torch.einsum("bij,bij->b", x, x),
                torch.einsum("bij,bkj->ikb", x, y), torch.einsum("...ij,...kj->...ik", x, y))


class Transformer(nn.Module):
    """An encoder of two layers, and a decoder of one that reads it."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), 2,
                                             enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(32, 4, 64, batch_first=True), 1)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(7))

    def forward(self, x, y):
        return self.decoder(y, self.encoder(x), tgt_mask=self.mask, tgt_is_causal=True)


class MultiHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.own, self.cross = nn.MultiheadAttention(32, 4), nn.MultiheadAttention(32, 4, kdim=32, vdim=32)

    def forward(self, x, y):
        attended, weights = self.cross(x, y, y)
        return self.own(x, x, x)[0], attended, weights


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(12, 16, num_layers=2, batch_first=True, bidirectional=True)
        self.gru, self.cell = nn.GRU(32, 8, batch_first=True), nn.LSTMCell(8, 5)

    def forward(self, x):
        states, (h, c) = self.lstm(x)
        states, last = self.gru(states)
        hidden, cell = self.cell(states[:, -1])
        return states, last, h, c, hidden, cell


PIECES = (
    Network("interpolations", Interpolations, ((1, 3, 9, 12),), EVERY[:4] + ("decomposed",)),
    Network("pads", Pads, ((1, 3, 6, 8),), EVERY),
    Network("einsums", Einsums, ((2, 5, 6), (2, 4, 6)), EVERY),
    Network("transformer", Transformer, ((1, 9, 32), (1, 7, 32)), EVERY[:5]),  # PyTorch can't trace it decomposed
    Network("multi_head", MultiHead, ((5, 1, 32), (8, 1, 32)), EVERY),
    Network("recurrent_full", Recurrent, ((1, 10, 12),), EVERY),
    Network("gpt_block_full", GptBlock, ((1, 2, 16), (1, 4, 4, 4), (1, 4, 4, 4)), EVERY),
)


def vision(name):
    table = next(each for each in model_table.NETWORKS if each.name == name)
    return Network(name, lambda: of_torchvision(table), (table.input_shape,), ("traced", "scripted", "decomposed"),
                   is_random=True)


NETWORKS = SMALL + PIECES + tuple(map(vision, VISION))
