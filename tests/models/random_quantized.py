"""Random small networks, quantized as PyTorch does it for each of its engines."""

import random

import torch
import torch.ao.nn.quantized as nnq
import torch.nn.functional as F
from torch import nn
from torch.ao import quantization as ao

ENGINES = ("fbgemm", "x86", "onednn", "qnnpack", "qint8")  # qint8: QNNPACK's, with signed activations
MODES = ("eager", "fx")


class Residual(nn.Module):
    def __init__(self, channels, kind):
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU())
        self.arithmetic, self.kind = nnq.FloatFunctional(), kind

    def forward(self, x):
        y = self.inner(x)
        if self.kind == "cat":
            return self.arithmetic.cat([x, y], 1)
        return getattr(self.arithmetic, self.kind)(x, y)


class Scalar(nn.Module):
    def __init__(self, kind, number):
        super().__init__()
        self.arithmetic, self.kind, self.number = nnq.FloatFunctional(), kind, number

    def forward(self, x):
        return getattr(self.arithmetic, self.kind)(x, self.number)


class SqueezeExcite(nn.Module):
    def __init__(self, channels, gate):
        super().__init__()
        self.layers = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, 4, 1), nn.ReLU(),
                                    nn.Conv2d(4, channels, 1), gate)
        self.arithmetic = nnq.FloatFunctional()

    def forward(self, x):
        return self.arithmetic.mul(x, self.layers(x))


