// Between LibTorch's tensors and ours.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "passerelle/graph/host_tensor.h"
#include "passerelle/torchscript/vocabulary.h"

namespace passerelle::torchscript {

graph::ElementType element_type(at::ScalarType type);
/// Nothing for `other`.
std::optional<at::ScalarType> scalar_type(graph::ElementType type);

/// Type, shape and quantization; no constant.
Tensor describe(const at::Tensor& tensor);

/// A view of the tensor's storage, which it keeps alive; quantized tensors as their integers. Nothing for tensors that
/// are not dense or of a type that has no name here.
std::optional<graph::Constant> constant_view(const at::Tensor& tensor);

/// A row-major copy; quantized tensors as their integers.
graph::HostTensor host_tensor(const at::Tensor& tensor);

/// A copy that LibTorch owns. Quantized types take scale and zero point from `tensor.quantization`.
at::Tensor libtorch_tensor(const graph::HostTensor& tensor);

/// "float32 1x3x224x224".
std::string type_and_shape(const at::Tensor& tensor);

}  // namespace passerelle::torchscript
