"""Small networks of kinds that torchvision does not have, one class each."""

import torch
from torch import nn


class Upscaler(nn.Module):
    """ESPCN: twice the height and width."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 5, padding=2), nn.Tanh(), nn.Conv2d(16, 8, 3, padding=1), nn.Tanh(),
            nn.Conv2d(8, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, picture):
        return self.layers(picture)


def two_convolutions(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
                         nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class UNet(nn.Module):
    """Two steps down, two up by transposed convolutions, with skip connections."""

    def __init__(self):
        super().__init__()
        self.down1, self.down2, self.middle = (two_convolutions(*each) for each in ((3, 8), (8, 16), (16, 32)))
        self.rise2, self.rise1 = nn.ConvTranspose2d(32, 16, 2, stride=2), nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.up2, self.up1 = two_convolutions(32, 16), two_convolutions(16, 8)
        self.classes = nn.Conv2d(8, 4, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, picture):
        large = self.down1(picture)
        small = self.down2(self.pool(large))
        least = self.middle(self.pool(small))
        small = self.up2(torch.cat([self.rise2(least), small], 1))
        large = self.up1(torch.cat([self.rise1(small), large], 1))
        return self.classes(large)


class StyleBlock(nn.Module):
    """A block of StyleGAN's generator: a style scales the channels before a convolution and its result is scaled back."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Linear(24, 16)
        self.weight = nn.Parameter(torch.randn(12, 16, 3, 3) / 12)
        self.register_buffer("noise", torch.randn(1, 1, 16, 16))
        self.noise_strength = nn.Parameter(torch.tensor(0.1))
        self.bias = nn.Parameter(torch.randn(12) / 4)
        self.colours = nn.Conv2d(12, 3, 1)

    def forward(self, features, style):
        scale = self.scale(style) + 1
        features = features * scale[:, :, None, None]
        features = nn.functional.interpolate(features, scale_factor=2.0, mode="bilinear", align_corners=False)
        features = nn.functional.conv2d(features, self.weight, padding=1)
        squares = (self.weight.square() * scale.square()[:, None, :, None, None]).sum([2, 3, 4])
        features = features * torch.rsqrt(squares + 1e-8)[:, :, None, None]
        features = features + self.noise * self.noise_strength + self.bias[:, None, None]
        features = nn.functional.leaky_relu(features, 0.2) * 2**0.5
        return features, self.colours(features)


class Encoder(nn.Module):
    """BERT-like: two layers over the numbers of words, with a mask of those that count."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(200, 32), nn.Embedding(24, 32)
        self.norm = nn.LayerNorm(32)
        layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.1, activation="gelu", batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2)
        self.pooled = nn.Linear(32, 32)
        self.classes = nn.Linear(32, 3)

    def forward(self, words):
        places = torch.arange(words.size(1), device=words.device)
        states = self.layers(self.norm(self.words(words) + self.places(places)))
        return states, self.classes(torch.tanh(self.pooled(states[:, 0])))


class Letters(nn.Module):
    """wav2letter-like: 1d convolutions over a spectrogram, [batch, bands, frames]."""

    def __init__(self):
        super().__init__()
        layers, channels = [], 20
        for width, kernel, stride, dilation in ((32, 11, 2, 1), (32, 7, 1, 1), (40, 7, 1, 2), (48, 1, 1, 1)):
            padding = (kernel - 1) * dilation // 2
            layers += [nn.Conv1d(channels, width, kernel, stride=stride, padding=padding, dilation=dilation),
                       nn.BatchNorm1d(width), nn.Hardtanh(0.0, 20.0)]
            channels = width
        self.layers = nn.Sequential(*layers, nn.Conv1d(channels, 29, 1))

    def forward(self, spectrogram):
        return self.layers(spectrogram).log_softmax(1)


class PointNet(nn.Module):
    """Classes for a cloud of points, [batch, 3, points], with its own transform of them."""

    def __init__(self):
        super().__init__()
        self.look = nn.Sequential(nn.Conv1d(3, 24, 1), nn.BatchNorm1d(24), nn.ReLU())
        self.transform = nn.Linear(24, 9)
        self.features = nn.Sequential(nn.Conv1d(3, 24, 1), nn.BatchNorm1d(24), nn.ReLU(), nn.Conv1d(24, 48, 1))
        self.classes = nn.Sequential(nn.Linear(48, 24), nn.ReLU(), nn.Dropout(0.3), nn.Linear(24, 10))
        self.register_buffer("identity", torch.eye(3))

    def forward(self, points):
        seen = torch.max(self.look(points), 2)[0]
        matrix = self.transform(seen).view(-1, 3, 3) + self.identity
        turned = torch.bmm(points.transpose(2, 1), matrix).transpose(2, 1)
        return self.classes(torch.max(self.features(turned), 2, keepdim=False)[0])


CLASSES = {"espcn": Upscaler, "unet": UNet, "style_block": StyleBlock, "bert_encoder": Encoder, "wav2letter": Letters,
           "pointnet": PointNet}
