"""A model that meets many obstacles, in five modules; a mark names the operator of its line. See check_formats.py."""

import torch


class Spectrum(torch.nn.Module):
    def forward(self, x):
        y = torch.fft.rfft2(x)  # blocker: fft_rfft2
        return y.abs().mean(dim=[2, 3])


class Ranks(torch.nn.Module):
    def forward(self, x):
        common = torch.mode(x, 3)[0]  # blocker: mode
        return torch.logcumsumexp(common, 2).mean(dim=2)  # blocker: logcumsumexp


class Gate(torch.nn.Module):
    def forward(self, x):
        keep = torch.nonzero(x[0, 0] > 10.0)  # blocker: nonzero
        return x + keep.float().sum()


class Noise(torch.nn.Module):
    def forward(self, x):
        noisy = x + torch.randn_like(x)  # blocker: randn_like
        if float(x.sum()) ** 2 > 1e6:  # blocker: prim::If
            noisy = noisy * 2
        return noisy


class Head(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Linear(4, 4)

    def forward(self, x):
        volume = torch.logdet(x[..., :4, :4])  # blocker: logdet
        y = torch.digamma(self.scale(volume).abs() + 1)  # blocker: digamma
        return torch.lgamma(y.abs() + 1)  # blocker: lgamma


class Blockers(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 4, 3, padding=1)
        self.spectrum = Spectrum()
        self.ranks = Ranks()
        self.gate = Gate()
        self.noise = Noise()
        self.head = Head()

    def forward(self, x):
        x = torch.relu(self.stem(x))
        y = self.noise(self.gate(x))
        return self.head(y), self.spectrum(x) + self.ranks(x)
