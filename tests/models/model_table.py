"""The torchvision networks that the whole-model tests convert, and what each must come out as."""

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Network:
    name: str  # of torchvision's function
    family: str = "classification"  # or "segmentation": a dictionary of pictures comes out; or "detection"
    size: int = 224  # of the square input picture
    image_outputs: int = 0  # outputs of rank 4
    most_operations: Optional[int] = None  # with NHWC input, at API 30
    keeps_layout: bool = True  # no TRANSPOSE but at the border; networks with attention permute by themselves
    in_ci: bool = False  # small enough for every run

    @property
    def input_shape(self):
        return (1, 3, self.size, self.size)


NETWORKS = (
    Network("alexnet"),
    Network("vgg11_bn"),
    Network("resnet18", most_operations=33, in_ci=True),
    Network("resnet50"),
    Network("resnext50_32x4d"),
    Network("wide_resnet50_2"),
    Network("squeezenet1_1"),
    Network("densenet121"),
    Network("googlenet"),
    Network("inception_v3", size=299),
    Network("shufflenet_v2_x1_0", in_ci=True),
    Network("mobilenet_v2", most_operations=66, in_ci=True),
    Network("mobilenet_v3_small"),
    Network("mobilenet_v3_large"),
    Network("mnasnet1_0"),
    Network("efficientnet_b0"),
    Network("regnet_y_400mf"),
    Network("regnet_x_400mf"),
    Network("efficientnet_v2_s"),
    Network("convnext_tiny"),
    Network("vit_b_16", keeps_layout=False),
    Network("swin_t", keeps_layout=False),
    Network("swin_v2_t", size=256, keeps_layout=False),
    Network("maxvit_t", keeps_layout=False),
    Network("ssdlite320_mobilenet_v3_large", family="detection", size=320),
    Network("fcn_resnet50", family="segmentation", image_outputs=1),
    Network("deeplabv3_mobilenet_v3_large", family="segmentation", image_outputs=1),
    Network("lraspp_mobilenet_v3_large", family="segmentation", image_outputs=1, in_ci=True),
)

FORMS = ("traced", "scripted")


def file_name(name, form):
    return f"{name}.{form}.pt"
