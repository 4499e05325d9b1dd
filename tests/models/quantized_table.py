"""The quantized torchvision networks that the whole-model tests convert."""

from dataclasses import dataclass

from model_table import FORMS  # noqa: F401  (the same forms)


@dataclass(frozen=True)
class Network:
    name: str  # of torchvision.models.quantization's function
    size: int = 224  # of the square input picture
    in_ci: bool = False  # small enough for every run

    @property
    def input_shape(self):
        return (1, 3, self.size, self.size)


NETWORKS = (
    Network("mobilenet_v2"),
    Network("mobilenet_v3_large"),
    Network("resnet18", size=96, in_ci=True),
    Network("resnet50"),
    Network("resnext101_32x8d"),
    Network("googlenet"),
    Network("inception_v3", size=299),
    Network("shufflenet_v2_x0_5", in_ci=True),
)

WEIGHTS = ("per_tensor", "per_channel")


def file_name(name, weights, form):
    return f"{name}.{weights}.{form}.pt"
