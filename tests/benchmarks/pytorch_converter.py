"""pytorch_converter.py MODEL.pt OUTPUT.pt: PyTorch's own converter to NNAPI, for a model of one 224x224 picture."""

import sys

import torch
from torch.backends._nnapi.prepare import convert_model_to_nnapi

model = torch.jit.load(sys.argv[1]).eval()
picture = torch.zeros(1, 3, 224, 224).contiguous(memory_format=torch.channels_last)
picture.nnapi_nhwc = True
convert_model_to_nnapi(model, picture).save(sys.argv[2])
