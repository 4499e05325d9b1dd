// Arithmetic on one or two tensors, element by element, with broadcasting.
#include "image.h"

namespace passerelle::hostnn {
namespace {

/// `values` is new; input 2 is the fused activation.
Tensors fused(const Call& call, Tensor values) { return {activate(values, call.integer(2))}; }

Tensors add(const Call& call) { return fused(call, at::add(call.tensor(0), call.tensor(1))); }
Tensors sub(const Call& call) { return fused(call, at::sub(call.tensor(0), call.tensor(1))); }
Tensors mul(const Call& call) { return fused(call, at::mul(call.tensor(0), call.tensor(1))); }

/// Integers are divided towards minus infinity. Division by 0 gives any number, but must not fail; 64 bits keep
/// LibTorch from the trap that lowest / -1 springs.
Tensor divide_integers(const Tensor& dividend, const Tensor& divisor) {
  const Tensor safe = divisor.masked_fill(divisor == 0, 1).to(at::kLong);
  return at::div(dividend.to(at::kLong), safe, "floor").to(at::kInt);
}

Tensors div(const Call& call) {
  const Tensor& dividend = call.tensor(0);
  const Tensor& divisor = call.tensor(1);
  return fused(call, dividend.is_floating_point() ? at::div(dividend, divisor) : divide_integers(dividend, divisor));
}

Tensors minimum(const Call& call) { return {at::minimum(call.tensor(0), call.tensor(1))}; }
Tensors maximum(const Call& call) { return {at::maximum(call.tensor(0), call.tensor(1))}; }
Tensors pow(const Call& call) { return {at::pow(call.tensor(0), call.tensor(1))}; }

Tensors abs(const Call& call) { return {at::abs(call.tensor(0))}; }
Tensors exp(const Call& call) { return {at::exp(call.tensor(0))}; }
Tensors floor(const Call& call) { return {at::floor(call.tensor(0))}; }
Tensors log(const Call& call) { return {at::log(call.tensor(0))}; }
Tensors neg(const Call& call) { return {at::neg(call.tensor(0))}; }
Tensors rsqrt(const Call& call) { return {at::rsqrt(call.tensor(0))}; }
Tensors sin(const Call& call) { return {at::sin(call.tensor(0))}; }
Tensors sqrt(const Call& call) { return {at::sqrt(call.tensor(0))}; }

/// Bytes that are not 0 are true; NNAPI's BOOL8 goes to integers as 0 and 1. Quantized integers are taken as they are,
/// and saturated.
Tensors cast(const Call& call) {
  const Tensor& values = call.tensor(0);
  if (call.input_type(0) == call.output_type(0)) return {values};
  switch (call.output_type(0)) {
    case OperandType::TENSOR_QUANT8_ASYMM: return {values.clamp(0, 255).to(at::kByte)};
    case OperandType::TENSOR_FLOAT16:
    case OperandType::TENSOR_FLOAT32: return {values.to(at::kFloat)};
    case OperandType::TENSOR_INT32: return {values.to(at::kInt)};
    case OperandType::TENSOR_BOOL8: return {values.to(at::kBool)};
    default: refuse("there is no CAST to this type");
  }
}

constexpr Row rows[] = {
    {OperationType::ABS, abs, float32 | int32},
    {OperationType::ADD, add, float32 | int32 | zero_sized},
    {OperationType::CAST, cast, float32 | int32 | bool8 | quant8 | weights8 | quant16},
    {OperationType::DIV, div, float32 | int32 | zero_sized},
    {OperationType::EXP, exp, float32},
    {OperationType::FLOOR, floor, float32},
    {OperationType::LOG, log, float32},
    {OperationType::MAXIMUM, maximum, float32 | int32},
    {OperationType::MINIMUM, minimum, float32 | int32},
    {OperationType::MUL, mul, float32 | int32 | zero_sized},
    {OperationType::NEG, neg, float32 | int32},
    {OperationType::POW, pow, float32},
    {OperationType::RSQRT, rsqrt, float32},
    {OperationType::SIN, sin, float32},
    {OperationType::SQRT, sqrt, float32},
    {OperationType::SUB, sub, float32 | int32 | zero_sized},
};

}  // namespace

Span<const Row> elementwise_rows() { return rows; }

}  // namespace passerelle::hostnn
