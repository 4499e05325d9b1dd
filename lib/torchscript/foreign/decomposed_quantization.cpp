// quantized_decomposed::*, which torch.export's quantization writes: integers in plain tensors, their scales beside
// them.
#include <vector>

#include "kernel_arguments.h"
#include "kernels.h"

namespace passerelle::torchscript {
namespace {

using torch::jit::Stack;

/// A number, or a tensor of one.
at::Scalar number(const c10::IValue& value) { return value.isTensor() ? value.toTensor().item() : value.toScalar(); }

at::ScalarType type_of(const c10::IValue& value) { return static_cast<at::ScalarType>(value.toInt()); }

/// A number a channel in the shape that broadcasts along `axis`.
at::Tensor along(const at::Tensor& numbers, int64_t rank, int64_t axis) {
  std::vector<int64_t> shape(static_cast<size_t>(rank), 1);
  shape.at(static_cast<size_t>(axis < 0 ? axis + rank : axis)) = numbers.numel();
  return numbers.reshape(shape);
}

/// (input, scale, zero_point, quant_min, quant_max, dtype)
void quantize_per_tensor(Stack& stack) {
  const KernelArguments arguments(stack, 6);
  const at::Tensor steps = at::round(arguments.tensor(0).to(at::kFloat) * (1.0 / number(arguments[1]).toDouble()));
  stack.emplace_back(
      at::clamp(steps + number(arguments[2]), number(arguments[3]), number(arguments[4])).to(type_of(arguments[5])));
}

/// (input, scale, zero_point, quant_min, quant_max, dtype, out_dtype)
void dequantize_per_tensor(Stack& stack) {
  const KernelArguments arguments(stack, 7);
  const at::Tensor integers = arguments.tensor(0).to(arguments.type_or_none(6).value_or(at::kFloat));
  stack.emplace_back((integers - number(arguments[2])) * number(arguments[1]));
}

/// (input, scales, zero_points, axis, quant_min, quant_max, dtype)
void quantize_per_channel(Stack& stack) {
  const KernelArguments arguments(stack, 7);
  const at::Tensor input = arguments.tensor(0).to(at::kFloat);
  const int64_t axis = arguments[3].toInt();
  const at::Tensor steps = at::round(input * (1.0 / along(arguments.tensor(1), input.dim(), axis)));
  stack.emplace_back(
      at::clamp(steps + along(arguments.tensor(2), input.dim(), axis), arguments[4].toScalar(), arguments[5].toScalar())
          .to(type_of(arguments[6])));
}

/// (input, scales, zero_points or None, axis, quant_min, quant_max, dtype, out_dtype)
void dequantize_per_channel(Stack& stack) {
  const KernelArguments arguments(stack, 8);
  const at::Tensor input = arguments.tensor(0);
  const int64_t axis = arguments[3].toInt();
  const at::Tensor zero_points = arguments.tensor_or_none(2);
  // Wider than a byte before the subtraction, whose result may need nine bits.
  const at::Tensor steps =
      zero_points.defined() ? input.to(at::kInt) - along(zero_points, input.dim(), axis) : input.to(at::kInt);
  stack.emplace_back(
      (steps * along(arguments.tensor(1), input.dim(), axis)).to(arguments.type_or_none(7).value_or(at::kFloat)));
}

constexpr ForeignKernelRow table[] = {
    {"quantized_decomposed::quantize_per_tensor", quantize_per_tensor},
    {"quantized_decomposed::quantize_per_tensor.tensor", quantize_per_tensor},
    {"quantized_decomposed::quantize_per_tensor.tensor2", quantize_per_tensor},
    {"quantized_decomposed::dequantize_per_tensor", dequantize_per_tensor},
    {"quantized_decomposed::dequantize_per_tensor.tensor", dequantize_per_tensor},
    {"quantized_decomposed::dequantize_per_tensor.tensor2", dequantize_per_tensor},
    {"quantized_decomposed::quantize_per_channel", quantize_per_channel},
    {"quantized_decomposed::dequantize_per_channel", dequantize_per_channel},
};

}  // namespace

Span<const ForeignKernelRow> decomposed_quantization_kernels() { return table; }

}  // namespace passerelle::torchscript
