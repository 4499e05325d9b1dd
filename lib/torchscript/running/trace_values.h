// A trace's constants, and packed parameters of quantized operators, as LibTorch's values again.
#pragma once

#include <ATen/core/ivalue.h>

#include <functional>
#include <string>

#include "passerelle/torchscript/vocabulary.h"

namespace passerelle::torchscript {

/// A tensor of its own with a constant's values.
at::Tensor constant_tensor(const Tensor& description);

/// The tensor of an id.
using TensorOf = std::function<at::Tensor(TensorId)>;

/// An argument of this type. Throws std::runtime_error for what can't be made again.
c10::IValue to_ivalue(const Value& value, const c10::TypePtr& type, const TensorOf& tensor_of);

}  // namespace passerelle::torchscript
