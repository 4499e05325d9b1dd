"""A loop that ends when its values have settled, and a branch on them."""

import torch


class Settling(torch.nn.Module):
    def forward(self, x):
        y = torch.ones_like(x)
        steps = 0
        while bool((y * y - x).abs().max() > 1e-3):
            y = 0.5 * (y + x / y)
            steps += 1
        if bool(y.max() > 3):
            return y, torch.tensor(steps)
        return -y, torch.tensor(steps)


class Strict(torch.nn.Module):
    def forward(self, x):
        if bool(x.max() > 1000):
            raise ValueError("too large")
        return x + 1
