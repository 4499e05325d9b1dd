"""Models whose forward takes more than tensors: numbers with defaults, states that may be left out."""

from typing import Optional, Tuple

import torch


class Called(torch.nn.Module):
    """What it computes, and its outputs' shapes, depend on all that it is called with."""

    def forward(self, x, times: int = 2, by: float = 1.0, state: Optional[Tuple[torch.Tensor, torch.Tensor]] = None):
        y = x.repeat(1, times) * by
        if state is not None:
            y = y + state[0] - state[1]
        return y


class Dynamic(torch.nn.Module):
    """A linear layer whose activations PyTorch rounds in each run, and that NNAPI computes in floats."""

    def __init__(self):
        super().__init__()
        layers = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 8)).eval()
        self.layers = torch.ao.quantization.quantize_dynamic(layers, {torch.nn.Linear})

    def forward(self, x):
        return self.layers(x)


class Nothing(torch.nn.Module):
    """Takes no tensor."""

    def forward(self, times: int = 2):
        return torch.ones(2, 3) * times