class Shuffle(nn.Module):
    """Both halves, one of them convolved, mixed as ShuffleNet does."""

    def __init__(self, channels):
        super().__init__()
        self.layer, self.arithmetic = nn.Conv2d(channels // 2, channels // 2, 1), nnq.FloatFunctional()
        self.channels = channels

    def forward(self, x):
        halves = x.chunk(2, dim=1)
        x = self.arithmetic.cat([halves[0], self.layer(halves[1])], 1)
        height, width = x.size(2), x.size(3)
        x = x.reshape(-1, 2, self.channels // 2, height, width).transpose(1, 2)
        return x.reshape(-1, self.channels, height, width)


class Function(nn.Module):
    """What has no module, or none that stays a function when it is quantized."""

    def __init__(self, name, **arguments):
        super().__init__()
        self.name, self.arguments = name, arguments

    def forward(self, x):
        return {"pad": F.pad, "interpolate": F.interpolate, "mean": torch.mean, "clamp": torch.clamp,
                "slice": lambda x: x[:, :, 1:, :-1]}[self.name](x, **self.arguments)


class Drawn:
    """Layers one after another, the number of channels and the size of the image known."""

    def __init__(self, seed, engine):
        self.random, self.engine = random.Random(seed), engine
        self.channels, self.size, self.layers = 3, 16, []

    def convolution(self):
        r = self.random
        groups = r.choice([g for g in (1, 1, 2, 4, self.channels) if self.channels % g == 0])
        outputs = groups * r.choice([n for n in (1, 2, 4, 8) if 4 <= groups * n <= 16] or [1])
        kernel, dilation = r.choice((1, 3, 3, 5)), r.choice((1, 1, 2))
        stride = r.choice((1, 1, 2)) if self.size >= 8 else 1
        yield nn.Conv2d(self.channels, outputs, kernel, stride, dilation * (kernel // 2), dilation, groups,
                        bias=r.random() < 0.7)
        self.channels, self.size = outputs, (self.size - 1) // stride + 1
        if r.random() < 0.5:
            yield normalised(nn.BatchNorm2d(outputs))
        if r.random() < 0.6:
            yield nn.ReLU()

    def transposed(self):
        if self.size > 12:
            return
        outputs = self.random.choice((4, 8))
        stride = self.random.choice((1, 2))
        yield nn.ConvTranspose2d(self.channels, outputs, 3, stride, 1, stride - 1)
        self.channels, self.size = outputs, self.size * stride

    def activation(self):
        layers = [nn.ReLU(), nn.ReLU6(), nn.Hardswish(), nn.Hardsigmoid(), nn.Sigmoid(), nn.Tanh(), nn.LeakyReLU(0.1),
                  nn.ELU(), nn.Hardtanh(-0.5, 2.0), Function("clamp", min=-0.5, max=1.0)]
        if self.engine != "qint8":  # PyTorch's module gives it quint8 slopes all the same, which its kernel refuses
            layers.append(nn.PReLU(init=0.2))
        yield self.random.choice(layers)

    def normalisation(self):
        yield self.random.choice([
            normalised(nn.BatchNorm2d(self.channels)), nn.GroupNorm(1, self.channels),
            nn.InstanceNorm2d(self.channels, affine=True), nn.LayerNorm([self.channels, self.size, self.size])])

    def pool(self):
        if self.size < 4:
            return
        yield self.random.choice([nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1, count_include_pad=True)])
        self.size = (self.size - 1) // 2 + 1

    def resize(self):
        if self.size > 12:
            return
        yield self.random.choice([Function("interpolate", scale_factor=2.0, mode="nearest"),
                                  Function("interpolate", scale_factor=2.0, mode="bilinear", align_corners=False)])
        self.size *= 2

    def border(self):
        if self.random.random() < 0.5:
            yield Function("pad", pad=[1, 0, 1, 0])
            self.size += 1
        elif self.size > 3:
            yield Function("slice")
            self.size -= 1

    def arithmetic(self):
        r = self.random
        kind = r.choice(("add", "add_relu", "mul", "cat", "add_scalar", "mul_scalar", "gate", "shuffle"))
        if kind in ("add_scalar", "mul_scalar"):
            yield Scalar(kind, r.choice((0.5, 1.7, -0.3)))
        elif kind == "gate":
            yield SqueezeExcite(self.channels, r.choice((nn.Sigmoid(), nn.Hardsigmoid())))
        elif kind == "shuffle":
            if self.channels % 2 == 0:
                yield Shuffle(self.channels)
        else:
            yield Residual(self.channels, kind)
            self.channels *= 2 if kind == "cat" else 1

    def head(self):
        if self.random.random() < 0.3:
            return
        yield self.random.choice([nn.AdaptiveAvgPool2d(1), nn.AdaptiveAvgPool2d(2)])
        yield nn.Flatten()
        yield nn.Linear(self.channels * self.layers[-2].output_size ** 2, 10)

    def network(self):
        kinds = [self.convolution] * 4 + [self.activation] * 3 + [self.arithmetic] * 3 + [
            self.pool, self.resize, self.border, self.normalisation, self.transposed]
        self.layers.extend(self.convolution())
        for _ in range(self.random.randint(4, 9)):
            self.layers.extend(self.random.choice(kinds)())
        for layer in self.head():
            self.layers.append(layer)
        return nn.Sequential(*self.layers).eval()


def normalised(layer):
    nn.init.uniform_(layer.running_mean, -0.2, 0.2)
    nn.init.uniform_(layer.running_var, 0.6, 1.6)
    return layer


def qconfig_of(engine):
    if engine == "qint8":
        return ao.qconfig.default_symmetric_qnnpack_qconfig
    return ao.get_default_qconfig(engine)


def with_weights_per_tensor(qconfig):
    return ao.QConfig(activation=qconfig.activation, weight=ao.default_weight_observer)


def calibrate(network):
    with torch.no_grad():
        for seed in range(3):
            network(torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(seed)))


def fuse(layers):
    """Neighbours that eager quantization has as one module."""
    patterns = ((nn.Conv2d, nn.BatchNorm2d, nn.ReLU), (nn.Conv2d, nn.BatchNorm2d), (nn.Conv2d, nn.ReLU),
                (nn.BatchNorm2d, nn.ReLU))
    i = 0
    while i < len(layers):
        for pattern in patterns:
            if tuple(map(type, layers[i:i + len(pattern)])) == pattern:
                ao.fuse_modules(layers, [str(j) for j in range(i, i + len(pattern))], inplace=True)
                i += len(pattern) - 1
                break
        i += 1


def quantize_eager(network, engine):
    fuse(network)
    network = nn.Sequential(ao.QuantStub(), *network, ao.DeQuantStub()).eval()
    network.qconfig = qconfig_of(engine)
    for layer in network.modules():
        if isinstance(layer, nn.ConvTranspose2d):
            layer.qconfig = with_weights_per_tensor(network.qconfig)
    ao.prepare(network, inplace=True)
    calibrate(network)
    return ao.convert(network, inplace=True)


def quantize_fx(network, engine):
    from torch.ao.quantization.backend_config import get_native_backend_config, get_qnnpack_backend_config
    from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx
    mapping = ao.get_default_qconfig_mapping("qnnpack" if engine == "qint8" else engine)
    if engine == "qint8":
        mapping.set_global(qconfig_of(engine))
    mapping.set_object_type(nn.ConvTranspose2d, with_weights_per_tensor(qconfig_of(engine)))
    backend = get_qnnpack_backend_config() if engine in ("qnnpack", "qint8") else get_native_backend_config()
    prepared = prepare_fx(network, mapping, (torch.zeros(1, 3, 16, 16),), backend_config=backend)
    calibrate(prepared)
    return convert_fx(prepared, backend_config=backend)


def quantized_network(seed, engine, mode):
    torch.manual_seed(seed)
    network = Drawn(seed, engine).network()
    return quantize_eager(network, engine) if mode == "eager" else quantize_fx(network, engine)
